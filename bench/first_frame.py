"""What the portal's first frame costs beside a bare Textual program with as many widgets.

From the start of the process to the last key of the footer, on a terminal of 80 columns and 24
rows, and what the process then has of memory for itself. Each round takes every case once, and
compares it with the bare program of the same round; the figures are medians.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from figures import compared, measured, rounds_asked_for, table

from apppw_tui.bootstrap import build
from apppw_tui.config import Config
from apppw_tui.domain.account import Account
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.secret import Secret
from apppw_tui.store.engine import StoreLocation

ROUNDS = 15
CALM, PATIENCE = 0.3, 60.0  # seconds: without a byte nothing more is drawn; a loaded machine
LAST = b"Quit"
PORTAL = [sys.executable, "-m", "apppw_tui"]
BARE = [sys.executable, str(Path(__file__).with_name("bare.py"))]
CONFIGURATION = """\
host_name = "mail.example.org"
default_domain = "example.org"

[policy]
app_passwords_per_account = 20

[[setup]]
service = "imap"
host = "mail.example.org"
"""
# How many fields are on it.
SCREENS = {"Login": 2, "the first account": 3}


def main() -> None:
    rounds = rounds_asked_for(__doc__, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        for screen, fields in SCREENS.items():
            bare = f"{screen}: a bare program"
            cases = {bare: [*BARE, str(fields)]} | {
                f"{screen}, {how}": [*PORTAL, "--store", str(folder / screen), *more]
                for how, more in (
                    ("no configuration", []),
                    ("configured", ["--config", str(folder / "c.toml")]),
                )
            }
            for title, measure in MEASURES.items():
                measures = {name: partial(measure, line, folder) for name, line in cases.items()}
                table(title, compared(measured(measures, rounds), bare))


def prepare(folder: Path) -> None:
    """A store with one account, one without, and a configuration."""
    (folder / "c.toml").write_text(CONFIGURATION)
    hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE)
    for screen, fields in SCREENS.items():
        place = StoreLocation(folder / screen, folder / screen / "key")
        store = build(place, Config(), SystemClock(), hasher, create=True).engine.accounts
        if fields == SCREENS["Login"]:
            with store.transaction("ada", None) as change:
                hash_ = hasher.account.make(Secret("engine no. 1"))
                change.account = Account.new("ada", hash_, SystemClock().now())


def seconds(line: Sequence[str], folder: Path) -> float:
    start = time.perf_counter()
    with drawn(line, folder):
        return time.perf_counter() - start


def processor(line: Sequence[str], folder: Path) -> float:
    """Nanoseconds on a processor, which other programs disturb less: proc(5), schedstat."""
    with drawn(line, folder) as (process, _):
        tasks = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks)


def mebibytes(line: Sequence[str], folder: Path) -> float:
    """What nobody else has in memory: proc(5), smaps_rollup."""
    with drawn(line, folder) as (process, terminal):
        while select.select([terminal], [], [], CALM)[0]:
            os.read(terminal, 65536)
        return private(process.pid)


def private(pid: int) -> float:
    sizes = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(map(int, re.findall(r"Private_(?:Clean|Dirty): +(\d+) kB", sizes))) / 1024


@contextlib.contextmanager
def drawn(line: Sequence[str], folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program as soon as its first frame is there, and the other side of its terminal."""
    environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    environment |= {"TERM": "xterm-256color"}
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(
        line, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        try:
            output = b""
            while LAST not in output:
                if not select.select([terminal], [], [], PATIENCE)[0]:
                    raise SystemExit(f"{line}: no frame, but {output!r}")
                try:
                    output += os.read(terminal, 65536)
                except OSError:  # it has ended
                    raise SystemExit(f"{line}: no frame, but {output!r}") from None
            yield process, terminal
        finally:
            process.kill()
            os.close(terminal)


MEASURES = {"time": seconds, "processor time": processor, "private memory": mebibytes}

if __name__ == "__main__":
    main()
