"""What one session of the kiosk has in memory for itself, in MiB: at Login, and signed in.

On a terminal of 80 columns and 24 rows, once nothing more is drawn: what the process shares with
no other (proc(5), smaps_rollup). Another one is open meanwhile: what every session maps of the same
files is in memory once, and would be this one's own if it were alone, or nobody's if some other
program of Python happened to run. Each round takes a fresh session; the figures are medians.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cursor
from figures import Figure, measured, rounds_asked_for, table
from first_frame import private

ROUNDS = 3


def main() -> None:
    rounds = rounds_asked_for(__doc__, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = ["--store", str(folder / "store"), "--config", str(cursor.prepare(folder))]
        line = [*cursor.PORTAL, *store, "--kiosk"]
        cases = {
            "at Login": partial(mebibytes, line, folder, ()),
            "on the list": partial(mebibytes, line, folder, ("ada\r", f"{cursor.PASSWORD}\r")),
        }
        with cursor.at_the_list(line, folder, ("ada\r", f"{cursor.PASSWORD}\r")):
            taken = measured(cases, rounds)
        table("a session, MiB", {name: Figure.of(values) for name, values in taken.items()})


def mebibytes(line: Sequence[str], folder: Path, keys: Sequence[str]) -> float:
    with cursor.at_the_list(line, folder, keys) as (process, _):
        return private(process.pid)


if __name__ == "__main__":
    main()
