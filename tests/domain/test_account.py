"""What may become of an account."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import LimitReached, NotFound
from apppw_tui.domain.recovery_codes import RecoveryCodes
from tests.support import NOW


def ada(seed: int = 1) -> Account:
    random = Random(seed)
    return Account.new("ada", "$argon2id$x", NOW, lambda size: random.randbytes(size).hex())


def password(id_: str, name: str) -> AppPassword:
    return AppPassword(id_, name, "$argon2id$y", NOW)


def test_a_new_account_has_a_random_uid_of_128_bits_and_nothing_else() -> None:
    account = ada()
    assert len(bytes.fromhex(account.uid)) == 16
    assert account.app_passwords == ()
    assert account.session_generation == 0
    assert account.enabled
    assert account.created == account.password_changed == NOW


def test_the_next_account_of_the_same_name_has_another_uid_and_another_first_version() -> None:
    made = [ada(seed) for seed in range(200)]
    assert len({account.uid for account in made}) == 200
    assert len({account.version for account in made}) == 200


def test_a_deleted_id_stays_used() -> None:
    account = ada().with_app_password(password("abc", "Phone"), 40).without_app_password("abc")
    assert account.app_passwords == ()
    assert account.app_password("abc") is None
    assert account.deleted_ids == account.used_ids == {"abc"}


def test_the_limit_counts_the_present_ones_and_not_the_deleted() -> None:
    account = ada().with_app_password(password("abc", "Phone"), 1)
    with pytest.raises(LimitReached, match=r"You have 1 of 1\. Delete one first\."):
        account.with_app_password(password("abd", "Car"), 1)
    account = account.without_app_password("abc").with_app_password(password("abd", "Car"), 1)
    assert [one.id for one in account.app_passwords] == ["abd"]


def test_what_is_not_there_cannot_be_deleted_or_renamed() -> None:
    account = ada().with_app_password(password("abc", "Phone"), 40)
    with pytest.raises(NotFound, match="already deleted"):
        account.without_app_password("zzz")
    with pytest.raises(NotFound, match="already deleted"):
        account.with_app_password_changed(replace(account.existing_app_password("zzz"), name="Car"))


def test_a_changed_password_raises_the_epoch_and_keeps_the_app_passwords() -> None:
    account = ada().with_app_password(password("abc", "Phone"), 40)
    later = NOW + timedelta(days=1)
    changed = account.with_password("$argon2id$z", later)
    assert changed.session_generation == account.session_generation + 1
    assert changed.password_hash == "$argon2id$z"
    assert changed.password_changed == later
    assert changed.created == NOW
    assert changed.app_passwords == account.app_passwords
    assert changed.uid == account.uid


def test_recovery_codes_left_are_those_not_used() -> None:
    account = ada()
    assert account.recovery_codes_left == 0
    codes = RecoveryCodes(("hash", None, "hash"), NOW)
    assert replace(account, recovery=codes).recovery_codes_left == 2
