"""Argon2id: the cost of a check is one hash, whatever it is compared with."""

from contextlib import nullcontext

import argon2
import pytest

from apppw_tui.domain import hashing
from apppw_tui.domain.errors import HashingFailed
from apppw_tui.domain.hashing import (
    ACCOUNT_PROFILE,
    APP_PROFILE,
    CHEAP_PROFILE,
    AccountPasswordHasher,
    Comparison,
    Hasher,
    MemoryProfiles,
    PasswordHasher,
    Profile,
    TooManyProfiles,
)
from apppw_tui.domain.secret import Secret
from tests.argon import count_argon2, failing_argon2
from tests.support import NOW

CHEAP = PasswordHasher(CHEAP_PROFILE)
DEARER = Profile(memory=16, time_cost=2, parallelism=1)
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


@pytest.mark.parametrize("profile", [CHEAP_PROFILE, DEARER])
def test_known_or_unknown_right_or_wrong_a_check_costs_one_argon2_of_the_profile(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = PasswordHasher(profile)
    stored = hashes.make(SECRET)
    spent = count_argon2(monkeypatch)
    cost = f"m={profile.memory},t={profile.time_cost},p={profile.parallelism}"
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
    assert PasswordHasher(DEARER).check(old, SECRET)
    assert AccountPasswordHasher(CHEAP_PROFILE, nullcontext, MemoryProfiles()).compare(
        old, SECRET
    ) == Comparison(right=True)
    renewed = raised().compare(old, SECRET).renewed
    assert renewed is not None
    assert f"${DEARER}$" in renewed
    assert raised().compare(renewed, SECRET) == Comparison(right=True)


OTHERS = (Profile(24, 1, 1), Profile(8, 3, 1))


def raised(*claimed: Profile) -> AccountPasswordHasher:
    """Of accounts, new ones of the profile DEARER."""
    return AccountPasswordHasher(DEARER, nullcontext, MemoryProfiles(claimed))


@pytest.mark.parametrize("secret", [SECRET, Secret("wrong")])
@pytest.mark.parametrize("of", [None, DEARER, *OTHERS])
def test_every_attempt_computes_each_profile_in_use_once_in_one_order(
    of: Profile | None, secret: Secret, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = None if of is None else PasswordHasher(of).make(SECRET)
    hashes = raised(*OTHERS)
    made = count_argon2(monkeypatch)
    compared = hashes.compare(stored, secret)
    assert compared.right == (stored is not None and secret is SECRET)
    assert (compared.renewed is not None) == (compared.right and of != DEARER)
    costs = [str(cost) for cost in (DEARER, *OTHERS)]
    if of in OTHERS:  # one of the present profile is made in the dummy's place
        assert (made.verified, made.made) == (costs[1:], 1)
    else:
        assert (made.verified, made.made) == (costs, 0)


def test_one_that_was_not_listed_is_computed_besides_and_listed_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored, hashes = PasswordHasher(OTHERS[0]).make(SECRET), raised()
    spent = count_argon2(monkeypatch)
    assert hashes.compare(stored, Secret("wrong")) == Comparison(right=False)
    spent.clear()
    assert hashes.compare(None, SECRET) == Comparison(right=False)
    assert spent.verified == [str(DEARER), str(OTHERS[0])]


def test_a_fourth_is_still_right_but_not_listed() -> None:
    fourth = Profile(32, 1, 1)
    hashes = raised(*OTHERS)
    assert hashes.compare(PasswordHasher(fourth).make(SECRET), SECRET).right
    assert not hashes.compare(PasswordHasher(fourth).make(SECRET), Secret("wrong")).right
    assert fourth not in hashes.profiles.in_use()


def test_a_fourth_profile_is_refused_with_a_sentence() -> None:
    profiles = MemoryProfiles()
    for one in (*OTHERS, *OTHERS):
        profiles.claim(one)
    with pytest.raises(TooManyProfiles, match="costs m=32,t=1,p=1, and hashes of 3 other costs"):
        profiles.claim(Profile(32, 1, 1))
    assert profiles.settle([OTHERS[1]], NOW) == [OTHERS[0]]
    profiles.claim(Profile(32, 1, 1))
    assert profiles.in_use() == (OTHERS[1], Profile(32, 1, 1))


@pytest.mark.parametrize(
    ("cost", "profile"),
    [
        ("m=8,t=1,p=1", Profile(8, 1, 1)),
        ("m=4294967,t=9,p=16", Profile(4294967, 9, 16)),
        ("m=7,t=1,p=1", None),
        ("m=127,t=1,p=16", None),
        ("m=08,t=1,p=1", None),
        ("m=8,t=0,p=1", None),
        ("m=8,t=1", None),
    ],
)
def test_what_a_hash_costs_can_be_read_from_it(cost: str, profile: Profile | None) -> None:
    assert hashing.profile(f"$argon2id$v=19${cost}$c2FsdHNhbHQ$aGFzaGhhc2g") == profile


@pytest.mark.parametrize(
    ("cost", "exceeds"),
    [
        (Profile(1048576, 4, 4), False),
        (Profile(1048577, 1, 1), True),
        (Profile(1048576, 5, 1), True),
        (Profile(8, 11, 1), True),
        (Profile(200, 1, 17), True),
    ],
)
def test_what_a_hash_may_cost_is_bounded_in_each_and_altogether(
    cost: Profile, exceeds: bool
) -> None:
    assert cost.exceeds(hashing.MOST_OF_ACCOUNTS) == exceeds


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
