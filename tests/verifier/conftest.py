from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import AddressRateLimiter
from apppw_tui.verifier.auth_service import AuthService
from tests.argon import count_argon2
from tests.support import NOW, House
from tests.verifier.asking import Door
from tests.verifier.daemon_in_loop import Told
from tests.verifier.harness import Book


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
    monotonic, book = house.clock.monotonic, Book()
    auth_service = AuthService(
        *(house.store, house.hasher, house.clock, book, book),
        rate_limiter=AddressRateLimiter(monotonic, ["203.0.113.1"]),
        threads=1,
        monotonic=monotonic,
    )
    yield Door(house, auth_service, count_argon2(monkeypatch))
    auth_service.close()


@pytest.fixture
def secret(house: House) -> Secret:
    return house.issue("Phone").secret


@pytest.fixture
def notified(tmp_path: Path) -> Told:
    return Told(tmp_path / "notify")
