"""What a process costs: `apppw-tui pam` in time, the daemon in memory."""

import os
import subprocess
import sys
import time
from functools import partial

from asking import ADDRESS, connected, per_second
from daemons import Daemon
from figures import compared, measured, table, timed
from places import REMEMBER, Place
from verify import process

LOG_INS, CONNECTIONS = 10_000, 400


def pam(place: Place) -> None:
    """Whole processes, the daemon answering from memory."""
    with place.serving(REMEMBER) as daemon:
        line = [sys.executable, "-m", "apppw_tui", "pam", "--socket"]
        os.environ.update(
            PAM_TYPE="auth", PAM_USER="has1", PAM_SERVICE="apppw-imap", PAM_RHOST=ADDRESS
        )
        empty, ours = "python -c pass", "apppw-tui pam"
        cases = {
            empty: timed(process([sys.executable, "-c", "pass"], "", 0)),
            ours: timed(process([*line, str(daemon.sockets / "json")], place.passwords[0], 0)),
        }
        table("one process", compared(measured(cases, place.times(4 * place.rounds)), empty))


def memory(place: Place) -> None:
    """PSS and RSS: what is the daemon's own share, and with what it shares with others."""
    lines: dict[str, str] = {}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as idle:
        time.sleep(0.5)  # until it has imported what it imports
        bare = Daemon(idle.pid, place.folder).mebibytes("Pss")
        idle.communicate(b"\n")

    def line(daemon: Daemon) -> str:
        pss, rss = daemon.mebibytes("Pss"), daemon.mebibytes("Rss")
        return f"{pss:.1f} | {rss:.1f} | {pss / bare:.1f}"

    with place.serving(REMEMBER) as daemon:
        path = daemon.sockets / "json"
        lines["at its start"] = line(daemon)
        with connected(path, "json", 4) as asks:
            cases = [partial(ask, "has1", place.passwords[0]) for ask in asks]
            per_second(cases, 4)
            lines["with 4 connections"] = line(daemon)
            log_ins = place.times(LOG_INS)
            per_second(cases, log_ins)
            lines[f"after {log_ins:,} log-ins over these"] = line(daemon)
        connections = place.times(CONNECTIONS)
        with connected(path, "json", connections) as asks:
            for ask in asks:
                ask("has1", place.passwords[0])
            lines[f"with {connections} connections"] = line(daemon)
    table("memory of the daemon", lines, "PSS, MiB | RSS, MiB | PSS, of a bare interpreter's")
