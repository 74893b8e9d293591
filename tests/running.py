"""Running the command line: in this process, where hashes are cheap, or as a real one."""

import argparse
import functools
import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from apppw_tui import arguments, bootstrap, cli, config
from apppw_tui.commands import account, backup, context, mail_users, verify
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher, Profiles
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.folder.location import open_store
from tests.support import PASSWORD, FixedClock, House, cheap_hasher

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Said:
    """What a run ended with."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line on standard error, without the program's name."""
        (line,) = self.err.splitlines()
        return line.removeprefix("apppw-tui: ")


class _Input(io.TextIOWrapper):
    terminal = False

    def isatty(self) -> bool:
        return self.terminal


def _cheap_hasher(profiles: Profiles, **_: object) -> Hasher:
    return Hasher(CHEAP_PROFILE, CHEAP_PROFILE, profiles=profiles)


# Made anew it is nine tenths of what a short command costs; it keeps nothing of what it has read.
_parser_of = functools.cache(arguments.parser)


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    return _parser_of(frozenset(words).intersection(arguments.COMMANDS))


@dataclass
class CommandLine:
    """Runs commands in this process, in a home of their own, by a clock that stands still."""

    home: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    clock: FixedClock = field(default_factory=FixedClock)

    def __post_init__(self) -> None:
        for name in [*os.environ]:
            if name.startswith(("APPPW_", "XDG_", "SUDO_", "CREDENTIALS_")):
                self.patch.delenv(name)
        self.patch.setenv("HOME", str(self.home))
        self.patch.setattr(cli, "parser", _parser)
        self.patch.setattr(config, "SYSTEM_FILE", self.home / "etc" / "config.toml")
        self.patch.setattr(context, "LOGIN_UID", self.home / "loginuid")
        self.patch.setattr(config, "SYSTEM_STORE", self.home / "var")
        self.patch.setattr(mail_users, "SOCKET", self.home / "auth-userdb")
        self.patch.setattr(bootstrap, "Hasher", _cheap_hasher)
        self.patch.setattr(verify, "Hasher", cheap_hasher)
        for module in (account, backup, context, verify):
            self.patch.setattr(module, "SystemClock", lambda: self.clock)

    @property
    def store(self) -> Path:
        """Where the store is when nobody says otherwise."""
        return self.home / ".local" / "share" / "apppw-tui"

    @property
    def key(self) -> Path:
        """Where its key is."""
        return self.store / "key"

    def house(self) -> House:
        """The rooms over the same store, its counters and its key."""
        store = open_store(self.store, create=True)
        return House(
            store=store,
            clock=self.clock,
            counters=FolderThrottleStore(self.store, self.clock),
            seals=FolderKeyring(self.store, self.key, store.has_sealed_values),
        )

    def __call__(
        self, *arguments: str | Path, stdin: bytes | str | None = b"", terminal: bool = False
    ) -> Said:
        """Runs one command; `stdin` is None where whoever started it has closed it."""
        content = stdin.encode() if isinstance(stdin, str) else stdin
        stream = None if content is None else _Input(io.BytesIO(content))
        if stream is not None:
            stream.terminal = terminal
        self.patch.setattr(sys, "stdin", stream)
        self.capture.readouterr()
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse
            code = end.code if isinstance(end.code, int) else 1
        said = self.capture.readouterr()
        assert "Traceback" not in said.err
        assert PASSWORD not in said.out + said.err
        return Said(code, said.out, said.err)

    def good(self, *arguments: str | Path, stdin: bytes | str | None = b"") -> str:
        """What a run printed that must go well and say nothing else."""
        said = self(*arguments, stdin=stdin)
        assert (said.code, said.err) == (0, "")
        return said.out


def environment(home: Path, **more: str) -> dict[str, str]:
    """As little as a real process needs; standard output buffered, as it is for people."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", **more}


def run_program(
    home: Path,
    *arguments: str | Path,
    stdin: bytes = b"",
    stdout: IO[bytes] | int = subprocess.PIPE,
    closed: int | None = None,
    more: Mapping[str, str] | None = None,
) -> "subprocess.CompletedProcess[bytes]":
    """A real process; `closed` is a stream that whoever starts it has closed."""
    return subprocess.run(
        [sys.executable, "-m", "apppw_tui", *arguments],
        input=stdin,
        stderr=subprocess.PIPE,
        env=environment(home, **(more or {})),
        cwd=ROOT,
        check=False,
        timeout=120,
        stdout=stdout,
        preexec_fn=None if closed is None else lambda: os.close(closed),
    )
