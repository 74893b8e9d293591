"""Dovecot asks PAM, PAM asks `apppw-tui verify`: with the very files of recipes/."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from apppw_tui.domain import app_password, symbols
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder import FolderStore
from tests.services.dovecot import Dovecot, running
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable

ACCOUNT = "ada@example.org"
ACCOUNT_PASSWORD = "engine no. 1 weaves algebra"
# libpam reads service files from nowhere else.
PAM_FOLDER = Path("/etc/pam.d")


@dataclass(frozen=True)
class Mail:
    """A mail server, and the command line that looks after its app passwords."""

    dovecot: Dovecot
    user: OrdinaryUser
    program: Path
    store: Path

    def command(self, *arguments: str, stdin: str = "") -> str:
        done = self.user.run([self.program, "--store", self.store, *arguments], stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def create(self, name: str) -> str:
        return self.command("app-password", "create", ACCOUNT, name)

    def delete(self, name: str) -> None:
        self.command("app-password", "delete", ACCOUNT, name)


@pytest.fixture(scope="module")
def mail(folder: Path, program: Path, user: OrdinaryUser) -> Iterator[Mail]:
    server = require_program("dovecot", "dovecot-core")
    if not Path("/usr/lib/dovecot/imap-login").exists():
        unavailable("Dovecot speaks no IMAP here (Debian package dovecot-imapd)")
    if not os.access(PAM_FOLDER, os.W_OK):
        unavailable(f"only root can put a service file into {PAM_FOLDER}")
    store = folder / "store"
    store.mkdir(0o700)
    os.chown(store, user.uid, user.gid)
    prefix = f"apppw-test-{secrets.token_hex(8)}-"
    recipe = folder / "05-apppw.conf"
    recipe.write_text(adapted("dovecot/05-apppw.conf", {"args = apppw-%Ls": f"args = {prefix}%Ls"}))
    with (
        pam_service(prefix, folder, program, store),
        running(server, folder, user, recipe) as dovecot,
    ):
        mail = Mail(dovecot, user, program, store)
        mail.command("account", "add", ACCOUNT, "--password-stdin", stdin=ACCOUNT_PASSWORD)
        yield mail


@contextmanager
def pam_service(prefix: str, folder: Path, program: Path, store: Path) -> Iterator[None]:
    """The PAM service `prefix`imap, for as long as it is needed."""
    helper = folder / "apppw-pam-verify"
    helper.write_text(
        adapted(
            "pam/apppw-pam-verify",
            {
                "exec /usr/local/bin/apppw-tui": f"exec {program}",
                "--store /var/lib/apppw-tui": f"--store {store}",
                "#apppw-}": f"#{prefix}}}",
            },
        )
    )
    helper.chmod(0o755)
    service = PAM_FOLDER / f"{prefix}imap"
    text = adapted("pam/apppw-imap", {"/usr/local/libexec/apppw-pam-verify": str(helper)})
    try:
        service.write_text(text)
        service.chmod(0o644)
        yield
    finally:
        service.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def phone(mail: Mail) -> str:
    """A right app password."""
    return mail.create("Phone")


def grouped(password: str) -> str:
    return symbols.grouped(Secret(password))


@pytest.mark.parametrize("written", [str, grouped, str.upper])
def test_the_right_app_password_opens_the_inbox(
    mail: Mail, phone: str, written: Callable[[str], str]
) -> None:
    assert mail.dovecot.lets_in(ACCOUNT, written(phone))


def another_secret(password: str) -> str:
    return app_password.generate(password[: app_password.ID_LENGTH]).reveal()


def another_id(password: str) -> str:
    return app_password.generate(app_password.unused_id([password[:3]])).reveal()


def mistyped(password: str) -> str:
    return password[:-2] + ("0" if password[-2] != "0" else "1") + password[-1]


def the_account_password(_: str) -> str:
    return ACCOUNT_PASSWORD


@pytest.mark.parametrize("wrong", [another_secret, another_id, mistyped, the_account_password])
def test_anything_else_is_refused(mail: Mail, phone: str, wrong: Callable[[str], str]) -> None:
    assert not mail.dovecot.lets_in(ACCOUNT, wrong(phone))


def test_a_deleted_one_is_refused_at_the_very_next_attempt(mail: Mail) -> None:
    tablet = mail.create("Tablet")
    assert mail.dovecot.lets_in(ACCOUNT, tablet)
    mail.delete("Tablet")
    assert not mail.dovecot.lets_in(ACCOUNT, tablet)


# `apppw-tui verify --help` exits with 0: it must reach the program as a name.
@pytest.mark.parametrize("name", ["grace@example.org", "ada", "nobody", "--help"])
def test_another_account_is_refused(mail: Mail, phone: str, name: str) -> None:
    assert not mail.dovecot.lets_in(name, phone)


@pytest.mark.parametrize(("scope", "opens"), [("imap", True), ("smtp", False)])
def test_the_service_is_told(mail: Mail, scope: str, opens: bool) -> None:
    password = mail.create(f"Only {scope}")
    restrict(mail, f"Only {scope}", scope)
    assert mail.dovecot.lets_in(ACCOUNT, password) is opens


def restrict(mail: Mail, name: str, service: str) -> None:
    """Makes the app password good for one service alone, which no command does."""
    store = FolderStore(mail.store)
    account = store.read(ACCOUNT)
    assert account is not None
    with store.change(ACCOUNT, account.uid) as change:
        change.account = replace(
            account,
            app_passwords=tuple(
                replace(password, scope=(service,)) if password.name == name else password
                for password in account.app_passwords
            ),
        )
    os.chown(mail.store / "accounts" / f"{ACCOUNT}.json", mail.user.uid, mail.user.gid)
