"""SAFETY 5 and 6: exactly one Argon2id per well-formed attempt, and none for any other."""

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import pytest

from apppw_tui.domain import app_password
from apppw_tui.domain.errors import StoreBusy
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher, Profile
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Verifier
from tests.argon import Spent, count_argon2
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, change_record, of_unknown_id, older, wrong

APP_COST = Profile(
    memory=16, time_cost=2, parallelism=1
)  # unlike an account password's, to tell them apart
ONE = ["m=16,t=2,p=1"]


@pytest.fixture
def house() -> House:
    house = House(hasher=Hasher(CHEAP_PROFILE, APP_COST))
    house.add()
    house.alter(enforced_from=NOW)
    return house


@pytest.fixture
def asked(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Asks, and checks what it cost."""
    spent = count_argon2(monkeypatch)

    def ask(password: str, account: str = ADA, *, cost: list[str]) -> Answer:
        return cost_of(house, spent, password, account, cost)

    return ask


def cost_of(house: House, spent: Spent, password: str, account: str, cost: list[str]) -> Answer:
    verifier = Verifier(house.store, house.hasher, house.clock)
    spent.clear()
    decision = verifier.decide(account, Secret(password), IMAP)
    assert spent.verified == cost
    assert spent.made == 0
    return decision.answer


Asked = Callable[..., Answer]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_one_however_many_app_passwords_the_account_has(
    house: House, asked: Asked, count: int
) -> None:
    issued = [house.issue(f"Device {number}") for number in range(count)]
    for password in issued[:1] + issued[-1:]:
        assert asked(password.secret.reveal(), cost=ONE) is Answer.YES
        assert asked(wrong(password.secret), cost=ONE) is Answer.NO
    assert asked(of_unknown_id(house), cost=ONE) is Answer.NO


def test_one_for_one_of_twenty_symbols(house: House, asked: Asked) -> None:
    secret = older(house)
    assert asked(secret.reveal(), cost=ONE) is Answer.YES
    assert asked(wrong(secret), cost=ONE) is Answer.NO
    assert asked(secret.reveal(), "grace", cost=ONE) is Answer.NOT_MINE


def test_one_for_a_deleted_one(house: House, asked: Asked) -> None:
    issued = house.issue("Phone")
    house.operator.delete_app_password(ADA, "Phone")
    assert asked(issued.secret.reveal(), cost=ONE) is Answer.NO


@pytest.mark.parametrize("name", ["grace", "ada @example.org", "", "../x", "a\0b"])
def test_one_for_an_account_that_is_unknown_or_none(house: House, asked: Asked, name: str) -> None:
    issued = house.issue("Phone")
    assert asked(issued.secret.reveal(), name, cost=ONE) is Answer.NOT_MINE


def test_one_whether_or_not_it_is_disabled_expired_or_out_of_scope(
    house: House, asked: Asked
) -> None:
    issued = house.issue("Phone")
    spoils: list[Callable[[], None]] = [
        lambda: change_record(house, scope=("smtp",)),
        lambda: change_record(house, expires=NOW - timedelta(days=1)),
        lambda: house.alter(enabled=False),
    ]
    for spoil in spoils:
        spoil()
        assert asked(issued.secret.reveal(), cost=ONE) is Answer.NO
        assert asked(wrong(issued.secret), cost=ONE) is Answer.NO


@pytest.mark.parametrize("password", ["", PASSWORD, "7kfm2xqd9h3vtw5nc8rx", "\u043a" * 16])
@pytest.mark.parametrize("name", [ADA, "unknown", "Not A Name"])
def test_none_for_what_has_not_the_form(
    house: House, asked: Asked, password: str, name: str
) -> None:
    house.issue("Phone")
    assert asked(password, name, cost=[]) is (Answer.NO if name == ADA else Answer.NOT_MINE)


@pytest.mark.parametrize("open_", [True, False])
def test_none_for_what_has_not_the_form_whether_or_not_the_account_is_enforced_or_disabled(
    house: House, asked: Asked, open_: bool
) -> None:
    house.alter(enforced_from=None if open_ else NOW)
    assert asked(PASSWORD, cost=[]) is (Answer.NOT_MINE if open_ else Answer.NO)
    house.alter(enabled=False)
    assert asked(PASSWORD, cost=[]) is Answer.NO


@pytest.mark.parametrize("password", ["", PASSWORD, "7kfm2xqd9h3vtw5nc8rx"])
def test_the_form_is_judged_before_the_store_is_touched(
    house: House, asked: Asked, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    done: list[str] = []

    def noting(what: str, real: Callable[[str], object]) -> Callable[[str], object]:
        def call(text: str) -> object:
            done.append(what)
            return real(text)

        return call

    monkeypatch.setattr(app_password, "parse", noting("form", app_password.parse))
    monkeypatch.setattr(house.store, "get", noting("store", house.store.get))
    assert asked(password, cost=[]) is Answer.NO
    # Read once, to know whether the account is enforced.
    assert done == ["form", "store"]


def test_what_has_not_the_form_is_not_now_where_nobody_can_tell_whose_it_is(
    house: House, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str) -> NoReturn:
        raise StoreBusy("That is the reason.")

    monkeypatch.setattr(house.store, "get", busy)
    assert asked(PASSWORD, cost=[]) is Answer.NOT_NOW
