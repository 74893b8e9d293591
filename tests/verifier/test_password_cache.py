"""SAFETY 18: what is remembered of a right password, for how long, and under which keys."""

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import LIFETIME, MOST_RIGHT, VerifiedCache
from tests.support import FixedClock

UID, HASH = "0" * 32, "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"
RIGHT = Secret("7kfm2xqd9h3vtw5nc8rw")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def memory(clock: FixedClock) -> VerifiedCache:
    memory = VerifiedCache(clock.monotonic)
    memory.add(memory.key(UID, RIGHT, HASH))
    return memory


def test_what_was_right_is_known(memory: VerifiedCache) -> None:
    assert memory.contains(memory.key(UID, RIGHT, HASH))


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
    memory: VerifiedCache, uid: str, secret: Secret, stored_hash: str
) -> None:
    assert not memory.contains(memory.key(uid, secret, stored_hash))


def test_where_one_part_ends_and_the_next_begins_counts(clock: FixedClock) -> None:
    memory = VerifiedCache(clock.monotonic)
    memory.add(memory.key("ab", Secret("cd"), "ef"))
    assert not memory.contains(memory.key("a", Secret("bcd"), "ef"))
    assert not memory.contains(memory.key("ab", Secret("cde"), "f"))
    assert not memory.contains(memory.key("abcd", Secret(""), "ef"))


def test_it_is_forgotten_after_its_time(memory: VerifiedCache, clock: FixedClock) -> None:
    clock.seconds += LIFETIME - 0.001
    assert memory.contains(memory.key(UID, RIGHT, HASH))
    clock.seconds += 0.001
    assert not memory.contains(memory.key(UID, RIGHT, HASH))
    assert not memory._until  # nothing of it stays


def test_use_makes_it_live_no_longer(memory: VerifiedCache, clock: FixedClock) -> None:
    for _ in range(3):
        clock.seconds += LIFETIME / 4
        assert memory.contains(memory.key(UID, RIGHT, HASH))
    clock.seconds += LIFETIME / 4
    assert not memory.contains(memory.key(UID, RIGHT, HASH))


def test_once_forgotten_it_can_be_remembered_anew(memory: VerifiedCache, clock: FixedClock) -> None:
    clock.seconds += LIFETIME
    memory.add(memory.key(UID, RIGHT, HASH))
    clock.seconds += LIFETIME / 2
    assert memory.contains(memory.key(UID, RIGHT, HASH))


def test_a_longer_or_no_time_can_be_configured(clock: FixedClock) -> None:
    for seconds in (0.0, -1.0):
        memory = VerifiedCache(clock.monotonic, seconds)
        memory.add(memory.key(UID, RIGHT, HASH))
        assert not memory._until
        assert not memory.contains(memory.key(UID, RIGHT, HASH))
    memory = VerifiedCache(clock.monotonic, 2.0)
    memory.add(memory.key(UID, RIGHT, HASH))
    clock.seconds += 1.9
    assert memory.contains(memory.key(UID, RIGHT, HASH))
    clock.seconds += 0.1
    assert not memory.contains(memory.key(UID, RIGHT, HASH))


def test_there_is_room_for_so_many_and_the_oldest_goes_first(clock: FixedClock) -> None:
    memory = VerifiedCache(clock.monotonic)
    secrets = [Secret(str(number)) for number in range(MOST_RIGHT + 2)]
    for secret in secrets:
        memory.add(memory.key(UID, secret, HASH))
        assert memory.contains(memory.key(UID, secrets[0], HASH)) or secret in secrets[MOST_RIGHT:]
    assert len(memory._until) == MOST_RIGHT
    remembered = [memory.contains(memory.key(UID, secret, HASH)) for secret in secrets]
    assert remembered == [False, False, *[True] * MOST_RIGHT]


def test_every_process_has_a_key_of_its_own(clock: FixedClock) -> None:
    asked: list[int] = []

    def keys(first: int) -> VerifiedCache:
        def token_bytes(size: int) -> bytes:
            asked.append(size)
            return bytes([first]) * size

        memory = VerifiedCache(clock.monotonic, token_bytes=token_bytes)
        memory.add(memory.key(UID, RIGHT, HASH))
        return memory

    assert keys(1)._until == keys(1)._until
    assert not keys(1)._until.keys() & keys(2)._until.keys()
    assert set(asked) == {32}
    here, there = VerifiedCache(clock.monotonic), VerifiedCache(clock.monotonic)
    for memory in (here, there):
        memory.add(memory.key(UID, RIGHT, HASH))
    assert not here._until.keys() & there._until.keys()


def test_nothing_of_the_password_is_kept(memory: VerifiedCache) -> None:
    state = repr(vars(memory))
    assert RIGHT.reveal() not in state
    assert HASH not in state


def test_what_cannot_be_encoded_is_remembered_too(clock: FixedClock) -> None:
    memory = VerifiedCache(clock.monotonic)
    memory.add(memory.key(UID, Secret("\udcff"), HASH))
    assert memory.contains(memory.key(UID, Secret("\udcff"), HASH))
