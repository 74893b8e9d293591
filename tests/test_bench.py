"""The benchmarks run: each once, small, since their figures are not what is looked at here."""

import subprocess
import sys

import pytest

from tests.running import ROOT
from tests.services.require import require_program

pytestmark = pytest.mark.slow
LINES = {
    "verify.py": [
        "right, 40 app passwords",
        "wrong, 40, and enforced",
        "the same, among 20 accounts",
        "instead: all 10 hashes tried",
        "instead: a process of argon2",
        "processor time of a decision",
    ],
    "ways.py": ["a log-in, by saslauthd's protocol", "a created app password"],
    "sign_in.py": [
        "unknown account",
        "right, then a second factor",
        "throttled (no hash)",
        "number 40 of an account",
    ],
    "sign_in.py --imported": ["unknown account", "imported (256 MiB, t=3), first right"],
    "first_frame.py": ["Login, configured", "the first account, no configuration"],
    "cursor.py": ["a bare table", "the list of app passwords", "| bytes while idle | 0 |"],
    "__main__.py cursor.py": ["| bytes a key in the list | ", "| at most 700 |  |"],
    "keys.py": ["a step in the list", "a letter in Login", "| the portal | "],
    "session_memory.py": ["at Login", "on the list"],
    "__main__.py verify.py": ["| a decision, right, 10 app passwords | ", "a process of argon2"],
    "counters.py": ["with 2000", "counters of a sign-in", "of a name nobody has"],
    "usage.py": ["with 2000", "uses written a second", "one account's uses read by the portal"],
    "serve.py": [
        "nothing remembered, 4 at once",
        "instead: Dovecot's passwd-file, no cache, 4 at once",
        "one answer from memory, by accounts",
        "apppw-tui pam",
        "20 of 20 devices",
        "one process, as installed",
        "with 4 connections",
    ],
    "serve.py engines": [
        "PostgreSQL, 20 accounts, 0.5 ms away, any of them",
        "answers from memory, 16 at once",
        "whether an account is another by now",
        "one answer with its hash, among 20 accounts, of 10",
        "| PostgreSQL, 10 accounts, 2 ms away | ",
    ],
}


def test_every_benchmark_is_tried() -> None:
    programs = {
        path.name
        for path in (ROOT / "bench").glob("*.py")
        if '__name__ == "__main__"' in path.read_text()
    }
    tried = {line.split()[0] for line in LINES}
    assert programs == tried | {"bare.py", "far.py"}  # which others run beside them


@pytest.mark.parametrize("program", LINES)
def test_a_benchmark_runs(program: str) -> None:
    name, *options = program.split()
    if name == "serve.py" and not options:
        require_program("dovecot", "dovecot-core")
    if "verify.py" in program:
        require_program("argon2", "argon2")
    done = subprocess.run(
        [sys.executable, ROOT / "bench" / name, *options, "--small"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line for line in LINES[program] if line not in done.stdout] == []
