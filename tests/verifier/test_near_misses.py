"""SAFETY 1: which account a mistaken name nearly was, after the answer, and never a search."""

import asyncio
from dataclasses import dataclass, field

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import is_account_name, nearly
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.near_misses import NearMisses
from tests.support import House
from tests.verifier.harness import Desk

DOMAIN = "example.org"


@dataclass
class Hints:
    """What was told, and how often the accounts were read."""

    house: House
    domain: str | None = None
    hinted: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    read_names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nearly_ = NearMisses(
            self, self.nearly, self.house.clock.monotonic, lambda: self.domain, later=0.0
        )

    def get(self, name: str) -> Account | None:
        self.read_names.append(name)
        if name == "broken":
            raise StoreError("The store cannot be read.")
        return self.house.store.get(name)

    def nearly(self, socket: str, account: str, service: str | None, address: str | None) -> None:
        self.hinted.append((socket, account, service, address))

    async def look(self, *texts: str) -> list[str]:
        """The accounts that were named."""
        before = len(self.hinted)
        for text in texts:
            self.nearly_.look(text, "json", IMAP, "192.0.2.7")
        await asyncio.gather(*self.nearly_._looking)
        return [account for _, account, _, _ in self.hinted[before:]]


@pytest.fixture
def hints() -> Hints:
    house = House()
    for name in ("ada", "grace@example.org", "ida", "ida@example.org"):
        house.add(name)
    return Hints(house)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada", ("ada",)),
        ("ADA@Example.ORG", ("ada@example.org", "ada")),
        ("ada%40example.org", ("ada@example.org", "ada")),
        ("Ada%40Example.org", ("ada@example.org", "ada")),
        ("ada%2540example.org", ()),  # never twice
        ("ada+%40example.org", ("ada+@example.org", "ada+")),  # "+" is no blank
        ("ada lovelace", ()),
        ("%ff", ()),
        ("\u212bda", ()),  # folded, it would be another
        ("%40" * 300, ()),
        ("", ()),
    ],
)
def test_a_name_is_read_otherwise_in_these_ways_alone(text: str, names: tuple[str, ...]) -> None:
    assert nearly(text) == names


def test_the_default_domain_is_one_more_way() -> None:
    assert nearly("Ada", DOMAIN) == ("ada", "ada@example.org")
    assert nearly("ada@elsewhere.example", DOMAIN) == ("ada@elsewhere.example", "ada")
    for text in ("Ada%40example.org", "x" * 300, "a%41a"):
        names = nearly(text, DOMAIN)
        assert len(names) <= 6
        assert all(is_account_name(name) for name in names)


@pytest.mark.parametrize(
    ("text", "domain", "account"),
    [
        ("GRACE@example.net", None, None),
        ("ada@example.org", None, "ada"),
        ("ADA%40example.org", None, "ada"),
        ("Ada@example.net", DOMAIN, "ada"),
        ("eve", DOMAIN, None),
        ("hunter2 or so", None, None),
    ],
)
async def test_the_account_is_named_and_nothing_that_was_typed(
    hints: Hints, text: str, domain: str | None, account: str | None
) -> None:
    hints.domain = domain
    assert await hints.look(text) == ([] if account is None else [account])
    if account is not None:
        assert hints.hinted == [("json", account, "imap", "192.0.2.7")]


async def test_an_account_by_the_very_name_was_no_mistake(hints: Hints) -> None:
    hints.domain = DOMAIN
    assert await hints.look("ada", "Ida", "grace", "grace%40example.org") == []


async def test_the_same_account_is_named_once_an_hour(hints: Hints) -> None:
    assert await hints.look("ada@example.org", "Ada@example.net") == ["ada"]
    assert await hints.look("ada@example.org") == []
    hints.house.clock.advance(3601)
    assert await hints.look("ada@example.org") == ["ada"]


async def test_of_many_at_once_some_are_let_go_and_a_fault_stops_nothing(hints: Hints) -> None:
    assert await hints.look(*(f"eve{number}@example.net" for number in range(100))) == []
    assert len(hints.read_names) == 2 * 8
    assert await hints.look("broken@example.net") == []
    assert await hints.look("ada@example.org") == ["ada"]


async def test_nothing_is_read_where_nothing_else_can_be_meant(hints: Hints) -> None:
    assert await hints.look("Eve", "ada") == []
    assert hints.read_names == []


async def test_refusal_of_an_account_costs_what_that_of_none_does_and_is_not_told(
    hints: Hints,
) -> None:
    desk = Desk(hints.house, hints=hints.nearly_)
    secret = hints.house.issue("Phone", "grace@example.org").secret.reveal()
    read: list[list[str]] = []
    for name in ("ida@example.org", "eve@example.org"):
        hints.read_names.clear()
        await desk.ask(name, Secret(secret), "imap", "192.0.2.7")
        await asyncio.gather(*hints.nearly_._looking)
        read.append([*hints.read_names])
    desk.close()
    assert read == [["ida@example.org", "ida"], ["eve@example.org", "eve"]]
    assert hints.hinted == []


async def test_auth_service_hands_on_what_no_account_has_and_nothing_else(hints: Hints) -> None:
    desk = Desk(hints.house, hints=hints.nearly_)
    secret = hints.house.issue("Phone", "ada").secret.reveal()
    for name in ("ada", "Ada", "ada@example.org", "ida"):
        await desk.ask(name, Secret(secret), "imap", "192.0.2.7")
    await desk.ask("ida@example.net", Secret("old password"), "imap", None)
    await asyncio.gather(*hints.nearly_._looking)
    desk.close()
    assert sorted(hints.hinted) == [
        ("test", "ada", "imap", "192.0.2.7"),
        ("test", "ida", "imap", None),
    ]
