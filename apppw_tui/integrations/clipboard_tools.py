"""Programs of this machine that take a secret to where a terminal alone does not bring it.

The secret goes in by their standard input, and nothing that they print is handed on.
"""

import contextlib
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from apppw_tui.domain.lines import lines
from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.domain.secret import Secret

_TIMEOUT = 2.0  # seconds, for each of them


class ClipboardTools:
    """As the person's own environment names them: `PATH`, `TMUX`, `WAYLAND_DISPLAY`."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._environment = environment
        self._hides: bool | None = None  # not asked yet

    def by_tmux(self, secret: Secret) -> TmuxDelivery | None:
        """Has the tmux around this program send it outside; None if there is none that can say.

        Its buffer is deleted at once: there it could be pasted from any of its windows.
        """
        if not self._is_own_tmux():
            return None
        tmux = self._found("tmux")
        pane = self._environment.get("TMUX_PANE", "")
        there = ["-t", pane] if pane else []
        asked = ["display-message", *there, "-p", "#{client_name}", ";"]
        output = self._run([tmux, *asked, "show-options", "-sv", "set-clipboard"])
        if output is None:
            return None
        client, setting = (*lines(output), "", "")[:2]
        passes = setting == "on"  # else it swallows what a program writes
        if not client:
            return None if passes else TmuxDelivery.SWALLOWED
        name = f"apppw-{os.urandom(8).hex()}"
        try:
            # tmux 3.2 is the first to know -w.
            load = [tmux, "load-buffer", "-b", name, "-w", "-t", client, "-"]
            loaded = self._run(load, secret) is not None
        finally:
            self._run([tmux, "delete-buffer", "-b", name])
        if not loaded:
            return None if passes else TmuxDelivery.SWALLOWED
        left = self._run([tmux, "list-buffers", "-F", "#{buffer_name}"])
        if left is None or name in lines(left):
            return TmuxDelivery.LEFT
        return TmuxDelivery.SENT if self._takes(tmux, client) else TmuxDelivery.DEAF

    def hidden(self, secret: Secret) -> bool:
        """Fills the desktop's clipboard so that its managers keep nothing; False if not done."""
        tools = all(map(self._found, ("wl-copy", "wl-paste")))
        if not tools or not self._environment.get("WAYLAND_DISPLAY"):
            return False
        program = self._found("wl-copy")
        if self._hides is None:
            self._hides = "--sensitive" in (self._run([program, "--help"]) or "")
        # It leaves a process behind which serves the clipboard: no pipe of its may be waited for.
        return self._hides and self._run([program, "--sensitive"], secret, read=False) is not None

    def _is_own_tmux(self) -> bool:
        """True if $TMUX names a socket of one's own here: ssh may bring another machine's."""
        with contextlib.suppress(OSError, ValueError):
            socket = Path(self._environment.get("TMUX", "").split(",")[0]).stat()
            own = stat.S_ISSOCK(socket.st_mode) and socket.st_uid == os.geteuid()
            return own and bool(self._found("tmux"))
        return False

    def _takes(self, tmux: str, client: str) -> bool:
        """False if tmux says that the client's terminal has no clipboard (no `Ms`)."""
        messages = lines(self._run([tmux, "show-messages", "-T"]) or "")
        mine = False
        for line in messages:
            if line.startswith("Terminal "):
                mine = f" for {client}," in line
            elif mine and " Ms: " in line:
                return "[missing]" not in line
        return True

    def _found(self, program: str) -> str:
        """Its whole path; empty if it is not installed."""
        return shutil.which(program, path=self._environment.get("PATH")) or ""

    def _run(
        self, command: Sequence[str], secret: Secret | None = None, *, read: bool = True
    ) -> str | None:
        """Returns what it printed; None if it failed or took too long."""
        try:
            # In our group: what serves the clipboard ends with the terminal, as it always did.
            from apppw_tui.integrations import process  # not before somebody copies

            result = process.capture(
                command, self._environment, _TIMEOUT, secret, read=read, own_group=False
            )
        except OSError:
            return None
        return result.out if result.returncode == 0 else None
