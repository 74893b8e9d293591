"""A store with one account in it, and the installed program on a terminal."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support import PASSWORD
from tests.terminal.program import ACCOUNT, INSTALLED, Program


class Installed:
    """The program as it was installed, over one store, in an environment of its own."""

    def __init__(self, home: Path, store: Path) -> None:
        self.store = store
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "SSH_TTY": "/dev/pts/0",
        }
        self._runs: list[Program] = []

    @property
    def command(self) -> list[str]:
        return [INSTALLED, "--store", str(self.store)]

    def open(self, command: Sequence[str] = (), **environment: str) -> Program:
        """The portal, or another `command`, on a terminal."""
        run = Program(command or self.command, {**self.environment, **environment})
        self._runs.append(run)
        return run

    def run(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """A command that needs no terminal."""
        return subprocess.run(
            [*self.command, *arguments],
            input=stdin,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def opens(self, password: str) -> bool:
        """True if `password` is accepted as an app password."""
        said = self.run("verify", ACCOUNT, stdin=password)
        assert said.returncode in (0, 1), said.stderr
        return said.returncode == 0

    def close(self) -> None:
        for run in self._runs:
            run.close()


@pytest.fixture(scope="session")
def _made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    installed = Installed(folder, folder / "store")
    said = installed.run("account", "add", ACCOUNT, "--password-stdin", stdin=PASSWORD)
    assert said.returncode == 0, said.stderr
    return installed.store


@pytest.fixture
def installed(tmp_path: Path, _made_store: Path) -> Iterator[Installed]:
    """The installed program, over a store of its own that holds ada@example.org."""
    shutil.copytree(_made_store, tmp_path / "store")
    installed = Installed(tmp_path, tmp_path / "store")
    yield installed
    installed.close()
