"""What the hashes of account passwords cost, kept for all processes that use a store."""

from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.hashing import Profile, TooManyProfiles
from apppw_tui.store.folder.profiles import HashProfilesFile
from tests.support import NOW, FixedClock

CHEAPER, DEARER, FOURTH = Profile(19456, 2, 1), Profile(262144, 4, 1), Profile(65536, 3, 1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir(0o700)
    return tmp_path / "store"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def kept(store: Path, clock: FixedClock | None = None) -> HashProfilesFile:
    return HashProfilesFile(store, clock or FixedClock())


def test_nothing_is_written_before_there_is_another_profile(store: Path) -> None:
    assert list(kept(store).in_use()) == []
    assert list(kept(store).settle((), NOW)) == []
    assert list(store.iterdir()) == []


def test_what_was_claimed_is_in_use_for_all_in_one_order(store: Path) -> None:
    for one in (DEARER, CHEAPER, DEARER):
        kept(store).claim(one)
    assert list(kept(store).in_use()) == [CHEAPER, DEARER]
    path = store / "throttle" / "profiles.json"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TooManyProfiles, match="costs m=65536,t=3,p=1, and"):
        kept(store).claim(FOURTH)
    assert list(kept(store).in_use()) == [CHEAPER, DEARER]


def test_what_nobody_has_is_dropped_unless_it_was_claimed_meanwhile(
    store: Path, clock: FixedClock
) -> None:
    profiles = kept(store, clock)
    profiles.claim(CHEAPER)
    profiles.claim(DEARER)
    assert list(profiles.settle([CHEAPER, DEARER], NOW + SECOND)) == []
    clock.advance(1)
    profiles.claim(DEARER)  # whose account was not found
    assert list(profiles.settle([], NOW + SECOND)) == [CHEAPER]
    assert list(profiles.in_use()) == [DEARER]
    assert list(profiles.settle([], NOW + 2 * SECOND)) == [DEARER]
    assert list(profiles.in_use()) == []


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "7", "null", "[" * 100_000),
        *('{"m=8": "x"}', '{"x": 7}', '{"m=9999999,t=1,p=1": "2026-11-22T12:00:00Z"}'),
    ],
)
def test_what_is_malformed_was_not_kept(store: Path, content: str) -> None:
    (store / "throttle").mkdir(0o700)
    (store / "throttle" / "profiles.json").write_text(content)
    assert list(kept(store).in_use()) == []
    kept(store).claim(CHEAPER)
    assert list(kept(store).in_use()) == [CHEAPER]


@pytest.mark.parametrize("time", ['"yesterday"', "7", "null", '"2026-11-22T12:00:00"'])
def test_without_a_time_it_is_as_old_as_can_be(store: Path, time: str) -> None:
    (store / "throttle").mkdir(0o700)
    path = store / "throttle" / "profiles.json"
    path.write_text(f'{{"{CHEAPER}": {time}}}')
    assert list(kept(store).in_use()) == [CHEAPER]
    assert list(kept(store).settle([], NOW)) == [CHEAPER]


def test_a_store_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable):
        kept(tmp_path / "gone").claim(CHEAPER)
    assert not (tmp_path / "gone").exists()
