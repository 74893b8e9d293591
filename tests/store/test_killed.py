"""Killed at any instant, a file is the old one or the new one."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.store.folder import files
from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import account_file, add, folder_store, touch

KILLS = (200, pytest.param(4000, marks=pytest.mark.slow))
LONGEST_SPIN = 80_000  # turns of an empty loop: about as long as two writes take
STEPS = ["open", "write", "fsync", "rename", "confirm", "done"]


def forked(work: Callable[[], object]) -> int:
    """The pid of a child that does `work`, and nothing of what pytest does when it ends."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    return child


def killed(child: int) -> bool:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def write_on(folder: Path, account: Account, first: int, acknowledgements: int) -> None:
    """Changes the account until somebody stops it, and says so each time that it has."""
    store = FolderStore(folder)
    number = first
    while True:
        touch(store, account, str(number))
        os.write(acknowledgements, number.to_bytes(4, "big"))
        number += 1


@pytest.mark.slow
@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_instant_of_a_write_it_keeps_every_acknowledged_change(
    disk: FolderStore, folder: Path, kills: int
) -> None:
    random = Random(kills)
    account = add(disk)
    touch(disk, account, "0")
    last, leftovers, unsaid = 0, 0, 0
    for _ in range(kills):
        reading, writing = os.pipe()
        child = forked(lambda: write_on(folder, account, last + 1, writing))  # noqa: B023
        os.close(writing)
        said = b""
        for _ in range(random.randrange(3)):
            said += os.read(reading, 4)
        for _ in range(random.randrange(LONGEST_SPIN)):
            pass
        os.kill(child, signal.SIGKILL)
        assert killed(child)
        with os.fdopen(reading, "rb") as rest:
            said += rest.read()
        acknowledged = int.from_bytes(said[-4:], "big") if said else last
        leftovers += (folder / "accounts" / ".tmp-ada").exists()
        assert disk.list_names() == ["ada"]
        found = disk.get("ada")
        assert found is not None
        assert found.appearance in (str(acknowledged), str(acknowledged + 1))
        unsaid += found.appearance == str(acknowledged + 1)
        last = int(found.appearance)
    # Else it would never have been killed in the midst of anything, and have shown nothing.
    assert last > kills // 4
    assert leftovers + unsaid > 0
    touch(disk, account, "over")
    assert [path.name for path in (folder / "accounts").iterdir()] == ["ada.json"]


def die_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this process kill itself when a write comes to `step`, before doing it."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    real_open = os.open

    def opening(path: object, flags: int, *rest: int, **more: int) -> int:
        if ".tmp-" in str(path):
            die()
        return real_open(str(path), flags, *rest, **more)

    real_fchmod = os.fchmod

    def setting_mode(descriptor: int, mode: int) -> None:
        # Some versions of filelock give a mode to a lock's file, before.
        if ".tmp-" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            die()
        real_fchmod(descriptor, mode)

    if step == "open":
        monkeypatch.setattr(os, "open", opening)
    elif step == "write":
        monkeypatch.setattr(os, "fchmod", setting_mode)  # of the new, empty file
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", die)
    elif step == "rename":
        monkeypatch.setattr(Path, "replace", die)
    elif step == "confirm":
        monkeypatch.setattr(files, "confirm", die)


@pytest.mark.parametrize("step", STEPS)
def test_killed_before_each_step_of_a_write_the_file_is_the_old_one_or_the_new_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    disk = folder_store(folder)
    account = add(disk)
    old = account_file(folder).read_bytes()

    def work() -> None:
        die_at(step, monkeypatch)
        touch(disk, account, "nord")
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(forked(work))
    found = disk.get("ada")
    assert found is not None
    renamed = step in ("confirm", "done")
    assert found.appearance == ("nord" if renamed else None)
    assert (account_file(folder).read_bytes() == old) is not renamed
    assert (folder / "accounts" / ".tmp-ada").exists() is (step in ("write", "fsync", "rename"))
    assert disk.list_names() == ["ada"]
    touch(disk, account, "dark")  # the lock died with its holder, and the leftover is swept
    assert [path.name for path in (folder / "accounts").iterdir()] == ["ada.json"]
