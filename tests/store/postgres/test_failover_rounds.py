"""A primary that is lost under load: nothing that was acknowledged is lost, on any machine.

Each round has three hosts of its own. While app passwords are deleted on both machines, and asked
for all the while, the primary is killed, stopped or frozen; a standby takes over. Then the old one
wakes.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.app_password import AppPassword, generate, unused_id
from apppw_tui.domain.errors import NotFound, SaveUncertain, StoreError
from apppw_tui.domain.secret import Secret
from apppw_tui.store.postgres.probe import HostProbe
from apppw_tui.store.postgres.schema import PORTAL, VERIFIER
from apppw_tui.verifier.decision import Answer
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.postgres.served import ServedMachine
from tests.store.postgres.three_hosts import ThreeHosts, three_hosts
from tests.support import FixedClock
from tests.verifier.harness import until

pytestmark = ONE_CLUSTER

ACCOUNTS = [f"person{number}" for number in range(4)]
EACH = 20  # app passwords of an account, of which the last one is never deleted
ROUNDS = 20
TIMEOUT = 1.0  # seconds

STRIKES: list[Callable[[Cluster], None]] = [Cluster.kill, Cluster.stop, Cluster.freeze]
WAKES: list[Callable[[Cluster], None]] = [Cluster.wake, Cluster.start, Cluster.thaw]


class Load:
    """Deletions on both machines in turn, and those who ask for what they have deleted."""

    def __init__(self, machines: list[ServedMachine], seed: int) -> None:
        self._machines = machines
        self._random = Random(seed)
        house = machines[0].house
        self._secrets: dict[tuple[str, str], Secret] = {}
        for account in ACCOUNTS:
            house.add(account)
            records: list[AppPassword] = []
            for number in range(EACH):
                secret = generate(unused_id([each.id for each in records]))
                name = f"Phone {number}"
                self._secrets[account, name] = secret
                hashed = house.hasher.app.make(secret)
                made = AppPassword(secret.reveal()[:3], name, hashed, house.clock.now())
                records.append(made)
            house.alter(account, app_passwords=tuple(records))
        self.acknowledged: list[tuple[str, str]] = []
        self.refused = 0  # deletions that were not acknowledged, and begun again
        self.untrue: list[tuple[str, str]] = []  # yes, though the question came after that
        self.answers: list[Answer] = []
        self.is_over = False
        self._mine = threading.local()
        for machine in machines:
            machine.confirmation.when_missing = self._note_unconfirmed

    def _note_unconfirmed(self) -> None:
        self._mine.is_unconfirmed = True

    @property
    def lasting(self) -> list[tuple[str, str]]:
        return [(account, f"Phone {EACH - 1}") for account in ACCOUNTS]

    async def delete_all(self, account: str) -> None:
        for number in range(EACH - 1):
            name = f"Phone {number}"
            while not await asyncio.to_thread(self._delete, account, name, number % 2):
                pass

    def _delete(self, account: str, name: str, machine: int) -> bool:
        self._mine.is_unconfirmed = False
        try:
            self._machines[machine].house.operator.delete_app_password(account, name)
        except NotFound:  # by the attempt before, of which nobody could tell
            return True
        except (StoreError, SaveUncertain):
            self.refused += 1
            return False
        if not self._mine.is_unconfirmed:  # it is said then that it could be lost
            self.acknowledged.append((account, name))
        return True

    async def ask_all_the_while(self, machine: ServedMachine) -> None:
        while not self.is_over:
            deleted = self._random.choice(self.acknowledged or [None])  # before the question
            for each in (deleted, self._random.choice(self.lasting)):
                if each is not None:
                    answer = await self.ask(machine, each)
                    self.answers.append(answer)
                    if each == deleted and answer is Answer.YES:
                        self.untrue.append(each)
            await asyncio.sleep(0)

    async def ask(self, machine: ServedMachine, which: tuple[str, str]) -> Answer:
        return await machine.answer(which[0], self._secrets[which])


@pytest.fixture
def hosts() -> Iterator[ThreeHosts]:
    with three_hosts() as hosts:
        yield hosts


@pytest.fixture
def machines(hosts: ThreeHosts, tmp_path: Path, clock: FixedClock) -> Iterator[list[ServedMachine]]:
    dsns = hosts.dsn(PORTAL), hosts.dsn(VERIFIER)
    with ExitStack() as stack:
        made = []
        for seed in (1, 2):
            machine = ServedMachine(dsns, tmp_path / f"machine{seed}", clock, seed, TIMEOUT)
            stack.callback(machine.close)
            made.append(machine)
        yield made


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=pytest.mark.slow if number < 3 else pytest.mark.long)
        for number in range(ROUNDS)
    ],
)
async def test_round_loses_nothing_acknowledged_and_says_yes_to_nothing_deleted(
    hosts: ThreeHosts, machines: list[ServedMachine], number: int
) -> None:
    strike, wake = STRIKES[number % 3], WAKES[number % 3]
    load = Load(machines, number)
    hosts.begin_standbys()
    probe = HostProbe(hosts.dsn(VERIFIER), TIMEOUT)
    probe.look()
    assert probe.refusal is None
    askers = [
        asyncio.create_task(load.ask_all_the_while(each)) for each in machines for _ in range(2)
    ]
    deleters = [asyncio.create_task(load.delete_all(account)) for account in ACCOUNTS]
    await until(lambda: len(load.acknowledged) >= 10 + number)
    await asyncio.to_thread(strike, hosts.primary)
    before = len(load.acknowledged)
    try:
        new = await asyncio.to_thread(hosts.take_over)
        await asyncio.gather(*deleters)
        load.is_over = True
        await asyncio.gather(*askers)
        assert load.untrue == []
        for machine in machines:
            for which in load.acknowledged:
                assert await load.ask(machine, which) is Answer.NOT_MINE
            for which in load.lasting:
                assert await load.ask(machine, which) is Answer.YES
        assert before < len(load.acknowledged) <= len(ACCOUNTS) * (EACH - 1)
        assert {Answer.YES, Answer.NOT_MINE} <= set(load.answers)
    finally:
        await asyncio.to_thread(wake, hosts.primary)
    # The old one says that it is the primary, too: one round of the probe tells.
    probe.look()
    assert "Two databases" in str(probe.refusal)
    for machine in machines:  # which have their own probes
        while await load.ask(machine, load.lasting[0]) is not Answer.NOT_NOW:
            pass
    new.stop()  # fenced, though the wrong one: nobody is refused any longer
    probe.look()
    assert probe.refusal is None
