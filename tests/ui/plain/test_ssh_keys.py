"""Ssh keys in the plain portal: recognized, set up, added, removed, used to verify."""

from dataclasses import replace

import pytest

from apppw_tui.domain.policy import Policy
from tests.support import KEY, PASSWORD, House
from tests.ui.plain.talking import ACCOUNT, IN, Talk


@pytest.fixture
def house() -> House:
    house = House()
    house.add(ACCOUNT)
    return house


def test_known_key_offers_its_account_and_the_password_is_enough(house: House) -> None:
    house.give_ssh_key()
    talk = Talk(house.by_key(), "", PASSWORD, "7", shows_key=True)
    assert 'Your key "Laptop" was recognized.' in talk.words
    assert f"Account, or Enter for {ACCOUNT}" in talk.words
    assert f"You are signed in as {ACCOUNT}." in talk.words


def test_unknown_key_is_said(house: House) -> None:
    talk = Talk(house.by_key(), *IN, "7", shows_key=True)
    assert f"No account knows your key {KEY.fingerprint}." in talk.words


def test_first_set_up_by_key(house: House) -> None:
    strict = replace(house, policy=Policy()).by_key()
    talk = Talk(strict, *IN, "3", "", "3", "Laptop", "", "no", shows_key=True)
    assert "The ssh key of this session: Ed25519" in talk.words
    assert f"Ed25519, {KEY.fingerprint}" in talk.words
    assert "Your recovery codes" in talk.words
    assert [key.name for key in house.now().ssh_keys] == ["Laptop"]


def test_key_is_added_and_removed_only_by_yes(house: House) -> None:
    secret = house.give_authenticator()
    code = lambda _: house.app_code(secret)  # noqa: E731
    add = ("6", "c", "Laptop", "")
    remove = ("6", "2", "no", "6", "2", "yes", "")
    talk = Talk(house.by_key(), *IN, code, "v", *add, *remove, shows_key=True)
    assert "SSH keys: none yet" in talk.words
    assert "Added. With this key, your password is enough to sign in." in talk.words
    assert "SSH keys: 1 of 10" in talk.words
    assert "Not removed." in talk.words
    assert "Removed the key Laptop." in talk.words
    assert house.now().ssh_keys == ()


def test_verify_again_by_key(house: House) -> None:
    house.give_ssh_key()
    policy = Policy(second_factor_required=False, verify_again_after=60.0)
    quick = replace(house, policy=policy).by_key()

    def later(_: str) -> str:
        house.clock.advance(120)
        return "v"

    talk = Talk(quick, "", PASSWORD, later, "yes", "", "7", shows_key=True)
    assert 'ssh has verified your key "Laptop" for this session.' in talk.words
    assert "SSH keys: 1 of 10" in talk.words
