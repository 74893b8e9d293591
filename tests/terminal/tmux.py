"""One window of tmux with a shell in it, where the program is typed as a person types it."""

import os
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.services.require import require_program
from tests.terminal.program import CALM, PATIENCE


class Tmux:
    """A server of its own, 80 by 24; whatever a program in it writes is recorded byte by byte."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._tmux = [require_program("tmux", "tmux"), "-u", "-S", str(folder / "tmux"), "-f"]
        self._tmux.append(os.devnull)
        # Else a server's users, who have no shell to log in with, could not run these.
        self._environment = {**environment, "SHELL": "/bin/sh"}
        self.raw = b""
        pipe = folder / "raw"
        os.mkfifo(pipe)
        # Both ends: to open it must not wait for tmux, and it must not end with what tmux starts.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        try:
            self.tell("new-session", "-d", "-x", "80", "-y", "24", "/bin/sh")
            self.tell("set-option", "-s", "set-clipboard", "on")
            self.tell("pipe-pane", f"exec cat >'{pipe}'")
            self.run("echo here it ''begins")
            self.see("here it begins")
        except BaseException:
            self.close()
            raise

    def tell(self, *command: str) -> str:
        """What tmux says to a command."""
        return subprocess.run(
            [*self._tmux, *command],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        ).stdout

    @property
    def screen(self) -> str:
        return self.tell("capture-pane", "-p")

    @property
    def everything(self) -> str:
        """The screen and all that has been scrolled out of it."""
        return self.tell("capture-pane", "-p", "-S", "-", "-E", "-")

    def press(self, *keys: str) -> None:
        """Keys by tmux's names, such as Enter, Tab, Down, C-q or x; each has its effect first."""
        for key in keys:
            self.tell("send-keys", key)
            self._listen_until_calm(key)

    def type(self, text: str) -> None:
        self.tell("send-keys", "-l", text)
        self._listen_until_calm(text)

    def see(self, text: str, calm: float = CALM) -> str:
        """The screen, once `text` stands on it and it has come to rest."""
        deadline = time.monotonic() + PATIENCE
        while True:
            came = self._listen(calm)
            screen = self.screen
            if text in screen and not came:
                return screen
            assert time.monotonic() < deadline, f"never seen: {text!r}\n{screen}"

    def see_no_more(self, text: str) -> str:
        """The screen, once `text` is gone from it and it has come to rest."""
        deadline = time.monotonic() + PATIENCE
        while True:
            came = self._listen(CALM)
            screen = self.screen
            if text not in screen and not came:
                return screen
            assert time.monotonic() < deadline, f"still seen: {text!r}\n{screen}"

    def run(self, command: str) -> None:
        """Types a command into the shell."""
        self.type(command)
        self.press("Enter")

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)
        os.close(self._pipe)

    def _listen_until_calm(self, sent: str) -> None:
        assert self._listen(PATIENCE), f"{sent!r} had no effect"
        deadline = time.monotonic() + PATIENCE
        while self._listen(CALM):
            assert time.monotonic() < deadline, "it never stops drawing"

    def _listen(self, seconds: float) -> bool:
        """True if the program wrote something within `seconds`."""
        if not select.select([self._pipe], [], [], seconds)[0]:
            return False
        self.raw += os.read(self._pipe, 1 << 20)
        return True
