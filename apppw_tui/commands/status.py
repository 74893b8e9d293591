"""`status`: how the daemon does, told by the daemon."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apppw_tui.commands.output import moment, pluralize, print_json, print_pairs, utc
from apppw_tui.commands.server_facts import ByResult, Hashes, Remembered, Status, Throttled
from apppw_tui.commands.throttle import ask_daemon
from apppw_tui.domain.lines import describe_wait
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import OK


def status(options: argparse.Namespace) -> int:
    """Raises StoreUnusable: no daemon answers; Refused: not to us."""
    state = ask_daemon(options, {"daemon": "status"})["status"]
    since = datetime.fromtimestamp(state["since"], UTC)
    if options.json:
        print_json(_facts(state, since))
    else:
        print_pairs(_pairs(state, since))
    return OK


def _facts(state: Mapping[str, Any], since: datetime) -> Status:
    """The facts, whatever a newer daemon tells besides."""
    hashes, remembered, throttle = state["hashes"], state["remembered"], state["throttle"]
    return Status(
        since=utc(since),
        uptime_seconds=state["uptime"],
        version=state["version"],
        python=state["python"],
        answers=_by_result(state["answers"]),
        last_minute=_by_result(state["last_minute"]),
        hashes=Hashes(**{key: hashes[key] for key in Hashes.__struct_fields__}),
        remembered=Remembered(remembered["now"], remembered["hits"]),
        connections=state["connections"],
        last_flush_seconds=state["last_flush"],
        flush_trouble=state.get("flush_trouble"),
        throttle=Throttled(**{key: throttle[key] for key in Throttled.__struct_fields__}),
    )


def _by_result(counts: Mapping[str, int]) -> ByResult:
    # One that was started before there was pausing tells nothing of it.
    before = {key: counts[key.replace("_", " ")] for key in ("yes", "no", "not_mine", "not_now")}
    return ByResult(**before, paused=counts.get("paused", 0))


def _pairs(state: Mapping[str, Any], since: datetime) -> list[tuple[str, str]]:
    hashes, throttle = state["hashes"], state["throttle"]
    began = moment(since, SystemClock().now())
    versions = f"{escaped(state['version'])}, Python {escaped(state['python'])}"
    connections = (f"{escaped(name)} {count}" for name, count in state["connections"].items())
    places = pluralize(throttle["places"], "place")
    pairs = [
        ("running", f"since {began}, for {describe_wait(state['uptime'])}"),
        ("version", versions),
        ("last minute", _counts(state["last_minute"])),
        ("all answers", _counts(state["answers"])),
        (
            "hashes",
            f"{hashes['computed']}, of {_mean(hashes['seconds'], hashes['computed'])} each; "
            f"{hashes['at_once']} at once",
        ),
        (
            "queue",
            f"{hashes['waiting']} wait; until now they waited for "
            f"{_mean(hashes['waited_seconds'], hashes['waited'])} each",
        ),
        (
            "remembered",
            f"{pluralize(state['remembered']['now'], 'right password')}; "
            f"{pluralize(state['remembered']['hits'], 'attempt')} needed no hash",
        ),
        ("uses written", _flushed(state)),
        ("connections", ", ".join(connections) or "none"),
        (
            "slowed down",
            f"{throttle['waiting']} of {places} with wrong ones; "
            f"{pluralize(throttle['refused'], 'attempt')} refused",
        ),
    ]
    if throttle["places"]:
        pairs.append(("who", "apppw-tui throttle list"))
        pairs.append(("let one try", "apppw-tui throttle clear PLACE"))
    return pairs


def _flushed(state: Mapping[str, Any]) -> str:
    """The age of the last flush that wrote everything, and why a later one could not."""
    age, trouble = state["last_flush"], state.get("flush_trouble")
    text = "never" if age is None else f"{describe_wait(age)} ago"
    return f"{text}: {escaped(trouble)}" if trouble else text


def _counts(counts: Mapping[str, int]) -> str:
    known = ("yes", "no", "not mine", "not now", "paused")
    return ", ".join(f"{counts[name]} {name}" for name in known if name in counts)


def _mean(seconds: float, count: int) -> str:
    return f"{1000 * seconds / max(1, count):.0f} ms"
