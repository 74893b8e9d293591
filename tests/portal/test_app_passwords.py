"""Creating, renaming and deleting app passwords, in one window and in two."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.activity import EventType
from apppw_tui.domain.app_password import parse
from apppw_tui.domain.errors import (
    HashingFailed,
    InvalidName,
    LimitReached,
    NameTaken,
    NotFound,
    ReverificationRequired,
    SessionEnded,
)
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import ANY_APP
from apppw_tui.domain.secret import Secret
from apppw_tui.portal import portal
from apppw_tui.portal.app_passwords import AppPasswordIssuer, AppPasswordRequest
from tests.argon import count_argon2, failing_argon2
from tests.support import NOW, House


def names(house: House) -> list[str]:
    return [password.name for password in house.now().app_passwords]


def test_a_created_one_is_kept_as_a_hash_and_shown_once(house: House) -> None:
    issued = house.portal.create_app_password(house.session(), " Phone ")
    plain = issued.secret.reveal()
    (kept,) = house.now().app_passwords
    assert kept == issued.app_password
    assert (kept.name, kept.created, kept.expires) == ("Phone", NOW, None)
    assert kept.scope == (ANY_APP,)
    assert house.hasher.app.check(kept.hash, issued.secret)
    presented = parse(plain)
    assert presented is not None
    assert presented.id == kept.id
    assert plain not in repr(house.now())
    assert plain not in repr(issued)


def test_a_created_one_is_what_was_wished_for(house: House) -> None:
    until = NOW + timedelta(days=30)
    house.portal.create_app_password(house.session(), "Phone", ("mail", "xmpp"), until)
    house.operator.create_app_password("ada@example.org", "Car", ("web",), until)
    phone, car = house.now().app_passwords
    assert (phone.scope, phone.expires, phone.created_by_admin) == (("mail", "xmpp"), until, False)
    assert (car.scope, car.expires, car.created_by_admin) == (("web",), until, True)


def test_creating_costs_one_hash(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = count_argon2(monkeypatch)
    house.portal.create_app_password(house.session(), "Phone")
    assert spent.total == spent.made == 1


def test_what_is_refused_costs_no_hash_and_makes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.issue("Phone")
    before = house.now()
    spent = count_argon2(monkeypatch)
    for name, refusal in (("", InvalidName), ("a\0b", InvalidName), ("pHONE", NameTaken)):
        with pytest.raises(refusal):
            house.portal.create_app_password(house.session(), name)
    assert spent.total == 0
    assert house.now() == before


def test_at_forty_it_says_so_and_asks_to_delete_one(house: House) -> None:
    session = house.session()
    for number in range(40):
        house.portal.create_app_password(session, f"Device {number}")
    with pytest.raises(LimitReached, match=r"You have 40 of 40\. Delete one first\."):
        house.portal.create_app_password(session, "One more")
    assert len(house.now().app_passwords) == 40
    house.portal.delete_app_password(session, house.now().app_passwords[7].id)
    house.portal.create_app_password(session, "One more")
    assert names(house)[-1] == "One more"


def test_the_limit_is_the_policys() -> None:
    house = House(policy=Policy(app_passwords_per_account=1, second_factor_required=False))
    house.add()
    house.issue("Phone")
    with pytest.raises(LimitReached, match="You have 1 of 1"):
        house.issue("Car")


def test_a_deleted_one_is_gone_and_its_id_stays_used(house: House) -> None:
    kept = house.issue("Car").app_password
    gone = house.issue("Phone").app_password
    house.portal.delete_app_password(house.session(), gone.id)
    assert house.now().app_passwords == (kept,)
    assert house.now().deleted_ids == {gone.id}
    house.issue("Phone")
    assert names(house) == ["Car", "Phone"]


def test_renaming_keeps_everything_but_the_name(house: House) -> None:
    issued = house.issue("Phone")
    house.portal.rename_app_password(house.session(), issued.app_password.id, "  Old phone ")
    (kept,) = house.now().app_passwords
    assert kept.name == "Old phone"
    assert (kept.id, kept.hash) == (issued.app_password.id, issued.app_password.hash)


def test_renaming_is_refused_like_creating(house: House) -> None:
    id_ = house.issue("Phone").app_password.id
    house.issue("Car")
    before = house.now()
    for name, refusal in (("cAR", NameTaken), ("", InvalidName), ("x\u202e", InvalidName)):
        with pytest.raises(refusal):
            house.portal.rename_app_password(house.session(), id_, name)
    with pytest.raises(NotFound):
        house.portal.rename_app_password(house.session(), "zzz", "Desk")
    assert house.now() == before


def test_the_appearance_is_kept_with_the_account(house: House) -> None:
    house.portal.set_appearance(house.session(), "nord")
    assert house.now().appearance == "nord"


def test_several_go_at_once_only_after_a_fresh_verification(house: House) -> None:
    session = house.session()
    for name in ("A", "B", "C"):
        house.portal.create_app_password(session, name)
    first, second, _ = (each.id for each in house.now().app_passwords)
    house.clock.advance(house.policy.verify_again_after)
    with pytest.raises(ReverificationRequired):
        house.portal.delete_app_passwords(session, [first, second])
    assert names(house) == ["A", "B", "C"]
    house.portal.delete_app_password(session, first)
    gone = house.portal.delete_app_passwords(house.session(), [first, second])
    assert gone == ["That app password was already deleted."]
    assert names(house) == ["C"]


def test_several_go_as_one_change(house: House) -> None:
    for name in ("A", "B", "C"):
        house.issue(name)
    first, second, _ = (each.id for each in house.now().app_passwords)
    version = house.now().version
    assert house.portal.delete_app_passwords(house.session(), [first, second]) == []
    assert (names(house), house.now().version) == (["C"], version + 1)
    deleted = [
        facts["name"] for _, what, _, facts in house.notebook.acts if what == EventType.DELETED
    ]
    assert deleted == ["A", "B"]
    gone = house.portal.delete_app_passwords(house.session(), [first, second])
    assert gone == ["That app password was already deleted."] * 2


def test_deleted_in_one_window_it_cannot_be_deleted_in_the_other(house: House) -> None:
    here, there = house.session(), house.session()
    id_ = house.issue("Phone").app_password.id
    house.portal.delete_app_password(here, id_)
    with pytest.raises(NotFound, match=r"That app password was already deleted\."):
        house.portal.delete_app_password(there, id_)
    with pytest.raises(NotFound):
        house.portal.rename_app_password(there, id_, "Car")
    assert house.now().app_passwords == ()


def meanwhile(house: House, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Lets something happen, once, while the next app password is being hashed."""
    real = house.hasher.app.make

    def make(secret: Secret) -> str:
        monkeypatch.setattr(house.hasher.app, "make", real)
        happens()
        return real(secret)

    monkeypatch.setattr(house.hasher.app, "make", make)


def test_created_in_two_windows_at_once_the_second_is_told_that_the_name_is_taken(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(house, monkeypatch, lambda: house.issue("Phone"))
    with pytest.raises(NameTaken, match="already have one called Phone"):
        house.portal.create_app_password(house.session(), "phone")
    assert names(house) == ["Phone"]


def test_the_limit_holds_in_two_windows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(policy=Policy(app_passwords_per_account=1, second_factor_required=False))
    house.add()
    meanwhile(house, monkeypatch, lambda: house.issue("Car"))
    with pytest.raises(LimitReached):
        house.portal.create_app_password(house.session(), "Phone")
    assert names(house) == ["Car"]


def test_an_id_that_was_taken_meanwhile_is_drawn_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always_the_same(limit: int) -> int:
        return 7 % limit

    issuer = AppPasswordIssuer(
        house.store, house.hasher, house.clock, house.policy, always_the_same
    )
    meanwhile(house, monkeypatch, lambda: issuer.issue(house.now(), AppPasswordRequest("First")))
    issued = issuer.issue(house.now(), AppPasswordRequest("Second"))
    assert [(one.id, one.name) for one in house.now().app_passwords] == [
        ("007", "First"),
        ("008", "Second"),
    ]
    assert issued.app_password.id == "008"
    assert issued.secret.reveal().startswith("008")
    assert house.hasher.app.check(issued.app_password.hash, issued.secret)


def test_an_id_that_was_taken_and_deleted_meanwhile_is_drawn_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(house, monkeypatch, lambda: house.alter(deleted_ids=frozenset({"007"})))
    issuer = AppPasswordIssuer(
        house.store, house.hasher, house.clock, house.policy, lambda limit: 7 % limit
    )
    assert issuer.issue(house.now(), AppPasswordRequest("Phone")).app_password.id == "008"


def test_signed_out_while_it_was_hashed_nothing_is_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = house.session()
    meanwhile(house, monkeypatch, lambda: house.alter(session_generation=1))
    with pytest.raises(SessionEnded, match="the account's security was changed elsewhere"):
        house.portal.create_app_password(session, "Phone")
    assert house.now().app_passwords == ()


def test_removed_while_it_was_hashed_nothing_is_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = house.session()
    meanwhile(house, monkeypatch, lambda: house.store.remove("ada@example.org"))
    with pytest.raises(SessionEnded):
        house.portal.create_app_password(session, "Phone")
    assert house.store.list_names() == []


def test_when_argon2_fails_nothing_is_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_argon2(monkeypatch)
    with pytest.raises(HashingFailed):
        house.portal.create_app_password(house.session(), "Phone")
    assert house.now().app_passwords == ()


@pytest.mark.parametrize(
    "event", ["CREATED", "DELETED", "ALL_DELETED", "EXPIRED", "PASSWORD_CHANGED", "PASSWORD_SET"]
)
def test_act_is_written_down_in_one_place_whoever_does_it(event: str) -> None:
    rooms = Path(portal.__file__).parent.glob("*.py")
    places = [room.name for room in rooms if f"EventType.{event}," in room.read_text()]
    assert len(places) == 1
