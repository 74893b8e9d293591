"""What every machine promises: whose sessions end, and who is told as enforced."""

from collections.abc import Collection
from pathlib import Path

import pytest

from apppw_tui.domain.enforced import Enforcement
from apppw_tui.store.engine import Engine, Machine
from apppw_tui.store.folder.engine import open_folder
from apppw_tui.store.memory_engine import MemoryMachine
from tests.store.making import add, alter
from tests.support import NOW, FixedClock


def ended(machine: Machine, folder: Path) -> Collection[str]:
    """Whose sessions are to end, as whoever ends them reads it."""
    if isinstance(machine, MemoryMachine):
        return machine.session_terminator.ended
    return {path.name for path in (folder / "ended").iterdir()}


def test_sessions_to_end_are_told_once_by_name(machine: Machine, folder: Path) -> None:
    assert machine.session_terminator.enabled
    for name in ("ada@example.org", "grace", "ada@example.org"):
        machine.session_terminator.terminate(name)
    assert ended(machine, folder) == {"ada@example.org", "grace"}


@pytest.mark.parametrize("name", ["../accounts/x", "", ".", "Ada", "a/b", "a\n"])
def test_sessions_of_what_is_no_name_are_nobodys(machine: Machine, folder: Path, name: str) -> None:
    for told in ("grace", name):
        machine.session_terminator.terminate(told)
    assert ended(machine, folder) == {"grace"}


def test_enforced_accounts_of_an_engine_are_told_on_its_machine(
    engine: Engine, machine: Machine
) -> None:
    account = add(engine.accounts)
    enforcements = machine.enforcements(lambda: pytest.fail("it is made by now"))
    assert enforcements.read("ada") is None
    alter(engine.accounts, enforced_from=NOW)
    assert enforcements.read("ada") == Enforcement(NOW, account.uid)
    alter(engine.accounts, enforced_from=None)
    assert enforcements.read("ada") is None


def test_daemons_sockets_have_places_of_their_own_and_none_in_the_store(
    machine: Machine, folder: Path
) -> None:
    places = [machine.socket(name) for name in ("json", "mux")]
    assert [place.name for place in places] == ["json", "mux"]
    assert all(place.is_absolute() for place in places)
    assert not any(place.is_relative_to(folder) for place in places)


def test_a_servers_sockets_are_where_the_surroundings_say(
    folder: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/mine")
    _, machine = open_folder(folder, folder / "key", clock, create=True, new_key=False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/later")
    assert machine.socket("json") == Path("/run/mine/json")
