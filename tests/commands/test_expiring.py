"""`notices --expiring`: people are told, once, of app passwords that expire soon."""

from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.notice_text import body, short
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from tests.running import CommandLine
from tests.support import House


@pytest.fixture
def house(run: CommandLine) -> House:
    house = run.house()
    house.add("ada")
    return house


@pytest.fixture
def config(run: CommandLine) -> Path:
    path = run.home / "config.toml"
    path.write_text('[notices]\ncommand = ["/bin/true"]\n')
    return path


def create(house: House, name: str, days: float, account: str = "ada") -> None:
    expires = house.clock.now() + timedelta(days=days)
    house.operator.create_app_password(account, name, expires=expires)


def told(run: CommandLine) -> list[str]:
    due = FolderNoticeQueue(run.store).due(run.clock.now())
    return [body(one.account_name, one.entry, run.clock.now(), "host") for one in due
            if "expiring" in one.entry.details]  # fmt: skip


def test_the_owner_is_told_once_of_each(run: CommandLine, house: House, config: Path) -> None:
    create(house, "Phone", 6.5)
    create(house, "Tablet", 8)
    house.issue("Car", "ada")
    assert run.good("notices", "--expiring", "--config", config) == (
        "ada: Phone expires on 2026-11-28.\n"
    )
    (message,) = told(run)
    assert message.startswith("App password expires soon: Phone, on 2026-11-28.\n")
    assert "edit it to last longer" in message
    assert "If that was not you" not in message
    (due,) = (
        one
        for one in FolderNoticeQueue(run.store).due(run.clock.now())
        if "expiring" in one.entry.details
    )
    assert short("ada", due.entry, "host").endswith("Phone, on 2026-11-28.")
    assert run.good("notices", "--expiring", "--config", config) == ""
    run.clock.instant += timedelta(days=2)
    assert run.good("notices", "--expiring", "--config", config) == (
        "ada: Tablet expires on 2026-11-30.\n"
    )
    assert len(told(run)) == 2


def test_what_lasts_longer_is_told_of_again_when_it_ends(
    run: CommandLine, house: House, config: Path
) -> None:
    create(house, "Phone", 6)
    line = ("notices", "--expiring", "--config", config)
    assert "Phone" in run.good(*line)
    run.good("app-password", "edit", "ada", "Phone", "--expires", "30d")
    assert run.good(*line) == ""
    run.clock.instant += timedelta(days=25)
    assert "Phone expires on 2026-12-22" in run.good(*line)


def test_nobody_is_told_of_what_lets_nobody_in(
    run: CommandLine, house: House, config: Path
) -> None:
    create(house, "Expired", -1)
    create(house, "Paused", 3)
    house.operator.pause_app_password("ada", "Paused")
    house.add("ida")
    create(house, "Phone", 3, "ida")
    house.operator.disable("ida")
    assert run.good("notices", "--expiring", "--config", config) == ""
    assert told(run) == []


def test_nobody_is_told_if_the_policy_says_so(run: CommandLine, house: House, config: Path) -> None:
    create(house, "Phone", 3)
    config.write_text(config.read_text() + "[policy]\ntell_before_expiry = 0\n")
    assert run.good("notices", "--expiring", "--config", config) == ""


def test_an_account_that_cannot_be_read_keeps_nobody_else_waiting(
    run: CommandLine, house: House, config: Path
) -> None:
    create(house, "Phone", 3)
    house.add("aaa")
    (run.store / "accounts" / "aaa.json").write_text("damaged")
    done = run("notices", "--expiring", "--config", config)
    assert done.code == 3
    assert "aaa" in done.err
    assert done.out == "ada: Phone expires on 2026-11-25.\n"
