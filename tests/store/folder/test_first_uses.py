"""Uses from where no app password of the account was used lately: announced once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import DiskFull
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import MOST_NETWORKS, NETWORK_MEMORY, FirstUse, network_of
from apppw_tui.store import usage_buffer as module
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_ledger import UsageLedger, UsageTransaction
from tests.store.folder.using import PHONE
from tests.store.making import add, folder_store
from tests.support import FixedClock


class Rooms:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder_store(folder)
        self.clock = FixedClock()
        self.ada = add(self.store)
        self.told: list[FirstUse] = []
        self.usage = self.again()
        self.ledger = UsageLedger(folder)

    def again(self) -> FolderUsage:
        """As after a restart."""
        return FolderUsage(self.folder, self.store, self.clock, announce=self.told.append)

    def use(self, *addresses: str | None) -> list[tuple[str | None, bool]]:
        """Used from these, and written: what was announced."""
        for address in addresses:
            self.usage.used(PHONE, IMAP, address)
        self.usage.flush()
        told = [(one.use.address, one.moved) for one in self.told]
        self.told.clear()
        return told


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    return Rooms(tmp_path / "store")


HOME, AWAY = "192.0.2.7", "198.51.100.9"


def test_the_first_of_all_is_worth_a_line_and_no_message(rooms: Rooms) -> None:
    rooms.usage.used(PHONE, IMAP, HOME)
    rooms.usage.flush()
    (first,) = rooms.told
    assert (first.account.name, first.app_password.name, first.moved) == ("ada", "Phone", False)
    assert (first.use.service, first.use.address) == ("imap", HOME)


def test_each_further_one_is_told_once_for_all_time(rooms: Rooms) -> None:
    assert rooms.use(HOME, HOME) == [(HOME, False)]
    assert rooms.use(AWAY, HOME, AWAY) == [(AWAY, True)]
    assert rooms.use(AWAY, HOME) == []
    rooms.usage = rooms.again()
    assert rooms.use(AWAY, HOME) == []


def test_after_an_upgrade_the_last_uses_are_no_news(rooms: Rooms) -> None:
    rooms.use(HOME)
    with rooms.ledger.transaction() as usage:  # an earlier version knew of no networks
        record = usage.record(rooms.ada.uid)
        usage.save(rooms.ada.uid, record, replace(record, networks={}))
    rooms.usage = rooms.again()
    assert rooms.use(HOME, AWAY) == [(AWAY, True)]


@pytest.mark.parametrize(
    ("address", "same"),
    [("192.0.2.200", True), ("192.0.3.7", False), ("::ffff:192.0.2.9", True)],
)
def test_neighbours_are_no_news(rooms: Rooms, address: str, same: bool) -> None:
    rooms.use(HOME)
    assert (rooms.use(address) == []) is same


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("192.0.2.7", "192.0.2.0/24"),
        ("127.0.0.1", None),
        ("::1", None),
        ("local", None),
        ("", None),
        (None, None),
    ],
)
def test_networks(address: str | None, network: str | None) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", None, "rubbish", "203.0.113.5", "198.19.1.1"]
)
def test_the_machine_itself_and_who_is_trusted_do_not_count(
    rooms: Rooms, address: str | None
) -> None:
    rooms.usage.set_trusted({"203.0.113.5", "198.18.0.0/15"})
    rooms.use(HOME)
    assert rooms.use(address) == []
    assert rooms.use("203.0.113.6") == [("203.0.113.6", True)]


def test_who_stays_away_for_long_is_news_again(rooms: Rooms) -> None:
    rooms.use(HOME, AWAY)
    rooms.clock.advance(NETWORK_MEMORY.total_seconds() - 1)
    assert rooms.use(HOME) == []
    rooms.clock.advance(1)
    assert rooms.use(HOME, AWAY) == [(AWAY, True)]


def test_they_are_bounded_and_the_newest_stay(rooms: Rooms) -> None:
    for number in range(MOST_NETWORKS + 9):
        rooms.clock.advance(1)
        rooms.use(f"10.0.{number}.1")
    assert len(rooms.ledger.record(rooms.ada.uid).networks) == MOST_NETWORKS
    assert rooms.use("10.0.72.1", "10.0.9.1") == []
    assert rooms.use("10.0.8.1") == [("10.0.8.1", True)]


def test_a_flood_of_addresses_is_bounded_in_memory(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_HEARD", 100)
    for number in range(500):
        rooms.clock.advance(1)
        rooms.usage.used(PHONE, IMAP, f"10.{number // 250}.{number % 250}.1")
    assert rooms.usage._heard == []
    (told,) = rooms.usage._pending.values()
    assert (len(told.networks), len(told.first)) == (MOST_NETWORKS, MOST_NETWORKS)


def test_what_could_not_be_written_is_announced_later_and_once(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms.use(HOME)

    def full(*_: object) -> NoReturn:
        raise DiskFull("The disk is full: nothing was changed.")

    with monkeypatch.context() as patch:
        patch.setattr(UsageTransaction, "save", full)
        assert rooms.use(AWAY) == []
    rooms.clock.instant += timedelta(seconds=60)
    assert rooms.use(AWAY) == [(AWAY, True)]
    assert rooms.use(AWAY) == []


def test_one_that_was_deleted_meanwhile_is_not_announced(rooms: Rooms) -> None:
    rooms.use(HOME)
    rooms.usage.used(PHONE, IMAP, AWAY)
    with rooms.store.transaction("ada", rooms.ada.uid) as change:
        change.account = change.existing.without_app_password("abc")
    assert rooms.use() == []
