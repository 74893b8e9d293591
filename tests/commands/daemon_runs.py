"""Daemons of `apppw-tui serve` that start, or say why they do not."""

import socket
import subprocess
from pathlib import Path

from tests.running import ROOT, environment
from tests.serving import SECONDS, command

ALL = {"auth-client", "mux", "http", "json"}


def refused(home: Path, *arguments: str | Path, **more: str) -> str:
    """What a daemon said that could not start."""
    done = subprocess.run(
        command(home / "store", *arguments),
        env=environment(home, **more),
        cwd=ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, b"")
    return done.stderr.decode().splitlines()[-1].removeprefix("apppw-tui: ")


def configured(home: Path, content: str) -> Path:
    path = home / "config.toml"
    path.write_text(content)
    return path


def closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True
