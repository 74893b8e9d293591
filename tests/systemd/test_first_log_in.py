"""A bare Debian, and the commands of docs/administrator.md from nothing to a first log-in."""

import re
from pathlib import Path

import pytest

from tests.kiosk.debian import debian
from tests.systemd.clone import give_clone
from tests.systemd.machine import booted, require_namespaces
from tests.systemd.walk import steps, walk

pytestmark = pytest.mark.long  # two minutes for each suite
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "python3-venv", "openssh-server", "git", "procps"),
    *("dovecot-imapd", "dovecot-auth-lua", "lua-socket"),
)
_ACCOUNT_PASSWORD = "crayon-otter-lantern-74"
_NEW_PASSWORD = re.compile(r"(?m)^([0-9a-z]{16})\r?$")


@pytest.mark.parametrize(("suite", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_from_nothing_to_an_accepted_and_a_refused_log_in(
    suite: str, python: str, tmp_path: Path
) -> None:
    require_namespaces()

    given = [_ACCOUNT_PASSWORD]  # whatever was shown last is what is typed next

    def answer(printed: str) -> str:
        given.extend(_NEW_PASSWORD.findall(printed))
        return given[-1]

    with debian(suite, PACKAGES) as root:
        give_clone(root, python, tmp_path)
        with booted(root, "mail.example.org") as machine:
            for step in steps("administrator.md", "A first log-in"):
                walk(machine, step, answer)
