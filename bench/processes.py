"""What a process costs: `apppw-tui pam` in time, the daemon in memory."""

import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from asking import ADDRESS, connected, per_second
from daemons import Daemon
from figures import Figure, compared, measured, processor_timed, table, timed
from places import REMEMBER, Place
from verify import EMPTY, process

LOG_INS, CONNECTIONS = 10_000, 400
_ROUNDS = 5  # of memory: as many daemons
_INSTALLED = "processor time of one process, as installed"
_SCRIPT = "from apppw_tui.__main__ import run; run()"  # what pip makes a command of


def pam(place: Place) -> None:
    """Whole processes, the daemon answering from memory.

    The last table is of an interpreter as it is installed: one that finds this package in its
    sources looks for it at each start, before anything else, and a bare one does so, too.
    """
    with place.serving(REMEMBER) as daemon:
        path = str(daemon.sockets / "json")
        os.environ.update(
            PAM_TYPE="auth", PAM_USER="has1", PAM_SERVICE="apppw-imap", PAM_RHOST=ADDRESS
        )
        for title, interpreter, measure in (
            ("one process", sys.executable, timed),
            (_INSTALLED, installed(place.folder / "installed"), processor_timed),
        ):
            lines = {
                EMPTY: [interpreter, "-c", "pass"],
                "python -c 'import json, socket'": [interpreter, "-c", "import json, socket"],
                "apppw-tui pam": [interpreter, "-c", _SCRIPT, "pam", "--socket", path],
            }
            cases = {
                name: measure(process(line, place.passwords[0], 0)) for name, line in lines.items()
            }
            table(title, compared(measured(cases, place.times(4 * place.rounds)), EMPTY))


def installed(folder: Path) -> str:
    """An interpreter whose only package is this one, by its path."""
    venv.create(folder)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "apppw-tui.pth").write_text(f"{Path(__file__).parents[1]}\n")
    return str(folder / "bin" / "python")


def memory(place: Place) -> None:
    """PSS and RSS: what is the daemon's own share, and with what it shares with others."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle:
        time.sleep(0.5)  # until it has imported what it imports
        bare = Daemon(idle.pid, place.folder).mebibytes("Pss")
        idle.communicate(b"\n")
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(place.times(_ROUNDS)):
        for row, both in _moments(place):
            found.setdefault(row, []).append(both)
    lines = {}
    for row, values in found.items():
        pss, rss = (list(kind) for kind in zip(*values, strict=True))
        share, whole = Figure.of(pss), statistics.median(rss)
        lines[row] = f"{share} | {whole:.1f} | {share.median / bare:.1f}"
    table(
        "memory of the daemon",
        lines,
        "PSS, MiB | quartiles | RSS, MiB | PSS, of a bare interpreter's",
    )


def _moments(place: Place) -> Iterator[tuple[str, tuple[float, float]]]:
    """One daemon's PSS and RSS, in MiB, by what it has done."""
    with place.serving(REMEMBER) as daemon:

        def both() -> tuple[float, float]:
            return daemon.mebibytes("Pss"), daemon.mebibytes("Rss")

        path = daemon.sockets / "json"
        yield "at its start", both()
        with connected(path, "json", 4) as asks:
            cases = [partial(ask, "has1", place.passwords[0]) for ask in asks]
            per_second(cases, 4)
            yield "with 4 connections", both()
            log_ins = place.times(LOG_INS)
            per_second(cases, log_ins)
            yield f"after {log_ins:,} log-ins over these", both()
        connections = place.times(CONNECTIONS)
        with connected(path, "json", connections) as asks:
            for ask in asks:
                ask("has1", place.passwords[0])
            yield f"with {connections} connections", both()
