"""The output of commands: sentences, tables, JSON; local time for people, UTC for programs."""

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apppw_tui.domain.errors import ApppwError, Refused, StoreError, system_reason
from apppw_tui.domain.lines import columns
from apppw_tui.domain.usage import LastUse
from apppw_tui.exit_codes import ALREADY, NO_ANSWER, OK, REFUSED
from apppw_tui.integrations.journald import Priority, prefix, to_journal


@dataclass(frozen=True)
class CommandResult:
    """The result of an act on one account: a sentence for people, facts for programs."""

    account_name: str
    sentence: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    already: bool = False  # nothing had to be done


class CommandReport:
    """The results of an act on several things: sentences as they come, or one list of JSON.

    One that fails is told, and the others go on; `code` is that of the worst.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.code = OK
        self.answers: list[dict[str, Any]] = []
        self._as_json = as_json

    def say(self, sentence: str) -> None:
        """Tells a person, and no program."""
        if not self._as_json:
            print_lines(sentence)

    def add(self, result: CommandResult) -> None:
        self.answers.append({"account": result.account_name, **result.facts})
        self.say(result.sentence)

    def fail(self, error: ApppwError, where: str = "", **facts: Any) -> None:
        """Tells what went wrong; `facts` name the thing in the list, if it is one of those."""
        print_error(f"{where}{error}")
        self.code = max(self.code, exit_code(error))
        if facts:
            self.answers.append({**facts, "error": str(error)})

    def finish(self) -> None:
        """Prints the list, where it is JSON."""
        if self._as_json:
            print_json(self.answers)


def exit_code(error: ApppwError) -> int:
    """The exit code of what ended by `error`."""
    return NO_ANSWER if isinstance(error, StoreError) else REFUSED


def print_result(result: CommandResult, *, as_json: bool) -> int:
    """Says what was done to a single account; returns the exit code."""
    if as_json:
        print_json({"account": result.account_name, **result.facts})
    else:
        print_lines(result.sentence)
    return ALREADY if result.already else OK


def print_lines(*lines: str) -> None:
    """Prints at once, for output that fails at exit changes the exit code into Python's own."""
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Refused(f"It is done, but could not be printed: {system_reason(error)}.") from None


def print_json(value: Any) -> None:
    # In ASCII: no character of a name may act on the terminal or fail to be encoded.
    print_lines(json.dumps(value, indent=2))


def print_table(head: tuple[str, ...], rows: list[tuple[str, ...]], empty: str) -> None:
    """The rows in columns; `empty`, to standard error, where there are none."""
    if not rows:
        print(empty, end="\n" if empty else "", file=sys.stderr)
        return
    print_lines(*_columns([head, *rows]))


def print_pairs(pairs: list[tuple[str, str]]) -> None:
    """Prints the facts about one thing, a line for each."""
    print_lines(*_columns([(f"{name}:", value) for name, value in pairs]))


def print_error(trouble: object) -> None:
    """One line on standard error, where the command goes on."""
    before = prefix(Priority.WARNING, journal=to_journal())
    print(f"{before}apppw-tui: {trouble}", file=sys.stderr)


def pluralize(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def utc(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")


def utc_or_none(instant: datetime | None) -> str | None:
    return None if instant is None else utc(instant)


def day(instant: datetime) -> str:
    return _local(instant).strftime("%Y-%m-%d")


def moment(instant: datetime, now: datetime) -> str:
    """The time of day, with its day if that is not today."""
    time = _local(instant).strftime("%H:%M")
    return time if day(instant) == day(now) else f"{day(instant)} {time}"


def _local(instant: datetime) -> datetime:
    with contextlib.suppress(OverflowError):  # 9999-12-31, seen from the east, has no next day
        return instant.astimezone()
    return instant


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def last_use(last: LastUse | None) -> dict[str, str | None] | None:
    """The time, the service and the address of a use, for programs."""
    if last is None:
        return None
    return {"time": utc(last.time), "service": last.service, "address": last.address}
