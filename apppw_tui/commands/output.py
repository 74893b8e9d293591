"""The output of commands: sentences, tables, JSON; local time for people, UTC for programs."""

import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from apppw_tui.domain.errors import ApppwError, Refused, StoreError, system_reason
from apppw_tui.domain.lines import columns
from apppw_tui.domain.progress import clear_progress
from apppw_tui.exit_codes import ALREADY, NO_ANSWER, OK, REFUSED
from apppw_tui.integrations.journald import Priority, prefix, to_journal

if TYPE_CHECKING:  # 7 ms, and whoever has facts has it
    from apppw_tui.commands.facts import Facts


@dataclass(frozen=True)
class CommandResult:
    """The result of an act on one account: a sentence for people, facts for programs."""

    account_name: str
    sentence: str
    facts: "Facts"
    already: bool = False  # nothing had to be done


class CommandReport:
    """The results of an act on several things: sentences as they come, or one list of JSON.

    One that fails is told, and the others go on; `code` is that of the worst.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.code = OK
        self.answers: list[Facts] = []
        self._as_json = as_json

    def say(self, sentence: str) -> None:
        """Tells a person, and no program."""
        if not self._as_json:
            print_lines(sentence)

    def add(self, result: CommandResult) -> None:
        self.answers.append(result.facts)
        self.say(result.sentence)

    def fail(
        self,
        error: ApppwError,
        where: str = "",
        facts: "Callable[[str], Facts] | None" = None,
    ) -> None:
        """Tells what went wrong; `facts` makes a row of the list of it, if it is of one of them."""
        print_error(f"{where}{error}")
        self.code = max(self.code, exit_code(error))
        if facts is not None:
            self.answers.append(facts(str(error)))

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
        print_json(result.facts)
    else:
        print_lines(result.sentence)
    return ALREADY if result.already else OK


def print_lines(*lines: str) -> None:
    """Prints at once, for output that fails at exit changes the exit code into Python's own."""
    clear_progress()
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = system_reason(error)
        raise Refused(f"It worked, but its output could not be printed: {reason}.") from None


def print_json(facts: "Facts | Sequence[Facts]") -> None:
    print_lines(to_json(facts))


def to_json(facts: "Facts | Sequence[Facts]") -> str:
    # In ASCII: no character of a name may act on the terminal or fail to be encoded.
    return json.dumps(facts, indent=2, default=_built)


def _built(facts: "Facts") -> dict[str, Any]:
    return facts.built()


def print_table(head: tuple[str, ...], rows: list[tuple[str, ...]], empty: str) -> None:
    """The rows in columns; `empty`, to standard error, where there are none."""
    if not rows:
        if empty:
            print_aside(empty)
        return
    print_lines(*_columns([head, *rows]))


def print_pairs(pairs: list[tuple[str, str]]) -> None:
    """Prints the facts about one thing, a line for each."""
    print_lines(*_columns([(f"{name}:", value) for name, value in pairs]))


def print_error(trouble: object) -> None:
    """One line on standard error, where the command goes on."""
    before = prefix(Priority.WARNING, journal=to_journal())
    print_aside(f"{before}apppw-tui: {trouble}")


def print_aside(sentence: str, end: str = "\n") -> None:
    """On standard error, so that it is no part of what a program reads."""
    clear_progress()
    print(sentence, end=end, file=sys.stderr, flush=True)


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
