"""Making accounts, the first one and others."""

import pytest

from apppw_tui.domain.errors import InvalidName, NameTaken, Refused, WeakPassword
from tests.argon import count_argon2
from tests.support import NOW, PASSWORD, House


def test_the_first_account_is_made_and_signed_in() -> None:
    house = House()
    assert not house.portal.has_accounts()
    session = house.portal.create_first_account("ada", PASSWORD)
    assert house.portal.has_accounts()
    assert house.portal.account(session).name == "ada"
    assert house.portal.account(session).created == NOW
    assert house.sign_in("ada", PASSWORD) == session


def test_whether_there_is_anybody_costs_the_same_with_many(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listed() -> list[str]:
        raise AssertionError("a start must not list all accounts")

    monkeypatch.setattr(house.store, "list_names", listed)
    assert house.portal.has_accounts()


def test_there_is_only_one_first_account(house: House) -> None:
    with pytest.raises(Refused, match="There is an account by now"):
        house.portal.create_first_account("grace", PASSWORD)
    assert house.store.list_names() == ["ada@example.org"]


def test_an_account_is_added_with_the_hash_and_never_the_password(house: House) -> None:
    account = house.portal.add_account("grace", PASSWORD)
    assert house.store.get("grace") == account
    assert str(account.password_hash).startswith("$argon2id$")
    assert PASSWORD not in repr(account)


def test_a_name_is_added_once(house: House) -> None:
    before = house.now()
    with pytest.raises(NameTaken, match=r"already an account ada@example\.org"):
        house.portal.add_account("ada@example.org", PASSWORD + " anew")
    assert house.now() == before


@pytest.mark.parametrize(
    ("name", "password", "refusal"),
    [
        ("Ad\u00e4", PASSWORD, InvalidName),
        ("../ada", PASSWORD, InvalidName),
        ("ada", "hunter2", WeakPassword),
        ("ada", "password1", WeakPassword),
        ("adalovelace", "adalovelace", WeakPassword),
        ("ada", "7kfm 2xqd 9h3v tw5n c8rw", WeakPassword),
    ],
)
def test_a_bad_name_or_a_weak_password_costs_no_hash_and_makes_nothing(
    name: str, password: str, refusal: type[Refused], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House()
    spent = count_argon2(monkeypatch)
    for make in (house.portal.add_account, house.portal.create_first_account):
        with pytest.raises(refusal):
            make(name, password)
    assert house.store.list_names() == []
    assert spent.total == 0


def test_with_a_default_domain_short_names_mean_that_domain() -> None:
    house = House(default_domain="example.org")
    house.portal.add_account("ada", PASSWORD)
    assert house.store.list_names() == ["ada@example.org"]
    assert house.sign_in("ada", PASSWORD) == house.sign_in("ada@example.org", PASSWORD)
