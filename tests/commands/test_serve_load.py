"""The daemon under load, while app passwords come and go: no wrong answer, and nothing piles up.

What stands is said by the order of events alone, never by a clock: see tests/loading.py.
"""

import multiprocessing
from collections import Counter
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.commands import serve
from apppw_tui.domain.hashing import Hasher, Profile
from apppw_tui.store.folder.location import open_store
from tests import loading
from tests.serving import Serving, forked
from tests.support import House

pytestmark = pytest.mark.slow

# How often an app password comes and goes: a sample every time, all of them where there is time.
TIMES = (3_000, pytest.param(10_000, marks=pytest.mark.long))
ACCOUNTS = [f"user{number}" for number in range(12)]
# One process for each, which asks, and another one that changes what it is to ask for.
ASKED = ["json", "json", "auth-client", "auth-client"]
# Cheap, yet long enough for a deletion to fall between a hash and its answer.
PROFILE = Profile(memory=128, time_cost=1, parallelism=1)
HASHER = Hasher(PROFILE, PROFILE)
MOST_NOT_NOW = 10  # of sixty thousand or so: a machine may stand still for a moment
SLACK = 8 * 1024  # KiB


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(store=open_store(tmp_path / "store", create=True), hasher=HASHER)
    for name in ACCOUNTS:
        house.add(name)
    return house


@pytest.fixture
def daemon(tmp_path: Path, house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    # A refusal costs what the daemon's own profile says: ten thousand of them take minutes.
    monkeypatch.setattr(serve, "Hasher", lambda: HASHER)
    with forked(tmp_path, 0) as daemon:
        yield daemon
    (tmp_path / "errors").unlink()  # megabytes, which pytest would keep


@pytest.mark.parametrize("times", TIMES)
def test_no_answer_is_wrong_while_app_passwords_come_and_go(
    tmp_path: Path, house: House, daemon: Serving, times: int
) -> None:
    kept = {name: house.issue("Kept", name).secret.reveal() for name in ACCOUNTS}
    for name, password in kept.items():
        assert daemon.ask(name, password, rip=loading.ADDRESS) == "yes"
    # What is used is written down soon, in tables that stay open from then on.
    while not (tmp_path / "store" / "usage" / "usage.sqlite-shm").exists():
        daemon.ask(ACCOUNTS[0], kept[ACCOUNTS[0]], rip=loading.ADDRESS)
    open_before = descriptors(daemon)
    tally = Counter[str]()
    resident = []
    for half in (1, 2):
        tally += load(tmp_path, daemon, kept, times // 2, first_seed=len(ASKED) * half)
        resident.append(kibibytes(daemon))
    assert tally["deleted: yes"] == 0
    assert tally["standing: no"] == 0
    assert tally["yes after no"] == 0
    assert sum(tally[f"{when}: not now"] for when in ("standing", "deleted")) <= MOST_NOT_NOW
    assert tally["deleted: no"] >= times - MOST_NOT_NOW
    assert tally["standing: yes"] >= 2 * times - MOST_NOT_NOW
    assert tally["meanwhile: yes"] > 0  # or nobody asked while something was being deleted
    assert tally["meanwhile: no"] > 0
    # By the end of the first half, all that is bounded is full.
    assert resident[1] <= resident[0] + SLACK
    assert settled(daemon, open_before, kept)
    assert "fault" not in daemon.log


def load(
    home: Path, daemon: Serving, kept: dict[str, str], times: int, first_seed: int
) -> Counter[str]:
    """So many changes, by new processes; what the daemon answered meanwhile."""
    spawned = multiprocessing.get_context("spawn")
    processes, ours = [], []
    reports: list[Connection[Any, Any]] = []
    for number, protocol in enumerate(ASKED):
        here, there = spawned.Pipe()
        reading, writing = spawned.Pipe(duplex=False)
        name = ACCOUNTS[number]
        asks = (daemon.sockets / protocol, (name, kept[name]), there, writing)
        share = times // len(ASKED)
        changes = (home / "store", ACCOUNTS, first_seed + number, share, here)
        processes.append(spawned.Process(target=loading.ask_on, args=asks))
        processes.append(spawned.Process(target=loading.change, args=changes))
        reports.append(reading)
        ours += [here, there, writing]
    for process in processes:
        process.start()
    for connection in ours:
        connection.close()  # so that each process sees the end of the other
    tally = Counter[str]()
    for report in reports:
        tally += report.recv()  # EOFError: the process has failed, and says why
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes)
    return tally


def descriptors(daemon: Serving) -> int:
    return len([*Path(f"/proc/{daemon.process.pid}/fd").iterdir()])


def kibibytes(daemon: Serving) -> int:
    """What of the daemon's memory is resident (proc(5), VmRSS)."""
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def settled(daemon: Serving, expected: int, kept: dict[str, str]) -> bool:
    """Whether it comes to have so many descriptors; each answer gives it time to close some."""
    for _ in range(1000):
        if descriptors(daemon) == expected:
            return True
        daemon.ask(ACCOUNTS[0], kept[ACCOUNTS[0]], rip=loading.ADDRESS)
    return False
