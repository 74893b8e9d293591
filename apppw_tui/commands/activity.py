"""`activity`: what happened to accounts, read, and followed while it happens."""

import argparse
import json
import select
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta

from apppw_tui.commands.context import actor, open_context
from apppw_tui.commands.output import print_aside, print_error, print_lines, utc
from apppw_tui.config import Config
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import UNKNOWN_UID, ActivityEntry, actor_label, describe
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.expiry import end_of
from apppw_tui.domain.names import escaped
from apppw_tui.exit_codes import NO_ANSWER, OK
from apppw_tui.portal.admin import Admin

EVERY = 1000  # milliseconds between two looks
_REMOVED = "(removed)"
_SHOWN_OF_UID = 8


def activity(
    options: argparse.Namespace, config: Config, wait: Callable[[], bool] | None = None
) -> int:
    """Prints what happened; `wait` says whether to look again (default: once in a second)."""
    by = actor()  # before root becomes the store's owner
    parts = open_context(options, config)
    admin = Admin(parts.context, by, print_error)
    names = _Names(admin)
    uids: frozenset[str] | None = None
    if options.account is not None:
        account = admin.account(options.account)
        uids = frozenset({account.uid})
        names.learn(account)
    log = parts.engine.activity_log(print_error)
    tail = log.tail(uids) if options.follow else None  # before: nothing falls between
    since = _instant(options.since, admin.context.clock.now())
    everything = (
        log.read_all()
        if uids is None
        else [(uid, entry) for uid in uids for entry in log.read(uid)]
    )
    entries = [event for event in everything if since is None or event[1].time >= since]
    for uid, entry in entries:
        _print(uid, entry, names, as_json=options.json)
    if not entries and tail is None:
        print_aside("Nothing happened.")
    while tail is not None and (wait or _still_read)():
        news, printed = tail(), entries
        entries = []  # what came while all was read is in both, the first time
        for uid, entry in news:
            if (uid, entry) not in printed:
                _print(uid, entry, names, as_json=options.json)
    for trouble in names.troubles:
        print_error(trouble)
    return NO_ANSWER if names.troubles else OK


class _Names:
    """The names of the accounts behind uids; all are looked up when there is a new one."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin
        self._removed: set[str] = set()
        self.troubles: list[StoreError] = []
        self._by_uid: dict[str, str] = {}

    def learn(self, account: Account) -> None:
        """Names one of them without looking at all."""
        self._by_uid[account.uid] = account.name

    def of(self, uid: str) -> str | None:
        if uid not in self._by_uid and uid not in self._removed:
            self._by_uid = self._read()
            if uid not in self._by_uid:
                self._removed.add(uid)
        return self._by_uid.get(uid)

    def _read(self) -> dict[str, str]:
        accounts, self.troubles = self._admin.accounts()
        return {account.uid: account.name for account in accounts}


def _print(uid: str, entry: ActivityEntry, names: _Names, *, as_json: bool) -> None:
    account = names.of(uid)
    if as_json:
        from apppw_tui.commands.server_facts import Activity  # msgspec: 7 ms

        facts = Activity(utc(entry.time), account, uid, entry.event, entry.actor).built()
        # One object in a line: whoever follows has no end to wait for.
        print_lines(json.dumps({**facts, **entry.details, **facts}))
        return
    by = "" if entry.actor == account else f"  by {actor_label(entry, account)}"
    place = "" if entry.address is None else f"  from {escaped(entry.address)}"
    gone = "(unknown)" if uid == UNKNOWN_UID else f"{_REMOVED} {uid[:_SHOWN_OF_UID]}"
    local = entry.time.astimezone()
    print_lines(f"{local:%Y-%m-%d %H:%M:%S}  {account or gone}  {describe(entry)}{place}{by}")


def _instant(since: date | timedelta | None, now: datetime) -> datetime | None:
    if since is None:
        return None
    if isinstance(since, timedelta):
        try:
            return now - since
        except OverflowError:
            return None
    return end_of(since - timedelta(days=1))


def _still_read() -> bool:
    """Waits a moment; False if whoever reads what is printed has left."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # nothing but its end
    return not poll.poll(EVERY)
