"""Telling systemd how the daemon is: one datagram for each word (sd_notify(3))."""

import contextlib
import os
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apppw_tui.domain.names import escaped

_STATUS = re.compile(r"Configuration: (.+) of ([0-9TZ:-]{20})(?:; needs a restart for: (.+))?")


class SystemdNotifier:
    """Speaks to the socket in $NOTIFY_SOCKET; without one, to nobody. Never raises.

    `watched` is how many seconds systemd waits for the next `alive`; None: it does not. `status` is
    one line that `systemctl status` shows, from the next `ready` on.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watched = _watched(environ)
        self.status = ""
        self._told = ""

    def alive(self) -> None:
        self._say("WATCHDOG=1")

    def ready(self) -> None:
        status_line = f"\nSTATUS={escaped(self.status)}" if self.status or self._told else ""
        self._told = self.status
        self._say(f"READY=1{status_line}")

    def reloading(self) -> None:
        # Type=notify-reload wants the time, to tell this message from an earlier one's.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._say(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, state: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        # unix(7): the name of an abstract socket begins with a null byte.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaking,
        ):
            speaking.settimeout(1.0)
            speaking.sendto(state.encode(), address)


def _watched(environ: Mapping[str, str]) -> float | None:
    """sd_watchdog_enabled(3)."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    whose = environ.get("WATCHDOG_PID", str(os.getpid()))
    if not microseconds.isdecimal() or int(microseconds) == 0 or whose != str(os.getpid()):
        return None
    return int(microseconds) / 1_000_000


@dataclass(frozen=True)
class ConfigStatus:
    """The file that was read, of when (UTC), and what of it waits for a restart."""

    file: Path
    time: str
    later: str = ""

    def __str__(self) -> str:
        hint = f"; needs a restart for: {self.later}" if self.later else ""
        return f"Configuration: {self.file} of {self.time}{hint}"

    @classmethod
    def of(cls, file: Path, later: str = "") -> "ConfigStatus | None":
        """None if the file is out of reach."""
        try:
            changed = datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
        except OSError:
            return None
        return cls(file, changed.strftime("%Y-%m-%dT%H:%M:%SZ"), later)

    @classmethod
    def parse(cls, text: str) -> "ConfigStatus | None":
        """The one that was said so; None if it is none."""
        match = _STATUS.fullmatch(text)
        return cls(Path(match[1]), match[2], match[3] or "") if match else None
