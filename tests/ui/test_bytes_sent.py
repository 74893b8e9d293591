"""The bytes that the list of app passwords sends, over a real terminal: for slow lines."""

import re
import subprocess
import sys

import pytest

from tests.running import ROOT

pytestmark = pytest.mark.slow
MOST = 700  # bytes a step of the cursor, at 80 columns by 24 rows


def test_step_of_the_cursor_sends_little_and_nobody_there_nothing() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bench" / "cursor.py", "--small"],
        capture_output=True,
        text=True,
        check=False,
    )
    figures = dict(re.findall(r"\| (bytes a step|bytes while idle) \| (\d+) \|", done.stdout))
    assert figures, done.stderr
    assert 0 < int(figures["bytes a step"]) <= MOST
    assert figures["bytes while idle"] == "0"
