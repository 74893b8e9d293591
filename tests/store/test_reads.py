"""No cost grows with the number of accounts: what is read is counted, never the time."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.bootstrap import Parts, build
from apppw_tui.commands.late_portal import LatePortal
from apppw_tui.config import Config
from apppw_tui.domain.secret import Secret
from apppw_tui.store.engine import StoreLocation, open_engine
from apppw_tui.store.folder import files
from tests.running import CommandLine
from tests.store.making import add
from tests.store.rotator import put
from tests.support import FixedClock

FEW, MANY = 3, 40


def filled(folder: Path, count: int) -> Parts:
    place = StoreLocation(folder, folder / "key")
    parts = build(place, Config(), FixedClock(), create=True)
    for number in range(count):
        add(parts.engine.accounts, f"ada{number}", seed=number)
    return parts


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of accounts whose files were opened."""
    names: list[str] = []
    opening = os.open

    def opened(path: object, flags: int, *rest: int, **options: int) -> int:
        with suppress(TypeError):
            file = Path(path)  # type: ignore[arg-type]
            if file.parent.name == "accounts" and file.suffix == ".json":
                names.append(file.stem)
        return opening(path, flags, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", opened)
    return names


def first_seal(parts: Parts, _folder: Path) -> None:
    put(parts.engine.accounts, parts.engine.keyring, "ada1", "x")


def start(parts: Parts, folder: Path) -> None:
    place, clock = StoreLocation(folder, folder / "key"), FixedClock()
    engine, _ = open_engine(place, clock)
    late = LatePortal(*(place, engine, Config(), clock), address="local", socket=folder.joinpath)
    assert late.has_accounts()
    assert late.load().has_accounts()


@pytest.mark.parametrize("act", [first_seal, start])
def test_acts_of_one_person_look_at_as_many_accounts_however_many_there_are(
    act: Callable[[Parts, Path], None], tmp_path: Path, looked_at: list[str]
) -> None:
    counts = []
    for count in (FEW, MANY):
        parts = filled(tmp_path / str(count), count)
        looked_at.clear()
        act(parts, tmp_path / str(count))
        assert set(looked_at) <= {"ada1"}
        counts.append(len(looked_at))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "words", [("activity", "ada1"), ("account", "show", "ada1"), ("app-password", "list", "ada1")]
)
def test_commands_about_one_account_look_at_no_other(
    run: CommandLine, looked_at: list[str], words: tuple[str, ...]
) -> None:
    filled(run.store, MANY)
    looked_at.clear()
    assert run(*words).code == 0
    assert set(looked_at) == {"ada1"}


def test_a_store_of_before_is_looked_through_once(tmp_path: Path, looked_at: list[str]) -> None:
    parts = filled(tmp_path, FEW)
    (tmp_path / "locks" / ".nothing-sealed").unlink()
    looked_at.clear()
    parts.engine.keyring.encrypt("1" * 32, "authenticator", Secret("x"))
    assert len(set(looked_at)) == FEW
    looked_at.clear()
    parts.engine.keyring.encrypt("1" * 32, "authenticator", Secret("x"))
    assert looked_at == []


def test_the_mark_is_gone_before_what_is_sealed_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = filled(tmp_path, FEW)
    marker, there = tmp_path / "locks" / ".nothing-sealed", []
    write = files.write

    def watched(path: Path, *rest: Any, **options: Any) -> None:
        there.append((path.name, marker.exists()))
        write(path, *rest, **options)

    monkeypatch.setattr(files, "write", watched)
    put(parts.engine.accounts, parts.engine.keyring, "ada1", "x")
    assert there == [("key", True), ("ada1.json", False)]
    # And none is made where there are accounts.
    open_engine(StoreLocation(tmp_path, tmp_path / "key"), FixedClock(), create=True)
    assert not marker.exists()
    assert parts.engine.accounts.has_sealed_values()
