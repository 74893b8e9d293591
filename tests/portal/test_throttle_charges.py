"""A try is charged before it is compared, and what takes the charge back (SAFETY 15)."""

from collections.abc import Callable, Mapping
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import (
    HashingFailed,
    RateLimited,
    SignInRefused,
    StoreUnusable,
)
from apppw_tui.domain.throttle import UNKNOWN_LOCKOUT, Rule
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from apppw_tui.portal import second_factor
from tests.argon import count_argon2
from tests.portal.throttling import (
    ADA,
    CAFE,
    NEW,
    STATION,
    fail,
    fail_second,
    outcome,
    wait,
)
from tests.support import PASSWORD, House

# --- charged before it is compared ----------------------------------------------------------


def failing(*_: object, **__: object) -> NoReturn:
    raise HashingFailed("The password could not be checked now. Try again later.")


def test_a_password_is_charged_before_it_is_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(house.hasher.account, "compare", failing)
        for _ in range(5):
            with pytest.raises(HashingFailed):
                house.portal.sign_in(ADA, PASSWORD)
    assert wait(house.sign_in) == 5


def test_a_password_is_charged_before_the_account_is_looked_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: str) -> NoReturn:
        raise StoreUnusable("The store cannot be used.")

    with monkeypatch.context() as broken:
        broken.setattr(house.store, "get", read)
        for _ in range(5):
            with pytest.raises(StoreUnusable):
                house.portal.sign_in(ADA, PASSWORD)
    assert wait(house.sign_in) == 5


def test_where_it_cannot_be_charged_nothing_is_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    codes = house.give_recovery_codes()
    challenge, session = house.challenge(), house.session()
    challenge.send(TEXT)
    before = house.now()
    spent = count_argon2(monkeypatch)

    def change(rules: Mapping[str, Rule], *, keep: bool) -> NoReturn:
        raise StoreUnusable(f"{[*rules]} cannot be counted: {keep}")

    monkeypatch.setattr(house.means.throttle_store, "change", change)
    acts: list[Callable[[], object]] = [
        lambda: house.portal.sign_in(ADA, PASSWORD),
        lambda: house.portal.change_password(session, PASSWORD, NEW),
        lambda: challenge.answer(APP, house.app_code(secret)),
        lambda: challenge.answer(TEXT, house.outbox.code),
        lambda: challenge.answer(RECOVERY, codes[0].reveal()),
        lambda: challenge.send(TEXT, again=True),
    ]
    for act in acts:
        with pytest.raises(StoreUnusable):
            act()
    assert spent.total == 0
    assert house.now() == before
    assert len(house.outbox.sent) == 1


def test_each_second_factor_is_charged_before_it_is_compared(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    codes = house.give_recovery_codes()
    challenge = house.challenge()
    challenge.send(TEXT)
    for option, text in (
        (APP, house.app_code(secret)),
        (TEXT, house.outbox.code),
        (RECOVERY, codes[0].reveal()),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(house.hasher.app, "check", failing)
            broken.setattr("apppw_tui.domain.totp.verify", failing)
            broken.setattr(second_factor.OneTimeCode, "check", failing)
            for _ in range(5):
                with pytest.raises(HashingFailed):
                    challenge.answer(option, text)
        with pytest.raises(RateLimited) as refused:
            challenge.answer(option, text)
        assert refused.value.wait == 5
        house.operator.unlock(ADA)
    assert house.now().recovery is not None


@pytest.mark.parametrize("where", ["change_password", "verify again"])
def test_a_password_asked_within_a_session_is_charged_before_it_is_compared(
    house: House, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = house.session()
    challenge = house.portal.verify_again(session)

    def act() -> object:
        if where == "verify again":
            return challenge.answer_with_password(PASSWORD)
        return house.portal.change_password(session, PASSWORD, NEW)

    with monkeypatch.context() as broken:
        broken.setattr(house.hasher.account, "compare", failing)
        for _ in range(5):
            with pytest.raises(HashingFailed):
                act()
    assert wait(act) == 5


# --- taken back and reset -------------------------------------------------------------------


def test_a_right_password_takes_back_its_own_charge_and_no_other(house: House) -> None:
    house.give_authenticator()
    fail(house, 4)
    for _ in range(3):
        house.challenge()
    fail(house, 1)
    assert wait(house.challenge) == 5


def test_the_right_password_of_a_closed_account_is_not_taken_back(house: House) -> None:
    house.alter(enabled=False)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.sign_in(ADA, PASSWORD)
    assert wait(lambda: house.portal.sign_in(ADA, PASSWORD)) == 5


def test_only_both_steps_together_reset(house: House) -> None:
    secret = house.give_authenticator()
    fail(house, 4)
    challenge = house.challenge()
    fail_second(challenge, house, 4)
    challenge.answer(APP, house.app_code(secret))
    for _ in range(4):
        assert outcome(lambda: house.portal.sign_in(ADA, "wrong")).startswith("That account")
    challenge = house.challenge()
    for _ in range(4):
        assert outcome(lambda: challenge.answer(APP, "000000")).startswith("Wrong code")


def test_a_limited_session_resets_nothing_before_it_is_finished(house: House) -> None:
    fail(house, 4)
    house.alter(verification_required=True)
    assert house.sign_in().restriction == "none yet"
    fail(house, 1)
    assert wait(house.sign_in) == 5


def test_a_known_address_has_nothing_to_do_with_strangers(house: House) -> None:
    cafe = house.elsewhere(CAFE)
    house.sign_in()
    fail(cafe, 5)
    assert wait(cafe.sign_in) == 5
    assert wait(house.elsewhere(STATION).sign_in) == 5  # strangers share one count
    assert house.sign_in()
    assert wait(cafe.sign_in) == 5  # it resets only its own
    fail(house, 5)
    assert wait(house.sign_in) == 5
    cafe.clock.advance(5)
    assert cafe.sign_in()
    assert wait(house.sign_in) == 0


def test_the_password_alone_makes_no_address_known(house: House) -> None:
    secret = house.give_authenticator()
    house.challenge()
    cafe = house.elsewhere(CAFE)
    fail(cafe, 5)
    assert wait(house.challenge) == 5
    house.clock.advance(5)
    house.challenge().answer(APP, house.app_code(secret))
    fail(cafe, 5)
    assert wait(cafe.challenge) == 5
    assert house.challenge()


@pytest.mark.parametrize(("days", "known"), [(29, True), (31, False)])
def test_an_address_stays_known_for_thirty_days(house: House, days: int, known: bool) -> None:
    house.sign_in()
    house.clock.advance(days * 86_400)
    fail(house.elsewhere(CAFE), 5)
    assert wait(house.sign_in) == (0 if known else 5)


def test_an_account_that_is_unknown_is_counted_alike(house: House) -> None:
    house.add("bare")
    house.alter("bare", enabled=False)
    house.give_authenticator()

    def heard(name: str) -> list[tuple[str, float | None]]:
        told: list[tuple[str, float | None]] = []
        for number in range(UNKNOWN_LOCKOUT + 2):
            try:
                house.portal.sign_in(name, "wrong")
            except RateLimited as refused:
                told.append((str(refused), refused.wait))
                house.clock.advance(refused.wait or 0)
            except SignInRefused as refused:
                told.append((str(refused), number))
        return told

    assert heard("nobody") == heard(ADA) == heard("bare")


def test_an_unknown_name_that_becomes_an_account_is_counted_on(house: House) -> None:
    fail(house, 5, "grace")
    house.add("grace")
    assert wait(lambda: house.sign_in("grace")) == 5


def test_names_are_counted_as_they_are_meant(house: House) -> None:
    short = House(
        store=house.store,
        clock=house.clock,
        counters=house.counters,
        default_domain="example.org",
    )
    fail(short, 3, "ada")
    fail(house, 2)
    assert wait(lambda: short.sign_in("ada")) == 5
