"""SAFETY 17: which refusals go on to the next password source, and which do not."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Decision
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, ask, change_record, of_unknown_id, wrong

DAY = timedelta(days=1)
Spoil = Callable[[House, str], str]  # gives what is presented afterwards


def other_secret(house: House, secret: str) -> str:
    return wrong(Secret(secret))


def unknown_id(house: House, secret: str) -> str:
    return of_unknown_id(house)


def mistyped(house: House, secret: str) -> str:
    return secret[:-1] + ("0" if secret[-1] != "0" else "1")


def old_password(house: House, secret: str) -> str:
    return "what Dovecot knew before"


def account_password(house: House, secret: str) -> str:
    return PASSWORD


def nothing(house: House, secret: str) -> str:
    return ""


def expired(house: House, secret: str) -> str:
    change_record(house, expires=NOW)
    return secret


def out_of_scope(house: House, secret: str) -> str:
    change_record(house, scope=("calendar",))
    return secret


def deleted(house: House, secret: str) -> str:
    house.operator.delete_app_password(ADA, "Phone")
    return secret


SPOILS = [
    other_secret,
    unknown_id,
    mistyped,
    old_password,
    account_password,
    nothing,
    expired,
    out_of_scope,
    deleted,
]


def after(house: House, spoil: Spoil) -> Decision:
    return ask(house, spoil(house, house.issue("Phone").secret.reveal()))


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_an_open_account_does_not_let_in_goes_on(house: House, spoil: Spoil) -> None:
    decision = after(house, spoil)
    assert (decision.answer, decision.account_name) == (Answer.NOT_MINE, ADA)


@pytest.mark.parametrize("spoil", SPOILS)
def test_what_an_enforced_account_does_not_let_in_is_a_no(house: House, spoil: Spoil) -> None:
    house.operator.enforce(ADA)
    decision = after(house, spoil)
    assert (decision.answer, decision.account_name) == (Answer.NO, ADA)


def right(house: House, secret: str) -> str:
    return secret


@pytest.mark.parametrize("enforced", [False, True])
@pytest.mark.parametrize("spoil", [right, *SPOILS])
def test_a_disabled_account_is_a_no_and_goes_nowhere(
    house: House, spoil: Spoil, enforced: bool
) -> None:
    house.alter(enabled=False, enforced_from=NOW - DAY if enforced else None)
    assert after(house, spoil).answer is Answer.NO


@pytest.mark.parametrize("enforced", [False, True])
def test_the_right_one_is_a_yes_in_both(house: House, enforced: bool) -> None:
    house.alter(enforced_from=NOW - DAY if enforced else None)
    assert after(house, right).answer is Answer.YES


@pytest.mark.parametrize("name", ["grace", "Not A Name", "", "../ada", "a\0b", "\udcff"])
@pytest.mark.parametrize("password", ["", PASSWORD, None])
def test_a_name_that_the_store_does_not_know_is_not_ours(
    house: House, name: str, password: str | None
) -> None:
    house.operator.enforce(ADA)
    secret = house.issue("Phone").secret.reveal()
    decision = ask(house, secret if password is None else password, account=name)
    assert decision == Decision(Answer.NOT_MINE, "unknown account")


def test_it_is_enforced_from_the_very_instant_on(house: House) -> None:
    secret = house.issue("Phone").secret
    house.operator.enforce(ADA, NOW + DAY)
    house.clock.advance(DAY.total_seconds() - 1e-6)
    for refused in (wrong(secret), PASSWORD):
        assert ask(house, refused).answer is Answer.NOT_MINE
    assert ask(house, secret).answer is Answer.YES
    house.clock.advance(1e-6)
    for refused in (wrong(secret), PASSWORD):
        assert ask(house, refused).answer is Answer.NO
    assert ask(house, secret).answer is Answer.YES


def test_the_day_that_it_is_enforced_can_pass_while_the_hash_is_computed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.issue("Phone").secret
    check = house.hasher.app.check

    def slowly(stored: str | None, presented: Secret) -> bool:
        house.operator.enforce(ADA)
        return check(stored, presented)

    monkeypatch.setattr(house.hasher.app, "check", slowly)
    assert ask(house, wrong(secret)).answer is Answer.NO


def test_an_account_can_be_opened_again(house: House) -> None:
    house.operator.enforce(ADA)
    house.operator.stop_enforcing(ADA)
    assert ask(house, PASSWORD).answer is Answer.NOT_MINE
    assert [act[1] for act in house.notebook.acts] == ["enforced", "opened"]


@pytest.mark.parametrize("enforced", [False, True])
def test_the_account_password_is_never_a_yes(house: House, enforced: bool) -> None:
    # Even one that has the form, and the id of one that is there.
    password = wrong(house.issue("Phone").secret)
    house.alter(
        password_hash=house.hasher.account.make(Secret(password)),
        enforced_from=NOW if enforced else None,
    )
    assert house.sign_in(ADA, password)
    refusal = Answer.NO if enforced else Answer.NOT_MINE
    assert ask(house, password).answer is refusal
    assert ask(house, password, service=None).answer is refusal
