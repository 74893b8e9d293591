"""People change over: the store, the daemon and Dovecot together, with the recipes as they are."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import IMAP, POP3
from apppw_tui.domain.usage import LastUse
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.protocols.json_lines import JsonLines
from tests.services import old_passwords
from tests.services.dovecot import Dovecot, running
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.sign_in import HOST, IN, NOT_NOW, REFUSED
from tests.support import NOW, FixedClock, House
from tests.verifier.harness import Book, HeldAuthService, served_in_thread

ADA, BOB = "ada@example.org", "bob@example.org"
_MODULE = Path("/usr/lib/dovecot/modules/auth/libauthdb_lua.so")


@dataclass
class Server:
    """A store, and Dovecot that asks the daemon over it."""

    folder: Path
    user: OrdinaryUser
    dovecot: Dovecot
    house: House

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def says(self, account: str, password: str = OLD) -> str:
        # auth-worker is an ordinary user in the tests, and root's elsewhere.
        for path in (self.store, *(self.store / "enforced").rglob("*"), self.store / "enforced"):
            if path.exists():
                os.chown(path, self.user.uid, self.user.gid)
        return self.dovecot.says(account, password)


@pytest.fixture(scope="module")
def server(folder: Path, user: OrdinaryUser) -> Iterator[Server]:
    program = require_program("dovecot", "dovecot-core")
    if not _MODULE.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    store, config = open_store(folder / "store", create=True), folder / "apppw.toml"
    house = House(store=store, clock=FixedClock())
    for name in (ADA, BOB):
        house.add(name)
    config.touch()
    scripts = {
        "/run/apppw-tui/json": str(folder / "sock"),
        "/var/lib/apppw-tui/enforced": str(folder / "store" / "enforced"),
        "/etc/apppw-tui/config.toml": str(config),
        "/etc/dovecot/apppw.lua": str(folder / "apppw.lua"),
        "/etc/dovecot/apppw-old-password.lua": str(folder / "apppw-old-password.lua"),
    }

    def recipe(name: str) -> str:
        text = adapted(name, {})
        for there, here in scripts.items():
            text = text.replace(there, here)
        return text

    for name in ("apppw.lua", "apppw-old-password.lua"):
        (folder / name).write_text(recipe(f"dovecot/{name}"))
    old = old_passwords.written(folder / "old", ADA, BOB)
    conf = folder / "recipe.conf"
    conf.write_text(
        recipe("dovecot/05-apppw-lua.conf")
        + "passdb {\n  driver = passwd-file\n  result_success = continue-ok\n"
        f"  args = {old}\n}}\n"
        + recipe("dovecot/90-apppw-old-password.conf")
        + recipe("dovecot/99-apppw-auth.conf")
    )
    for path in (config, conf, *folder.glob("*.lua")):
        path.chmod(0o644)
    with running(program, folder, user, conf, ("imap",)) as dovecot:
        yield Server(folder, user, dovecot, house)


def usage(server: Server) -> FolderUsage:
    return FolderUsage(server.store, server.house.store, server.house.clock)


def parts(server: Server, book: FolderUsage) -> tuple[AuthService, ServiceSocket]:
    auth_service = HeldAuthService(server.house, Book(), book)
    return auth_service, ServiceSocket("json", frozenset({IMAP, POP3}))


def test_only_a_right_old_password_shows_who_has_not_moved(server: Server) -> None:
    book = usage(server)
    with served_in_thread(JsonLines(*parts(server, book)).handle, server.folder / "sock"):
        assert server.says(BOB, "a stranger's guess") == REFUSED
        assert server.says(ADA) == IN
        app_password = server.house.issue("Phone", BOB).secret.reveal()
        assert server.says(BOB, app_password) == IN
    book.flush()
    read = FolderUsageBook(server.store, server.house.clock)
    assert read.read(server.house.now(ADA).uid).last_legacy_login == LastUse(NOW, IMAP, HOST)
    assert read.read(server.house.now(BOB).uid).last_legacy_login is None
    assert read.old_passwords_since() == NOW


def test_while_the_daemon_is_silent_who_is_enforced_waits_and_the_others_do_not(
    server: Server,
) -> None:
    operator = server.house.operator
    assert [server.says(name) for name in (ADA, BOB)] == [IN, IN]
    operator.enforce(ADA)
    assert [server.says(name) for name in (ADA, BOB)] == [NOT_NOW, IN]
    operator.stop_enforcing(ADA)
    operator.disable(BOB)
    assert [server.says(name) for name in (ADA, BOB)] == [IN, NOT_NOW]
    operator.enable(BOB)
    operator.enforce(ADA, NOW.replace(year=2999))
    assert [server.says(name) for name in (ADA, BOB)] == [IN, IN]
    operator.stop_enforcing(ADA)


def test_a_store_of_before_lets_nobody_in_until_it_tells_who_is_enforced(server: Server) -> None:
    shutil.rmtree(server.store / "enforced")
    assert [server.says(name) for name in (ADA, BOB)] == [NOT_NOW, NOT_NOW]
    assert server.house.store.mend_enforcements() == 0
    assert [server.says(name) for name in (ADA, BOB)] == [IN, IN]
