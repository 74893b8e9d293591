"""The machines that share their accounts: each does its part of what was changed on another."""

import argparse
import signal
import threading
from collections.abc import Callable
from types import FrameType

from apppw_tui.commands.context import store_location, warn_of_unconfirmed
from apppw_tui.commands.output import moment, print_error, print_json, print_lines, print_table, utc
from apppw_tui.commands.server_facts import MachineForgotten, MachineListed
from apppw_tui.config import Config
from apppw_tui.domain.errors import NotFound, StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import OK
from apppw_tui.store.engine import open_shared
from apppw_tui.verifier.systemd import SystemdNotifier

_INTERVAL = 1.0  # seconds in which a change on another machine is seen


def follow(options: argparse.Namespace, config: Config) -> int:
    """Ends sessions here, and tells Dovecot who is enforced, until it is told to end.

    Raises Refused: the accounts are in files.
    """
    engine = open_shared(store_location(options, config), SystemClock(), by_daemon=True)
    over = _told_to_end()
    try:
        _follow(engine.follower(kicks=config.end_sessions).step, over, SystemdNotifier())
    finally:
        engine.close()
    return OK


def _follow(step: Callable[[], None], over: threading.Event, notifier: SystemdNotifier) -> None:
    """Goes on whatever happens to the database, and says of each trouble once that it is there.

    It is ready when the others know of this machine, or cannot be told.
    """
    trouble, is_ready = "", False
    while not over.is_set():
        try:
            step()
        except StoreError as error:
            if str(error) != trouble:
                trouble = str(error)
                print_error(trouble)
        else:
            if trouble:
                print_error("It goes on.")
            trouble = ""
        if not is_ready:
            notifier.ready()
            is_ready = True
        over.wait(_INTERVAL)


def _told_to_end() -> threading.Event:
    """Returns what SIGTERM and SIGINT set: what is under way is done first."""
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return over


def list_(options: argparse.Namespace, config: Config) -> int:
    clock = SystemClock()
    machines = open_shared(store_location(options, config), clock).list_machines()
    if options.json:
        print_json([
            MachineListed(machine.name, utc(machine.seen), machine.program, machine.kicks)
            for machine in machines
        ])  # fmt: skip
        return OK
    print_table(
        ("MACHINE", "LAST SEEN", "VERSION", "ENDS SESSIONS"),
        [
            (
                escaped(machine.name),
                moment(machine.seen, clock.now()),
                escaped(machine.program),
                "yes" if machine.kicks else "no",
            )
            for machine in machines
        ],
        "No machine follows the others yet: enable apppw-follow.service on each.",
    )
    return OK


def forget(options: argparse.Namespace, config: Config) -> int:
    """Raises NotFound."""
    engine = open_shared(store_location(options, config), SystemClock())
    warn_of_unconfirmed(engine)
    if not engine.forget_machine(options.machine):
        raise NotFound(f"There is no machine {escaped(options.machine)}.")
    if options.json:
        print_json(MachineForgotten(options.machine, forgotten=True))
    else:
        print_lines(f"Forgot {escaped(options.machine)}.")
    return OK
