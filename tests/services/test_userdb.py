"""A real Dovecot is asked whom it knows: it says so, says no, or says nothing for certain."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.commands.mail_users import connected, knows_user
from apppw_tui.config import AccountsConfig, Config
from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.integrations.dovecot_users import DovecotUsers
from tests.services import old_passwords
from tests.services.dovecot import Dovecot, running
from tests.services.ordinary import OrdinaryUser
from tests.services.require import require_program, unavailable

pytestmark = pytest.mark.slow

_SQLITE = Path("/usr/lib/dovecot/modules/libdriver_sqlite.so")
_BROKEN = """
passdb {{
  driver = sql
  args = {}
}}
"""


@pytest.fixture(scope="module")
def server(folder: Path, user: OrdinaryUser) -> Iterator[Dovecot]:
    """With a static userdb, which asks the passdbs."""
    recipe = folder / "recipe.conf"
    recipe.write_text(old_passwords.behind(folder, "ada", "ben@example.org"))
    recipe.chmod(0o644)
    with running(require_program("dovecot", "dovecot-core"), folder, user, recipe) as dovecot:
        yield dovecot


def config(dovecot: Dovecot) -> Config:
    socket = dovecot.log.parent / "run" / "apppw-portal"
    return Config(accounts=AccountsConfig("dovecot", socket))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ada", True),
        ("ben@example.org", True),
        ("ada@example.org", True),  # of the default domain
        ("ben", False),
        ("nobody-at-all", False),
        ("o'hara", None),  # not by Dovecot's default auth_username_chars
    ],
)
def test_dovecot_says_whom_it_knows(server: Dovecot, name: str, answer: bool | None) -> None:
    with connected(config(server)) as users:
        for _ in range(2):
            assert knows_user(users, name, "example.org") is answer


def test_a_failure_for_the_moment_is_no_no(folder: Path, user: OrdinaryUser) -> None:
    if not _SQLITE.exists():
        unavailable("Dovecot has no SQLite here (Debian package dovecot-sqlite)")
    place = folder / "broken"
    place.mkdir(mode=0o755)
    told, recipe = place / "sql.conf", place / "recipe.conf"
    sqlite3.connect(place / "people.sqlite").close()  # without the table
    told.write_text(
        f"driver = sqlite\nconnect = {place}/people.sqlite\n"
        "password_query = SELECT user, password FROM people WHERE user = '%u'\n"
    )
    recipe.write_text(_BROKEN.format(told))
    for file in (told, recipe):
        file.chmod(0o644)
    with (
        running(require_program("dovecot", "dovecot-core"), place, user, recipe) as dovecot,
        connected(config(dovecot)) as users,
    ):
        assert users.knows("ada") is None


def test_a_dovecot_that_is_stopped_says_nothing(server: Dovecot) -> None:
    auth = int((server.log.parent / "run" / "master.pid").read_text())
    os.killpg(os.getpgid(auth), signal.SIGSTOP)
    try:
        with pytest.raises(PasswordBackendDown, match=r"no answer in time\.$"):
            DovecotUsers(server.log.parent / "run" / "auth-userdb", 0.5).knows("ada")
    finally:
        os.killpg(os.getpgid(auth), signal.SIGCONT)
    with connected(config(server)) as users:
        assert users.knows("ada") is True
