"""Sends notices by a configured program, or to the authentication phone.

They wait in store/folder/notice_queue.py.
"""

import os
import pwd
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from functools import partial
from typing import Literal, Protocol

from apppw_tui.domain import notice_text
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.domain.engine_ports import NoticeQueue
from apppw_tui.domain.errors import DeliveryFailed, RateLimited, StoreDamaged, StoreError
from apppw_tui.domain.integration_ports import CodeSender
from apppw_tui.domain.names import is_domain
from apppw_tui.domain.notice_text import LONGEST_WAIT, Message
from apppw_tui.domain.ports import (
    DELIVERY_METHODS,
    AccountStore,
    Clock,
    ErrorLog,
    Sealer,
    ThrottleStore,
)
from apppw_tui.domain.progress import progress
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.sent_codes import record_sent_code
from apppw_tui.integrations import process

Format = Literal["mail", "plain"]
# After each failure; with the last one again and again, 27 tries are made within a day.
_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), LONGEST_WAIT)
MOST_TRIES = 27
# Failures one after the other, whoever they were for: then it is the program, and all others wait.
_GIVE_UP_AFTER = 3


class NoticeChannel(Protocol):
    """The way in which messages reach people."""

    def send(self, account: Account, entry: ActivityEntry | None, mark: str, /) -> "SendResult":
        """Sends one, and returns when it was taken; None stands for all that is left out.

        `mark` is the same if it is sent once more. Blocks.
        """


@dataclass(frozen=True)
class SendResult:
    """The result of sending one: the `reason` why it failed, and nothing if it was taken."""

    reason: str = ""
    unreachable: bool = False  # there is no way to this person: not worth another try


@dataclass(frozen=True)
class CommandChannel:
    """Runs `command` for each message, for at most `timeout` seconds."""

    command: tuple[str, ...]
    format: Format
    timeout: float
    host_name: str
    clock: Clock

    def send(self, account: Account, entry: ActivityEntry | None, mark: str) -> SendResult:
        if self.format == "mail":
            text = self._mail(account.name, entry, mark)
        else:
            text = self._plain(account.name, entry)
        values = {"account": account.name}
        outcome = process.run(self.command, values, Secret(text), self.timeout)
        if outcome.ok:
            return SendResult()
        return SendResult(
            f"{outcome.reason}: {outcome.output}" if outcome.output else outcome.reason
        )

    def _plain(self, account_name: str, entry: ActivityEntry | None) -> str:
        subject = notice_text.subject(entry, self.host_name)
        return f"{subject}\n\n{self._body(account_name, entry)}"

    def _mail(self, account_name: str, entry: ActivityEntry | None, mark: str) -> str:
        """RFC 5322, as sendmail takes it: lines end with a newline alone."""
        from email.message import EmailMessage
        from email.utils import format_datetime

        mail = EmailMessage()
        mail["From"] = _sender(self.host_name)
        mail["To"] = account_name
        mail["Subject"] = notice_text.subject(entry, self.host_name)
        mail["Date"] = format_datetime(self.clock.now())
        # RFC 5322 section 3.6.4. Killed between sending and noting it, it is sent once more: by
        # this, whatever files the mail away can see that it is the same.
        host = self.host_name if is_domain(self.host_name) else "apppw-tui.invalid"
        mail["Message-ID"] = f"<{mark}@{host}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: nobody's absence answers
        mail.set_content(self._body(account_name, entry))
        return mail.as_string()

    def _body(self, account_name: str, entry: ActivityEntry | None) -> str:
        return notice_text.body(account_name, entry, self.clock.now(), self.host_name)


@dataclass(frozen=True)
class CodeSenderChannel:
    """To the authentication phone, by whatever sends the codes; who has none is not told."""

    delivery: CodeSender
    seals: Sealer
    host_name: str

    def send(self, account: Account, entry: ActivityEntry | None, _mark: str) -> SendResult:
        if entry is not None and entry.event == EventType.BYPASS_GIVEN:
            # The operator's command has told them there, and said whether it could.
            return SendResult()
        phone = account.phone("authentication")
        kind = next((kind for kind in DELIVERY_METHODS if kind in self.delivery.kinds), None)
        if phone is None:
            return SendResult("the account has no authentication phone", unreachable=True)
        if kind is None:
            return SendResult("[delivery] has no kinds", unreachable=True)
        try:
            number = self.seals.decrypt(account.uid, phone.secret_name, phone.sealed)
            text = notice_text.short(account.name, entry, self.host_name)
            self.delivery.send(kind, number.reveal(), Secret(text))
        except DeliveryFailed:
            return SendResult('the log says why, at "delivery failed"')
        except StoreError as error:
            return SendResult(str(error))
        return SendResult()


class _Share(Enum):
    """The fate of a message, by how many there were about its account."""

    OWN = "a message of its own"
    SUM = "the one that says that there was more"
    NONE = "none"


@dataclass(frozen=True)
class Sender:
    """Sends what lies in the outbox: PER_HOUR about one account, and one that says there was more.

    What is not taken is tried again, for about a day; it is sent twice only where this is killed
    between sending and noting it.
    """

    outbox: NoticeQueue
    channel: NoticeChannel
    store: AccountStore
    counters: ThrottleStore
    clock: Clock
    error_log: ErrorLog

    def alone(self) -> AbstractContextManager[bool]:
        return self.outbox.alone()

    def send_due(self) -> int:
        """Sends what is due, and what is laid down meanwhile; how many failed. Raises StoreError.

        Blocks. Whoever calls is `alone`.
        """
        failed = row = 0
        seen: set[str] = set()
        again = True
        while again and row < _GIVE_UP_AFTER:
            again = False
            for message in progress(self._due(seen), "Sending notices"):
                again = True
                if self._one(message):
                    row = 0
                    continue
                failed += 1
                row += 1
                if row == _GIVE_UP_AFTER:
                    break
        return failed

    def _due(self, seen: set[str]) -> Iterator[Message]:
        for message in self.outbox.due(self.clock.now()):
            if message.file not in seen:
                seen.add(message.file)
                yield message

    def _one(self, message: Message) -> bool:
        """False if it was to be sent and was not taken."""
        try:
            account = self.store.get(message.account_name)
        except StoreDamaged as error:  # `doctor` names it; it may be brought back
            return self._ended(self._noted(message), SendResult(str(error)))
        if account is None or account.uid != message.uid:
            self.outbox.remove(message)  # there is nobody whom it concerns
            return True
        if not message.tries and message.entry.event != notice_text.TRIAL:
            share = self._share(account)
            if share is _Share.NONE:
                self.outbox.remove(message)
                return True
            message = replace(message, summed=share is _Share.SUM)
        message = self._noted(message)
        entry = None if message.summed else message.entry
        return self._ended(message, self.channel.send(account, entry, message.mark))

    def _noted(self, message: Message) -> Message:
        """Counts a try before it is made: what kills whoever tries is not tried for ever."""
        wait = _WAITS[min(message.tries, len(_WAITS) - 1)]
        message = message.tried(self.clock.now(), wait)
        try:
            self.outbox.keep(message)
        except StoreError as error:  # a full disk: better sent twice than never
            self.error_log.error("notice not counted", account=message.account_name, why=str(error))
        return message

    def _ended(self, message: Message, result: SendResult) -> bool:
        if not result.reason:
            self.outbox.remove(message)
            return True
        if message.entry.event == notice_text.TRIAL:
            self.outbox.keep(replace(message, how=result.reason))  # for whoever waits for it
            return False
        if result.unreachable:
            self.outbox.remove(message)
            return True
        over = message.tries >= MOST_TRIES
        self.error_log.error(
            "notice given up" if over else "notice failed",
            account=message.account_name,
            how=result.reason,
            tries=str(message.tries),
        )
        if over:
            self.outbox.remove(message)
        else:
            self.outbox.keep(replace(message, how=result.reason))
        return False

    def _share(self, account: Account) -> _Share:
        subject = f"notices:{account.uid}"
        rule = partial(record_sent_code, limit=notice_text.NOTICE_SENDS)
        try:
            states = self.counters.change({subject: rule}, keep=True)
        except RateLimited:
            return _Share.NONE
        except StoreError as error:
            # Better one too many than none.
            self.error_log.error("notices not counted", account=account.name, why=str(error))
            return _Share.OWN
        now = self.clock.now()
        count = sum(
            (now - stamp).total_seconds() < notice_text.NOTICE_SENDS.seconds
            for stamp in states[subject].sends
        )
        return _Share.SUM if count > notice_text.PER_HOUR else _Share.OWN


def _sender(host_name: str) -> str:
    """The sender: the user that runs this, at this server where its name is a domain.

    Mail programs complete it.
    """
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = "apppw"
    return f"{user}@{host_name}" if is_domain(host_name) and "." in host_name else user
