"""What a step of the cursor in the list of app passwords sends, beside a bare table's.

Over a real terminal of 80 columns and 24 rows, where no pane stands beside the list: from the key
to the last byte. Each round takes a fresh program of either kind; the figures are medians.
"""

import contextlib
import os
import select
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from figures import Figure, compared, measured, rounds_asked_for, table
from first_frame import CALM, PATIENCE, drawn

from apppw_tui.bootstrap import StoreLocation, build
from apppw_tui.config import Config
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.secret import Secret

ROUNDS = 5
STEPS = 8
IDLE = 3.0  # seconds, in which the list is read twice
NAMES = [f"Device {number:02}" for number in range(1, 13)]
PASSWORD = "engine no. 1 weaves algebra"
PORTAL = [sys.executable, "-m", "apppw_tui"]
BARE = [sys.executable, str(Path(__file__).with_name("bare.py")), "table"]


def main() -> None:
    rounds = rounds_asked_for(__doc__, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        line = [*PORTAL, "--store", str(folder / "store"), "--config", str(prepare(folder))]
        keys = ("ada\r", f"{PASSWORD}\r")
        cases = {
            "a bare table": partial(bytes_a_step, BARE, folder, ()),
            "the list of app passwords": partial(bytes_a_step, line, folder, keys),
        }
        taken = measured(cases, rounds)
        table("bytes a step", compared(taken, "a bare table"))
        sent = {
            "bytes a step": taken["the list of app passwords"],
            "bytes while idle": [float(idle(line, folder, keys)) for _ in range(min(rounds, 3))],
        }
        table("the list", {what: most(values) for what, values in sent.items()}, "most | quartiles")


def most(values: list[float]) -> str:
    figure = Figure.of(values)
    return f"{max(values):.0f} | {figure.low:.0f} to {figure.high:.0f}"


def prepare(folder: Path) -> Path:
    """A store with one account, and a configuration by which its password is enough."""
    (folder / "c.toml").write_text('[policy]\nsecond_factor = "optional"\n')
    place = StoreLocation(folder / "store", folder / "store" / "key")
    hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE)
    store = build(place, Config(), SystemClock(), hasher, create=True).engine.accounts
    now = SystemClock().now()
    account = Account.new("ada", hasher.account.make(Secret(PASSWORD).normalized()), now)
    for number, name in enumerate(NAMES):
        hash_ = hasher.app.make(Secret(name))
        password = AppPassword(f"a{number:02}".replace("l", "k"), name, hash_, now)
        account = account.with_app_password(password, len(NAMES))
    with store.transaction("ada", None) as change:
        change.account = account
    return folder / "c.toml"


def bytes_a_step(line: Sequence[str], folder: Path, keys: Sequence[str]) -> float:
    """The median of some steps, each sent once the one before it is drawn.

    A machine that is busy draws the list late: that falls to the first of them.
    """
    with at_the_list(line, folder, keys) as (_, terminal):
        sent = []
        for name in NAMES[1 : STEPS + 1]:
            os.write(terminal, b"\x1b[B")
            sent.append(len(read_until(terminal, name.encode())))
        return statistics.median(sent)


def idle(line: Sequence[str], folder: Path, keys: Sequence[str]) -> int:
    with at_the_list(line, folder, keys) as (_, terminal):
        return len(rest(terminal, IDLE))


@contextlib.contextmanager
def at_the_list(
    line: Sequence[str], folder: Path, keys: Sequence[str], seen: str = NAMES[-1]
) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The program once the list is seen, its cursor on the first row, and nothing to come.

    And the other side of its terminal. `seen` is what stands there after the last of `keys`.
    """
    with drawn(line, folder) as (process, terminal):
        for key in keys:
            rest(terminal)
            os.write(terminal, key.encode())
        if keys:
            read_until(terminal, seen.encode())
        rest(terminal, 2 * CALM)
        yield process, terminal


def read_until(terminal: int, text: bytes) -> bytes:
    """All that comes until `text` did and nothing follows."""
    output = b""
    while text not in output:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            raise SystemExit(f"{text!r} did not come, but {output!r}")
        output += os.read(terminal, 65536)
    return output + rest(terminal)


def rest(terminal: int, calm: float = CALM) -> bytes:
    output = b""
    while select.select([terminal], [], [], calm)[0]:
        output += os.read(terminal, 65536)
    return output


if __name__ == "__main__":
    main()
