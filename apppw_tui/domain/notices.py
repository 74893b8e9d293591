"""What an account's owner is told of at once, in a message: never a secret, no number in full."""

from datetime import datetime
from typing import Protocol

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import Entry, in_words, who
from apppw_tui.domain.names import shown
from apppw_tui.domain.throttle import SendLimit

PER_HOUR = 10  # messages about one account; one more says that there was more
NOTICE_SENDS = SendLimit(PER_HOUR + 1, 3600)
_MORE = "More has happened than messages are sent about"
_WHAT_NOW = (
    "If that was not you, sign in, look at Recent activity in Settings, delete what you do not\n"
    "know, change your password, and tell your administrator."
)


class Notices(Protocol):
    """Tells people what happened to their account. Never raises, never blocks."""

    def tell(self, account: Account, entry: Entry, /) -> None:
        """Sends a message about `entry` to whoever owns `account`, in its own time."""


class NoNotices:
    """Nobody is told."""

    def tell(self, _account: Account, _entry: Entry, /) -> None:
        """Nothing."""


def subject(entry: Entry | None, host_name: str) -> str:
    """One line; None stands for all that no message of its own is sent about."""
    return f"{shown(host_name)}: {_MORE if entry is None else in_words(entry)}"


def body(account: str, entry: Entry | None, now: datetime, host_name: str) -> str:
    """The whole text, ending with a newline."""
    time = entry.time if entry is not None else now
    lines = [
        f"{_MORE if entry is None else in_words(entry)}.",
        "",
        f"Account: {account} at {shown(host_name)}",
        f"When:    {time:%Y-%m-%d %H:%M} UTC",
    ]
    if entry is not None:
        if entry.address is not None:
            lines.append(f"From:    {shown(entry.address)}")
        if service := entry.facts.get("service"):
            lines.append(f"Service: {shown(service)}")
        lines.append(f"By:      {who(entry, account)}")
    return "\n".join([*lines, "", _WHAT_NOW, ""])


def short(account: str, entry: Entry | None, host_name: str) -> str:
    """The same for a telephone."""
    place = f" from {shown(entry.address)}" if entry is not None and entry.address else ""
    said = _MORE if entry is None else in_words(entry)
    return f"{account} at {host_name}: {said}{place}. If that was not you, tell your administrator."
