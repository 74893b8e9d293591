"""Notices go out by a configured program, or to the authentication phone, in their own time."""

import os
import pwd
import queue
import threading
import time
from dataclasses import dataclass
from typing import Literal, Protocol

from apppw_tui import programs
from apppw_tui.domain import notices
from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import Act, Entry
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.delivery import KINDS, Delivery
from apppw_tui.domain.errors import DeliveryFailed, StoreError, TooMany
from apppw_tui.domain.journal import Journal
from apppw_tui.domain.names import is_domain
from apppw_tui.domain.sealing import Seals
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import Counters

Format = Literal["mail", "plain"]
MOST_WAITING = 200  # messages
PATIENCE = 5.0  # seconds that the end of the program waits for what is still to be sent


class Way(Protocol):
    """How a message reaches people."""

    def send(self, account: Account, entry: Entry | None, /) -> None:
        """Sends one, and returns when it was taken; None stands for all that is left out.

        A failure goes to the log. Blocks.
        """


@dataclass(frozen=True)
class ByCommand:
    """Runs `command` for each message, for at most `timeout` seconds."""

    command: tuple[str, ...]
    format: Format
    timeout: float
    host_name: str
    clock: Clock
    journal: Journal

    def send(self, account: Account, entry: Entry | None) -> None:
        make = self._mail if self.format == "mail" else self._plain
        message = Secret(make(account.name, entry))
        outcome = programs.run(self.command, {"account": account.name}, message, self.timeout)
        if not outcome.ok:
            self.journal.fault(
                "notice failed", account=account.name, how=outcome.how, output=outcome.output
            )

    def _plain(self, account: str, entry: Entry | None) -> str:
        said = notices.subject(entry, self.host_name)
        return f"{said}\n\n{self._body(account, entry)}"

    def _mail(self, account: str, entry: Entry | None) -> str:
        """RFC 5322, as sendmail takes it: lines end with a newline alone."""
        from email.message import EmailMessage
        from email.utils import format_datetime

        mail = EmailMessage()
        mail["From"] = _sender(self.host_name)
        mail["To"] = account
        mail["Subject"] = notices.subject(entry, self.host_name)
        mail["Date"] = format_datetime(self.clock.now())
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody's absence answers
        mail.set_content(self._body(account, entry))
        return mail.as_string()

    def _body(self, account: str, entry: Entry | None) -> str:
        return notices.body(account, entry, self.clock.now(), self.host_name)


@dataclass(frozen=True)
class ByDelivery:
    """To the authentication phone, by whatever sends the codes; who has none is not told."""

    delivery: Delivery
    seals: Seals
    host_name: str
    journal: Journal

    def send(self, account: Account, entry: Entry | None) -> None:
        if entry is not None and entry.what == Act.BYPASS_GIVEN:
            return  # the operator's command has told them there, and says whether it could
        phone = account.phone("authentication")
        kind = next((kind for kind in KINDS if kind in self.delivery.kinds), None)
        if phone is None or kind is None:
            return
        try:
            number = self.seals.open(account.uid, phone.field, phone.sealed)
            said = notices.short(account.name, entry, self.host_name)
            self.delivery.deliver(kind, number.reveal(), Secret(said))
        except DeliveryFailed:
            pass  # it has gone to the log
        except StoreError as error:
            self.journal.fault("notice failed", account=account.name, how=str(error))


@dataclass(frozen=True)
class Limited:
    """At most PER_HOUR messages about one account, and one more that says so."""

    way: Way
    counters: Counters
    clock: Clock
    journal: Journal

    def send(self, account: Account, entry: Entry | None) -> None:
        """Sends one, or leaves it out. Blocks."""
        now = self.clock.now()
        try:
            with self.counters.change(f"notices:{account.uid}", keep=True) as counted:
                counted.ledger = counted.ledger.sent(now, notices.NOTICE_SENDS)
                count = sum(
                    (now - stamp).total_seconds() < notices.NOTICE_SENDS.seconds
                    for stamp in counted.ledger.sends
                )
        except TooMany:
            return
        except StoreError as error:
            # Better one too many than none.
            self.journal.fault("notices not counted", account=account.name, why=str(error))
            count = 0
        self.way.send(account, None if count > notices.PER_HOUR else entry)


class Queued:
    """Tells people in a thread of its own, which begins with the first message."""

    def __init__(self, way: Way, journal: Journal) -> None:
        self._way = way
        self._journal = journal
        self._waiting: queue.Queue[tuple[Account, Entry]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def tell(self, account: Account, entry: Entry) -> None:
        """Never raises, never blocks: what there is no room for is left out, and logged."""
        try:
            self._waiting.put_nowait((account, entry))
        except queue.Full:
            self._journal.fault("notice left out", account=account.name, why="too many wait")
            return
        with self._starting:
            if self._thread is None:
                # A daemon: a command that hangs must not keep the program from ending.
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def finish(self, patience: float = PATIENCE) -> None:
        """Waits at most so many seconds until all is sent; what is not by then is logged."""
        until = time.monotonic() + patience
        with self._waiting.all_tasks_done:
            while self._waiting.unfinished_tasks and (left := until - time.monotonic()) > 0:
                self._waiting.all_tasks_done.wait(left)
            count = self._waiting.unfinished_tasks
        if count:
            self._journal.fault("notices not sent in time", count=str(count))

    def _work(self) -> None:
        while True:
            account, entry = self._waiting.get()
            try:
                self._way.send(account, entry)
            except Exception as error:  # noqa: BLE001 - the next message must go out all the same
                # Its text could hold what is nobody's business.
                self._journal.fault("notice failed", account=account.name, how=type(error).__name__)
            finally:
                self._waiting.task_done()


def _sender(host_name: str) -> str:
    """Whoever runs this, at this server where its name is a domain; mail programs complete it."""
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = "apppw"
    return f"{user}@{host_name}" if is_domain(host_name) and "." in host_name else user
