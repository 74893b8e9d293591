"""What ends sessions, and whose goes on (SAFETY 12)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import (
    NotFound,
    ReverificationRequired,
    SessionEnded,
    SignInRefused,
    WeakPassword,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.sessions import Session
from tests.support import PASSWORD, House

ADA = "ada@example.org"
NEW = "a loom of 40 brass wheels"
ELSEWHERE = "You were signed out: the account's security was changed elsewhere"


def ended(house: House, session: Session, reason: str = ELSEWHERE) -> None:
    """`session` may not even look any more."""
    calls: list[Callable[[], object]] = [
        lambda: house.portal.account(session),
        lambda: house.portal.verify_again(session),
        lambda: house.portal.set_appearance(session, "nord"),
        lambda: house.portal.enrollment.numbers(session, house.now()),
        lambda: house.portal.enrollment.begin_authenticator(session),
        lambda: house.portal.enrollment.begin_phone(session, "office", "+49 151 23456767"),
        lambda: house.portal.enrollment.remove_authenticator(session),
        lambda: house.portal.enrollment.remove_phone(session, "office"),
        lambda: house.portal.enrollment.set_preferred(session, "app"),
        lambda: house.portal.enrollment.new_recovery_codes(session),
        lambda: house.portal.enrollment.finish(session),
        lambda: house.portal.create_app_password(session, "Car"),
        lambda: house.portal.change_password(session, PASSWORD, NEW),
    ]
    before = house.now()
    for call in calls:
        with pytest.raises(SessionEnded, match=reason):
            call()
    assert house.now() == before


def required(house: House) -> None:
    house.operator.require_verification(ADA)


def set_by_the_operator(house: House) -> None:
    house.operator.set_password(ADA, NEW)


def changed_elsewhere(house: House) -> None:
    house.portal.change_password(house.session(), PASSWORD, NEW)


def signed_out_elsewhere(house: House) -> None:
    house.portal.sign_out_elsewhere(house.session())


@pytest.mark.parametrize(
    "act", [required, set_by_the_operator, changed_elsewhere, signed_out_elsewhere]
)
def test_it_ends_every_session_that_began_before(
    house: House, act: Callable[[House], None]
) -> None:
    house.give_authenticator()
    house.give_phone()
    session, limited = house.session(), replace(house.session(), restriction="bypass")
    before = house.now().session_generation
    act(house)
    assert house.now().session_generation == before + 1
    ended(house, session)
    with pytest.raises(SessionEnded):
        house.portal.enrollment.begin_authenticator(limited)
    assert house.portal.account(house.session())


def test_closing_the_account_ends_them_too(house: House) -> None:
    house.give_authenticator()
    session = house.session()
    house.alter(enabled=False)
    ended(house, session, "You were signed out: the account is disabled")


@pytest.mark.parametrize(
    "act",
    [
        lambda house: house.operator.bypass(ADA, 30),
        lambda house: house.operator.unlock(ADA),
        lambda house: house.issue("Phone"),
        lambda house: house.portal.enrollment.remove_phone(house.session(), "office"),
        lambda house: house.portal.enrollment.new_recovery_codes(house.session()),
        lambda house: house.sign_in_with_app(),
    ],
    ids=["bypass", "unlock", "app password", "removed phone", "recovery codes", "sign-in"],
)
def test_nothing_else_does(act: Callable[["AppHouse"], object]) -> None:
    house = AppHouse()
    house.add()
    house.secret = house.give_authenticator()
    house.give_phone("office")
    session = house.session()
    act(house)
    assert house.portal.account(session) == house.now()


class AppHouse(House):
    """A house whose ada signs in with an app."""

    secret: Secret

    def sign_in_with_app(self) -> Session:
        return self.challenge().answer(APP, self.app_code(self.secret))


def test_signing_out_everywhere_else_keeps_its_own_session(house: House) -> None:
    house.give_authenticator()
    here, there = house.session(), house.session()
    house.clock.advance(500)
    remaining = house.portal.sign_out_elsewhere(here)
    assert remaining == replace(here, session_generation=here.session_generation + 1)
    assert house.portal.create_app_password(remaining, "Phone")
    ended(house, there)


# --- a changed password ---------------------------------------------------------------------


def test_a_changed_password_keeps_its_own_session_alone_as_fresh_as_it_was(house: House) -> None:
    house.give_authenticator()
    here, there = house.session(), house.session()
    house.clock.advance(500)
    changed = house.portal.change_password(here, PASSWORD, NEW)
    assert changed == replace(here, session_generation=here.session_generation + 1)
    assert house.portal.create_app_password(changed, "Phone")
    ended(house, there)
    ended(house, here)
    house.clock.advance(100)
    with pytest.raises(ReverificationRequired):
        house.portal.create_app_password(changed, "Car")


def test_methods_and_the_bypass_are_not_touched_by_it(house: House) -> None:
    house.give_authenticator()
    house.give_phone()
    house.give_recovery_codes()
    before = house.now()
    house.portal.change_password(house.session(), PASSWORD, NEW)
    after = house.now()
    assert (after.authenticator, after.phones, after.recovery) == (
        before.authenticator,
        before.phones,
        before.recovery,
    )


def held(account: Account) -> list[str]:
    return [one.name for one in account.app_passwords]


def test_with_it_all_app_passwords_can_be_deleted_and_their_ids_stay_used(house: House) -> None:
    gone = {house.issue(name).app_password.id for name in ("Phone", "Car")}
    house.portal.delete_app_password(house.session(), house.issue("Desk").app_password.id)
    used = house.now().used_ids
    session = house.portal.change_password(
        house.session(), PASSWORD, NEW, delete_app_passwords=True
    )
    account = house.portal.account(session)
    assert held(account) == []
    assert gone < account.deleted_ids == used
    assert len(used) == 3
    ((uid, what, by, facts),) = house.notebook.acts[-1:]
    assert (uid, what, by) == (account.uid, "password changed", ADA)
    assert facts["app_passwords_deleted"] == "2"
    for id_ in gone:
        with pytest.raises(NotFound):
            house.portal.delete_app_password(session, id_)


def test_otherwise_they_stay(house: House) -> None:
    house.issue("Phone")
    house.portal.change_password(house.session(), PASSWORD, NEW)
    assert held(house.now()) == ["Phone"]
    assert house.notebook.acts[-1][3]["app_passwords_deleted"] == "0"


@pytest.mark.parametrize(
    ("current", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, "password1")]
)
def test_refused_it_deletes_nothing(house: House, current: str, new: str) -> None:
    house.issue("Phone")
    before = house.now()
    acts = list(house.notebook.acts)
    with pytest.raises((SignInRefused, WeakPassword)):
        house.portal.change_password(house.session(), current, new, delete_app_passwords=True)
    assert house.now() == before
    added = [what for _, what, _, _ in house.notebook.acts[len(acts) :]]
    assert added == (["wrong password"] if current == "wrong" else [])


def test_one_that_was_made_while_it_was_hashed_is_deleted_with_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.issue("Phone")
    real = house.hasher.account.make

    def make(secret: Secret) -> str:
        house.issue("Car")
        return real(secret)

    monkeypatch.setattr(house.hasher.account, "make", make)
    house.portal.change_password(house.session(), PASSWORD, NEW, delete_app_passwords=True)
    assert held(house.now()) == []
    assert len(house.now().deleted_ids) == 2
    deleted = house.notebook.acts[-1][3]["app_passwords_deleted"]
    assert deleted == "2"


def test_changed_in_two_windows_at_once_the_slower_is_signed_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, other = house.session(), "differential engine 22"
    real = house.hasher.account.make

    def make(secret: Secret) -> str:
        monkeypatch.setattr(house.hasher.account, "make", real)
        house.portal.change_password(house.session(), PASSWORD, other)
        return real(secret)

    monkeypatch.setattr(house.hasher.account, "make", make)
    with pytest.raises(SessionEnded):
        house.portal.change_password(session, PASSWORD, NEW)
    assert house.sign_in(password=other)
    with pytest.raises(SignInRefused):
        house.sign_in(password=NEW)
