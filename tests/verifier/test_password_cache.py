"""SAFETY 18: what is remembered of a right password, for how long, and under which keys."""

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.password_cache import GOOD_FOR, MOST, Remembered
from tests.support import FixedClock

UID, HASH = "0" * 32, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
RIGHT = Secret("7kfm2xqd9h3vtw5nc8rw")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def memory(clock: FixedClock) -> Remembered:
    memory = Remembered(clock.monotonic)
    memory.remember(UID, RIGHT, HASH)
    return memory


def test_what_was_right_is_known(memory: Remembered) -> None:
    assert memory.holds(UID, RIGHT, HASH)


@pytest.mark.parametrize(
    ("uid", "secret", "stored_hash"),
    [
        ("1" * 32, RIGHT, HASH),
        (UID, Secret("7kfm2xqd9h3vtw5nc8rx"), HASH),
        (UID, RIGHT, HASH.replace("c2Fs", "c2Ft")),
        (UID, RIGHT, ""),
    ],
)
def test_it_is_known_for_that_account_and_that_very_hash_alone(
    memory: Remembered, uid: str, secret: Secret, stored_hash: str
) -> None:
    assert not memory.holds(uid, secret, stored_hash)


def test_where_one_part_ends_and_the_next_begins_counts(clock: FixedClock) -> None:
    memory = Remembered(clock.monotonic)
    memory.remember("ab", Secret("cd"), "ef")
    assert not memory.holds("a", Secret("bcd"), "ef")
    assert not memory.holds("ab", Secret("cde"), "f")
    assert not memory.holds("abcd", Secret(""), "ef")


def test_it_is_forgotten_after_its_time(memory: Remembered, clock: FixedClock) -> None:
    clock.seconds += GOOD_FOR - 0.001
    assert memory.holds(UID, RIGHT, HASH)
    clock.seconds += 0.001
    assert not memory.holds(UID, RIGHT, HASH)
    assert not memory._until  # nothing of it stays


def test_use_makes_it_live_no_longer(memory: Remembered, clock: FixedClock) -> None:
    for _ in range(3):
        clock.seconds += GOOD_FOR / 4
        assert memory.holds(UID, RIGHT, HASH)
    clock.seconds += GOOD_FOR / 4
    assert not memory.holds(UID, RIGHT, HASH)


def test_once_forgotten_it_can_be_remembered_anew(memory: Remembered, clock: FixedClock) -> None:
    clock.seconds += GOOD_FOR
    memory.remember(UID, RIGHT, HASH)
    clock.seconds += GOOD_FOR / 2
    assert memory.holds(UID, RIGHT, HASH)


def test_a_longer_or_no_time_can_be_configured(clock: FixedClock) -> None:
    for seconds in (0.0, -1.0):
        memory = Remembered(clock.monotonic, seconds)
        memory.remember(UID, RIGHT, HASH)
        assert not memory._until
        assert not memory.holds(UID, RIGHT, HASH)
    memory = Remembered(clock.monotonic, 2.0)
    memory.remember(UID, RIGHT, HASH)
    clock.seconds += 1.9
    assert memory.holds(UID, RIGHT, HASH)
    clock.seconds += 0.1
    assert not memory.holds(UID, RIGHT, HASH)


def test_there_is_room_for_so_many_and_the_oldest_goes_first(clock: FixedClock) -> None:
    memory = Remembered(clock.monotonic)
    secrets = [Secret(str(number)) for number in range(MOST + 2)]
    for secret in secrets:
        memory.remember(UID, secret, HASH)
        assert memory.holds(UID, secrets[0], HASH) or secret in secrets[MOST:]
    assert len(memory._until) == MOST
    known = [memory.holds(UID, secret, HASH) for secret in secrets]
    assert known == [False, False, *[True] * MOST]


def test_every_process_has_a_key_of_its_own(clock: FixedClock) -> None:
    asked: list[int] = []

    def keys(first: int) -> Remembered:
        def token_bytes(size: int) -> bytes:
            asked.append(size)
            return bytes([first]) * size

        memory = Remembered(clock.monotonic, token_bytes=token_bytes)
        memory.remember(UID, RIGHT, HASH)
        return memory

    assert keys(1)._until == keys(1)._until
    assert not keys(1)._until.keys() & keys(2)._until.keys()
    assert set(asked) == {32}
    here, there = Remembered(clock.monotonic), Remembered(clock.monotonic)
    for memory in (here, there):
        memory.remember(UID, RIGHT, HASH)
    assert not here._until.keys() & there._until.keys()


def test_nothing_of_the_password_is_kept(memory: Remembered) -> None:
    kept = repr(vars(memory))
    assert RIGHT.reveal() not in kept
    assert HASH not in kept


def test_what_cannot_be_encoded_is_remembered_too(clock: FixedClock) -> None:
    memory = Remembered(clock.monotonic)
    memory.remember(UID, Secret("\udcff"), HASH)
    assert memory.holds(UID, Secret("\udcff"), HASH)
