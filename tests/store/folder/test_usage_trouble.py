"""Uses that are written while a process is killed, a disk is full, or forty others read."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import IMAP, SMTP, Service
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.store.folder.disk_reserve import SIZE, DiskReserve
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.store.folder.test_usage import LAST, Rooms, used
from tests.store.folder.using import PHONE, Verdict
from tests.store.making import add, record
from tests.store.small_disks import fill
from tests.store.test_killed import forked, killed

READERS = 40


@pytest.fixture
def rooms(folder: Path) -> Rooms:
    return Rooms(folder)


class Deadly(str):
    """A service that kills its process when it is written for the time of that number."""

    left = 0

    def __conform__(self, _protocol: object) -> str:
        Deadly.left -= 1
        if Deadly.left < 0:
            os.kill(os.getpid(), 9)
        return str(self)


def test_killed_at_any_statement_of_all_accounts_nothing_is_written_or_all(rooms: Rooms) -> None:
    grace = add(rooms.store, "grace", seed=2)
    rooms.usage.used(PHONE, SMTP, "192.0.2.7")
    rooms.usage.flush()
    before = rooms.read

    def work(left: int) -> None:
        Deadly.left = left
        daemon = rooms.again()
        daemon.used(PHONE, Service(Deadly("imap")), "198.51.100.9")
        daemon.used(Verdict("grace", record(), grace.uid), Service(Deadly("imap")), "198.51.100.9")
        daemon.flush()
        os._exit(0)

    for left in range(20):
        if not killed(forked(lambda: work(left))):  # noqa: B023 - called at once
            break
        assert rooms.read == before
        assert rooms.book.read(grace.uid) == Used()
    assert left >= 4  # two tables of two accounts have it
    assert rooms.read.by_id["abc"].service == "imap"
    assert UsageLedger(rooms.folder).counts(rooms.ada.uid)["abc", "imap", LAST.time.date()] == 1
    assert rooms.book.read(grace.uid).by_id["abc"].service == "imap"


@pytest.mark.slow
def test_forty_sessions_read_while_the_daemon_writes(rooms: Rooms) -> None:
    def read_on() -> None:
        """Each time it sees what it has seen, or what came later: all of it."""
        book, last = rooms.book, LAST.time
        for _ in range(50):
            (use,) = book.read(rooms.ada.uid).services["abc"]
            assert use.time >= last
            last = use.time
        assert book.old_passwords_since() == LAST.time
        os._exit(0)

    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.old_password("ada", IMAP, None)
    rooms.usage.flush()
    reading = {forked(read_on) for _ in range(READERS)}
    codes = []
    while reading:
        rooms.clock.advance(1)
        rooms.usage.used(PHONE, IMAP, "192.0.2.7")
        rooms.usage.flush()
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid:
            reading.remove(pid)
            codes.append(os.waitstatus_to_exitcode(status))
    assert codes == [0] * READERS
    assert rooms.complaints == []
    assert rooms.read.by_id["abc"].time == rooms.clock.now()


def test_on_a_full_disk_uses_wait_and_take_no_room_from_deletions(small_disk: Path) -> None:
    rooms = Rooms(small_disk / "store")
    rooms.usage.used(PHONE, IMAP, "192.0.2.7")
    rooms.usage.flush()
    DiskReserve(rooms.folder).allocate()
    fill(small_disk)
    uses = 0
    while not rooms.complaints:  # what is set aside beside the tables takes some
        uses += 1
        rooms.clock.advance(86_400)
        rooms.usage.used(PHONE, IMAP, f"10.0.{uses}.1")
        rooms.usage.flush()
        fill(small_disk)
    assert rooms.complaints == ["The disk is full: nothing was changed."]
    assert (rooms.folder / "reserve").stat().st_size == SIZE
    rooms.clock.advance(1)
    rooms.usage.used(PHONE, SMTP, None)
    rooms.usage.flush()
    (small_disk / "filler").unlink()
    rooms.usage.flush()
    assert rooms.read.by_id["abc"] == LastUse(rooms.clock.now(), SMTP)
    assert len(rooms.complaints) == 1


def test_accounts_and_their_locks_need_only_be_read(rooms: Rooms) -> None:
    add(rooms.store, "grace", seed=2)
    mounts = []
    try:
        for name in ("accounts", "locks"):
            place = str(rooms.folder / name)
            for options in (("--bind", place, place), ("-o", "remount,bind,ro", place)):
                command = [shutil.which("mount") or "mount", *options]
                if os.geteuid() or subprocess.run(command, check=False).returncode:
                    pytest.skip("no file system can be mounted here: not root")
                mounts += [place] if options[0] == "--bind" else []
        with pytest.raises(OSError, match="Read-only"):
            (rooms.folder / "accounts" / "new").touch()
        rooms.usage.used(PHONE, IMAP, "192.0.2.7")
        rooms.usage.old_password("grace", IMAP, None)
        rooms.usage.flush()
    finally:
        for place in mounts:
            subprocess.run(["umount", "--lazy", place], check=True)
    assert rooms.read == used(("abc", LAST))
    assert rooms.complaints == []
