"""Dovecot asks through recipes/dovecot/apppw.lua, with another passdb behind it."""

import imaplib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.json_lines import JsonLines
from tests.services.asked import serving
from tests.services.dovecot import Dovecot, running
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.support import NOW, House
from tests.verifier.conversing import Noted, counter_over

ADA, GRACE, UNKNOWN = "ada@example.org", "grace@example.org", "old@example.org"
OPEN, LATIN = "open@example.org", b"\xfcber alles"  # ISO 8859-1, as old programs send it
OLD = "the old one"
_OLD_HASH = (
    "{SHA512-CRYPT}$6$rounds=1000$TZ4sojqWl9zEIXsB$"
    "BlQqTBwmTZMP8SK0Skmhfknfa/3y1I/3l3dBLb2Do2P2L1GGzTxNMnW9s6ACMq2qnLEnf.H8E7i0GoxUzEUFL/"
)
_MODULE = Path("/usr/lib/dovecot/modules/auth/libauthdb_lua.so")
_BEHIND = """
passdb {{
  driver = passwd-file
  args = {}
}}
"""


@dataclass
class Mail:
    """A mail server whose people have old passwords, and the daemon that it asks first."""

    dovecot: Dovecot
    path: Path
    house: House = field(default_factory=House)
    noted: Noted = field(default_factory=Noted)
    daemon: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        handler = JsonLines(counter_over(self.house, self.noted))
        self.daemon.enter_context(serving(handler.converse, self.path))

    def stop(self) -> None:
        self.daemon.close()

    def says(self, account: str, password: bytes | str | Secret) -> str:
        """`in`, or the code of the refusal: RFC 5530 section 3."""
        text = password.reveal() if isinstance(password, Secret) else password
        sent = text.encode() if isinstance(text, str) else text
        with imaplib.IMAP4("127.0.0.1", self.dovecot.port, timeout=60) as imap:
            try:
                imap.authenticate("PLAIN", lambda _: b"\0".join((b"", account.encode(), sent)))
            except imaplib.IMAP4.error as error:
                return str(error).partition("[")[2].partition("]")[0] or str(error)
            return "in"


@pytest.fixture(scope="module")
def server(folder: Path, user: OrdinaryUser) -> Iterator[tuple[Dovecot, Path]]:
    program = require_program("dovecot", "dovecot-core")
    if not Path("/usr/lib/dovecot/imap-login").exists():
        unavailable("Dovecot speaks no IMAP here (Debian package dovecot-imapd)")
    if not _MODULE.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    script, old, recipe = folder / "apppw.lua", folder / "old", folder / "05-apppw-lua.conf"
    script.write_text(adapted("dovecot/apppw.lua", {"/run/apppw-tui/json": f"{folder}/sock"}))
    lines = [f"{name}:{_OLD_HASH}\n".encode() for name in (ADA, GRACE, UNKNOWN)]
    old.write_bytes(b"".join(lines) + OPEN.encode() + b":{PLAIN}" + LATIN + b"\n")
    lua = adapted("dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)})
    recipe.write_text(lua + _BEHIND.format(old))
    for file in (script, old, recipe):
        file.chmod(0o644)
    with running(program, folder, user, recipe) as dovecot:
        yield dovecot, folder / "sock"


@pytest.fixture
def mail(server: tuple[Dovecot, Path]) -> Iterator[Mail]:
    mail = Mail(*server)
    mail.house.add(ADA)
    mail.house.add(GRACE)
    mail.house.add(OPEN)
    mail.house.alter(GRACE, enforced_from=NOW)
    mail.start()
    try:
        yield mail
    finally:
        mail.stop()


IN, REFUSED, NOT_NOW = "in", "AUTHENTICATIONFAILED", "UNAVAILABLE"


@pytest.mark.parametrize("account", [ADA, GRACE])
def test_the_right_one_opens_the_inbox_until_it_is_deleted(mail: Mail, account: str) -> None:
    secret = mail.house.issue("Phone", account).secret
    assert mail.says(account, secret) == IN
    assert mail.noted.asked == [("imap", "127.0.0.1")]
    mail.house.operator.delete_app_password(account, "Phone")
    assert mail.says(account, secret) == REFUSED


@pytest.mark.parametrize(
    ("account", "said"), [(ADA, IN), (UNKNOWN, IN), (GRACE, REFUSED), ("nobody", REFUSED)]
)
def test_the_old_password_opens_what_is_not_enforced(mail: Mail, account: str, said: str) -> None:
    assert mail.says(account, OLD) == said


@pytest.mark.parametrize("account", [ADA, GRACE, UNKNOWN])
@pytest.mark.parametrize("password", ["wrong", 'a"b\\c\n', "ä€😀", LATIN, "x" * 600])
def test_a_wrong_password_is_refused(mail: Mail, account: str, password: bytes | str) -> None:
    assert mail.says(account, password) == REFUSED


def test_an_old_password_that_is_not_utf8_goes_on_to_who_knows_it(mail: Mail) -> None:
    assert mail.says(OPEN, LATIN) == IN
    mail.house.alter(OPEN, enforced_from=NOW)
    assert mail.says(OPEN, LATIN) == REFUSED


def test_another_accounts_is_refused(mail: Mail) -> None:
    assert mail.says(ADA, mail.house.issue("Phone", GRACE).secret) == REFUSED


def test_a_default_domain_completes_the_name(mail: Mail) -> None:
    mail.stop()
    mail.house.default_domain = "example.org"
    mail.start()
    mail.house.add("carol@example.org")
    secret = mail.house.issue("Phone", "carol@example.org").secret
    assert mail.dovecot.lets_in("carol", secret.reveal())
    mailboxes = mail.dovecot.log.parent / "mail"
    assert (mailboxes / "carol@example.org").exists()
    assert not (mailboxes / "carol").exists()


def test_while_the_daemon_is_down_nobody_gets_in_and_nobody_is_refused(mail: Mail) -> None:
    secrets = {account: mail.house.issue("Phone", account).secret for account in (ADA, GRACE)}
    assert mail.says(GRACE, secrets[GRACE]) == IN
    mail.stop()
    for account, secret in secrets.items():
        assert mail.says(account, secret) == NOT_NOW
        assert mail.says(account, OLD) == NOT_NOW
    mail.start()
    assert mail.says(GRACE, secrets[GRACE]) == IN
    assert mail.says(GRACE, OLD) == REFUSED
    assert mail.says(ADA, OLD) == IN


def test_a_restart_of_the_daemon_is_not_noticed(mail: Mail) -> None:
    secret = mail.house.issue("Phone", GRACE).secret
    for _ in range(3):
        assert mail.says(GRACE, secret) == IN
        mail.stop()
        mail.start()


def test_no_password_is_in_the_log(mail: Mail) -> None:
    secret = mail.house.issue("Phone", GRACE).secret
    mail.says(GRACE, secret)
    mail.stop()
    mail.says(GRACE, secret)
    log = mail.dovecot.log.read_text()
    assert "apppw-tui cannot be asked" in log
    assert secret.reveal() not in log
    assert OLD not in log
