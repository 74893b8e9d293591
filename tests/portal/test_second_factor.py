"""The second question: when it is asked, which ways there are, what an app's code opens."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.domain import totp, verification_options
from apppw_tui.domain.errors import (
    ApppwError,
    InvalidCode,
    MethodUnavailable,
    RateLimited,
    SessionEnded,
    SignInRefused,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import DELIVERY_METHODS, DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import Rule
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.store.folder.location import open_store
from tests.portal.windows import admitted, at_once, on_disk
from tests.standing import damage, place, standing_house
from tests.support import PASSWORD, House, Outbox

ADA = "ada@example.org"
NO_MATCH = "That account and password do not match."
ROOT = Path(__file__).parents[2]
REQUIRED = Policy(second_factor_required=True)


def said(
    challenge: Challenge, text: str, option: verification_options.VerificationOption = APP
) -> str:
    """Why that answer was refused."""
    with pytest.raises((InvalidCode, RateLimited)) as refused:
        challenge.answer(option, text)
    return str(refused.value)


# --- what the right password gives ----------------------------------------------------------


def test_where_no_second_factor_is_asked_the_password_opens_it(house: House) -> None:
    session = house.sign_in()
    assert session.restriction is None
    assert session.recently_verified(house.clock)


def test_where_the_policy_asks_for_one_it_opens_the_set_up_alone() -> None:
    house = House(policy=REQUIRED)
    house.add()
    session = house.sign_in()
    assert (session.restriction, session.verified_at) == ("none yet", None)


def test_where_the_administrator_asks_one_person_it_is_the_same(house: House) -> None:
    house.operator.require_verification(ADA)
    session = house.sign_in()
    assert (session.restriction, session.verified_at) == ("none yet", None)


def test_the_first_account_too_begins_with_the_set_up_where_the_policy_asks_for_it() -> None:
    house = House(policy=REQUIRED)
    assert house.portal.create_first_account("ada", PASSWORD).restriction == "none yet"


@pytest.mark.parametrize("policy", [REQUIRED, Policy(second_factor_required=False)])
@pytest.mark.parametrize("method", ["app", "authentication", "office", "alternate"])
def test_any_method_is_asked_for_whatever_the_policy(policy: Policy, method: str) -> None:
    house = House(policy=policy)
    house.add()
    if method == "app":
        house.give_authenticator()
    else:
        house.give_phone(method)  # type: ignore[arg-type]  # the names are those of Which
    assert house.challenge().account == ADA


def test_recovery_codes_alone_are_no_method(house: House) -> None:
    house.give_recovery_codes()
    assert house.sign_in().restriction is None


def test_it_is_asked_even_where_nothing_can_reach_the_person() -> None:
    house = House(outbox=Outbox(kinds=frozenset()))
    house.add()
    house.give_phone()
    challenge = house.challenge()
    assert challenge.preferred is None
    reasons = {choice.option.id: choice.unavailable_reason for choice in challenge.choices()}
    assert reasons == {
        "notify": "This server sends no notifications.",
        "call": "This server makes no telephone calls.",
        "text": "This server sends no text messages.",
        "office": "This server makes no telephone calls.",
        "app": "Set up the authenticator app first.",
        "text-alternate": "This server sends no text messages.",
        "call-alternate": "This server makes no telephone calls.",
        "recovery": "There are no recovery codes left.",
    }
    for option in (APP, TEXT, RECOVERY):
        with pytest.raises((InvalidCode, MethodUnavailable)):
            challenge.answer(option, "123456")
    with pytest.raises(MethodUnavailable, match="No code can be sent that way now"):
        challenge.send(TEXT)
    with pytest.raises(MethodUnavailable):
        challenge.send(APP)


# --- the ways -------------------------------------------------------------------------------


def test_the_preferred_one_is_asked_first_and_all_are_listed_once(house: House) -> None:
    house.give_authenticator()
    house.give_phone()
    house.give_recovery_codes()
    assert house.challenge().preferred == APP
    house.portal.enrollment.set_preferred(house.session(), "text")
    challenge = house.challenge()
    assert challenge.preferred == TEXT
    choices = challenge.choices()
    assert [choice.option.id for choice in choices if choice.unavailable_reason is None] == [
        "text",
        "app",
        "notify",
        "call",
        "recovery",
    ]
    assert {choice.option for choice in choices} == set(verification_options.ALL)
    assert len(choices) == len(verification_options.ALL)


def test_a_preferred_one_that_was_removed_gives_way_to_the_next(house: House) -> None:
    house.give_authenticator()
    house.give_phone()
    session = house.session()
    house.portal.enrollment.set_preferred(session, "text")
    house.portal.enrollment.remove_phone(session, "authentication")
    assert house.challenge().preferred == APP


@pytest.mark.parametrize("kind", DELIVERY_METHODS)
def test_a_way_that_the_server_has_no_more_gives_way_to_the_next(
    house: House, kind: DeliveryMethod
) -> None:
    house.give_phone()
    house.alter(preferred=kind)
    first = house.challenge().preferred
    assert first is not None
    assert first.id == kind
    house.outbox.kinds -= {kind}
    other = house.challenge().preferred
    assert other is not None
    assert other.id != kind


# --- an authenticator app -------------------------------------------------------------------


def test_its_code_signs_in(house: House) -> None:
    secret = house.give_authenticator()
    session = house.challenge().answer(APP, house.app_code(secret))
    assert session == house.session()
    assert house.portal.account(session) == house.now()


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_that_is_one_step_off_does_not_matter(house: House, steps: int) -> None:
    secret = house.give_authenticator()
    assert house.challenge().answer(APP, house.app_code(secret, steps))


@pytest.mark.parametrize("steps", [2, -2, 20, 12345])
def test_at_sign_in_the_clock_is_asked_after_whatever_the_code(house: House, steps: int) -> None:
    """How far it is off would tell whoever guesses a code that will be good in a moment."""
    secret = house.give_authenticator()
    challenge = house.challenge()
    wrong = "Wrong code. Check it, or wait for the next."
    again = f"{wrong} If codes go on failing, check your phone's clock."
    answers = [said(challenge, house.app_code(secret, steps)) for _ in range(3)]
    assert answers == [wrong, again, again]


def test_what_was_wrong_is_said_to_who_knows_the_password(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    challenge, other = house.challenge(), house.challenge()
    sentences = [said(challenge, house.app_code(secret, 2))]
    code = house.app_code(secret)
    challenge.answer(APP, code)
    sentences.append(said(other, code))
    other.send(TEXT)
    house.clock.advance(300)
    sentences.append(said(other, house.outbox.code, TEXT))
    for _ in range(2):
        said(other, "000000")
    sentences.append(said(other, "000000"))
    assert sentences == [
        "Wrong code. Check it, or wait for the next.",
        "That code was used already. Wait for the next one.",
        "That code has expired. Send a new one.",
        "Wrong code. Check it, or wait for the next. "
        "If codes go on failing, check your phone's clock.",
    ]
    assert said(other, "000000") == "Too many tries. Wait 5 s."


def test_of_the_clock_nothing_is_said_where_another_thing_was_wrong(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    challenge, other = house.challenge(), house.challenge()
    code = house.app_code(secret)
    challenge.answer(APP, code)
    sentences = [said(other, house.app_code(secret, 20)), said(other, code)]
    house.portal.enrollment.remove_authenticator(house.session())
    sentences.append(said(other, house.app_code(secret)))
    assert sentences == [
        "Wrong code. Check it, or wait for the next.",
        "That code was used already. Wait for the next one.",
        "The authenticator app was removed. Use another option.",
    ]


def test_everybody_else_is_told_one_and_the_same(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store")
    for name in ("ada", "bare", "closed", "damaged"):
        house.add(name)
    for name in ("ada", "closed"):
        house.give_authenticator(name)
    house.alter("closed", enabled=False)
    damage(house, "damaged")
    for name, password in (
        ("unknown", PASSWORD),
        ("ada", "wrong"),
        ("bare", "wrong"),
        ("closed", PASSWORD),
        ("closed", "wrong"),
        ("damaged", PASSWORD),
    ):
        with pytest.raises(SignInRefused) as refused:
            house.portal.sign_in(name, password)
        assert str(refused.value) == NO_MATCH
    ((what, facts),) = house.notebook.errors
    assert what == "account damaged"
    assert place(house, "damaged") in facts["why"]


@pytest.mark.parametrize(
    "text",
    ["", "12345", "1234567", "12345a", "12 456", "-12345", "\u0661\u0662\u0663\u0664\u0665\u0666"],
)
def test_what_is_not_six_digits_is_no_try(house: House, text: str) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    challenge = house.challenge()
    challenge.send(TEXT)
    for option in (APP, TEXT):
        for _ in range(6):
            assert said(challenge, text, option) == "A code has six digits."
    assert house.operator.throttle_status(ADA).wait == 0
    assert challenge.answer(APP, house.app_code(secret))


def test_the_code_that_proved_the_app_does_not_sign_in_again(house: House) -> None:
    set_up = house.portal.enrollment.begin_authenticator(house.session())
    code = house.app_code(set_up.secret)
    set_up.confirm(house.session(), code)
    assert said(house.challenge(), code).startswith("That code was used already.")
    assert said(house.challenge(), house.app_code(set_up.secret, -1)).startswith(
        "That code was used already."
    )
    house.clock.advance(totp.STEP)
    assert house.challenge().answer(APP, house.app_code(set_up.secret))


def test_a_used_step_or_one_before_it_opens_nothing_more(house: House) -> None:
    secret = house.give_authenticator()
    first, second = house.challenge(), house.challenge()
    code = house.app_code(secret)
    first.answer(APP, code)
    for challenge in (first, second):
        assert said(challenge, code).startswith("That code was used already.")
        assert said(challenge, house.app_code(secret, -1)).startswith("That code was used already.")
    assert second.answer(APP, house.app_code(secret, 1))


def test_a_used_step_is_kept_in_the_store_before_anybody_is_admitted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.give_authenticator()
    challenge = house.challenge()
    real, steps = house.means.throttle_store.change, []

    def change(rules: Mapping[str, Rule], *, keep: bool) -> object:
        app = house.now().authenticator
        steps.append(app.last_step if app else None)
        return real(rules, keep=keep)

    monkeypatch.setattr(house.means.throttle_store, "change", change)
    challenge.answer(APP, house.app_code(secret))
    now = totp.step_at(house.clock.now())
    assert steps == [0, now]  # charged, then reset


def test_a_code_accepted_in_another_window_meanwhile_is_judged_under_the_lock(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.give_authenticator()
    code = house.app_code(secret)
    here, there = house.challenge(), house.challenge()
    real = house.store.transaction

    def change(account: str, uid: str | None) -> object:
        monkeypatch.setattr(house.store, "transaction", real)
        there.answer(APP, code)
        return real(account, uid)

    monkeypatch.setattr(house.store, "transaction", change)
    assert said(here, code).startswith("That code was used already.")


def test_of_four_windows_with_one_code_one_is_admitted(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store")
    house.add()
    secret = house.give_authenticator()
    windows = [house.challenge() for _ in range(4)]
    code = house.app_code(secret)
    outcomes = at_once(*(lambda one=one: one.answer(APP, code) for one in windows))
    assert len(admitted(outcomes)) == 1
    refusals = {str(outcome) for outcome in outcomes if isinstance(outcome, ApppwError)}
    assert refusals == {"That code was used already. Wait for the next one."}


@pytest.mark.slow
def test_of_four_processes_with_one_code_one_is_admitted(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(folder, create=True)
    house = on_disk(folder)
    house.add("ada")
    secret = house.give_authenticator("ada")
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.portal.windows", folder, "ada", "app"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(house.app_code(secret) + "\n")
        process.stdin.flush()
    outcomes = sorted(process.communicate()[0].strip() for process in processes)
    used = "That code was used already. Wait for the next one."
    assert outcomes == [used] * 3 + ["admitted"]


def test_an_app_that_was_removed_or_replaced_meanwhile_opens_nothing(house: House) -> None:
    house.give_phone()
    secret = house.give_authenticator()
    challenge = house.challenge()
    replaced = house.give_authenticator()
    assert said(challenge, house.app_code(secret)).startswith("Wrong code.")
    assert challenge.answer(APP, house.app_code(replaced))
    house.portal.enrollment.remove_authenticator(house.session())
    house.clock.advance(totp.STEP)
    assert said(challenge, house.app_code(replaced)).startswith("The authenticator app was removed")


def test_the_app_of_another_account_opens_nothing(house: House) -> None:
    house.add("grace")
    house.give_authenticator()
    secret = house.give_authenticator("grace")
    assert said(house.challenge(), house.app_code(secret)).startswith("Wrong code.")


@pytest.mark.parametrize("change", ["password", "required", "closed", "removed"])
def test_a_question_that_is_open_ends_with_the_sessions(house: House, change: str) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    codes = house.give_recovery_codes()
    challenge = house.challenge()
    challenge.send(TEXT)
    if change == "password":
        house.operator.set_password(ADA, "a loom of 40 brass wheels")
    elif change == "required":
        house.operator.require_verification(ADA)
    elif change == "closed":
        house.alter(enabled=False)
    else:
        house.operator.remove_account(ADA)
    house.clock.advance(1)
    for option, text in (
        (APP, house.app_code(secret)),
        (TEXT, house.outbox.code),
        (RECOVERY, codes[0].reveal()),
    ):
        with pytest.raises(SessionEnded, match="You were signed out"):
            challenge.answer(option, text)
    with pytest.raises(SessionEnded):
        challenge.send(TEXT, again=True)
    with pytest.raises(SessionEnded):
        challenge.use_bypass()
    with pytest.raises(SessionEnded):
        challenge.answer_with_password(PASSWORD)
    assert len(house.outbox.sent) == 1


def test_no_part_of_it_shows_a_secret(house: House) -> None:
    secret = house.give_authenticator()
    house.give_phone()
    challenge = house.challenge()
    challenge.send(TEXT)
    inside = {key: value for key, value in vars(challenge).items() if key != "_context"}
    shown = repr(challenge) + repr(inside) + repr(house.now())
    for hidden in (secret, Secret(house.outbox.code), Secret("23456767")):
        assert hidden.reveal() not in shown


def test_the_password_alone_answers_no_question_of_a_sign_in(house: House) -> None:
    house.give_authenticator()
    challenge = house.challenge()
    assert not challenge.uses_password
    with pytest.raises(MethodUnavailable):
        challenge.answer_with_password(PASSWORD)
    house.alter(authenticator=None)
    with pytest.raises(MethodUnavailable):
        challenge.send(TEXT)  # from now on it knows that there is no method any more
    assert not challenge.uses_password
    with pytest.raises(MethodUnavailable):
        challenge.answer_with_password(PASSWORD)


def test_a_session_says_who_it_is_and_nothing_else(house: House) -> None:
    secret = house.give_authenticator()
    session = house.challenge().answer(APP, house.app_code(secret))
    account = house.now()
    expected = Session(
        account.name, account.uid, account.session_generation, verified_at=house.clock.seconds
    )
    assert session == replace(expected, restriction=None)
