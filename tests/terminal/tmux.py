"""One window of tmux with a shell in it, where the program is typed as a person types it."""

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.programs import finished
from tests.services.require import require_program
from tests.terminal.program import CALM, PATIENCE
from tests.terminal.rest import ages, at_rest


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
            self._server = int(self.tell("display-message", "-p", "#{pid}"))
            self.tell("set-option", "-s", "set-clipboard", "on")
            self.tell("pipe-pane", f"exec cat >'{pipe}'")
            self.run("echo here it ''begins")
            self.see("here it begins")
        except BaseException:
            self.close()
            raise

    def tell(self, *command: str) -> str:
        """What tmux says to a command."""
        return finished([*self._tmux, *command], env=self._environment, check=True).stdout

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
            self._send(key)

    def type(self, text: str) -> None:
        self._send("-l", text)

    def see(self, text: str, calm: float = CALM) -> str:
        """The screen, once `text` stands on it and it has come to rest, `calm` seconds later."""
        return self._await(lambda screen: text in screen, calm, f"never seen: {text!r}")

    def see_no_more(self, text: str) -> str:
        """The screen, once `text` is gone from it and it has come to rest."""
        return self._await(lambda screen: text not in screen, CALM, f"still seen: {text!r}")

    def run(self, command: str) -> None:
        """Types a command into the shell."""
        self.type(command)
        self.press("Enter")

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)
        os.close(self._pipe)

    def _send(self, *keys: str) -> None:
        before = len(self.raw)
        self.tell("send-keys", *keys)
        self._await(lambda _: len(self.raw) > before, CALM, f"{keys[-1]!r} had no effect")

    def _await(self, right: Callable[[str], bool], calm: float, otherwise: str) -> str:
        """The screen, once it is `right`, and has been when all had come to rest for `calm` s."""
        deadline = time.monotonic() + PATIENCE
        while True:
            seen = right(self.screen)
            before = ages([self._server])
            silent = not self._listen(calm)
            rests = silent and at_rest(before, ages([self._server]), calm)
            screen = self.screen
            if seen and rests and right(screen):
                return screen
            assert time.monotonic() < deadline, f"{otherwise}\n{screen}"

    def _listen(self, seconds: float) -> bool:
        """True if the program wrote something within `seconds`."""
        if not select.select([self._pipe], [], [], seconds)[0]:
            return False
        self.raw += os.read(self._pipe, 1 << 20)
        return True
