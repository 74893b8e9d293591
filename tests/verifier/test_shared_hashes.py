"""SAFETY 6 and 19: equal attempts under way share one hash, and the queue is bounded in seconds."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FREE
from apppw_tui.verifier.auth_service import LONGEST_QUEUE
from apppw_tui.verifier.decision import Answer, Decision
from tests.argon import failing_argon2
from tests.support import PASSWORD
from tests.verifier.asking import ADA, HERE, Door, change_record, wrong

# --- shared ---------------------------------------------------------------------------------


@dataclass
class Held:
    """Hashes that are computed once they may be; `asked` has the stored hash of each."""

    may: Event
    asked: list[str | None]
    seconds: float = 0.0  # what each takes, by the gate's clock


@pytest.fixture
def held(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    held, check = Held(Event(), []), door.house.hasher.app.check

    def slowly(stored: str | None, presented: Secret) -> bool:
        held.asked.append(stored)
        assert held.may.wait(60)  # seconds; a test that forgets it must end
        door.house.clock.seconds += held.seconds
        return check(stored, presented)

    monkeypatch.setattr(door.house.hasher.app, "check", slowly)
    yield held
    held.may.set()


async def begun(door: Door, *asked: tuple[str | Secret, str]) -> "list[asyncio.Task[Decision]]":
    """Attempts under way, each of which has looked into the store by now."""
    tasks = [asyncio.create_task(door.ask(password, name)) for password, name in asked]
    await asyncio.sleep(0)
    await door.auth_service.reader(lambda: None)  # behind theirs
    return tasks


@pytest.mark.parametrize("name", [ADA, "nobody"])
@pytest.mark.parametrize("right", [True, False])
async def test_equal_attempts_under_way_share_one_hash(
    door: Door, secret: Secret, held: Held, name: str, right: bool
) -> None:
    password = secret.reveal() if right else wrong(secret)
    forms = [password, password.upper(), password[:4] + "-" + password[4:]]
    tasks = await begun(door, *((form, name) for form in forms * 20))
    held.may.set()
    answers = {(await task).answer for task in tasks}
    expected = Answer.NOT_MINE if name != ADA else Answer.YES if right else Answer.NO
    assert answers == {expected}
    assert len(door.spent.verified) == 1


async def test_another_secret_or_another_name_is_another_attempt(
    door: Door, secret: Secret, held: Held
) -> None:
    tasks = await begun(door, (secret, ADA), (wrong(secret), ADA), (secret, "a"), (secret, "b"))
    held.may.set()
    assert [(await task).answer for task in tasks] == [
        *(Answer.YES, Answer.NO, Answer.NOT_MINE, Answer.NOT_MINE)
    ]
    assert len(door.spent.verified) == 4


async def test_each_takes_its_decision_from_the_document_itself(
    door: Door, secret: Secret, held: Held
) -> None:
    change_record(door.house, scope=("imap",))
    tasks = [
        asyncio.create_task(door.ask(secret, service=service))
        for service in ("imap", "smtp", None, "imap")
    ]
    await asyncio.sleep(0)
    held.may.set()
    answers = [(await task).answer for task in tasks]
    assert answers == [Answer.YES, Answer.NO, Answer.NO, Answer.YES]
    assert len(door.spent.verified) == 1


async def test_what_was_deleted_meanwhile_is_refused_to_all_of_them(
    door: Door, secret: Secret, held: Held
) -> None:
    tasks = await begun(door, *[(secret, ADA)] * 10)
    door.house.operator.delete_app_password(ADA, "Phone")
    tasks += await begun(door, *[(secret, ADA)] * 10)
    held.may.set()
    assert {(await task).answer for task in tasks} == {Answer.NO}
    assert len(door.spent.verified) == 2  # what is no more, and what never was


async def test_a_hash_that_was_replaced_meanwhile_is_another_question(
    door: Door, secret: Secret, held: Held
) -> None:
    before = await begun(door, (secret, ADA))
    change_record(door.house, hash=door.house.hasher.app.make(secret))
    after = await begun(door, (secret, ADA))
    held.may.set()
    assert (await before[0]).answer is Answer.NO
    assert (await after[0]).answer is Answer.YES
    assert len({*held.asked}) == 2


async def test_who_shares_a_hash_is_not_throttled_and_pays_for_its_own_wrong_one(
    door: Door, secret: Secret, held: Held
) -> None:
    held.may.set()
    elsewhere = "198.51.100.77"
    for other in door.others(FREE - 1):
        await door.ask(other)
        await door.ask(other, address=elsewhere)
    held.may.clear()
    tasks = await begun(door, (wrong(secret), ADA))
    tasks.append(asyncio.create_task(door.ask(wrong(secret), address=elsewhere)))
    await asyncio.sleep(0)
    held.may.set()
    assert {(await task).answer for task in tasks} == {Answer.NO}
    for address in (HERE, elsewhere):
        assert (await door.ask(secret, address=address)).answer is Answer.NOT_NOW


async def test_a_hash_that_fails_fails_for_all_who_share_it(
    door: Door, secret: Secret, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = await begun(door, *[(secret, ADA)] * 3)
    with monkeypatch.context() as broken:
        failing_argon2(broken)
        held.may.set()
        assert {(await task).answer for task in tasks} == {Answer.NOT_NOW}
    assert await door.cost(secret) == (Answer.YES, 1)


async def test_who_gives_up_takes_the_hash_from_nobody(
    door: Door, secret: Secret, held: Held
) -> None:
    first, second = await begun(door, (secret, ADA), (secret, ADA))
    first.cancel()
    await asyncio.wait([first])
    held.may.set()
    assert (await second).answer is Answer.YES
    assert len(door.spent.verified) == 1


# --- the queue ------------------------------------------------------------------------------


async def test_the_queue_is_bounded_in_seconds_and_not_in_number(
    door: Door, secret: Secret, held: Held
) -> None:
    held.may.set()
    assert (await door.ask(secret)).answer is Answer.YES  # which took no time at all
    held.may.clear()
    tasks = await begun(door, *((other, ADA) for other in door.others(30)))
    many = await begun(door, *((secret, f"nobody{number}") for number in range(500)))
    held.may.set()
    assert {(await task).answer for task in tasks} == {Answer.NO}
    assert {(await task).answer for task in many} == {Answer.NOT_MINE}


async def test_who_would_wait_for_too_long_is_told_at_once(
    door: Door, secret: Secret, held: Held
) -> None:
    remembered = door.house.issue("Car").secret
    held.may.set()
    held.seconds = 2.0
    assert (await door.ask(remembered)).answer is Answer.YES
    held.may.clear()
    held.seconds = 0.0
    room = int(LONGEST_QUEUE / 2.0) + 1
    tasks = await begun(door, *((secret, f"nobody{number}") for number in range(room)))
    decision = await door.ask(secret)
    assert (decision.answer, decision.reason) == (Answer.NOT_NOW, "too many at once")
    assert decision.retry_after == 1.0
    # What costs no hash of its own needs no place.
    assert (await door.ask(remembered)).answer is Answer.YES
    assert (await door.ask(PASSWORD)).answer is Answer.NO
    tasks += await begun(door, (secret, "nobody0"))
    held.may.set()
    assert {(await task).answer for task in tasks} == {Answer.NOT_MINE}
    assert (await door.ask(secret)).answer is Answer.YES


async def test_who_has_waited_for_too_long_costs_no_hash_any_more(
    door: Door, secret: Secret, held: Held
) -> None:
    held.seconds = LONGEST_QUEUE / 2 + 0.1  # more than anything told
    tasks = await begun(door, *((secret, f"nobody{number}") for number in range(4)))
    held.may.set()
    assert [(await task).answer for task in tasks] == [
        *(Answer.NOT_MINE, Answer.NOT_MINE, Answer.NOT_NOW, Answer.NOT_NOW)
    ]
    assert len(held.asked) == 2
    assert (await door.ask(secret)).answer is Answer.YES


async def test_who_gave_up_waiting_leaves_the_place_to_others(
    door: Door, secret: Secret, held: Held
) -> None:
    tasks = await begun(door, *((secret, f"nobody{number}") for number in range(50)))
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    held.may.set()
    assert (await door.ask(wrong(secret))).answer is Answer.NO
    assert len(door.spent.verified) <= 2  # the one that was begun already, and this
