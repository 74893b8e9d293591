"""Signing in: one hash, one answer; and what ends a session."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import InvalidName, SessionEnded, SignInRefused, StoreUnusable
from apppw_tui.domain.hashing import CHEAP_PROFILE, Comparison, Hasher, Profile
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.sessions import Session
from tests.argon import count_argon2
from tests.standing import document, put_document, standing_house
from tests.support import PASSWORD, House

DEARER = Profile(memory=16, time_cost=2, parallelism=1)


def test_the_right_password_gives_a_session(house: House) -> None:
    session = house.sign_in("ada@example.org", PASSWORD)
    assert session == house.session()
    assert house.portal.account(session).name == "ada@example.org"


def test_a_session_holds_no_secret(house: House) -> None:
    assert PASSWORD not in repr(house.sign_in("ada@example.org", PASSWORD))


def test_a_letter_may_be_typed_composed_or_not() -> None:
    house = House()
    house.add("ada", "Br\u00fccke \u00fcber den Flu\u00df")
    assert house.sign_in("ada", "Bru\u0308cke u\u0308ber den Flu\u00df")


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ada@example.org", "wrong"),
        ("ada@example.org", ""),
        ("ada@example.org", PASSWORD.upper()),
        ("ada@example.org", PASSWORD + " "),
        ("ada@example.org", "\udcff"),
        ("grace@example.org", PASSWORD),
        ("ada", PASSWORD),
    ],
)
def test_wrong_and_unknown_get_the_same_answer(house: House, name: str, password: str) -> None:
    with pytest.raises(SignInRefused) as refusal:
        house.sign_in(name, password)
    assert str(refusal.value) == "That account and password do not match."


def test_a_disabled_account_gets_that_answer_too(house: House) -> None:
    house.alter(enabled=False)
    with pytest.raises(SignInRefused, match=r"That account and password do not match\."):
        house.sign_in("ada@example.org", PASSWORD)


def test_an_app_password_never_opens_the_portal(house: House) -> None:
    issued = house.issue("Phone")
    with pytest.raises(SignInRefused):
        house.sign_in("ada@example.org", issued.secret.reveal())


def test_a_name_that_is_none_is_said_to_be_none(house: House) -> None:
    with pytest.raises(InvalidName, match="cannot have a blank in it"):
        house.sign_in("ada @example.org", PASSWORD)


@pytest.mark.parametrize("typed", ["Ada@Example.org", "ada%40example.org"])
def test_a_name_is_read_as_it_is_typed_and_sent(house: House, typed: str) -> None:
    assert house.sign_in(typed, PASSWORD).account_name == "ada@example.org"


def test_every_attempt_costs_exactly_one_hash(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("disabled")
    house.alter("disabled", enabled=False)
    spent = count_argon2(monkeypatch)
    for name, password in (
        ("ada@example.org", PASSWORD),
        ("ada@example.org", "wrong"),
        ("unknown", PASSWORD),
        ("disabled", PASSWORD),
        ("disabled", "wrong"),
    ):
        spent.clear()
        with contextlib.suppress(SignInRefused):
            house.sign_in(name, password)
        assert spent.verified == ["m=8,t=1,p=1"]
        assert spent.made == 0


def dearer(house: House) -> House:
    """The same store, after the profile of account passwords was raised."""
    return House(store=house.store, hasher=Hasher(DEARER, CHEAP_PROFILE))


def test_when_the_profile_was_raised_the_hash_is_made_anew(house: House) -> None:
    before = house.now()
    session = dearer(house).sign_in("ada@example.org", PASSWORD)
    after = house.now()
    assert "$m=16,t=2,p=1$" in str(after.password_hash)
    assert after.password_changed == before.password_changed
    assert after.session_generation == before.session_generation  # nobody is signed out by it
    assert house.portal.account(session) == after
    assert dearer(house).sign_in("ada@example.org", PASSWORD) == session
    assert house.now() == after


def test_a_wrong_password_does_not_make_the_hash_anew(house: House) -> None:
    before = house.now()
    with pytest.raises(SignInRefused):
        dearer(house).sign_in("ada@example.org", "wrong")
    assert house.now() == before


def test_a_password_changed_meanwhile_is_not_overwritten_by_the_old_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = dearer(house)
    elsewhere = house.hasher.account.make(Secret("differential engine 22"))
    real = raised.hasher.account.compare

    def compare(stored: str | None, secret: Secret) -> Comparison:
        house.alter(password_hash=elsewhere, session_generation=1)
        return real(stored, secret)

    monkeypatch.setattr(raised.hasher.account, "compare", compare)
    session = raised.sign_in("ada@example.org", PASSWORD)
    assert house.now().password_hash == elsewhere
    with pytest.raises(SessionEnded):
        house.portal.account(session)


def test_a_hash_that_cannot_be_kept_anew_keeps_nobody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = house.now()

    def change(account: str, uid: str | None) -> NoReturn:
        raise StoreUnusable("The disk is full: nothing was changed.")

    monkeypatch.setattr(house.store, "transaction", change)
    session = dearer(house).sign_in("ada@example.org", PASSWORD)
    assert house.portal.account(session) == before


def removed(house: House) -> None:
    house.store.remove("ada@example.org")


def removed_and_made_again(house: House) -> None:
    house.store.remove("ada@example.org")
    house.add()


def disabled(house: House) -> None:
    house.alter(enabled=False)


def password_changed(house: House) -> None:
    new = "differential engine 22"
    house.portal.change_password(house.session(), PASSWORD, new)


ENDINGS = [
    (removed, "the account is gone"),
    (removed_and_made_again, "the account is gone"),
    (disabled, "the account is disabled"),
    (password_changed, "the account's security was changed elsewhere"),
]


@pytest.mark.parametrize(
    ("end", "reason"), ENDINGS, ids=lambda value: getattr(value, "__name__", "")
)
def test_an_ended_session_can_do_nothing_any_more(
    house: House, end: Callable[[House], None], reason: str
) -> None:
    id_ = house.issue("Phone").app_password.id
    session = house.sign_in("ada@example.org", PASSWORD)
    end(house)
    before = house.store.get("ada@example.org")
    portal = house.portal
    actions: list[Callable[[Session], object]] = [
        portal.account,
        lambda session: portal.create_app_password(session, "Car"),
        lambda session: portal.delete_app_password(session, id_),
        lambda session: portal.rename_app_password(session, id_, "Car"),
        lambda session: portal.set_appearance(session, "nord"),
        lambda session: portal.change_password(session, PASSWORD, "analytical engine 33"),
    ]
    for action in actions:
        with pytest.raises(SessionEnded, match=f"You were signed out: {reason}"):
            action(session)
    assert house.store.get("ada@example.org") == before


def test_a_store_that_fails_is_not_taken_for_a_wrong_password(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(name: str) -> None:
        raise StoreUnusable(f"{name} cannot be used")

    monkeypatch.setattr(house.store, "get", read)
    with pytest.raises(StoreUnusable):
        house.sign_in("ada@example.org", PASSWORD)


def test_a_stored_hash_that_argon2_cannot_compute_is_refused_like_an_unknown_account(
    tmp_path: Path,
) -> None:
    house = standing_house(tmp_path / "store")
    house.add()
    hashed = str(house.now().password_hash).encode()
    name = "ada@example.org"
    put_document(house, name, document(house, name).replace(hashed, b"$argon2id$x"))
    with pytest.raises(SignInRefused, match="do not match"):
        house.sign_in("ada@example.org", PASSWORD)
    assert [what for what, _ in house.notebook.errors] == ["account damaged"]
