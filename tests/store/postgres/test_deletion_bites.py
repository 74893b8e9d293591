"""A deletion on one machine is refused at the next attempt on another, which had remembered it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import PORTAL
from apppw_tui.domain.secret import Secret
from apppw_tui.store.postgres.schema import VERIFIER
from apppw_tui.verifier.decision import Answer, Attempt
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.postgres.served import ServedMachine
from tests.support import FixedClock, House

pytestmark = ONE_CLUSTER

ADA = "ada@example.org"
TIMES = 24


@pytest.fixture
def machines(
    database: Cluster, tmp_path: Path, clock: FixedClock
) -> Iterator[tuple[ServedMachine, ServedMachine]]:
    first, second = (
        ServedMachine(
            (database.dsn(), database.dsn(VERIFIER)), tmp_path / f"machine{seed}", clock, seed
        )
        for seed in (1, 2)
    )
    yield first, second
    first.close()
    second.close()


async def test_a_deletion_bites_at_the_next_attempt_on_either_machine(
    machines: tuple[ServedMachine, ServedMachine],
) -> None:
    machines[0].house.add(ADA)
    lasting = machines[0].house.issue("Kept", ADA).secret
    secrets = [machines[0].house.issue(f"Phone {n}", ADA).secret for n in range(TIMES)]
    gone: list[Secret] = []
    is_over = asyncio.Event()
    answers: list[tuple[Answer, Answer]] = []

    async def ask_all_the_while(machine: ServedMachine) -> None:
        while not is_over.is_set():
            deleted = gone[-1] if gone else None  # before the question
            if deleted is not None:
                answers.append(
                    (await machine.answer(ADA, deleted), await machine.answer(ADA, lasting))
                )
            await asyncio.sleep(0)

    others = [asyncio.create_task(ask_all_the_while(each)) for each in machines for _ in range(2)]
    for number, secret in enumerate(secrets):
        here, there = machines[number % 2], machines[1 - number % 2]
        for machine in (*machines, *machines):  # it is remembered by both
            assert await machine.answer(ADA, secret) is Answer.YES
        await asyncio.to_thread(delete, here.house, f"Phone {number}")
        gone.append(secret)
        assert await there.answer(ADA, secret) is Answer.NOT_MINE
        assert await here.answer(ADA, secret) is Answer.NOT_MINE
    is_over.set()
    await asyncio.gather(*others)
    assert len(answers) > TIMES
    assert {deleted for deleted, _ in answers} == {Answer.NOT_MINE}
    assert {there for _, there in answers} == {Answer.YES}


def delete(house: House, name: str) -> None:
    house.operator.delete_app_password(ADA, name)


@pytest.mark.slow
async def test_nobody_gets_a_yes_or_a_no_while_the_database_is_silent(
    machines: tuple[ServedMachine, ServedMachine], database: Cluster
) -> None:
    first = machines[0]
    first.house.add(ADA)
    secret = first.house.issue("Phone", ADA).secret
    assert await first.answer(ADA, secret) is Answer.YES
    with database.silent():
        asked = [asyncio.create_task(first.answer(ADA, secret)) for _ in range(8)]
        await asyncio.sleep(0)
        of_the_portal = Attempt.parse(ADA, secret, PORTAL)  # for which nothing is read
        assert (await first.service.decide(of_the_portal)).answer is Answer.NOT_MINE
        assert not any(each.done() for each in asked), "others are heard before they are"
        assert set(await asyncio.gather(*asked)) == {Answer.NOT_NOW}
    assert await first.answer(ADA, secret) is Answer.YES
    database.stop()
    try:
        answers = await asyncio.gather(*[first.answer(ADA, secret) for _ in range(8)])
        assert set(answers) == {Answer.NOT_NOW}
    finally:
        database.start()
    assert await first.answer(ADA, secret) is Answer.YES
