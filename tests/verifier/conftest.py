from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import DecisionQueue
from apppw_tui.verifier.decision import Verifier
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.rate_limit import AddressRateLimiter
from tests.argon import count_argon2
from tests.support import NOW, House
from tests.verifier.asking import Door
from tests.verifier.daemon_in_loop import Told


@pytest.fixture
def house() -> House:
    """Ada's account, open as it began."""
    house = House()
    house.add()
    return house


@pytest.fixture
def door(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """Before an enforced account."""
    house.alter(enforced_from=NOW)
    monotonic = house.clock.monotonic
    verifier = Verifier(house.store, house.hasher, house.clock)
    rate_limiter = AddressRateLimiter(monotonic, ["203.0.113.1"])
    queue = DecisionQueue(
        verifier, VerifiedCache(monotonic), rate_limiter, threads=1, monotonic=monotonic
    )
    yield Door(house, queue, count_argon2(monkeypatch))
    queue.close()


@pytest.fixture
def secret(house: House) -> Secret:
    return house.issue("Phone").secret


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path / "notify")
