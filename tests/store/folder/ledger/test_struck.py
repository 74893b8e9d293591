"""A ledger under whoever kills, a disk that fails, is full, or cannot be written."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.errors import DiskFull, StoreBusy, StoreError, StoreUnusable
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.ledger import Ledger
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.folder.ledger.words import ADD, GARBAGE, add, ledger_in, words
from tests.store.other_uid import OTHER, only_root, said_as
from tests.store.small_disks import fill, mount
from tests.store.test_killed import forked, killed


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["missing", "there", "damaged"])
def test_killed_at_any_call_it_has_all_of_a_change_or_nothing(
    tmp_path: Path, state: str, step: int
) -> None:
    for at in steps(1 if step < 7 else 3):
        folder = tmp_path / str(at)
        (folder / "ledger").mkdir(0o700, parents=True)
        folder.chmod(0o700)
        ledger = ledger_in(folder)
        if state == "there":
            add(ledger)
            ledger.close()
        if state == "damaged":
            ledger.path.write_bytes(GARBAGE)
        struck = kills(lambda: add(ledger_in(folder)), at)  # noqa: B023
        count = words(ledger).get("one", 0)
        assert count in ((1, 2) if state == "there" else (0, 1))
        add(ledger)
        assert words(ledger) == {"one": count + 1}
        ledger.close()
        if not struck:
            break
    assert at > 2


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_a_call_that_fails_is_told_and_nothing_is_half(
    tmp_path: Path, state: str, error: int
) -> None:
    for at in steps():
        folder = tmp_path / str(at)
        (folder / "ledger").mkdir(0o700, parents=True)
        folder.chmod(0o700)
        ledger = ledger_in(folder)
        if state == "damaged":
            ledger.path.write_bytes(GARBAGE)
        struck, said = struck_by(lambda: add(ledger), at, error)  # noqa: B023
        assert said is None or isinstance(said, StoreError)
        before = words(ledger).get("one", 0)
        assert before == (1 if said is None else 0)
        add(ledger)
        assert words(ledger) == {"one": before + 1}
        ledger.close()
        if not struck:
            break
    assert at > 2


def test_killed_between_two_statements_nothing_is_half(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.close()

    class Deadly(str):
        """As a value of the second statement it kills whoever writes it."""

        def __conform__(self, _protocol: object) -> str:
            os.kill(os.getpid(), 9)
            return self

    def work() -> None:
        with ledger_in(folder).transaction() as transaction:
            transaction.write(ADD, "one")
            transaction.write(ADD, Deadly("two"))

    assert killed(forked(work))
    assert words(ledger) == {"one": 1}
    add(ledger)
    assert words(ledger) == {"one": 2}


@only_root
@pytest.mark.parametrize("act", [add, words])
def test_where_one_may_not_read_it_is_said(
    ledger: Ledger, tmp_path: Path, act: Callable[[Ledger], object]
) -> None:
    add(ledger)
    ledger.close()
    for path in tmp_path.parents:
        if path.owner() == "root" and len(path.parts) > 2:
            path.chmod(0o755)
    tmp_path.chmod(0o755)
    ledger.path.parent.parent.chmod(0o755)
    ledger.path.parent.chmod(0o755)
    said = said_as(OTHER, lambda: act(ledger))
    assert said == f"StoreUnusable: {ledger.path} cannot be used: permission denied."


def test_sqlite_is_loaded_when_a_ledger_is_opened_and_not_before() -> None:
    code = (
        "import sys; from apppw_tui import bootstrap; from apppw_tui.store.folder import ledger;"
        "sys.exit('sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("opened", [True, False])
def test_on_a_full_disk_what_was_set_aside_is_enough_for_many_changes(
    small_disk: Path, opened: bool
) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    DiskReserve(folder).allocate()
    add(ledger)
    if not opened:
        ledger.close()
    fill(small_disk)
    for _ in range(300):
        add(ledger)
        fill(small_disk)
    assert words(ledger) == {"one": 301}


def test_on_a_full_disk_without_reserve_it_is_said(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    ledger.close()
    fill(small_disk)
    for act in (add, words):
        with pytest.raises(DiskFull, match="The disk is full: nothing was changed"):
            act(ledger)
    (small_disk / "filler").unlink()
    add(ledger)
    assert words(ledger) == {"one": 2}


def test_what_was_read_before_the_disk_was_full_must_still_be_so(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is lost with the transaction: another's change in between must not be undone."""
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    struck: list[bool] = []
    real = Ledger._save

    def full(self: Ledger, writes: list[tuple[str, tuple[object, ...]]]) -> None:
        if self is ledger and not struck:
            struck.append(True)
            self._roll_back()
            if between:
                add(ledger_in(folder))
            raise DiskFull("The disk is full: nothing was changed.")
        real(self, writes)

    monkeypatch.setattr(Ledger, "_save", full)
    DiskReserve(folder).allocate()

    def count() -> None:
        with ledger.transaction() as transaction:
            ((n,),) = transaction.rows("SELECT n FROM word WHERE word = 'one'")
            transaction.write("UPDATE word SET n = ?", n + 1)

    between = False
    count()
    assert words(ledger) == {"one": 2}
    struck.clear()
    between = True
    with pytest.raises(StoreBusy):
        count()
    assert words(ledger) == {"one": 3}


def test_on_a_read_only_file_system_it_can_be_read_and_is_not_written(
    small_disk: Path,
) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    ledger.close()
    mount(small_disk, "-o", "remount,ro")
    assert words(ledger) == {"one": 1}
    with pytest.raises(StoreUnusable, match="read-only file system: nothing was changed"):
        add(ledger)


@pytest.mark.slow
def test_killed_at_any_instant_it_keeps_every_acknowledged_change(
    ledger: Ledger, folder: Path
) -> None:
    random = Random(7)
    acknowledged = 0
    for _ in range(40):
        reading, writing = os.pipe()

        def work() -> None:
            mine = ledger_in(folder)
            while True:
                add(mine)
                os.write(writing, b".")  # noqa: B023

        child = forked(work)
        os.close(writing)
        wanted = random.randrange(1, 30)
        while len(os.read(reading, 1)) and (wanted := wanted - 1):
            acknowledged += 1
        acknowledged += 1
        for _ in range(random.randrange(20_000)):
            pass
        os.kill(child, 9)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            acknowledged += len(pipe.read())
        count = words(ledger)["one"]
        assert acknowledged <= count <= acknowledged + 1
        acknowledged = count
