"""What a key takes until the last byte of what it changes on the screen, beside a bare program's.

Over a real terminal of 80 columns and 24 rows: a step of the cursor in the list of app passwords
beside one in a bare table, a letter in Login's first field beside one in a bare field. Both stand
open at once, and get their keys by turns, so that whatever slows the machine slows both. Each round
takes fresh programs, and of either the median of its keys; the figures are medians.
"""

import os
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cursor
from figures import compared, rounds_asked_for, table
from first_frame import CALM, PATIENCE

ROUNDS = 7
KEYS = 8  # that count, to either program
FIRST = 3  # that do not: the portal loads its rooms upon the first
PRESSES = {"a step in the list": b"\x1b[B", "a letter in Login": b"a"}
UNIT, OURS = "a bare program", "the portal"
BARE = [sys.executable, str(Path(__file__).with_name("bare.py"))]


@dataclass(frozen=True)
class Program:
    """A command line, what is typed to where the keys go, and what stands there then."""

    line: Sequence[str]
    typed: Sequence[str] = ()
    seen: str = ""


def main() -> None:
    rounds = rounds_asked_for(__doc__, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = ["--store", str(folder / "store"), "--config", str(cursor.prepare(folder))]
        portal = [*cursor.PORTAL, *store]
        signing_in = ("ada\r", f"{cursor.PASSWORD}\r")
        programs = (
            {UNIT: Program([*BARE, "table"]), OURS: Program(portal, signing_in, cursor.NAMES[-1])},
            # A bare program begins at what scrolls.
            {UNIT: Program([*BARE, "2"], ("\t",)), OURS: Program(portal)},
        )
        for (title, press), both in zip(PRESSES.items(), programs, strict=True):
            taken: dict[str, list[float]] = {name: [] for name in both}
            for _ in range(rounds):
                for case, seconds in by_turns(both, press, folder).items():
                    taken[case].append(seconds)
            table(title, compared(taken, UNIT))


def by_turns(both: dict[str, Program], press: bytes, folder: Path) -> dict[str, float]:
    """Seconds from a key to the last byte that follows it, of each program."""
    with ExitStack() as stack:
        terminals = {
            name: stack.enter_context(cursor.at_the_list(one.line, folder, one.typed, one.seen))[1]
            for name, one in both.items()
        }
        taken: dict[str, list[float]] = {name: [] for name in both}
        for _ in range(FIRST + KEYS):
            for name, terminal in terminals.items():
                taken[name].append(_to_screen(terminal, press))
    return {name: statistics.median(seconds[FIRST:]) for name, seconds in taken.items()}


def _to_screen(terminal: int, key: bytes) -> float:
    start = time.perf_counter()
    os.write(terminal, key)
    patience, last = PATIENCE, None
    while select.select([terminal], [], [], patience)[0]:
        os.read(terminal, 65536)
        patience, last = CALM, time.perf_counter()
    if last is None:
        raise SystemExit(f"{key!r} changed nothing on the screen")
    return last - start


if __name__ == "__main__":
    main()
