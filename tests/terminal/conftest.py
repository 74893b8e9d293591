"""A store with one account in it, the installed program on a terminal, a window of tmux."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.location import open_store
from tests.programs import finished
from tests.support import PASSWORD, FixedClock, House
from tests.terminal.program import ACCOUNT, INSTALLED, Program
from tests.terminal.tmux import Tmux

_OPTIONAL = '[policy]\nsecond_factor = "optional"\n'


class Installed:
    """The program as it was installed, over one store, in an environment of its own."""

    def __init__(self, home: Path, store: Path, configuration: str = "") -> None:
        self.store = store
        self._config = home / "config.toml"
        self.configure(configuration)
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
        return [INSTALLED, "--store", str(self.store), "--config", str(self._config)]

    def configure(self, content: str) -> None:
        """The configuration of every run that is started from now on."""
        self._config.write_text(content)

    def open(self, command: Sequence[str] = (), **environment: str) -> Program:
        """The portal, or another `command`, on a terminal."""
        run = Program(command or self.command, {**self.environment, **environment})
        self._runs.append(run)
        return run

    def run(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """A command that needs no terminal."""
        return finished([*self.command, *arguments], stdin, env=self.environment)

    def opens(self, password: str) -> bool:
        """True if `password` is accepted as an app password."""
        said = self.run("verify", ACCOUNT, stdin=password)
        assert said.returncode in (0, 1), said.stderr
        return said.returncode == 0

    def house(self) -> House:
        """The rooms over the same store and its key, to prepare it or to look at it."""
        store = open_store(self.store)
        seals = FolderKeyring(self.store, self.store / "key", store.has_sealed_values)
        return House(store=store, clock=FixedClock(datetime.now(UTC)), seals=seals)

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
def required(tmp_path: Path, _made_store: Path) -> Iterator[Installed]:
    """The installed program as it is, over a store that holds ada@example.org and no method."""
    shutil.copytree(_made_store, tmp_path / "store")
    installed = Installed(tmp_path, tmp_path / "store")
    yield installed
    installed.close()


@pytest.fixture
def installed(required: Installed) -> Installed:
    """The same, where the password alone signs ada@example.org in."""
    required.configure(_OPTIONAL)
    return required


@pytest.fixture
def tmux(required: Installed, tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path, required.environment)
    yield tmux
    tmux.close()
