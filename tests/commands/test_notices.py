"""Messages about what happened: what arrives, how many, and what a failure leaves behind."""

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.domain.errors import DiskFull, StoreDamaged
from apppw_tui.domain.notice_text import PER_HOUR, TRIAL, QueueNotifier
from apppw_tui.integrations.notifications import (
    MOST_TRIES,
    CodeSenderChannel,
    CommandChannel,
    Format,
    Sender,
    SendResult,
)
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from tests.running import run_program
from tests.support import NOW, FixedClock, House, Notebook

ADA = "ada@example.org"
FACTS = {"id": "abc", "name": "Küche\n[b]", "address": "192.0.2.7", "service": "imap"}
MARK = "mark"
CREATED = ActivityEntry(NOW, EventType.CREATED, ADA, FACTS)


@pytest.fixture
def house() -> House:
    house = House()
    house.add()
    return house


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def by_command(
    tmp_path: Path, body: str, format_: Format = "mail", timeout: float = 60
) -> CommandChannel:
    """By a shell script, which has the account as its only argument."""
    path = tmp_path / "send"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    command = (str(path), "{account}")
    return CommandChannel(command, format_, timeout, "mail.example.org", FixedClock())


def kept(tmp_path: Path) -> str:
    """A script that keeps its argument and what it was given."""
    return f'printf %s "$1" > {tmp_path}/argument; cat > {tmp_path}/message'


# --- what arrives ---------------------------------------------------------------------------


def test_a_mail_is_one_that_sendmail_takes(tmp_path: Path, house: House) -> None:
    assert by_command(tmp_path, kept(tmp_path)).send(house.now(), CREATED, MARK) == SendResult()
    assert (tmp_path / "argument").read_text() == ADA
    raw = (tmp_path / "message").read_bytes()
    assert b"\r" not in raw
    mail = email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["Auto-Submitted"]) == (ADA, "auto-generated")
    assert mail["From"].endswith("@mail.example.org")
    assert mail["Message-ID"] == "<mark@mail.example.org>"
    assert mail["Date"] == "Sun, 22 Nov 2026 12:00:00 +0000"
    assert mail["Subject"] == r"mail.example.org: App password created: Küche\n[b]"
    assert mail.get_content().splitlines()[:7] == [
        r"App password created: Küche\n[b].",
        "",
        f"Account: {ADA} at mail.example.org",
        "When:    2026-11-22 12:00 UTC",
        "From:    192.0.2.7",
        "Service: imap",
        "By:      you",
    ]


def test_a_plain_one_begins_with_its_subject(tmp_path: Path, house: House) -> None:
    entry = ActivityEntry(NOW, EventType.DISABLED, "operator (uid 7)")
    by_command(tmp_path, kept(tmp_path), "plain").send(house.now(), entry, MARK)
    lines = (tmp_path / "message").read_text().splitlines()
    assert lines[:3] == ["mail.example.org: Account disabled", "", "Account disabled."]
    assert "By:      administrator (uid 7)" in lines
    assert not any(line.startswith("From:") for line in lines)


def test_the_authentication_phone_gets_one_line(house: House) -> None:
    house.give_phone()
    way = CodeSenderChannel(house.outbox, house.means.sealer, "mail.example.org")
    assert way.send(house.now(), CREATED, MARK) == SendResult()
    ((kind, number, text),) = house.outbox.sent
    assert (kind, number) == ("text", "+4915123456767")
    assert text.startswith(rf"{ADA} at mail.example.org: App password created: Küche\n[b] from 192")
    assert "\n" not in text


def test_a_bypass_is_told_once_there(house: House) -> None:
    house.give_phone()
    way = CodeSenderChannel(house.outbox, house.means.sealer, "mail.example.org")
    way.send(house.now(), ActivityEntry(NOW, EventType.BYPASS_GIVEN, "operator"), MARK)
    assert house.outbox.sent == []


@pytest.mark.parametrize("lacking", ["phone", "kind", "gateway", "key"])
def test_who_cannot_be_reached_is_not_told(house: House, lacking: str) -> None:
    account = house.now()
    if lacking != "phone":
        house.give_phone()
        account = house.now()
    if lacking == "kind":
        house.outbox.kinds = frozenset()
    house.outbox.broken = lacking == "gateway"
    if lacking == "key":
        phone = replace(account.phones[0], sealed="broken")
        account = replace(account, phones=(phone,))
    way = CodeSenderChannel(house.outbox, house.means.sealer, "mail.example.org")
    result = way.send(account, CREATED, MARK)
    assert house.outbox.sent == []
    assert result.reason != ""
    assert result.unreachable == (lacking in ("phone", "kind"))


# --- what fails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "timeout", "how"),
    [
        ("echo no room >&2; exit 75", 60, "exit code 75: no room"),
        ("exec sleep 600", 0.2, "time-out after 0.2 s"),
    ],
)
def test_a_failure_says_how(
    tmp_path: Path, house: House, body: str, timeout: float, how: str
) -> None:
    way = by_command(tmp_path, body, timeout=timeout)
    assert way.send(house.now(), CREATED, MARK) == SendResult(how)


@dataclass
class Kept:
    """A way that keeps what is sent, and can be told to fail."""

    entries: list[ActivityEntry | None] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    fail: Callable[[ActivityEntry | None], SendResult] = lambda _: SendResult()

    def send(self, _account: Account, entry: ActivityEntry | None, mark: str) -> SendResult:
        self.marks.append(mark)
        result = self.fail(entry)
        if not result.reason:
            self.entries.append(entry)
        return result


@dataclass
class Office:
    """An outbox, and who sends what is in it."""

    house: House
    outbox: FolderNoticeQueue
    notebook: Notebook
    way: Kept = field(default_factory=Kept)

    def lay(self, *whats: str, name: str = ADA) -> None:
        for what in whats:
            self.outbox.put(self.house.now(name), ActivityEntry(NOW, what, ADA))

    def send(self) -> int:
        means = self.house.means
        return Sender(
            self.outbox, self.way, means.store, means.throttle_store, means.clock, self.notebook
        ).send_due()

    @property
    def said(self) -> list[str | None]:
        return [None if one is None else one.event for one in self.way.entries]

    @property
    def faults(self) -> list[str]:
        return [what for what, _ in self.notebook.errors]


@pytest.fixture
def office(tmp_path: Path, house: House, notebook: Notebook) -> Office:
    return Office(house, FolderNoticeQueue(tmp_path), notebook)


def test_sender_sends_each_once_and_in_order(office: Office) -> None:
    office.lay("a", "b", "c")
    assert office.send() == 0
    assert office.send() == 0
    assert office.said == ["a", "b", "c"]
    assert office.outbox.waiting() == []


def test_sender_tries_again_later_and_later_and_then_gives_up(office: Office) -> None:
    office.way.fail = lambda _: SendResult("exit code 75")
    office.lay("a")
    waits = []
    while office.outbox.waiting():
        assert office.send() == 1
        assert office.send() == 0  # not yet
        for file, _ in office.outbox.waiting():
            message = office.outbox.read(file)
            assert message is not None
            assert message.not_before is not None
            wait = message.not_before - office.house.clock.now()
            waits.append(wait.total_seconds())
            office.house.clock.advance(wait.total_seconds())
    assert waits[:5] == [60, 300, 900, 3600, 3600]
    assert 20 * 3600 < sum(waits) < 28 * 3600
    assert office.faults == ["notice failed"] * (MOST_TRIES - 1) + ["notice given up"]
    assert len(set(office.way.marks)) == 1


def test_what_is_taken_at_last_is_sent_once(office: Office) -> None:
    office.way.fail = lambda _: SendResult("exit code 75")
    office.lay("a")
    office.send()
    office.way.fail = lambda _: SendResult()
    office.send()
    assert office.said == []
    office.house.clock.advance(60)
    office.send()
    assert office.said == ["a"]


def test_a_clock_that_was_ahead_puts_nothing_off(office: Office) -> None:
    office.way.fail = lambda _: SendResult("exit code 75")
    office.lay("a")
    office.house.clock.advance(365 * 86400)
    office.send()
    office.way.fail = lambda _: SendResult()
    office.house.clock.advance(-365 * 86400)
    office.send()
    assert office.said == ["a"]


def test_where_the_program_is_broken_the_others_wait_uncounted(office: Office) -> None:
    office.way.fail = lambda _: SendResult("not found")
    office.lay("a", "b", "c", "d", "e")
    assert office.send() == 3
    messages = [office.outbox.read(file) for file, _ in office.outbox.waiting()]
    assert [message.tries for message in messages if message] == [1, 1, 1, 0, 0]
    office.way.fail = lambda _: SendResult()
    office.send()
    assert office.said == ["d", "e"]


def test_one_that_cannot_be_sent_holds_up_no_other(office: Office) -> None:
    office.way.fail = lambda entry: SendResult("refused" if entry and entry.event == "bad" else "")
    office.lay("bad", "a", "bad", "b")
    assert office.send() == 2
    assert office.said == ["a", "b"]


def test_who_has_no_telephone_is_no_failure(office: Office) -> None:
    office.way.fail = lambda _: SendResult("no phone", unreachable=True)
    office.lay("a")
    assert office.send() == 0
    assert (office.outbox.waiting(), office.faults) == ([], [])


def test_what_kills_the_sender_is_not_tried_for_ever(office: Office) -> None:
    def die(_: ActivityEntry | None) -> SendResult:
        raise KeyboardInterrupt

    office.way.fail = die
    office.lay("a")
    with pytest.raises(KeyboardInterrupt):
        office.send()
    ((file, _),) = office.outbox.waiting()
    message = office.outbox.read(file)
    assert message is not None
    assert message.tries == 1
    assert office.send() == 0  # not yet


def test_on_a_full_disk_it_is_sent_all_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.lay("a")

    def full(*_: object) -> None:
        raise DiskFull("The disk is full: nothing was changed.")

    monkeypatch.setattr(office.outbox, "keep", full)
    office.send()
    assert (office.said, office.faults) == (["a"], ["notice not counted"])


def test_of_a_damaged_account_it_waits(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.lay("a")

    def damaged(_: str) -> None:
        raise StoreDamaged("ada.json is damaged; it was left alone.")

    with monkeypatch.context() as patched:
        patched.setattr(office.house.store, "get", damaged)
        assert office.send() == 1
    office.house.clock.advance(60)
    assert office.send() == 0
    assert office.said == ["a"]


# --- how many -------------------------------------------------------------------------------


def test_a_flood_is_summed_up(office: Office) -> None:
    office.house.add("ida@example.org")
    for number in range(PER_HOUR + 5):
        office.lay(str(number))
    office.send()
    assert office.said == [*map(str, range(PER_HOUR)), None]
    office.lay("a", name="ida@example.org")
    office.send()
    assert office.said[-1] == "a"
    office.house.clock.advance(3600)
    office.lay("b")
    office.send()
    assert office.said[-1] == "b"


def test_a_second_try_is_counted_once(office: Office) -> None:
    office.way.fail = lambda _: SendResult("exit code 75")
    office.lay("a")
    for _ in range(PER_HOUR + 2):
        office.send()
        office.house.clock.advance(60)
        office.house.clock.advance(timedelta(hours=1).total_seconds())
    office.way.fail = lambda _: SendResult()
    office.send()
    assert office.said == ["a"]


def test_a_trial_is_not_counted_and_left_for_whoever_waits(office: Office) -> None:
    office.way.fail = lambda _: SendResult("exit code 75")
    office.lay(TRIAL)
    office.send()
    ((file, _),) = office.outbox.waiting()
    message = office.outbox.read(file)
    assert message is not None
    assert (message.how, office.faults) == ("exit code 75", [])


def test_a_trial_alarms_nobody(tmp_path: Path, house: House) -> None:
    entry = ActivityEntry(NOW, TRIAL, "operator")
    by_command(tmp_path, kept(tmp_path), "plain").send(house.now(), entry, MARK)
    text = (tmp_path / "message").read_text()
    assert "A trial: nothing has happened" in text
    assert "If that was not you" not in text


def test_the_sum_says_what_to_do(tmp_path: Path, house: House) -> None:
    by_command(tmp_path, kept(tmp_path), "plain").send(house.now(), None, MARK)
    text = (tmp_path / "message").read_text()
    assert text.startswith("mail.example.org: More has happened than messages are sent about\n")
    assert "Recent activity" in text


# --- laid down, whatever happens --------------------------------------------------------------


def test_an_act_is_never_unsaid_by_its_notice(
    tmp_path: Path, house: House, notebook: Notebook
) -> None:
    (tmp_path / "notices").write_text("in the way")
    QueueNotifier(FolderNoticeQueue(tmp_path), notebook).notify(house.now(), CREATED)
    ((what, facts),) = notebook.errors
    assert (what, facts["account"]) == ("notice left out", ADA)
    assert "notices" in facts["why"]


# --- the whole of it --------------------------------------------------------------------------


@dataclass
class Site:
    """A configured store, and the program in processes of its own."""

    home: Path

    def __post_init__(self) -> None:
        self.store = ("--config", self.home / "config.toml", "--store", self.home / "store")

    def tell(self, script: str) -> None:
        path = self.home / "send"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        command = json.dumps([str(path), "{account}"])
        (self.home / "config.toml").write_text(f"[notices]\ncommand = {command}\ntimeout = 20\n")

    def run(self, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        return run_program(self.home, *words, *self.store, stdin=stdin)

    @property
    def waiting(self) -> list[Path]:
        return list((self.home / "store" / "notices").glob("*"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.tell(f'printf "%s " "$1" >> {tmp_path}/argument')
    new = site.run("account", "add", "ada", "--password-stdin", stdin=b"engine no. 1 weaves\n")
    assert new.returncode == 0, new.stderr
    return site


def test_a_command_lays_it_down_and_runs_nothing(site: Site) -> None:
    assert site.run("account", "disable", "ada").returncode == 0
    assert not (site.home / "argument").exists()
    assert len(site.waiting) == 1
    assert site.run("notices").returncode == 0
    assert (site.home / "argument").read_text() == "ada "
    assert site.waiting == []


@pytest.mark.slow
def test_what_was_not_taken_is_said_and_stays(site: Site) -> None:
    site.tell("echo no room; exit 75")
    site.run("account", "disable", "ada")
    done = site.run("notices")
    assert (done.returncode, b"tried again" in done.stderr) == (1, True)
    assert 'how="exit code 75: no room"' in (site.home / "store" / "log").read_text()
    assert len(site.waiting) == 1


@pytest.mark.slow
def test_ended_it_leaves_no_program_behind(site: Site) -> None:
    site.tell(f"echo $$ > {site.home}/pid; exec sleep 600")
    site.run("account", "disable", "ada")
    os.mkfifo(site.home / "pid")
    line = [sys.executable, "-m", "apppw_tui", *map(str, site.store), "notices"]
    with subprocess.Popen(line) as process:
        pid = int((site.home / "pid").read_text())
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
