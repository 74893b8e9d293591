"""What is around a store: its disk, who holds its locks, and the time."""

import os
from types import SimpleNamespace

import pytest

from apppw_tui.doctor import machine
from apppw_tui.doctor.finding import Level
from apppw_tui.store.folder import location
from apppw_tui.store.folder.disk_reserve import SIZE
from apppw_tui.store.folder.files import locked
from tests.doctor.healthy import Server, faults


def test_a_network_file_system_is_told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    device = server.store.stat().st_dev
    mounts = server.home / "mountinfo"
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts.write_text(f"22 1 {number} / / rw,noatime shared:1 - nfs4 host:/ rw\n")
    monkeypatch.setattr(location, "_MOUNTS", mounts)
    assert "network file system (nfs4)" in server.fault().what


@pytest.mark.parametrize(
    ("kind", "options", "what"),
    [("tmpfs", "rw", "in memory (tmpfs)"), ("ext4", "ro,errors=remount-ro", "read-only")],
)
def test_a_disk_that_keeps_nothing_is_found(
    server: Server, kind: str, options: str, what: str
) -> None:
    device = server.store.stat().st_dev
    mounts = server.places.mounts
    mounts.parent.mkdir(parents=True)
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts.write_text(f"22 1 {number} / / rw,noatime shared:1 master:2 - {kind} /dev/x {options}\n")
    finding = server.fault()
    assert (finding.level, what in finding.what) == (Level.DANGER, True)


@pytest.mark.parametrize(
    ("free", "files", "level"),
    [
        (SIZE - 1, 1000, Level.DANGER),
        (8 * 1024 * 1024, 1000, Level.WARNING),
        (10**9, 0, Level.DANGER),
        (10**9, 50, Level.WARNING),
        (10**9, 1000, None),
    ],
)
def test_a_disk_that_is_full_is_found(
    server: Server, free: int, files: int, level: Level | None
) -> None:
    left = SimpleNamespace(f_bavail=free, f_frsize=1, f_files=10**6, f_favail=files)
    findings = list(machine.check(server.store, server.places, lambda _: left))
    assert [finding.level for finding in findings] == ([] if level is None else [level])


def test_a_file_system_that_does_not_count_files_is_not_full(server: Server) -> None:
    left = SimpleNamespace(f_bavail=10**9, f_frsize=1, f_files=0, f_favail=0)
    assert list(machine.check(server.store, server.places, lambda _: left)) == []


def test_a_stuck_lock_is_found_with_who_holds_it(server: Server) -> None:
    path = server.store / "locks/ada.lock"
    with locked(path):
        proc = server.places.locks
        proc.parent.mkdir(parents=True, exist_ok=True)
        inode = path.stat().st_ino
        proc.write_text(
            "1: POSIX  ADVISORY  READ 12 08:02:7 0 EOF\n"
            f"2: FLOCK  ADVISORY  WRITE 12 00:1a:{inode + 1} 0 EOF\n"
            f"3: FLOCK  ADVISORY  WRITE 4711 00:1a:{inode} 0 EOF\n"
        )
        (proc.parent / "4711").mkdir()
        (proc.parent / "4711/comm").write_text("apppw-tui\n")
        finding = server.fault()
    assert finding.where == str(path)
    assert "by process 4711 (apppw-tui)" in finding.what
    assert server.waits == [machine.LOCK_PATIENCE]


def test_a_stuck_lock_is_found_where_nobody_tells_who_holds_it(server: Server) -> None:
    with locked(server.store / "locks/.key.lock"):
        assert "a process that cannot be told" in server.fault().what


def test_a_lock_that_is_let_go_in_time_is_no_fault(server: Server) -> None:
    holding = locked(server.store / "locks/ada.lock")
    holding.__enter__()
    examination = server.examination(lambda _: holding.__exit__(None, None, None))
    assert faults(examination.store()) == []


def test_a_place_at_the_door_is_no_stuck_lock(server: Server) -> None:
    with locked(server.store / "locks/.door-0"):
        assert server.faults() == []
    assert server.waits == []


def test_a_clock_behind_the_store_is_found(server: Server) -> None:
    server.clock.advance(-3600)
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.DANGER, "the clock")
    assert "the store was written at" in finding.what


def test_a_clock_that_lost_its_battery_is_found(server: Server) -> None:
    server.clock.instant = server.clock.instant.replace(year=1970)
    (finding,) = machine.check_not_behind(server.store, server.clock.now())
    assert (finding.level, "1970-" in finding.what) == (Level.DANGER, True)
