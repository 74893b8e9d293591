"""What a process that holds secrets lets the kernel do: each by a process of its own."""

import resource
import signal
import subprocess
import sys

import pytest

from apppw_tui.integrations.process_limits import PORTAL_MEMORY

_GET_DUMPABLE = 3  # prctl(2)


def told(program: str) -> str:
    """What `program` prints, after the module's functions and ctypes."""
    imports = "import ctypes, os, resource\nfrom apppw_tui.integrations.process_limits import *"
    given = f"{imports}\n{program}"
    ran = subprocess.run(
        [sys.executable, "-c", given], capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode in (0, -signal.SIGSEGV), ran.stderr
    return ran.stdout.strip()


def test_it_leaves_no_core_and_nobody_looks_inside() -> None:
    ask = f"print(ctypes.CDLL(None).prctl({_GET_DUMPABLE}), resource.getrlimit(4))"
    assert resource.RLIMIT_CORE == 4
    assert told(ask).startswith("1 ")
    assert told(f"keep_out_of_dumps()\n{ask}") == "0 (0, 0)"


@pytest.mark.slow
def test_memory_beyond_the_bound_is_an_error_of_that_process_alone() -> None:
    take = f"""
try:
    kept = bytearray({PORTAL_MEMORY})
except MemoryError:
    print("refused")
"""
    assert told(take) == ""
    assert told(f"bound_memory()\n{take}") == "refused"


def test_a_program_that_is_run_has_what_there_was_before() -> None:
    ask = """
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations.process import run
command = ["/bin/sh", "-c", "read go; ulimit -v"]
print(run(command, {}, Secret("go\\n"), 20).output)
"""
    assert told(f"bound_memory()\n{ask}") == told(ask) == "unlimited"
