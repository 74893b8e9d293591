"""Running another program to its end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 120.0  # seconds, after which a test fails instead of waiting for ever


def finished(
    line: Sequence[str | Path],
    stdin: str | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = False,
    timeout: float = PATIENCE,
    **more: Any,
) -> "subprocess.CompletedProcess[str]":
    """The program after its end, with what it printed; `check` fails unless it went well."""
    return subprocess.run(
        line,
        input=stdin,
        env=env,
        cwd=cwd,
        check=check,
        timeout=timeout,
        capture_output=True,
        text=True,
        **more,
    )
