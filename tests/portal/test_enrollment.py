"""Verification methods: kept sealed, preferred, changed and removed."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.domain import verification_options
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.errors import (
    DecryptionFailed,
    InvalidNumber,
    MethodUnavailable,
    Refused,
    SessionEnded,
    StoreDamaged,
)
from apppw_tui.domain.key_set import KeptKeys, KeySet, new_key
from apppw_tui.domain.phone import PHONES, PhoneSlot
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.verification_options import APP, TEXT
from apppw_tui.portal.sessions import Session
from tests.standing import (
    document,
    place,
    put_document,
    standing_house,
    wholly_standing_house,
    written,
)
from tests.support import House

ADA = "ada@example.org"
NUMBER = "+4915123456767"
REQUIRED = Policy(second_factor_required=True)


def add_phone(house: House, session: Session, which: PhoneSlot, typed: str) -> Session:
    set_up = house.portal.enrollment.begin_phone(session, which, typed)
    set_up.send(session, "text")
    return set_up.confirm(session, house.outbox.code)


# --- kept sealed ----------------------------------------------------------------------------


def test_a_number_and_a_secret_can_be_read_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    house = wholly_standing_house(folder)
    house.add()
    session = house.sign_in()
    app = house.portal.enrollment.begin_authenticator(session)
    app.confirm(session, house.app_code(app.secret))
    session = add_phone(house, session, "office", "+49 151 23456767")
    challenge = house.challenge()
    challenge.send(verification_options.ALL[3])
    challenge.answer(
        verification_options.ALL[3], "".join(c for c in house.outbox.sent[-1][2] if c.isdigit())
    )
    stored = written(house, folder)
    shown = repr(house.notebook) + repr(house.now()) + repr(session) + repr(vars(app)["secret"])
    for hidden in (NUMBER, NUMBER[1:], "23456767", app.secret.reveal()):
        assert hidden.encode() not in stored
        assert hidden not in shown
    assert house.portal.enrollment.numbers(session, house.now())["office"].reveal() == NUMBER


def test_each_is_sealed_for_its_account_and_its_field(house: House) -> None:
    house.give_authenticator()
    for which in PHONES:
        house.give_phone(which)
    account = house.now()
    for field, sealed in account.sealed_values().items():
        assert house.means.sealer.decrypt(account.uid, field, sealed)
        for uid, other in (("0" * 32, field), (account.uid, "another field")):
            with pytest.raises(DecryptionFailed):
                house.means.sealer.decrypt(uid, other, sealed)
    assert set(account.sealed_values()) == {AUTHENTICATOR, *(f"phone {one}" for one in PHONES)}


def test_numbers_are_opened_for_their_own_session_alone(house: House) -> None:
    house.add("grace")
    house.give_phone()
    house.give_phone("office", "+493012345678")
    numbers = house.portal.enrollment.numbers(house.session(), house.now())
    assert {which: number.reveal() for which, number in numbers.items()} == {
        "authentication": NUMBER,
        "office": "+493012345678",
    }
    with pytest.raises(SessionEnded):
        house.portal.enrollment.numbers(house.session("grace"), house.now())


def test_a_key_that_was_changed_meanwhile_is_no_trouble(house: House) -> None:
    house.give_phone()
    before = house.now()
    ring = house.means.sealer
    assert isinstance(ring, KeptKeys)
    ring.write(KeySet((new_key(house.random.randbytes),)))
    house.give_phone()
    numbers = house.portal.enrollment.numbers(house.session(), before)
    assert numbers["authentication"].reveal() == NUMBER


def test_a_number_that_no_key_opens_is_said_by_name(house: House) -> None:
    house.give_phone()
    ring = house.means.sealer
    assert isinstance(ring, KeptKeys)
    challenge = house.challenge()
    ring.write(KeySet((new_key(house.random.randbytes),)))
    with pytest.raises(DecryptionFailed, match="phone authentication"):
        house.portal.enrollment.numbers(house.session(), house.now())
    with pytest.raises(DecryptionFailed):
        challenge.send(TEXT)


def test_what_is_damaged_on_disk_is_not_taken_for_an_account_without_methods(
    tmp_path: Path,
) -> None:
    house = standing_house(tmp_path / "store")
    house.add("ada")
    house.give_authenticator("ada")
    session = house.session("ada")
    tables = json.loads(document(house, "ada"))
    tables["methods"]["1"]["sealed"] = ""
    put_document(house, "ada", json.dumps(tables).encode())
    with pytest.raises(StoreDamaged, match=re.escape(place(house, "ada"))):
        house.portal.enrollment.begin_authenticator(session)


# --- adding and changing --------------------------------------------------------------------


def test_an_extension_is_taken_where_it_can_be_handed_over(house: House) -> None:
    session, typed = house.session(), "+49 30 1234567 ext. 42"
    with pytest.raises(InvalidNumber, match="This server sends no codes to extensions"):
        house.portal.enrollment.begin_phone(session, "office", typed)
    house.outbox.extensions = True
    add_phone(house, session, "office", typed)
    assert house.outbox.sent[-1][1] == "+49301234567;ext=42"
    numbers = house.portal.enrollment.numbers(session, house.now())
    assert numbers["office"].reveal() == "+49301234567;ext=42"


@pytest.mark.parametrize("which", PHONES)
def test_a_number_counts_once_its_code_came_back(house: House, which: PhoneSlot) -> None:
    session = house.session()
    set_up = house.portal.enrollment.begin_phone(session, which, "+49 151 23456767")
    set_up.send(session, "text")
    assert house.now().phones == ()
    house.clock.advance(100)
    assert set_up.confirm(session, house.outbox.code) == house.session()
    kept = house.now().phone(which)
    assert kept is not None
    assert kept.verified_at == house.clock.now()
    name = verification_options.phone_name(which)
    facts = {"address": house.address, "method": name}
    assert house.notebook.acts == [(house.now().uid, "method set up", ADA, facts)]


def test_a_changed_number_takes_the_place_of_the_old_one(house: House) -> None:
    house.give_phone()
    house.give_phone("office", "+493012345678")
    session = add_phone(house, house.session(), "authentication", "+12015550123")
    numbers = house.portal.enrollment.numbers(session, house.now())
    assert {which: number.reveal() for which, number in numbers.items()} == {
        "authentication": "+12015550123",
        "office": "+493012345678",
    }


def test_numbers_of_the_region_need_no_code_of_the_country() -> None:
    house = House(region="DE")
    house.add()
    set_up = house.portal.enrollment.begin_phone(house.session(), "office", "0151 23456767")
    assert set_up.number.reveal() == NUMBER


def test_a_number_that_is_none_begins_nothing(house: House) -> None:
    with pytest.raises(InvalidNumber, match=r"Start with \+"):
        house.portal.enrollment.begin_phone(house.session(), "office", "0151 23456767")


def test_an_app_counts_once_its_code_was_accepted(house: House) -> None:
    session = house.session()
    set_up = house.portal.enrollment.begin_authenticator(session)
    assert house.now().authenticator is None
    assert set_up.uri().reveal() == (
        f"otpauth://totp/{ADA}?secret={set_up.secret.reveal()}&issuer=mail.example.org"
    )
    house.clock.advance(100)
    assert set_up.confirm(session, house.app_code(set_up.secret)) == house.session()
    kept = house.now().authenticator
    assert kept is not None
    assert kept.since == house.clock.now()
    assert kept.last_step > 0
    facts = {"address": house.address, "method": "authenticator app"}
    assert house.notebook.acts == [(house.now().uid, "method set up", ADA, facts)]


def test_a_new_app_takes_the_place_of_the_old_one(house: House) -> None:
    old = house.give_authenticator()
    set_up = house.portal.enrollment.begin_authenticator(house.session())
    set_up.confirm(house.session(), house.app_code(set_up.secret))
    house.clock.advance(30)
    with pytest.raises(Refused):
        house.challenge().answer(APP, house.app_code(old))
    assert house.challenge().answer(APP, house.app_code(set_up.secret))


# --- preferring -----------------------------------------------------------------------------


def test_only_what_can_be_had_can_be_preferred(house: House) -> None:
    house.give_authenticator()
    house.give_phone("alternate")
    house.give_recovery_codes()
    session, before = house.session(), house.now()
    for id_, reason in (
        ("text", "Add your authentication phone first."),
        ("office", "Add your office phone first."),
        ("recovery", "There is no such option."),
        ("text-alternate", "There is no such option."),
        ("pigeon", "There is no such option."),
    ):
        with pytest.raises(MethodUnavailable) as refused:
            house.portal.enrollment.set_preferred(session, id_)
        assert str(refused.value) == reason
    assert house.now() == before
    house.portal.enrollment.set_preferred(session, "app")
    assert house.now().preferred == "app"


# --- removing -------------------------------------------------------------------------------

Remove = Callable[[House, Session], Account]


def remove_app(house: House, session: Session) -> Account:
    return house.portal.enrollment.remove_authenticator(session)


def remove_phone(house: House, session: Session) -> Account:
    return house.portal.enrollment.remove_phone(session, "authentication")


@pytest.mark.parametrize("remove", [remove_app, remove_phone])
def test_one_of_two_is_removed_and_recorded(house: House, remove: Remove) -> None:
    house.give_authenticator()
    house.give_phone()
    house.give_recovery_codes()
    left = remove(house, house.session())
    assert replace(house.now(), version=0) == replace(left, version=0)
    assert house.now().has_second_factor
    assert house.now().recovery is not None
    assert [what for _, what, _, _ in house.notebook.acts] == ["method removed"]
    before = house.now()
    assert remove(house, house.session()) == before  # it was removed already
    assert len(house.notebook.acts) == 1


@pytest.mark.parametrize("asked", ["by the policy", "of this person"])
@pytest.mark.parametrize("remove", [remove_app, remove_phone])
def test_the_last_one_stays_where_one_is_needed(asked: str, remove: Remove) -> None:
    house = House(policy=REQUIRED) if asked == "by the policy" else House()
    house.add()
    if remove is remove_app:
        house.give_authenticator()
    else:
        house.give_phone()
    house.give_recovery_codes()
    house.alter(verification_required=asked == "of this person")
    before = house.now()
    with pytest.raises(Refused, match="Your account needs one method"):
        remove(house, house.session())
    assert house.now() == before
    assert house.notebook.acts == []


@pytest.mark.parametrize("remove", [remove_app, remove_phone])
def test_the_last_one_can_go_where_none_is_needed_and_takes_recovery_codes_along(
    house: House, remove: Remove
) -> None:
    if remove is remove_app:
        house.give_authenticator()
    else:
        house.give_phone()
    house.give_recovery_codes()
    house.alter(preferred="app" if remove is remove_app else "text")
    remove(house, house.session())
    account = house.now()
    assert (account.has_second_factor, account.recovery, account.preferred) == (False, None, None)
    assert house.sign_in().restriction is None


def test_two_windows_that_remove_one_each_leave_one_where_one_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(policy=REQUIRED)
    house.add()
    house.give_authenticator()
    house.give_phone()
    session, real = house.session(), house.store.transaction

    def change(account: str, uid: str | None) -> object:
        monkeypatch.setattr(house.store, "transaction", real)
        remove_phone(house, session)
        return real(account, uid)

    monkeypatch.setattr(house.store, "transaction", change)
    with pytest.raises(Refused):
        remove_app(house, session)
    assert house.now().has_second_factor
