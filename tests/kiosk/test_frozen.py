"""A terminal that takes nothing more, as behind a frozen ssh: the program ends all the same."""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

from apppw_tui.store.folder.location import open_store
from tests.kiosk.scratch import await_end

_WIDE = struct.pack("HHHH", 400, 600, 0, 0)  # its first picture is more than a terminal holds
_SOURCES = Path(__file__).parents[2]


def test_a_terminal_that_takes_nothing_more_ends_it(tmp_path: Path) -> None:
    open_store(tmp_path / "store", create=True)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, _WIDE)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.kiosk.impatient", tmp_path / "store"],
        cwd=_SOURCES,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={"TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": os.defpath},
    )
    os.close(slave)
    try:
        assert await_end([process.pid]) == []
        assert process.wait() == -signal.SIGALRM
    finally:
        process.kill()
        process.wait()
        os.close(master)
