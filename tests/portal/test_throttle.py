"""The throttle, as the portal's rooms use it (SAFETY 15)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import (
    ApppwError,
    HashingFailed,
    InvalidCode,
    RateLimited,
    SignInRefused,
    StoreUnusable,
    WeakPassword,
)
from apppw_tui.domain.throttle import LONGEST_DELAY, UNKNOWN_LOCKOUT
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from apppw_tui.portal import sent_codes
from apppw_tui.portal.context import PortalThrottle
from apppw_tui.portal.second_factor import Challenge
from tests.argon import count_argon2
from tests.support import PASSWORD, House

ADA = "ada@example.org"
NEW = "a loom of 40 brass wheels"
CAFE, STATION = "198.51.100.7", "203.0.113.9"
LOCKED = "Too many tries from elsewhere: sign in from where you usually do"


def outcome(act: Callable[[], object]) -> str:
    """What came of it, in words."""
    try:
        act()
    except ApppwError as error:
        return str(error)
    return "done"


def fail(house: House, times: int, name: str = ADA) -> None:
    """So many wrong passwords, each as soon as it may be tried."""
    for _ in range(times):
        try:
            house.portal.sign_in(name, "wrong")
        except RateLimited as refused:
            house.clock.advance(refused.wait or 0)
            with pytest.raises(SignInRefused):
                house.portal.sign_in(name, "wrong")
        except SignInRefused:
            pass


def fail_second(challenge: Challenge, house: House, times: int) -> None:
    for _ in range(times):
        try:
            challenge.answer(APP, "000000")
        except RateLimited as refused:
            house.clock.advance(refused.wait or 0)
            with pytest.raises(InvalidCode):
                challenge.answer(APP, "000000")
        except InvalidCode:
            pass


def wait(act: Callable[[], object]) -> float | None:
    """How long it must wait; 0 if it need not."""
    try:
        act()
    except RateLimited as refused:
        return refused.wait
    except ApppwError:
        pass
    return 0


# --- delays ---------------------------------------------------------------------------------


def test_from_the_fifth_wrong_password_on_the_next_must_wait_longer_and_longer(
    house: House,
) -> None:
    waits: list[float | None] = []
    for _ in range(14):
        fail(house, 1)
        waits.append(wait(lambda: house.portal.sign_in(ADA, PASSWORD)) if len(waits) >= 4 else 0)
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_a_try_too_early_is_not_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(house, 5)
    spent = count_argon2(monkeypatch)
    with pytest.raises(RateLimited) as refused:
        house.portal.sign_in(ADA, PASSWORD)
    assert str(refused.value) == "Too many tries. Wait 5 s."
    assert refused.value.wait == 5
    assert spent.total == 0
    house.clock.advance(5)
    assert house.sign_in()


def test_the_second_factor_is_counted_apart(house: House) -> None:
    secret = house.give_authenticator()
    challenge = house.challenge()
    fail(house, 5)
    assert wait(house.challenge) == 5
    fail_second(challenge, house, 5)
    with pytest.raises(RateLimited, match=r"Wait 5 s\."):
        challenge.answer(APP, house.app_code(secret))
    house.clock.advance(5)
    fail_second(challenge, house, 4)
    house.clock.advance(5)
    assert wait(lambda: challenge.answer(APP, "000000")) == 75
    assert house.challenge()  # the password need not wait for the second factor


def test_a_new_question_does_not_begin_the_count_anew(house: House) -> None:
    house.give_authenticator()
    for _ in range(5):
        with pytest.raises(InvalidCode):
            house.challenge().answer(APP, "000000")
    with pytest.raises(RateLimited):
        house.challenge().answer(APP, "000000")


def test_all_second_factors_share_one_count(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    codes = house.give_recovery_codes()
    challenge = house.challenge()
    challenge.send(TEXT)
    challenge.answer(RECOVERY, codes[0].reveal())
    for option, text in (
        (APP, "000000"),
        (TEXT, f"{(int(house.outbox.code) + 1) % 1_000_000:06}"),
        (RECOVERY, codes[0].reveal()),
        (APP, "000000"),
        (RECOVERY, codes[0].reveal()),
    ):
        with pytest.raises(InvalidCode):
            challenge.answer(option, text)
    for option, text in (
        (APP, house.app_code(secret)),
        (TEXT, house.outbox.code),
        (RECOVERY, codes[1].reveal()),
    ):
        with pytest.raises(RateLimited):
            challenge.answer(option, text)


def test_a_changed_password_is_tried_like_any_other(house: House) -> None:
    session = house.session()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.change_password(session, "wrong", NEW)
    with pytest.raises(RateLimited):
        house.portal.change_password(session, PASSWORD, NEW)
    house.clock.advance(5)
    with pytest.raises(WeakPassword):
        house.portal.change_password(session, PASSWORD, "short")
    house.clock.advance(5)
    assert house.portal.change_password(session, PASSWORD, NEW)


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

    def change(subject: str, *, keep: bool) -> NoReturn:
        raise StoreUnusable(f"{subject} cannot be counted: {keep}")

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
            broken.setattr(sent_codes.OneTimeCode, "check", failing)
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
        assert outcome(lambda: challenge.answer(APP, "000000")).startswith("That code is wrong")


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


# --- locked ---------------------------------------------------------------------------------


def lock(house: House) -> House:
    """Locks strangers out, and gives back the house as one of them meets it."""
    cafe = house.elsewhere(CAFE)
    fail(cafe, UNKNOWN_LOCKOUT - 1)
    cafe.clock.advance(LONGEST_DELAY)
    fail(cafe, 1)
    cafe.clock.advance(20 * 3600)
    return cafe


def test_at_ninety_strangers_are_refused_for_a_day(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.sign_in()
    cafe = lock(house)
    spent = count_argon2(monkeypatch)
    with pytest.raises(RateLimited, match=LOCKED) as refused:
        cafe.portal.sign_in(ADA, PASSWORD)
    assert refused.value.wait == 4 * 3600
    assert spent.total == 0
    assert house.operator.throttle_status(ADA).locked
    assert house.sign_in()  # from where ada usually does: and that opens it again
    assert not house.operator.throttle_status(ADA).locked
    assert cafe.sign_in()


def test_a_day_after_the_last_try_that_was_compared_they_may_try_again(house: House) -> None:
    house.sign_in()
    cafe = lock(house)
    for _ in range(4):
        with pytest.raises(RateLimited, match=LOCKED):
            cafe.portal.sign_in(ADA, PASSWORD)
        house.clock.advance(3600)
    assert not house.operator.throttle_status(ADA).locked
    fail(cafe, 4)
    assert cafe.sign_in()


@pytest.mark.parametrize("complete", [True, False])
def test_the_door_knows_where_somebody_completed_a_sign_in(house: House, complete: bool) -> None:
    def known(address: str) -> bool:
        means = replace(house.means, address=address)
        return PortalThrottle(means.throttle_store, means.clock, address).is_known()

    secret = house.give_authenticator()
    home = house.elsewhere("2001:db8:1:2f3::9")
    challenge = home.challenge()
    if complete:
        challenge.answer(APP, house.app_code(secret))
    for address in ("2001:db8:1:2f3::9", "2001:db8:1:200::1"):
        assert known(address) == complete
    for address in ("2001:db8:1:300::1", "192.0.2.7", "local"):
        assert not known(address)
    house.clock.advance(30 * 86_400)
    assert known("2001:db8:1:2f3::9") == complete
    house.clock.advance(1)
    assert not known("2001:db8:1:2f3::9")


def test_at_eighty_nine_they_are_not(house: House) -> None:
    cafe = house.elsewhere(CAFE)
    fail(cafe, UNKNOWN_LOCKOUT - 1)
    cafe.clock.advance(LONGEST_DELAY)
    assert cafe.sign_in()


def test_the_second_factor_locks_strangers_out_too(house: House) -> None:
    house.give_authenticator()
    cafe = house.elsewhere(CAFE)
    fail_second(cafe.challenge(), house, UNKNOWN_LOCKOUT)
    house.clock.advance(86_399)
    with pytest.raises(RateLimited, match=LOCKED):
        cafe.portal.sign_in(ADA, PASSWORD)


def test_a_changed_password_lets_strangers_try_again(house: House) -> None:
    session = house.sign_in()
    cafe = lock(house)
    house.portal.change_password(session.reverified(house.clock), PASSWORD, NEW)
    assert cafe.sign_in(password=NEW)


def test_so_does_one_that_the_operator_sets(house: House) -> None:
    cafe = lock(house)
    house.operator.set_password(ADA, NEW)
    assert cafe.sign_in(password=NEW)


def test_so_does_an_unlock_which_is_recorded(house: House) -> None:
    cafe = lock(house)
    house.operator.unlock(ADA)
    assert house.notebook.acts[-1] == (house.now().uid, "unlocked", "operator", {})
    assert cafe.sign_in()


@pytest.mark.parametrize("failures", [8, 30])
def test_a_clock_that_is_set_back_locks_nobody_out(house: House, failures: int) -> None:
    fail(house, failures)
    house.clock.instant -= timedelta(days=400)
    most = wait(house.sign_in)
    assert most is not None
    assert 0 < most <= LONGEST_DELAY
    house.clock.advance(most)
    assert house.sign_in()


def test_a_clock_that_is_set_back_holds_no_codes_back(house: House) -> None:
    house.give_phone()
    challenge = house.challenge()
    for _ in range(3):
        challenge.send(TEXT, again=True)
    house.clock.instant -= timedelta(days=400)
    assert wait(lambda: challenge.send(TEXT, again=True)) == 600
    house.clock.advance(600)
    challenge.send(TEXT, again=True)


def test_how_it_stands_is_told_without_counting(house: House) -> None:
    assert house.operator.throttle_status(ADA).wait == 0
    fail(house, 6)
    for _ in range(3):
        assert house.operator.throttle_status(ADA).wait == 10
    assert not house.operator.throttle_status(ADA).locked
