"""Argon2id: the cost of a check is one hash, whatever it is compared with."""

import argon2
import pytest

from apppw_tui.domain.errors import HashingFailed
from apppw_tui.domain.hashing import (
    ACCOUNT_PROFILE,
    APP_PROFILE,
    CHEAP_PROFILE,
    Hasher,
    Hashes,
    Profile,
)
from apppw_tui.domain.secret import Secret
from tests.argon import count_argon2, failing_argon2

CHEAP = Hashes(CHEAP_PROFILE)
DEARER = Profile(memory=16, passes=2, lanes=1)
SECRET = Secret("engine no. 1")


def test_the_right_secret_is_right_and_another_is_wrong() -> None:
    stored = CHEAP.make(SECRET)
    assert CHEAP.check(stored, SECRET) is True
    assert CHEAP.check(stored, Secret("engine no. 2")) is False
    assert CHEAP.check(stored, Secret("")) is False


def test_two_hashes_of_one_secret_differ() -> None:
    assert CHEAP.make(SECRET) != CHEAP.make(SECRET)


def test_the_plaintext_is_not_in_the_hash() -> None:
    assert SECRET.reveal() not in CHEAP.make(SECRET)


def test_no_secret_fits_the_dummy() -> None:
    for text in ("", "dummy", SECRET.reveal()):
        assert CHEAP.check(None, Secret(text)) is False


def test_even_one_that_fits_the_dummy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argon2.PasswordHasher, "verify", lambda *_: True)
    assert CHEAP.check(None, SECRET) is False


@pytest.mark.parametrize("profile", [CHEAP_PROFILE, DEARER, APP_PROFILE, ACCOUNT_PROFILE])
def test_known_or_unknown_right_or_wrong_a_check_costs_one_argon2_of_the_profile(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = Hashes(profile)
    stored = hashes.make(SECRET)
    spent = count_argon2(monkeypatch)
    cost = f"m={profile.memory},t={profile.passes},p={profile.lanes}"
    for known, secret in ((stored, SECRET), (stored, Secret("wrong")), (None, SECRET)):
        spent.clear()
        hashes.check(known, secret)
        assert spent.verified == [cost]
        assert spent.made == 0


def test_making_the_hashes_costs_no_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = count_argon2(monkeypatch)
    Hasher()
    assert spent.total == 0


def test_the_profiles_are_those_of_the_sources() -> None:
    assert Profile(65536, 3, 4) == ACCOUNT_PROFILE  # RFC 9106 section 4, second choice
    assert Profile(19456, 2, 1) == APP_PROFILE  # OWASP: m=19456 (19 MiB), t=2, p=1
    assert CHEAP.make(SECRET).startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_a_hash_of_another_profile_is_outdated_and_still_right() -> None:
    old = CHEAP.make(SECRET)
    assert Hashes(DEARER).outdated(old)
    assert Hashes(DEARER).check(old, SECRET)
    assert not CHEAP.outdated(old)


def test_when_argon2_fails_it_says_so_instead_of_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = CHEAP.make(SECRET)
    failing_argon2(monkeypatch)
    for known in (stored, None):
        with pytest.raises(HashingFailed, match="Try again later"):
            CHEAP.check(known, SECRET)
    with pytest.raises(HashingFailed, match="Try again later"):
        CHEAP.make(SECRET)


@pytest.mark.parametrize(
    "stored", ["", "x", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AA$", "\u00fc"]
)
def test_a_hash_that_is_none_is_a_failure_and_not_a_wrong_password(stored: str) -> None:
    with pytest.raises(HashingFailed):
        CHEAP.check(stored, SECRET)


def test_half_a_surrogate_pair_is_a_wrong_password_and_no_fault() -> None:
    assert CHEAP.check(CHEAP.make(SECRET), Secret("\udcff")) is False
    assert CHEAP.check(CHEAP.make(Secret("\udcff")), Secret("\udcff")) is True
