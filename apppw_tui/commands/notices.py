"""Sends what the portal, the commands and the daemon have laid down; they send none themselves."""

import argparse
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from apppw_tui.bootstrap import sender
from apppw_tui.commands.context import actor, open_context
from apppw_tui.commands.output import CommandReport, print_lines
from apppw_tui.config import Config
from apppw_tui.domain import expiry
from apppw_tui.domain.activity import THE_SERVER, ActivityEntry
from apppw_tui.domain.errors import Refused, StoreError
from apppw_tui.domain.names import candidates, escaped
from apppw_tui.domain.notice_text import TRIAL
from apppw_tui.exit_codes import BY_SIGNAL, OK, REFUSED
from apppw_tui.integrations import process
from apppw_tui.integrations.notifications import Sender
from apppw_tui.portal.admin import Admin

# Seconds in which a unit that is at work has begun with a message: Python starts in one.
_BEGINS_WITHIN = 10.0
_ENDS_WITHIN = 10.0  # seconds, beside the time that the program itself has
_POLL_INTERVAL = 0.05
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_UNITS = "systemctl enable --now apppw-notices.path apppw-notices.timer"


def notices(options: argparse.Namespace, config: Config) -> int:
    """Sends all that is due, or a trial. Raises StoreError, and Refused if nothing says how."""
    by = actor()  # before root becomes the store's owner
    parts = open_context(options, config)
    sending = sender(config, parts)
    if sending is None:
        raise Refused("Nothing says how people are told: set [notices] in the configuration.")
    if options.expiring:
        return _tell_of_expiry(Admin(parts.context, THE_SERVER))
    with _ending_programs():
        if options.trial is not None:
            name = parts.context.store.meant(candidates(options.trial, config.default_domain))
            return _try(sending, name, by, _seconds(config))
        return _send(sending)


@contextmanager
def _ending_programs() -> Iterator[None]:
    """Told to end, this ends the program that it runs, too."""

    def leave(number: int, _frame: FrameType | None) -> None:
        process.leave(BY_SIGNAL + number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, leave) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seconds(config: Config) -> float:
    """The time that one message may take."""
    if config.notices is not None and config.notices.command is not None:
        return config.notices.timeout
    return config.delivery.timeout if config.delivery is not None else 0


def _tell_of_expiry(admin: Admin) -> int:
    """Lays down what owners are told; whoever sends them all sends it."""
    report = CommandReport(as_json=False)

    def failed(name: str, error: StoreError) -> None:
        report.fail(error, f"{escaped(name)}: ")

    for account, app_password in admin.tell_of_expiry(failed):
        day = expiry.last_day(app_password.expires) if app_password.expires else ""
        report.say(f"{account.name}: {escaped(app_password.name)} expires on {day}.")
    return report.code


def _send(sending: Sender) -> int:
    with sending.alone() as alone:
        if not alone:
            return OK  # whoever is at it takes what is laid down meanwhile
        failed = sending.send_due()
    if failed:
        raise Refused("Not every notice was taken; they are tried again. The log says why.")
    return OK


def _try(sending: Sender, name: str, by: str, seconds: float) -> int:
    """Lays one down, as they all are, and waits for what becomes of it."""
    account = sending.store.get(name)
    if account is None:
        raise Refused(f"There is no account {escaped(name)}.")
    outbox = sending.outbox
    file = outbox.put(account, ActivityEntry(sending.clock.now(), TRIAL, by))
    until = time.monotonic() + _BEGINS_WITHIN
    begun = taken_away = False
    while time.monotonic() < until:
        message = outbox.read(file)
        if message is None:
            taken_away = True
            break
        if message.how:
            outbox.remove(message)
            raise Refused(f"It was taken away, but not sent: {message.how}")
        if message.tries and not begun:
            begun = True
            until = time.monotonic() + seconds + _ENDS_WITHIN
        time.sleep(_POLL_INTERVAL)
    if taken_away:
        print_lines(f"A trial was sent to {name}, by what sends them all.")
        return OK
    message = outbox.read(file)
    if message is not None:
        outbox.remove(message)
    if begun:
        raise Refused("It was taken away, and whoever did has not come to an end with it.")
    result = sending.channel.send(
        account, ActivityEntry(sending.clock.now(), TRIAL, by), file[33:-5]
    )
    sent = f"it was not taken: {result.reason}" if result.reason else "it was taken"
    print_lines(
        f"Nobody took it away within {_BEGINS_WITHIN:g} seconds. Sent from here, {sent}.",
        f"On a server: {_UNITS}",
        "Elsewhere a line of cron does: * * * * * apppw-tui notices",
    )
    return REFUSED
