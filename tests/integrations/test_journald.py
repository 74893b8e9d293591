"""What goes wrong has a priority in the journal, whatever unit runs the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, environment
from tests.serving import SECONDS


def said_to(home: Path, *arguments: str, journal: bool) -> bytes:
    """What a command writes to standard error, which is the journal or is not."""
    reading, writing = os.pipe()
    status = os.fstat(writing)
    number = status.st_ino if journal else status.st_ino + 1
    variables = environment(home, JOURNAL_STREAM=f"{status.st_dev}:{number}")
    line = [sys.executable, "-m", "apppw_tui", *arguments]
    with os.fdopen(reading, "rb") as said:
        try:
            subprocess.run(
                line, stderr=writing, env=variables, cwd=ROOT, timeout=SECONDS, check=False
            )
        finally:
            os.close(writing)
        return said.read()


@pytest.mark.parametrize("journal", [True, False])
def test_a_commands_error_is_an_error_there(tmp_path: Path, *, journal: bool) -> None:
    said = said_to(tmp_path, "--store", "/nowhere/at/all", "account", "list", journal=journal)
    assert said.startswith(b"<3>apppw-tui: " if journal else b"apppw-tui: ")
