"""`account import` and `key rotate` where the disk fails, or the process dies, at each call."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui import cli
from apppw_tui.exit_codes import OK
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import open_store
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.making import account_file, add
from tests.store.rotator import SEALED, all_open, fill, keyring, keys, now, opened
from tests.support import NOW, FixedClock, House

# Of another cost than ours, so that it is claimed as well.
HASH = "$argon2id$v=19$m=32768,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
FILE = f"ada:{{ARGON2ID}}{HASH}\nlea:{{ARGON2ID}}{HASH}\nzoe:{{ARGON2ID}}{HASH}\n"
UNSURE = "may or may not be saved"


def run(folder: Path, *line: str) -> int:
    return cli.main(["--store", str(folder), *line])


def fresh(folder: Path) -> FolderStore:
    shutil.rmtree(folder, ignore_errors=True)
    return open_store(folder, create=True)


# --- account import -------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "users").write_text(FILE)
    return str(tmp_path / "users")


def begin(folder: Path) -> bytes:
    """Ada is there already, as she must stay."""
    add(fresh(folder), "ada")
    return account_file(folder, "ada").read_bytes()


def imported_again(folder: Path, file: str, ada: bytes) -> None:
    """Nobody is lost, and who was there keeps what they have done meanwhile."""
    store = FolderStore(folder)
    house = House(store=store, clock=FixedClock(NOW))
    there = [name for name in ("lea", "zoe") if store.get(name) is not None]
    for name in there:
        house.issue("Phone", name)
        house.issue("Lost", name)
        house.operator.delete_app_password(name, "Lost")
    kept = {name: account_file(folder, name).read_bytes() for name in there}
    run(folder, "account", "import", file)
    for name in ("lea", "zoe"):
        assert now(store, name).password_hash == HASH
        if name in kept:
            assert account_file(folder, name).read_bytes() == kept[name]
    assert account_file(folder, "ada").read_bytes() == ada


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_an_import_that_was_killed_is_done_again(folder: Path, file: str, step: int) -> None:
    for at in steps(step):
        ada = begin(folder)
        if not kills(lambda: run(folder, "account", "import", file), at):
            break
        imported_again(folder, file, ada)


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("step", STEPS)
def test_an_import_says_of_each_account_what_became_of_it(
    folder: Path, file: str, step: int, error: int, capsys: pytest.CaptureFixture[str]
) -> None:
    for at in steps(step):
        ada = begin(folder)
        capsys.readouterr()
        codes: list[int] = []
        struck, raised = struck_by(
            lambda: codes.append(run(folder, "account", "import", file)),  # noqa: B023
            at,
            error,
        )
        assert raised is None, (at, raised)
        out, err = capsys.readouterr()
        assert codes[0] != OK, at  # ada is there already
        for name in ("lea", "zoe"):
            there = FolderStore(folder).get(name) is not None
            said = [line for line in err.splitlines() if f", {name}: " in line]
            assert there == (f"Added {name}." in out) or UNSURE in said[0], (at, name, out, err)
            assert there or said or not (out + err).count("line "), (at, name, out, err)
        imported_again(folder, file, ada)
        if not struck:
            break


# --- key rotate -----------------------------------------------------------------------------


ROTATE = ("key", "rotate")
FINISH = ("key", "rotate", "--finish", "--yes")


def sealed(folder: Path, *, begun: bool) -> Callable[[], int]:
    """Three accounts with sealed values; and what is to be done to them."""
    fill(fresh(folder), folder)
    if begun:
        assert run(folder, *ROTATE) == OK
    return lambda: run(folder, *(FINISH if begun else ROTATE))


def rotated_again(folder: Path) -> None:
    store = FolderStore(folder)
    all_open(store, folder)
    assert run(folder, *ROTATE) == OK
    all_open(store, folder)
    assert run(folder, *FINISH) == OK
    assert len(keys(folder)) == 1
    all_open(store, folder)


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_that_was_killed_is_done_again(folder: Path, step: int, begun: bool) -> None:
    for at in steps(step):
        act = sealed(folder, begun=begun)
        if not kills(act, at):
            break
        rotated_again(folder)


@pytest.mark.slow
@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("step", STEPS)
def test_a_rotation_says_what_became_of_it(
    folder: Path, step: int, error: int, begun: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    for at in steps(step):
        act, store = sealed(folder, begun=begun), FolderStore(folder)
        before = keys(folder)
        capsys.readouterr()
        codes: list[int] = []
        struck, raised = struck_by(lambda: codes.append(act()), at, error)  # noqa: B023
        assert raised is None, (at, raised)
        said = "".join(capsys.readouterr())
        if codes[0] == OK and begun:
            assert len(keys(folder)) == 1, (at, said)
        elif codes[0] == OK:
            ring = keyring(folder).read()
            assert ring is not None
            assert [opened(now(store, name), ring.primary) for name in SEALED], (at, said)
        elif "nothing was changed" in said and "Made a new key" not in said:
            assert keys(folder) == before, (at, said)
        rotated_again(folder)
        if not struck:
            break
