"""Dovecot tells apppw-tui that an old password was right, and only then: the third passdb."""

import imaplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import old_passwords
from tests.services.dovecot import Dovecot, running
from tests.services.old_password_daemon import APP_PASSWORD, Daemon, told
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted, lua_script
from tests.services.require import require_program, unavailable
from tests.services.sign_in import HOST, IN, REFUSED
from tests.services.trials import ENFORCED
from tests.verifier.harness import served_in_thread

FIRST, SECOND = "ada@example.org", "bob@example.org"
ELSEWHERE = "127.0.0.2"
_MODULE = Path("/usr/lib/dovecot/modules/auth/libauthdb_lua.so")
_YES_GOES_ON = "  result_success = continue-ok\n"


@pytest.fixture(scope="module")
def dovecot(folder: Path, user: OrdinaryUser) -> Iterator[Dovecot]:
    """With two old passdbs, one behind the other; the first is the webmail's alone."""
    program = require_program("dovecot", "dovecot-core")
    if not _MODULE.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    script, recipe = lua_script(folder, folder / "sock", ENFORCED), folder / "recipe.conf"
    third = folder / "apppw-old-password.lua"
    third.write_text(
        adapted("dovecot/apppw-old-password.lua", {"/etc/dovecot/apppw.lua": str(script)})
    )
    users, more = folder / "users", folder / "more"
    old_passwords.written(users, FIRST, ENFORCED)
    more.write_text(f"{SECOND}:{{PLAIN}}{OLD}\n")  # which CRAM-MD5 could prove
    more.chmod(0o644)
    webmails = adapted("roundcube/20-webmail.conf", {"/etc/dovecot/users": str(users)})
    recipe.write_text(
        adapted("dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)})
        + webmails.replace("  args =", f"{_YES_GOES_ON}  args =")
        + f"passdb {{\n  driver = passwd-file\n{_YES_GOES_ON}  skip = authenticated\n"
        f"  args = {more}\n}}\n"
        + adapted(
            "dovecot/90-apppw-old-password.conf",
            {"/etc/dovecot/apppw-old-password.lua": str(third)},
        )
        + adapted("dovecot/99-apppw-auth.conf", {})
        + "auth_mechanisms = plain login cram-md5\n"
    )
    for file in (third, recipe):
        file.chmod(0o644)
    with running(program, folder, user, recipe, ("imap", "pop3")) as dovecot:
        yield dovecot


@pytest.fixture
def daemon(dovecot: Dovecot, folder: Path) -> Iterator[Daemon]:
    daemon = Daemon()
    with served_in_thread(daemon.converse, folder / "sock"):
        yield daemon


@pytest.mark.parametrize("account", [FIRST, SECOND])
@pytest.mark.parametrize("service", ["imap", "pop3"])
def test_a_right_old_password_is_told(
    dovecot: Dovecot, daemon: Daemon, account: str, service: str
) -> None:
    assert dovecot.says(account, OLD, service) == IN, dovecot.log.read_text()
    assert daemon.told == [told(account, service)]


@pytest.mark.parametrize(
    ("account", "password", "source", "said"),
    [
        (FIRST, "wrong", HOST, REFUSED),
        (SECOND, "wrong", HOST, REFUSED),
        ("nobody@example.org", OLD, HOST, REFUSED),
        (FIRST, APP_PASSWORD, HOST, IN),
        (FIRST, OLD, ELSEWHERE, REFUSED),
        (ENFORCED, OLD, HOST, REFUSED),
    ],
)
def test_nothing_else_is(  # noqa: PLR0917 - a sign-in and its answer
    dovecot: Dovecot, daemon: Daemon, account: str, password: str, source: str, said: str
) -> None:
    assert dovecot.says(account, password, source=source) == said
    assert daemon.told == []


def test_who_asks_for_a_user_tells_nothing(dovecot: Dovecot, daemon: Daemon) -> None:
    for account in (FIRST, SECOND, ENFORCED):
        assert dovecot.doveadm("user", account).returncode == 0
    assert dovecot.doveadm("user", "nobody@example.org").returncode == 67  # sysexits.h
    assert daemon.told == []


def test_no_mechanism_gets_past(dovecot: Dovecot, daemon: Daemon) -> None:
    with (
        imaplib.IMAP4(HOST, dovecot.port) as session,
        pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"),
    ):
        session.login_cram_md5(SECOND, OLD)
    assert "cannot judge cram-md5" in dovecot.log.read_text()
    assert daemon.told == []


def test_mail_opens_whether_it_can_be_told_or_not(dovecot: Dovecot, daemon: Daemon) -> None:
    daemon.silent = True
    for account in (FIRST, SECOND):
        assert dovecot.says(account, OLD) == IN
    assert dovecot.says(FIRST, "wrong") == REFUSED


def test_mail_opens_without_a_daemon(dovecot: Dovecot) -> None:
    for account in (FIRST, SECOND):
        assert dovecot.says(account, OLD) == IN
        assert dovecot.says(account, "wrong") == REFUSED
