"""What the operator of the server does to other people's accounts."""

from dataclasses import replace

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import InvalidName, NameTaken, NotFound, Refused, StoreDamaged
from tests.support import House


def test_accounts_are_listed_by_name(house: House) -> None:
    house.add("grace")
    house.add("ada")
    accounts, troubles = house.operator.accounts()
    assert [one.name for one in accounts] == ["ada", "ada@example.org", "grace"]
    assert troubles == []


def test_an_account_removed_while_the_list_is_made_is_left_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.store, "list_names", lambda: ["ada@example.org", "gone"])
    accounts, troubles = house.operator.accounts()
    assert [one.name for one in accounts] == ["ada@example.org"]
    assert troubles == []


def test_a_damaged_account_concerns_one_person_and_the_others_are_listed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.add("grace")
    read = house.store.get

    def damaged(name: str) -> Account | None:
        if name == "grace":
            raise StoreDamaged("grace.json cannot be read")
        return read(name)

    monkeypatch.setattr(house.store, "get", damaged)
    accounts, troubles = house.operator.accounts()
    assert [one.name for one in accounts] == ["ada@example.org"]
    assert [str(trouble) for trouble in troubles] == ["grace.json cannot be read"]


def test_one_account_is_found_by_its_name(house: House) -> None:
    assert house.operator.account("ada@example.org") == house.now()
    with pytest.raises(NotFound, match=r"There is no account ada\."):
        house.operator.account("ada")
    assert house.operator.account("Ada%40Example.org") == house.now()
    with pytest.raises(InvalidName):
        house.operator.account("ad\u00e4@example.org")


def test_a_default_domain_completes_the_name(house: House) -> None:
    operator = replace(house, default_domain="example.org").operator
    assert operator.account("ada") == house.now()


def test_a_removed_account_is_given_back_as_it_was(house: House) -> None:
    house.issue("Phone")
    before = house.now()
    assert house.operator.remove_account("ada@example.org") == before
    with pytest.raises(NotFound):
        house.operator.remove_account("ada@example.org")


def test_an_app_password_is_created_under_the_same_rules(house: House) -> None:
    issued = house.operator.create_app_password("ada@example.org", " Phone ")
    assert house.now().app_passwords == (issued.app_password,)
    with pytest.raises(NameTaken):
        house.operator.create_app_password("ada@example.org", "PHONE")
    with pytest.raises(InvalidName):
        house.operator.create_app_password("ada@example.org", "")
    with pytest.raises(NotFound):
        house.operator.create_app_password("grace", "Phone")


def test_it_is_deleted_by_id(house: House) -> None:
    issued = house.issue("Phone").app_password
    assert house.operator.delete_app_password("ada@example.org", issued.id) == issued
    assert house.now().app_passwords == ()


@pytest.mark.parametrize("typed", ["Phone", "pHONE"])
def test_it_is_deleted_by_name_in_any_case(house: House, typed: str) -> None:
    car = house.issue("Car").app_password
    house.issue("Phone")
    assert house.operator.delete_app_password("ada@example.org", typed).name == "Phone"
    assert house.now().app_passwords == (car,)


def test_what_is_not_there_is_said_to_be_missing_harmlessly(house: House) -> None:
    house.issue("Phone")
    with pytest.raises(NotFound, match=r"ada@example\.org has no app password \\x1b\[31m\."):
        house.operator.delete_app_password("ada@example.org", "\x1b[31m")
    with pytest.raises(NotFound, match=r"There is no account grace\."):
        house.operator.delete_app_password("grace", "Phone")


def test_the_name_of_one_and_the_id_of_another_is_refused(house: House) -> None:
    first = house.issue("Phone").app_password
    house.issue(first.id)
    with pytest.raises(Refused, match="the name of one app password and the id of another"):
        house.operator.delete_app_password("ada@example.org", first.id)
    assert len(house.now().app_passwords) == 2


def test_one_whose_name_is_its_own_id_is_deleted(house: House) -> None:
    issued = house.issue("Phone").app_password
    house.alter(app_passwords=(replace(issued, name=issued.id),))
    assert house.operator.delete_app_password("ada@example.org", issued.id).id == issued.id
    assert house.now().app_passwords == ()
