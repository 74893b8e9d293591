"""`throttle`: the daemon's counters, shown, and cleared, by asking the daemon."""

import argparse
from collections.abc import Mapping
from typing import Any

from apppw_tui.commands.output import pluralize, print_error, print_json, print_lines, print_table
from apppw_tui.commands.server_facts import Cleared, ThrottledPlace
from apppw_tui.config import Config
from apppw_tui.domain.errors import Refused, StoreUnusable
from apppw_tui.domain.lines import describe_wait
from apppw_tui.domain.names import escaped
from apppw_tui.exit_codes import OK
from apppw_tui.integrations import daemon
from apppw_tui.store.engine import SocketFolder

_SECONDS = 3.0  # for the answer
_NOT_OURS = "Only root, and the user of the daemon, may see and clear what it counts."


def list_(options: argparse.Namespace, _: Config) -> int:
    answer = ask_daemon(options, {"throttle": "list"})
    places = answer["throttle"]
    if options.json:
        print_json([
            ThrottledPlace(place["address"], place["account"], place["failures"], place["wait"])
            for place in places
        ])  # fmt: skip
    else:
        print_table(
            ("ADDRESS", "ACCOUNT", "WRONG", "WAITS"),
            [
                (
                    escaped(place["address"] or "-"),
                    # Of what is no account nothing is kept: people type passwords there.
                    escaped(place["account"] or ("-" if place["address"] else "(unknown)")),
                    str(place["failures"]),
                    describe_wait(place["wait"]) if place["wait"] else "no",
                )
                for place in places
            ],
            "Nobody was wrong lately.",
        )
    if answer["more"]:
        print_error(f"{answer['more']} more, who wait no longer than these.")
    return OK


def clear(options: argparse.Namespace, _: Config) -> int:
    places: list[str | None] = [None] if options.all else [*dict.fromkeys(options.places)]
    cleared = 0
    for place in places:
        cleared += ask_daemon(options, {"throttle": "clear", "place": place})["cleared"]
    if options.json:
        print_json(Cleared(cleared))
    else:
        print_lines(f"Cleared {pluralize(cleared, 'place')}.")
    return OK


def ask_daemon(options: argparse.Namespace, question: Mapping[str, object]) -> Mapping[str, Any]:
    """Asks as the administrator. Raises StoreUnusable: nobody answers; Refused: not to us."""
    path = str(options.socket or SocketFolder.of().socket("json"))
    try:
        answer = daemon.ask(path, question, _SECONDS)
    except PermissionError:
        raise Refused(_NOT_OURS) from None
    except TimeoutError:  # a second question would wait as long
        raise StoreUnusable(f"No daemon answers at {escaped(path)}.") from None
    except (OSError, ValueError, RecursionError):
        answer = {}
    if answer.keys() & {"status", "throttle", "cleared"}:
        return answer
    if "throttle" not in question and _counts_at(path):
        raise StoreUnusable(
            f"The daemon at {escaped(path)} is of an earlier version, which cannot tell that; "
            "restart it: systemctl restart apppw-tui"
        )
    if not answer:
        raise StoreUnusable(f"No daemon answers at {escaped(path)}.")
    raise Refused(_NOT_OURS)


def _counts_at(path: str) -> bool:
    """True if a daemon there answers us what those of all versions do."""
    try:
        return "throttle" in daemon.ask(path, {"throttle": "list"}, _SECONDS)
    except (OSError, ValueError, RecursionError):
        return False
