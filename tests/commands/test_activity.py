"""What happened, for the administrator: printed, for programs, and followed."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.commands import activity, notices
from apppw_tui.config import Config
from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import FirstUse, LastUse
from apppw_tui.store.folder.activity import FROM_DAEMON, Event, FolderActivityLog
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.first_uses import FirstUseReporter
from tests.running import ROOT, CommandLine, environment
from tests.support import House

BY = f"administrator (uid {os.getuid()})"


@pytest.fixture
def house(run: CommandLine) -> House:
    """With accounts ada and ida."""
    house = run.house()
    house.add("ada")
    house.add("ida")
    return house


def activity_log(run: CommandLine) -> FolderActivityLog:
    return FolderActivityLog(run.store, run.clock)


def happen(run: CommandLine, house: House, account: str, act: str, /, **facts: str) -> None:
    activity_log(run).record(house.now(account).uid, act, account, **facts)
    run.clock.advance(1)


def test_what_happened_is_told_in_order(run: CommandLine, house: House) -> None:
    happen(run, house, "ida", EventType.SIGNED_IN, address="192.0.2.7")
    happen(run, house, "ada", EventType.CREATED, name="a\x1b[31m", id="abc")
    daemon = FolderActivityLog(run.store, run.clock, FROM_DAEMON)
    daemon.record(house.now("ada").uid, EventType.USED_NEW, "the server", address="2001:db8::1")
    run.clock.advance(1)
    run.good("account", "disable", "ada")
    assert run.good("activity").splitlines() == [
        "2026-11-22 12:00:00  ida  Signed in  from 192.0.2.7",
        r"2026-11-22 12:00:01  ada  App password created: a\x1b[31m",
        "2026-11-22 12:00:02  ada  First use from a new address  from 2001:db8::1  by the server",
        f"2026-11-22 12:00:03  ada  Account disabled  by {BY}",
    ]
    assert run.good("activity", "ida").count("\n") == 1


def test_for_programs_each_line_is_an_object(run: CommandLine, house: House) -> None:
    happen(run, house, "ada", EventType.CREATED, name="Küche\n", account="false")
    (line,) = run.good("activity", "--json").splitlines()
    assert line.isascii()
    assert json.loads(line) == {
        "time": "2026-11-22T12:00:00Z",
        "account": "ada",
        "uid": house.now("ada").uid,
        "what": "app password created",
        "by": "ada",
        "name": "Küche\n",
    }


def test_who_is_gone_is_still_told_of(run: CommandLine, house: House) -> None:
    happen(run, house, "ada", EventType.SIGNED_IN)
    uid = house.now("ada").uid
    run.good("account", "remove", "ada")
    assert run.good("activity").splitlines() == [
        f"2026-11-22 12:00:00  (removed) {uid[:8]}  Signed in  by ada",
        f"2026-11-22 12:00:01  (removed) {uid[:8]}  Account removed  by {BY}",
    ]
    assert json.loads(run.good("activity", "--json").splitlines()[0])["account"] is None


def test_nobody_and_nothing_is_said(run: CommandLine, house: House) -> None:
    said = run("activity", "nobody")
    assert (said.code, said.line) == (1, "There is no account nobody.")
    said = run("activity")
    assert (said.code, said.out, said.err) == (0, "", "Nothing happened.\n")


@pytest.mark.parametrize(
    ("since", "count"),
    [("0", 0), ("1", 1), ("2", 2), ("99999", 3), ("2026-11-22", 1), ("2026-11-21", 2)],
)
def test_since_is_days_or_a_day(run: CommandLine, house: House, since: str, count: int) -> None:
    now = run.clock.now()
    for days in (5, 1.5, 0.5):
        run.clock.instant = now + timedelta(hours=11) - timedelta(days=days)
        happen(run, house, "ada", EventType.SIGNED_IN)
    run.clock.instant = now + timedelta(hours=11)
    assert len(run("activity", "--since", since).out.splitlines()) == count


@pytest.mark.parametrize("since", ["", "-1", "2026-13-01", "2026-1-1", "yesterday", "123456"])
def test_what_is_neither_is_wrong_usage(run: CommandLine, house: House, since: str) -> None:
    said = run("activity", f"--since={since}")
    assert said.code == 2
    assert "must be a number of days, such as 7d, or a day, such as 2026-11-22" in said.err


# --- following ------------------------------------------------------------------------------


def steps(*moments: Callable[[], object]) -> Callable[[], bool]:
    """Instead of waiting, one of these happens; after the last one nobody reads any more."""
    left: Iterator[Callable[[], object]] = iter(moments)

    def wait() -> bool:
        try:
            next(left)()
        except StopIteration:
            return False
        return True

    return wait


def follow(run: CommandLine, wait: Callable[[], bool], **told: Any) -> list[str]:
    options = {"account": None, "since": None, "json": False, "follow": True, "store": run.store}
    assert activity.activity(argparse.Namespace(**{**options, **told}), Config(), wait) == 0
    return run.capture.readouterr().out.splitlines()


def test_followed_it_goes_on_with_what_happens(run: CommandLine, house: House) -> None:
    happen(run, house, "ada", "before")

    def two() -> None:
        happen(run, house, "ada", "second")
        happen(run, house, "ada", "third")

    lines = follow(
        run,
        steps(
            lambda: None,
            lambda: happen(run, house, "ida", "first"),
            two,
            lambda: house.add("new"),
            lambda: happen(run, house, "new", "fourth"),
        ),
    )
    assert [line.split("  ")[1:3] for line in lines] == [
        ["ada", "Before"], ["ida", "First"], ["ada", "Second"], ["ada", "Third"], ["new", "Fourth"],
    ]  # fmt: skip


def test_what_falls_between_reading_and_following_is_told_once(
    run: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(run, house, "ada", "before")
    real = FolderActivityLog.read_all

    def read_all(log: FolderActivityLog) -> list[Event]:
        happen(run, house, "ada", "between")
        return real(log)

    monkeypatch.setattr(FolderActivityLog, "read_all", read_all)
    lines = follow(run, steps(lambda: None, lambda: happen(run, house, "ada", "after")))
    assert [line.split("  ")[2] for line in lines] == ["Before", "Between", "After"]


def test_only_one_account_is_followed_if_one_is_named(run: CommandLine, house: House) -> None:
    def both() -> None:
        happen(run, house, "ada", "hers")
        happen(run, house, "ida", "not hers")

    assert len(follow(run, steps(both), account="ada")) == 1


def test_it_ends_when_nobody_reads_any_more(run: CommandLine, house: House) -> None:
    happen(run, house, "ada", EventType.SIGNED_IN)
    with subprocess.Popen(
        [sys.executable, "-m", "apppw_tui", "activity", "--follow", "--store", run.store],
        env=environment(run.home),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"Signed in" in process.stdout.readline()
        process.stdout.close()  # and nothing happens any more that it could stumble over
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


# --- what the daemon leaves to be sent --------------------------------------------------------


def first_use(house: House, name: str, *, moved: bool) -> FirstUse:
    house.issue("Phone", name)
    account = house.now(name)
    use = LastUse(house.clock.now(), IMAP, "198.51.100.9")
    return FirstUse(account, account.app_passwords[0], use, moved)


@pytest.mark.parametrize(
    ("told", "moved", "count"), [(True, True, 1), (True, False, 0), (False, True, 0)]
)
def test_a_first_use_is_written_down_and_told_if_it_may_be_another(
    run: CommandLine, house: House, told: bool, moved: bool, count: int
) -> None:
    first = first_use(house, "ada", moved=moved)
    activity_log = FolderActivityLog(run.store, run.clock, FROM_DAEMON)
    reporter = FirstUseReporter(activity_log, AnswerLog(run.clock))
    reporter.notices = FolderNoticeQueue(run.store) if told else None
    reporter.report(first)
    assert run.good("activity", "ada").splitlines()[-1] == (
        "2026-11-22 12:00:00  ada  First use from a new address: Phone  from 198.51.100.9"
        "  by the server"
    )
    left = list(FolderNoticeQueue(run.store).due(run.clock.now()))
    assert [(one.account_name, one.entry.event, one.entry.details["name"]) for one in left] == [
        ("ada", EventType.USED_NEW, "Phone")
    ] * count


def sending(run: CommandLine, last: str = "exit 0") -> Path:
    """A configuration whose command writes down for whom it was run, and does `last`."""
    script = run.home / "send"
    script.write_text(f'#!/bin/sh\nprintf "%s " "$1" >> {run.home}/sent\n{last}\n')
    script.chmod(0o755)
    config = run.home / "config.toml"
    config.write_text(f"[notices]\ncommand = {json.dumps([str(script), '{account}'])}\n")
    return config


def test_what_is_left_is_sent_to_whoever_it_is_still_about(run: CommandLine, house: House) -> None:
    config = sending(run)
    outbox = FolderNoticeQueue(run.store)
    for name in ("ada", "ida"):
        outbox.put(
            house.now(name), ActivityEntry(run.clock.now(), EventType.USED_NEW, "the server")
        )
    house.store.remove("ida")
    house.add("ida")  # another of that name, whom it does not concern
    run.good("notices", "--config", config)
    assert (run.home / "sent").read_text() == "ada "
    assert outbox.waiting() == []


def test_where_nothing_says_how_it_is_left(run: CommandLine, house: House) -> None:
    FolderNoticeQueue(run.store).put(house.now("ada"), ActivityEntry(run.clock.now(), "x", "y"))
    said = run("notices")
    assert (said.code, "set [notices]" in said.err) == (1, True)
    assert len(FolderNoticeQueue(run.store).waiting()) == 1


def test_a_trial_that_nobody_takes_is_sent_from_here_and_says_so(
    run: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_BEGINS_WITHIN", 0)
    said = run("notices", "--trial", "ada", "--config", sending(run))
    assert said.code == 1
    assert "Nobody took it away within 0 seconds. Sent from here, it was taken." in said.out
    assert "systemctl enable --now apppw-notices.path" in said.out
    assert (run.home / "sent").read_text() == "ada "
    assert FolderNoticeQueue(run.store).waiting() == []


@pytest.mark.parametrize(("last", "code"), [("exit 0", 0), ("echo no room; exit 75", 1)])
def test_a_trial_says_what_became_of_it_on_the_way_that_all_go(
    run: CommandLine, house: House, monkeypatch: pytest.MonkeyPatch, last: str, code: int
) -> None:
    config = sending(run, last)

    def unit(_: float) -> None:
        monkeypatch.setattr(time, "sleep", lambda _: None)
        run("notices", "--config", config)

    monkeypatch.setattr(time, "sleep", unit)
    said = run("notices", "--trial", "ada", "--config", config)
    assert (said.code, (run.home / "sent").read_text()) == (code, "ada ")
    assert ("exit code 75: no room" in said.err) == bool(code)
    assert FolderNoticeQueue(run.store).waiting() == []


def test_two_do_not_send_at_once(run: CommandLine, house: House) -> None:
    outbox = FolderNoticeQueue(run.store)
    outbox.put(house.now("ada"), ActivityEntry(run.clock.now(), "x", "y"))
    config = sending(run)
    with outbox.alone() as alone:
        assert alone
        run.good("notices", "--config", config)
    assert not (run.home / "sent").exists()
    run.good("notices", "--config", config)
    assert (run.home / "sent").read_text() == "ada "
