"""Many processes at once, of which one after the other is killed: what was acknowledged stands.

People, administrators, the verifier, backups and the rotation of the key, over files and over a
database. The small number is counted in acts; the large one goes on for a minute besides.
"""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound
from apppw_tui.store.engine import Engine, Machine
from tests.running import CommandLine
from tests.store import crowd
from tests.store.crowd import LASTING, PEOPLE, POLICY, Open, Worker
from tests.store.engines import in_folder, in_postgresql
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.rotator import opened, put
from tests.store.test_killed import forked
from tests.support import FixedClock, House

# Of eight: the others have as many times these.
ROLES = ("person", "verifier", "operator", "person", "key", "person", "backup", "verifier")


class Size(NamedTuple):
    """The processes, the least of acknowledged acts and of kills, and the seconds it lasts."""

    processes: int
    acts: int
    kills: int
    seconds: float


SIZES = [Size(8, 250, 12, 0.0), pytest.param(Size(32, 3000, 100, 60.0), marks=pytest.mark.long)]


class Crowd:
    """`size` processes, whose acknowledgements come through one pipe."""

    def __init__(self, size: int, open_: Open, folder: Path, lasting: dict[str, str]) -> None:
        self._open, self._folder, self._lasting = open_, folder, lasting
        self._reading, self._writing = os.pipe()
        self._numbers = count(1)
        self._random = Random(size)
        self._running = [(self._begun(role), role) for role in (ROLES * size)[:size]]
        self.acknowledged = self.kills = 0

    def _begun(self, role: str) -> int:
        number = next(self._numbers)

        def work() -> None:
            os.close(self._reading)
            told = self._writing
            worker = Worker(number, self._open, self._folder, lambda: _write(told), self._lasting)
            worker.run(role)

        return forked(work)

    def listen(self) -> None:
        """Waits for some acknowledgements."""
        self.acknowledged += len(os.read(self._reading, 20))

    def lacks(self, size: Size) -> bool:
        return self.acknowledged < size.acts or self.kills < size.kills

    def kill_one(self) -> None:
        """Kills one, whatever it is at, and another takes its place."""
        place = self._random.randrange(len(self._running))
        process, role = self._running[place]
        _kill(process)
        self.kills += 1
        self._running[place] = self._begun(role), role

    def end(self) -> None:
        for process, _ in self._running:
            _kill(process)
        os.close(self._reading)
        os.close(self._writing)


def _write(pipe: int) -> None:
    os.write(pipe, b".")


def _kill(process: int) -> None:
    """Fails if it had ended by itself, which none of them does."""
    os.kill(process, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL


def furnish(open_: Open) -> dict[str, str]:
    """The people, each with sealed values; the secrets of what is never deleted."""
    engine, _ = open_(0)
    house, lasting = House(store=engine.accounts, seals=engine.keyring), {}
    for name in PEOPLE:
        house.add(name)
        put(engine.accounts, engine.keyring, name, name)
        lasting[name] = house.issue(LASTING, name).secret.reveal()
    return lasting


def rush(open_: Open, folder: Path, size: Size) -> None:
    """Has it all happen."""
    folder.mkdir()
    lasting = furnish(open_)
    crowd_ = Crowd(size.processes, open_, folder, lasting)
    until = time.monotonic() + size.seconds
    try:
        while crowd_.lacks(size) or time.monotonic() < until:
            crowd_.listen()
            if crowd_.acknowledged > (crowd_.kills + 1) * size.acts / (size.kills + 1):
                crowd_.kill_one()
    finally:
        crowd_.end()


Steps = list[dict[str, str]]


def judge(engine: Engine, noted: Steps) -> None:
    """What was acknowledged stands, what was refused was not done, and all goes on."""
    assert [each for each in noted if each["step"] == "untrue"] == []
    done = {each["kind"] for each in noted if each["step"] == "done"}
    assert done >= {"create", "delete", "add", "backup", "verify", "key"}
    house = House(store=engine.accounts, seals=engine.keyring, seed=10**6, policy=POLICY)
    people = {name: house.now(name) for name in PEOPLE}
    there = {(name, each.name): each for name in PEOPLE for each in people[name].app_passwords}
    for which, steps in told_apart(noted, "create", "delete", "pause", "resume"):
        judge_app_password(steps, there.get(which))
        if which in there and ended(steps, "delete") == "begun":
            house.operator.delete_app_password(*which)  # listed already, perhaps: done again
    names = set(engine.accounts.list_names())
    for (guest, _), steps in told_apart(noted, "add", "remove", "rename"):
        judge_account(house, guest, steps, names)
    listed = engine.deleted_ids.read()
    for name in PEOPLE:
        account = house.now(name)
        assert (name, LASTING) in there
        assert opened(account, engine.keyring) == [name, name]
        assert account.deleted_ids <= listed.of(account.uid)
        house.issue("Afterwards", name)


def told_apart(noted: Steps, *kinds: str) -> Iterator[tuple[tuple[str, str], Steps]]:
    """The steps about each app password, or each account."""
    about: dict[tuple[str, str], Steps] = {}
    for each in noted:
        if each["kind"] in kinds:
            name = "" if each["kind"] in ("add", "remove", "rename") else each["name"]
            about.setdefault((each["account"], name), []).append(each)
    yield from about.items()


def ended(steps: Steps, kind: str) -> str:
    """The last step of that kind: done, refused, or begun, of which nobody knows; or none."""
    return next((each["step"] for each in reversed(steps) if each["kind"] == kind), "none")


def judge_app_password(steps: Steps, found: AppPassword | None) -> None:
    created, deleted = ended(steps, "create"), ended(steps, "delete")
    if created == "refused" or deleted == "done":
        assert found is None, steps
    elif created == "done" and deleted in ("none", "refused"):
        assert found is not None, steps
    last = next(
        (each for each in reversed(steps) if each["kind"] in ("pause", "resume", "create")), None
    )
    if found is not None and last is not None and last["step"] == "done":
        assert found.paused == (last["kind"] == "pause"), steps


def judge_account(house: House, name: str, steps: Steps, names: set[str]) -> None:
    added, removed, renamed = (ended(steps, kind) for kind in ("add", "remove", "rename"))
    if renamed != "none":
        (other,) = {each["name"] for each in steps if each["kind"] == "rename"}
        if renamed != "done":  # not at all, or by half: it can be done again
            with suppress(NotFound):
                house.operator.rename(name, other)
        assert house.store.get(other) is not None, steps
        assert house.store.get(name) is None, steps
    elif added == "refused" or removed == "done":
        assert name not in names, steps
    elif added == "done" and removed in ("none", "refused"):
        assert name in names, steps


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_many_are_killed_over_files(
    run: CommandLine, folder: Path, tmp_path: Path, size: Size
) -> None:
    def open_(_: int) -> tuple[Engine, Machine]:
        return in_folder(folder, FixedClock())

    rush(open_, tmp_path / "steps", size)
    for lock in (folder / "locks").iterdir():
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    judge(open_(0)[0], [*crowd.steps(tmp_path / "steps")])
    run.good("key", "rotate", "--store", folder)  # the last one was killed, perhaps
    run.good("key", "rotate", "--finish", "--yes", "--store", folder)
    run.good("store", "tidy", "--store", folder)
    assert run("doctor", "--store", folder).out == "Nothing is wrong.\n"


@pytest.mark.slow
@ONE_CLUSTER
@pytest.mark.parametrize("size", SIZES)
def test_many_are_killed_over_a_database(database: Cluster, tmp_path: Path, size: Size) -> None:
    def open_(number: int) -> tuple[Engine, Machine]:
        machine = tmp_path / ("first", "second")[number % 2]
        if number == 1:  # an administrator copies the key to each
            machine.mkdir(0o700)
            shutil.copy(tmp_path / "first" / "key", machine / "key")
        return in_postgresql(database.dsn(), machine, FixedClock())

    rush(open_, tmp_path / "steps", size)
    judge(open_(0)[0], [*crowd.steps(tmp_path / "steps")])
