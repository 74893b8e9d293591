"""The priority that a line has in the journal: `<4>` before it (sd-daemon(3)).

journald takes the prefix away; elsewhere it would be noise, and is left out.
"""

import os
from collections.abc import Mapping
from enum import IntEnum

STANDARD_ERROR = 2


class Priority(IntEnum):
    """Of syslog(3), those that are used here."""

    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFO = 6


def prefix(priority: Priority, *, journal: bool) -> str:
    """The prefix of a line of that priority."""
    return f"<{priority.value}>" if journal else ""


def to_journal(descriptor: int = STANDARD_ERROR, environ: Mapping[str, str] = os.environ) -> bool:
    """True if what is written there goes to the journal: systemd.exec(5), JOURNAL_STREAM.

    A child inherits the variable, and need not have the stream.
    """
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
