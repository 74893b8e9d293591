"""Messages about what happened: what arrives, how many, and what a failure leaves behind."""

import email
import email.policy
import json
import threading
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import Act, Entry
from apppw_tui.domain.notices import PER_HOUR
from apppw_tui.notices import MOST_WAITING, ByCommand, ByDelivery, Format, Limited, Queued
from apppw_tui.store.counters import MemoryCounters
from tests.support import NOW, FixedClock, House, Notebook

ADA = "ada@example.org"
FACTS = {"id": "abc", "name": "Küche\n[b]", "address": "192.0.2.7", "service": "imap"}
CREATED = Entry(NOW, Act.CREATED, ADA, FACTS)


@pytest.fixture
def house() -> House:
    house = House()
    house.add()
    return house


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def by_command(
    tmp_path: Path, notebook: Notebook, body: str, format_: Format = "mail", timeout: float = 60
) -> ByCommand:
    """By a shell script, which has the account as its only argument."""
    path = tmp_path / "send"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    command = (str(path), "{account}")
    return ByCommand(command, format_, timeout, "mail.example.org", FixedClock(), notebook)


def kept(tmp_path: Path) -> str:
    """A script that keeps its argument and what it was given."""
    return f'printf %s "$1" > {tmp_path}/argument; cat > {tmp_path}/message'


# --- what arrives ---------------------------------------------------------------------------


def test_a_mail_is_one_that_sendmail_takes(
    tmp_path: Path, house: House, notebook: Notebook
) -> None:
    by_command(tmp_path, notebook, kept(tmp_path)).send(house.now(), CREATED)
    assert notebook.faults == []
    assert (tmp_path / "argument").read_text() == ADA
    raw = (tmp_path / "message").read_bytes()
    assert b"\r" not in raw
    mail = email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["Auto-Submitted"]) == (ADA, "auto-generated")
    assert mail["From"].endswith("@mail.example.org")
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


def test_a_plain_one_begins_with_its_subject(
    tmp_path: Path, house: House, notebook: Notebook
) -> None:
    entry = Entry(NOW, Act.DISABLED, "operator (uid 7)")
    by_command(tmp_path, notebook, kept(tmp_path), "plain").send(house.now(), entry)
    lines = (tmp_path / "message").read_text().splitlines()
    assert lines[:3] == ["mail.example.org: Account disabled", "", "Account disabled."]
    assert "By:      operator (uid 7)" in lines
    assert not any(line.startswith("From:") for line in lines)


def test_the_authentication_phone_gets_one_line(house: House, notebook: Notebook) -> None:
    house.give_phone()
    way = ByDelivery(house.outbox, house.means.seals, "mail.example.org", notebook)
    way.send(house.now(), CREATED)
    ((kind, number, text),) = house.outbox.sent
    assert (kind, number) == ("text", "+4915123456767")
    assert text.startswith(rf"{ADA} at mail.example.org: App password created: Küche\n[b] from 192")
    assert "\n" not in text


def test_a_bypass_is_told_once_there(house: House, notebook: Notebook) -> None:
    house.give_phone()
    way = ByDelivery(house.outbox, house.means.seals, "mail.example.org", notebook)
    way.send(house.now(), Entry(NOW, Act.BYPASS_GIVEN, "operator"))
    assert house.outbox.sent == []


@pytest.mark.parametrize("lacking", ["phone", "kind", "gateway", "key"])
def test_who_cannot_be_reached_is_not_told(house: House, notebook: Notebook, lacking: str) -> None:
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
    way = ByDelivery(house.outbox, house.means.seals, "mail.example.org", notebook)
    way.send(account, CREATED)
    assert house.outbox.sent == []
    assert len(notebook.faults) == (lacking == "key")


# --- what fails -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "timeout", "how"),
    [
        ("echo no room >&2; exit 75", 60, "exit code 75"),
        ("exec sleep 600", 0.2, "time-out after 0.2 s"),
    ],
)
def test_a_failure_goes_to_the_log(
    tmp_path: Path, notebook: Notebook, body: str, timeout: float, how: str
) -> None:
    by_command(tmp_path, notebook, body, timeout=timeout).send(House().add(), CREATED)
    ((what, facts),) = notebook.faults
    assert (what, facts["account"], facts["how"]) == ("notice failed", ADA, how)


# --- how many -------------------------------------------------------------------------------


@dataclass
class Sent:
    """A way that keeps what is sent."""

    entries: list[Entry | None] = field(default_factory=list)

    def send(self, _account: Account, entry: Entry | None) -> None:
        self.entries.append(entry)


def test_a_flood_is_summed_up(house: House, notebook: Notebook) -> None:
    sent, clock = Sent(), house.clock
    way = Limited(sent, MemoryCounters(clock), clock, notebook)
    for _ in range(PER_HOUR + 20):
        way.send(house.now(), CREATED)
    assert sent.entries == [*[CREATED] * PER_HOUR, None]
    other = house.add("ida@example.org")
    way.send(other, CREATED)
    assert sent.entries[-1] == CREATED
    clock.advance(3600)
    way.send(house.now(), CREATED)
    assert sent.entries[-1] == CREATED


def test_the_sum_says_what_to_do(tmp_path: Path, house: House, notebook: Notebook) -> None:
    by_command(tmp_path, notebook, kept(tmp_path), "plain").send(house.now(), None)
    text = (tmp_path / "message").read_text()
    assert text.startswith("mail.example.org: More has happened than messages are sent about\n")
    assert "Recent activity" in text


# --- in their own time ------------------------------------------------------------------------


@dataclass
class Slow:
    """A way that is held up until it is let go."""

    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    sent: list[str] = field(default_factory=list)

    def send(self, _account: Account, entry: Entry | None) -> None:
        self.begun.set()
        assert self.go.wait(60)
        assert entry is not None
        if entry.what == "bad":
            raise RuntimeError("secret")
        self.sent.append(entry.what)


def entries(*whats: str) -> list[Entry]:
    return [Entry(NOW, what, ADA) for what in whats]


def test_nobody_waits_for_it_and_at_the_end_all_is_sent(house: House, notebook: Notebook) -> None:
    slow = Slow()
    queued = Queued(slow, notebook)
    for entry in entries("a", "bad", "b"):
        queued.tell(house.now(), entry)  # returns although nothing can be sent
    assert slow.sent == []
    slow.go.set()
    queued.finish(60)
    assert slow.sent == ["a", "b"]
    assert [what for what, _ in notebook.faults] == ["notice failed"]
    assert "secret" not in repr(notebook.faults)


def test_the_end_does_not_wait_for_ever(house: House, notebook: Notebook) -> None:
    slow = Slow()
    queued = Queued(slow, notebook)
    for entry in entries("a", "b"):
        queued.tell(house.now(), entry)
    queued.finish(0)
    assert notebook.faults == [("notices not sent in time", {"count": "2"})]
    slow.go.set()
    queued.finish(60)


def test_what_there_is_no_room_for_is_logged(house: House, notebook: Notebook) -> None:
    slow = Slow()
    queued = Queued(slow, notebook)
    queued.tell(house.now(), entries("a")[0])
    assert slow.begun.wait(60)
    for entry in entries(*["b"] * MOST_WAITING, "c"):
        queued.tell(house.now(), entry)
    assert [what for what, _ in notebook.faults] == ["notice left out"]
    slow.go.set()
    queued.finish(60)
    assert slow.sent == ["a", *["b"] * MOST_WAITING]


def test_where_there_is_nothing_to_send_the_end_waits_for_nothing(notebook: Notebook) -> None:
    Queued(Slow(), notebook).finish(60)
    assert notebook.faults == []


# --- the whole of it --------------------------------------------------------------------------


def test_a_command_that_ends_at_once_sends_it_all_the_same(tmp_path: Path) -> None:
    from tests.running import run_program

    script = tmp_path / "send"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/argument\n')
    script.chmod(0o755)
    config = tmp_path / "config.toml"
    config.write_text(f"[notices]\ncommand = {json.dumps([str(script), '{account}'])}\n")
    store = ("--config", config, "--store", tmp_path / "store")
    new = run_program(
        tmp_path, "account", "add", "ada", "--password-stdin", *store,
        stdin=b"engine no. 1 weaves algebra\n",
    )  # fmt: skip
    assert new.returncode == 0, new.stderr
    assert run_program(tmp_path, "account", "disable", "ada", *store).returncode == 0
    assert (tmp_path / "argument").read_text() == "ada"
