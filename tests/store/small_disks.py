"""Small file systems of their own, where root may mount them."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(place: Path, *options: str) -> None:
    """Mounts there by these options; skips the test where nothing can be mounted."""
    command = [shutil.which("mount") or "mount", *options, str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here: not root")


@contextmanager
def tmpfs(place: Path, size: str) -> Iterator[Path]:
    """A file system in memory, gone at the end; `size` as in tmpfs(5), such as size=1m."""
    place.mkdir()
    mount(place, "-t", "tmpfs", "-o", size, "tmpfs")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    """Leaves not one block."""
    with (disk / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(os.urandom(4096))
