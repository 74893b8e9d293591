"""recipes/container, step by step in a Debian root: no container engine is needed to try them."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.kiosk.debian import debian, fetch_packages
from tests.kiosk.kiosk import kiosk_server
from tests.kiosk.scratch import GIVEN
from tests.services.require import unavailable
from tests.support import PASSWORD

pytestmark = pytest.mark.long  # it makes a Debian, and installs all of it
SOURCES = Path(__file__).parents[2]
FILE = (SOURCES / "recipes" / "container" / "Containerfile").read_text()
LOG_IN = """
import imaplib, sys
print(imaplib.IMAP4("127.0.0.1").login("ada", sys.stdin.read())[0])
"""


def steps() -> list[tuple[str, str]]:
    """Each instruction with its words."""
    lines = re.sub(r"\\\n\s*", "", FILE).split("\n")
    return [
        (word, rest)
        for word, _, rest in (line.partition(" ") for line in lines if line[:1].isupper())
    ]


def test_a_container_lets_a_person_and_a_mail_program_in(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        unavailable("only root can make a Debian in a folder")
    (base, packages), place, copy, *runs, ports, start = steps()[0], *steps()[2:]
    assert (base, packages) == ("FROM", "debian:12")
    (installed,) = re.findall(r"--no-install-recommends (.*)", dict(steps()[1:2])["RUN"])
    assert place[0] == "WORKDIR"
    assert copy == ("COPY", ". .")
    assert ports == ("EXPOSE", "2222 143")
    given = tmp_path / "given"
    (given / "wheels").mkdir(parents=True)
    fetch_packages(given / "wheels", "3.11")
    for name in ("apppw_tui", "docs", "recipes"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SOURCES / name, given / "checkout" / name, ignore=unwanted)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(SOURCES / name, given / "checkout" / name)
    with debian("bookworm", installed.split()) as root, kiosk_server(root, given) as server:
        inside = server.scratch
        inside.output("cp", "-a", f"{GIVEN}/checkout", place[1])
        for word, command in runs:
            assert word == "RUN"
            inside.output("sh", "-ec", f"cd {place[1]}; {command}")
        (program,) = re.findall(r'"([^"]*)"', start[1])
        inside.start(
            ["sh", "-c", f"cd {place[1]}; exec {shlex.quote(program)}"],
            "Server listening on 0.0.0.0",
        )
        inside.output("apppw-tui", "account", "add", "ada", "--password-stdin", stdin=PASSWORD)
        secret = inside.output("apppw-tui", "app-password", "create", "ada", "Phone").strip()
        log_in = ("python3", "-c", LOG_IN)
        assert inside.output(*log_in, stdin=secret) == "OK\n"
        inside.output("apppw-tui", "app-password", "delete", "ada", "Phone")
        assert "AUTHENTICATIONFAILED" in inside.run(*log_in, stdin=secret).stderr
        client = server.client()
        client.see("Sign in")
        client.see("try.example.org")
        client.close()
