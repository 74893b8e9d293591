"""Who has not moved to app passwords yet, and what is told of an account that is to be enforced."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from apppw_tui.commands.account_list import NOT_TOLD
from apppw_tui.domain.activity import NOTIFIED, ActivityEntry, EventType, describe
from apppw_tui.domain.notice_text import body
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import LastUse, Used, has_not_moved
from apppw_tui.store.folder.usage import FolderUsage
from tests.running import CommandLine
from tests.support import NOW, House

DAY = timedelta(days=1)
JANUARY = datetime(2027, 1, 31).astimezone()


@pytest.fixture
def house() -> House:
    house = House()
    house.add()
    return house


@pytest.fixture
def usage(run: CommandLine) -> FolderUsage:
    """The daemon's, over accounts ada, ben and cem."""
    house = run.house()
    run.clock.advance(-90 * DAY.total_seconds())
    for name in ("ada", "ben", "cem"):
        house.add(name)
    run.clock.advance(90 * DAY.total_seconds())
    return FolderUsage(run.store, house.store, run.clock)


def right(run: CommandLine, usage: FolderUsage, name: str, ago: timedelta) -> None:
    """Dovecot told, that long ago, that the old password of `name` was right."""
    run.clock.advance(-ago.total_seconds())
    usage.old_password(name, IMAP, "192.0.2.7")
    usage.flush()
    run.clock.advance(ago.total_seconds())


def column(run: CommandLine, *more: str, of: str = "LAST OLD USE") -> dict[str, str]:
    """What a column of the table says of each account."""
    head, *rows = run.good("account", "list", *more).splitlines()
    ends = {"LAST OLD USE": "CREATED", "OLD PASSWORDS": "LAST OLD USE"}
    start, end = head.index(of), head.index(ends[of])
    return {row.split()[0]: row[start:end].strip() for row in rows}


def test_what_is_not_known_is_not_called_never(run: CommandLine, usage: FolderUsage) -> None:
    assert set(column(run).values()) == {"not known"}
    right(run, usage, "ada", DAY)
    assert column(run) == {
        "ada": "2026-11-21 imap 192.0.2.7",
        "ben": "not since 2026-11-21",
        "cem": "not since 2026-11-21",
    }
    ada, ben, _ = json.loads(run.good("account", "list", "--json"))
    assert ada["passed_on"]["time"] == ada["passed_on_since"] == "2026-11-21T12:00:00Z"
    assert (ben["passed_on"], ben["passed_on_since"]) == (None, "2026-11-21T12:00:00Z")


@pytest.mark.parametrize(
    ("fields", "used", "old", "moved"),
    [
        ({}, False, None, False),  # nobody knows that they could do without
        ({}, True, None, True),
        ({}, True, 29 * DAY, False),  # another device
        ({}, True, 30 * DAY, True),
        ({"enforced_from": NOW}, False, DAY, True),
        ({"enforced_from": NOW + DAY}, True, DAY, False),
        ({"enabled": False}, True, DAY, True),
    ],
)
def test_who_has_not_moved(
    house: House, fields: dict[str, Any], used: bool, old: timedelta | None, moved: bool
) -> None:
    house.alter(**fields)
    by_id = {"abc": LastUse(NOW - 300 * DAY)} if used else {}
    passed_on = None if old is None else LastUse(NOW - old)
    assert has_not_moved(house.now(), Used(by_id, passed_on), NOW) is not moved


def test_they_are_listed_alone(run: CommandLine, usage: FolderUsage) -> None:
    house = run.house()
    said = run("account", "list", "--not-moved")
    assert (said.code, said.line) == (0, NOT_TOLD)
    assert len(said.out.splitlines()) == 4
    right(run, usage, "ada", DAY)
    house.operator.enforce("ben")
    assert set(column(run, "--not-moved")) == {"ada", "cem"}
    listed = json.loads(run.good("account", "list", "--not-moved", "--json"))
    assert [one["account"] for one in listed] == ["ada", "cem"]
    for name in ("ada", "cem"):
        house.operator.enforce(name)
    said = run("account", "list", "--not-moved")
    assert (said.code, said.out) == (0, "")
    assert said.err == "Everybody has moved, as far as is known.\n"


def test_what_opens_the_services_is_said_and_what_will(
    run: CommandLine, usage: FolderUsage
) -> None:
    house = run.house()
    run.good("account", "enforce", "ada", "--on", "2027-01-31")
    run.good("account", "enforce", "ben")
    run.good("account", "disable", "cem")
    house.add("dan")
    assert column(run, of="OLD PASSWORDS") == {
        "ada": "refused from 2027-01-31",
        "ben": "refused",
        "cem": "account disabled",
        "dan": "allowed",
    }
    assert "Old passwords:      refused from 2027-01-31\n" in run.good("account", "show", "ada")
    right(run, usage, "ada", DAY)
    assert "Last old use:       2026-11-21 imap 192.0.2.7\n" in run.good("account", "show", "ada")
    shown = json.loads(run.good("account", "show", "ada", "--json"))
    assert shown["enforced_from"].startswith("2027-01-3")
    assert shown["passed_on"]["service"] == "imap"


# --- what their owners are told -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda house: house.operator.enforce("ada@example.org"),
         "Apps sign in with app passwords alone"),
        (lambda house: house.operator.enforce("ada@example.org", JANUARY),
         "Apps to sign in with app passwords alone, from: 2027-01-31"),
        (lambda house: house.operator.stop_enforcing("ada@example.org"),
         "Old passwords of apps work again"),
    ],
)  # fmt: skip
def test_the_owner_is_told_of_it(house: House, act: Callable[[House], object], said: str) -> None:
    if "again" in said:
        house.alter(enforced_from=NOW + DAY)
    act(house)
    _, what, by, facts = house.notebook.acts[-1]
    entry = ActivityEntry(NOW, what, by, facts)
    assert what in NOTIFIED
    assert describe(entry) == said
    text = body("ada@example.org", entry, NOW, "mail.example.org")
    assert ("need an app password each" in text) is (what != EventType.OPENED)


def test_that_it_is_put_off_or_called_off_is_told_too(house: House) -> None:
    for at in (NOW + 10 * DAY, NOW + 20 * DAY):
        house.operator.enforce("ada@example.org", at)
    house.operator.stop_enforcing("ada@example.org")
    told = [(what, facts.get("day")) for _, what, _, facts in house.notebook.acts]
    assert told == [
        (EventType.SCHEDULED, f"{NOW + 10 * DAY:%Y-%m-%d}"),
        (EventType.SCHEDULED, f"{NOW + 20 * DAY:%Y-%m-%d}"),
        (EventType.OPENED, None),
    ]
