"""SAFETY 18 and 19: form, remembered, throttle, hash; and only the hash is remembered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FIRST_DELAY, FREE, LIFETIME
from apppw_tui.verifier.decision import Answer, Decision
from tests.argon import failing_argon2
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, Door, change_record, of_unknown_id, wrong

# --- remembered -----------------------------------------------------------------------------


async def test_what_is_remembered_costs_no_hash(door: Door, secret: Secret) -> None:
    assert await door.cost(secret) == (Answer.YES, 1)
    first = await door.ask(secret)
    assert first == Decision(Answer.YES, "right", ADA, door.house.now().app_passwords[0])
    assert await door.cost(secret) == (Answer.YES, 0)
    assert await door.cost(secret.reveal().upper()) == (Answer.YES, 0)


async def test_what_is_wrong_or_unknown_costs_one_hash_each_time(
    door: Door, secret: Secret
) -> None:
    await door.ask(secret)
    for _ in range(2):
        assert await door.cost(wrong(secret)) == (Answer.NO, 1)
        assert await door.cost(of_unknown_id(door.house)) == (Answer.NO, 1)
        assert await door.cost(secret, "grace") == (Answer.NOT_MINE, 1)


async def test_after_its_time_it_is_hashed_again_however_often_it_was_used(
    door: Door, secret: Secret
) -> None:
    await door.ask(secret)
    for _ in range(3):
        door.house.clock.seconds += LIFETIME / 4
        # The clock on the wall has nothing to do with it.
        door.house.clock.instant -= timedelta(days=300)
        assert await door.cost(secret) == (Answer.YES, 0)
    door.house.clock.seconds += LIFETIME / 4
    assert await door.cost(secret) == (Answer.YES, 1)


def deleted(house: House) -> None:
    house.operator.delete_app_password(ADA, "Phone")


def all_deleted(house: House) -> None:
    house.alter(app_passwords=())


def expired(house: House) -> None:
    change_record(house, expires=house.clock.now())


def narrowed(house: House) -> None:
    change_record(house, scope=("smtp",))


def disabled(house: House) -> None:
    house.alter(enabled=False)


def replaced(house: House) -> None:
    change_record(house, hash=house.hasher.app.make(Secret("another")))


@pytest.mark.parametrize(
    ("happens", "hashes"),
    [(deleted, 1), (all_deleted, 1), (replaced, 1), (expired, 0), (narrowed, 0), (disabled, 0)],
)
async def test_it_is_refused_at_the_very_next_attempt_though_it_is_remembered(
    door: Door, secret: Secret, happens: Callable[[House], None], hashes: int
) -> None:
    assert await door.cost(secret) == (Answer.YES, 1)
    assert await door.cost(secret) == (Answer.YES, 0)
    happens(door.house)
    assert await door.cost(secret) == (Answer.NO, hashes)


async def test_a_removed_account_and_one_made_again_remember_nothing(
    door: Door, secret: Secret
) -> None:
    await door.ask(secret)
    before = door.house.now()
    door.house.store.remove(ADA)
    assert await door.cost(secret) == (Answer.NOT_MINE, 1)
    door.house.add()
    door.house.alter(app_passwords=before.app_passwords)
    assert await door.cost(secret) == (Answer.YES, 1)  # right, but not because it was


async def test_a_refusal_is_never_remembered(door: Door, secret: Secret) -> None:
    """Right but good for nothing at first: as soon as the account allows it, it is a yes."""
    narrowed(door.house)
    assert await door.cost(secret) == (Answer.NO, 1)
    change_record(door.house, scope=("any",))
    assert await door.cost(secret) == (Answer.YES, 0)


async def test_what_was_deleted_while_it_was_hashed_is_no_yes_later_either(
    door: Door, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = door.house.hasher.app.check

    def slowly(stored: str | None, presented: Secret) -> bool:
        right = check(stored, presented)
        monkeypatch.setattr(door.house.hasher.app, "check", check)
        deleted(door.house)
        return right

    monkeypatch.setattr(door.house.hasher.app, "check", slowly)
    assert (await door.ask(secret)).answer is Answer.NO
    assert (await door.ask(secret)).answer is Answer.NO


async def test_when_the_hash_fails_nothing_is_remembered_and_nothing_counts(
    door: Door, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        failing_argon2(broken)
        for _ in range(FREE + 1):
            assert (await door.ask(secret)).answer is Answer.NOT_NOW
            assert (await door.ask(secret, "grace")).answer is Answer.NOT_NOW
    assert await door.cost(secret) == (Answer.YES, 1)


# --- the order ------------------------------------------------------------------------------


async def slowed(door: Door) -> None:
    """Until somebody from HERE has to wait."""
    for other in door.others(FREE):
        assert (await door.ask(other)).answer is Answer.NO


async def test_who_is_throttled_gets_not_now_and_is_told_how_long(
    door: Door, secret: Secret
) -> None:
    await slowed(door)
    door.spent.clear()
    for password in (secret, Secret(wrong(secret))):
        decision = await door.ask(password)
        assert (decision.answer, decision.retry_after) == (Answer.NOT_NOW, FIRST_DELAY)
        assert decision.account_name is None
    assert door.spent.total == 0
    assert (await door.ask(secret, "grace")).answer is Answer.NOT_NOW
    door.house.clock.advance(FIRST_DELAY)
    assert await door.cost(secret) == (Answer.YES, 1)


async def test_what_is_remembered_is_never_throttled(door: Door, secret: Secret) -> None:
    await door.ask(secret)
    await slowed(door)
    assert await door.cost(wrong(secret)) == (Answer.NOT_NOW, 0)
    assert await door.cost(secret) == (Answer.YES, 0)
    narrowed(door.house)
    assert await door.cost(secret) == (Answer.NO, 0)


async def test_what_has_not_the_form_is_never_throttled_and_counts_against_nobody(
    door: Door, secret: Secret
) -> None:
    for number in range(FREE * 2):
        assert await door.cost(f"{PASSWORD} {number}") == (Answer.NO, 0)
    assert await door.cost(secret) == (Answer.YES, 1)
    await slowed(door)
    assert await door.cost(PASSWORD) == (Answer.NO, 0)
    assert await door.cost(PASSWORD, "grace") == (Answer.NOT_MINE, 0)


async def test_the_same_wrong_one_counts_once_though_the_account_changes(
    door: Door, secret: Secret
) -> None:
    others = door.others(FREE - 1)
    for other in others:
        await door.ask(other)
    for _ in range(FREE):
        assert await door.cost(others[0]) == (Answer.NO, 1)
        door.house.alter(appearance="nord")
    assert await door.cost(wrong(secret)) == (Answer.NO, 1)
    assert await door.cost(secret) == (Answer.NOT_NOW, 0)


async def test_a_name_with_and_without_the_default_domain_is_counted_as_one(
    door: Door, secret: Secret
) -> None:
    door.auth_service.default_domain = "example.org"
    halves = door.others(FREE)
    for number, password in enumerate(halves):
        for name in ("ada", "nobody"):
            typed = name if number % 2 else f"{name}@example.org"
            await door.ask(password, typed, address=None)
    for name in ("ada", ADA, "nobody", "nobody@example.org"):
        assert (await door.ask(wrong(secret), name, address=None)).answer is Answer.NOT_NOW


async def test_wrong_ones_for_unknown_accounts_count_too(door: Door, secret: Secret) -> None:
    for _ in range(FREE * 2):
        assert (await door.ask(secret, "grace")).answer is Answer.NOT_MINE
    for number in range(FREE - 1):
        assert (await door.ask(secret, f"nobody{number}")).answer is Answer.NOT_MINE
    assert (await door.ask(secret)).answer is Answer.NOT_NOW


@pytest.mark.parametrize("spoiled", [{"expires": NOW}, {"scope": ("smtp",)}])
async def test_right_but_expired_or_out_of_scope_does_not_count(
    door: Door, secret: Secret, spoiled: dict[str, Any]
) -> None:
    others = [door.house.issue(f"Device {number}").secret for number in range(FREE + 1)]
    records = door.house.now().app_passwords
    door.house.alter(app_passwords=tuple(replace(record, **spoiled) for record in records))
    for other in others:
        assert await door.cost(other) == (Answer.NO, 1)
    assert await door.cost(wrong(secret)) == (Answer.NO, 1)  # still not "not now"
