"""Notices to an account's owner, in a message: never a secret, no number in full."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, EventType, actor_label, describe
from apppw_tui.domain.engine_ports import NoticeQueue
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import ErrorLog
from apppw_tui.domain.sent_codes import SendLimit

PER_HOUR = 10  # messages about one account; one more says that there was more
NOTICE_SENDS = SendLimit(PER_HOUR + 1, 3600)
# What happened, in the one message that tells nothing: in_words() shows it as it is.
TRIAL = "a trial: nothing has happened"
LONGEST_WAIT = timedelta(hours=1)  # between two tries
_MORE = "More has happened than messages are sent about"
_CREATE = (
    "Mail, calendar and web programs that still use your old password need an app password each:\n"
    "sign in where you look after your app passwords, and create them."
)
_LAST_LONGER = (
    "What signs in with it is refused after that day. Sign in where you look after your app\n"
    "passwords, and edit it to last longer, or create another."
)
_WHAT_NOW = (
    "If that was not you, sign in, look at Recent activity in Settings, delete what you do not\n"
    "know, change your password, and tell your administrator."
)


@dataclass(frozen=True)
class Message:
    """One that is laid down: about whom, what happened, and what became of it so far."""

    file: str
    account_name: str
    uid: str
    entry: ActivityEntry
    tries: int = 0
    not_before: datetime | None = None  # of the next try; None: at once
    summed: bool = False  # it stands for all that no message of its own is sent about
    how: str = ""  # why the last try failed

    @property
    def mark(self) -> str:
        """The same at each try, and no other message's: some of the uid, and the time."""
        uid, _, time = self.file.removesuffix(".json").partition("-")
        return f"{uid[:12]}.{time}"

    def tried(self, now: datetime, wait: timedelta) -> "Message":
        """As it is written down before another try."""
        return replace(self, tries=self.tries + 1, not_before=now + wait, how="")


class QueueNotifier:
    """Lays notices down, for who sends them in their own time. Implements Notifier."""

    def __init__(self, queue: NoticeQueue, error_log: ErrorLog) -> None:
        self._queue = queue
        self._error_log = error_log

    def notify(self, account: Account, entry: ActivityEntry) -> bool:
        """Never raises: the act is done, whether or not anybody can be told."""
        try:
            self._queue.put(account, entry)
        except StoreError as error:
            self._error_log.error("notice left out", account=account.name, why=str(error))
            return False
        return True


def subject(entry: ActivityEntry | None, host_name: str) -> str:
    """One line; None stands for all that no message of its own is sent about."""
    return f"{escaped(host_name)}: {_MORE if entry is None else describe(entry)}"


def body(account_name: str, entry: ActivityEntry | None, now: datetime, host_name: str) -> str:
    """The whole text, ending with a newline."""
    time = entry.time if entry is not None else now
    lines = [
        f"{_MORE if entry is None else describe(entry)}.",
        "",
        f"Account: {account_name} at {escaped(host_name)}",
        f"When:    {time:%Y-%m-%d %H:%M} UTC",
    ]
    if entry is not None:
        if entry.address is not None:
            lines.append(f"From:    {escaped(entry.address)}")
        if service := entry.details.get("service"):
            lines.append(f"Service: {escaped(service)}")
        lines.append(f"By:      {actor_label(entry, account_name)}")
    what = None if entry is None else entry.event
    if what in (EventType.ENFORCED, EventType.SCHEDULED):
        lines += ["", _CREATE]
    if what == EventType.EXPIRES_SOON:
        lines += ["", _LAST_LONGER]
    elif what != TRIAL:
        lines += ["", _WHAT_NOW]
    return "\n".join([*lines, ""])


def short(account_name: str, entry: ActivityEntry | None, host_name: str) -> str:
    """The same for a telephone."""
    place = f" from {escaped(entry.address)}" if entry is not None and entry.address else ""
    text = _MORE if entry is None else describe(entry)
    event = f"{account_name} at {host_name}: {text}{place}."
    if entry is not None and entry.event == EventType.EXPIRES_SOON:
        return event
    return f"{event} If that was not you, tell your administrator."
