"""A run of the product that can be asked for what it still refers to (held.py)."""

import json
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.programs import PATIENCE

_TRIES = 20  # each takes half a second


class Watched:
    """Whoever starts the run does it by `line`, in an environment that finds the tests."""

    def __init__(self, folder: Path) -> None:
        self._asked, told = folder / "asked", folder / "told"
        os.mkfifo(told)
        # Both ends: to open it must not wait for the process.
        self._pipe = os.open(told, os.O_RDWR | os.O_NONBLOCK)
        self._begin = [sys.executable, "-m", "tests.secrecy.held", str(self._asked), str(told)]

    def line(self, arguments: Sequence[str]) -> list[str]:
        """The command line that runs the product with `arguments`."""
        return [*self._begin, *arguments]

    def held(self, pid: int, secrets: Mapping[str, str]) -> dict[str, str]:
        """By name the secrets that the process refers to, each with the way there."""
        self._asked.write_text(json.dumps(secrets))
        os.kill(pid, signal.SIGUSR2)
        said = b""
        while not said.endswith(b"\n"):
            assert select.select([self._pipe], [], [], PATIENCE)[0], "it does not answer"
            said += os.read(self._pipe, 1 << 16)
        self._asked.unlink()
        found: dict[str, str] = json.loads(said)
        return found

    def require_forgotten(self, pid: int, secrets: Mapping[str, str]) -> None:
        """Fails unless the process soon refers to none of these.

        What answers may have said so a moment before its variables are gone.
        """
        for _ in range(_TRIES):
            found = self.held(pid, secrets)
            if not found:
                return
        raise AssertionError(found)

    def close(self) -> None:
        os.close(self._pipe)
