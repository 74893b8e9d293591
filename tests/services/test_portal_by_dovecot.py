"""The portal asks a real Dovecot for account passwords: passwd-file and SQL, behind Lua."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from apppw_tui.domain.errors import PasswordBackendDown, RateLimited, SignInRefused
from apppw_tui.domain.integration_ports import ExternalPasswords
from apppw_tui.integrations.dovecot_passwords import DovecotPasswords
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from tests.services import old_passwords
from tests.services.dovecot import Dovecot, running
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted, lua_script
from tests.services.require import require_program, unavailable
from tests.services.sign_in import IN, REFUSED
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, UNKNOWN, Asked, asked
from tests.support import PASSWORD, House

pytestmark = pytest.mark.slow

SOCKETS = ("apppw-portal",)
FREE = 5  # tries that are wrong before one has to wait
SQL, ALIAS = "linus@example.org", "torvalds@example.org"
BLOCKED, PROXIED, STRANGE = "blocked", "proxied", "strange"
_MODULES = Path("/usr/lib/dovecot/modules")
_SQLITE = _MODULES / "libdriver_sqlite.so"
_SQL = """
passdb {{
  driver = sql
  args = {}
}}
"""
_QUERY = """\
driver = sqlite
connect = {}
default_pass_scheme = PLAIN
password_query = SELECT user, password FROM people WHERE called = '%u'
"""


@pytest.fixture(scope="module")
def server(folder: Path, user: OrdinaryUser) -> Iterator[Dovecot]:
    program = require_program("dovecot", "dovecot-core")
    if not (_MODULES / "auth/libauthdb_lua.so").exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    script, recipe = lua_script(folder, folder / "sock", ENFORCED), folder / "recipe.conf"
    # As Dovecot looks a name up in such a file.
    signs = [name.replace("'", "\\'") for name in ALL_SIGNS]
    old = old_passwords.behind(folder, OPEN, ENFORCED, UNKNOWN, *signs)
    with (folder / "old").open("a") as more:
        more.write(f"{BLOCKED}:{{PLAIN}}{OLD}::::::nologin\n")
        more.write(f"{PROXIED}:::::::proxy=y host=192.0.2.9 nopassword=y\n")
        more.write(f"{STRANGE}:{{PLAIN}}{OLD}::::::user=No!Account\n")
    recipe.write_text(
        adapted("dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)})
        + listening(user)
        + adapted("dovecot/99-apppw-auth.conf", {})
        + old
        + sql(folder)
    )
    recipe.chmod(0o644)
    with running(program, folder, user, recipe, sockets=SOCKETS) as dovecot:
        yield dovecot


def listening(user: OrdinaryUser) -> str:
    return adapted("dovecot/07-apppw-portal.conf", {"    user = apppw": f"    user = {user.name}"})


def sql(folder: Path) -> str:
    """A passdb with one person, who has two names; nothing where Dovecot has no SQLite."""
    if not _SQLITE.exists():
        return ""
    database, told = folder / "people.sqlite", folder / "sql.conf"
    with sqlite3.connect(database) as people:
        people.execute("CREATE TABLE people (called TEXT, user TEXT, password TEXT)")
        rows = [(SQL, SQL, OLD), (ALIAS, SQL, OLD)]
        people.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
    people.close()
    told.write_text(_QUERY.format(database))
    for file in (database, told):
        file.chmod(0o644)
    return _SQL.format(told)


@dataclass
class Door:
    """The portal of the daemon's own house, with Dovecot's passwords."""

    house: House
    portal: Portal

    @classmethod
    def at(cls, socket: Path, house: House, *, require_add: bool = False) -> "Door":
        dovecot = DovecotPasswords(socket, house.notebook)
        source = ExternalPasswords(dovecot, "at the front desk", require_add)
        return cls(house, Portal(replace(house.means, source=source)))

    def opens(self, name: str, password: str = OLD) -> bool:
        try:
            session = self.portal.sign_in(name, password)
        except SignInRefused:
            return False
        assert isinstance(session, Session)
        return True


def socket_of(dovecot: Dovecot) -> Path:
    return dovecot.log.parent / "run" / SOCKETS[0]


@pytest.fixture
def daemon(server: Dovecot, folder: Path) -> Iterator[Asked]:
    with asked(folder / "sock", "json") as daemon:
        yield daemon


@pytest.fixture
def door(server: Dovecot, daemon: Asked) -> Door:
    return Door.at(socket_of(server), daemon.house)


@pytest.mark.parametrize("account", [OPEN, ENFORCED, UNKNOWN])
def test_the_password_that_dovecot_knows_opens_the_portal(door: Door, account: str) -> None:
    assert not door.opens(account, OLD + "!")
    assert not door.opens(account, PASSWORD)  # the store's own, which nobody asks about now
    assert door.opens(account)


@pytest.mark.parametrize("name", [*ALL_SIGNS, OPEN.title(), "ada%40example.org"])
def test_every_name_that_an_account_can_have_is_asked_for(door: Door, name: str) -> None:
    assert door.opens(name)
    assert not door.opens(name, "wrong")


def test_nobody_gets_in_whom_dovecot_does_not_know(door: Door) -> None:
    assert not door.opens("nobody-at-all")


def test_an_account_is_made_at_the_first_right_password(door: Door) -> None:
    assert not door.opens(UNKNOWN, OLD + "!")
    assert door.house.store.get(UNKNOWN) is None
    assert door.opens(UNKNOWN)
    assert door.house.now(UNKNOWN).password_hash is None


def test_no_password_opens_the_portal_of_somebody_who_was_to_be_added_first(
    server: Dovecot, daemon: Asked
) -> None:
    door = Door.at(socket_of(server), daemon.house, require_add=True)
    assert not door.opens(UNKNOWN)
    assert door.house.store.get(UNKNOWN) is None
    door.portal.add_account(UNKNOWN, None)
    assert door.opens(UNKNOWN)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
def test_an_app_password_never_opens_the_portal(door: Door, server: Dovecot, account: str) -> None:
    secret = door.house.issue("Laptop", account).secret
    assert server.says(account, secret) == IN
    assert not door.opens(account, secret.reveal())
    # Nor if the portal had asked, although the Lua passdb stands first, and knows it.
    said = DovecotPasswords(socket_of(server), door.house.notebook).check(account, secret, "")
    assert not said.valid


def test_the_mail_of_an_enforced_account_stays_shut_to_what_opens_the_portal(
    door: Door, server: Dovecot
) -> None:
    assert door.opens(ENFORCED)
    assert server.says(ENFORCED, OLD) == REFUSED


def test_a_sign_in_at_the_portal_is_not_taken_for_the_use_of_an_old_password(
    door: Door, daemon: Asked
) -> None:
    assert door.opens(OPEN)
    assert daemon.book.asked == [("apppw-portal", door.house.address)]
    assert daemon.book.uses == []


@pytest.mark.parametrize("name", [SQL, ALIAS])
def test_sql_knows_them_too_under_whatever_name(door: Door, name: str) -> None:
    if not _SQLITE.exists():
        unavailable("Dovecot has no SQLite here (Debian package dovecot-sqlite)")
    assert not door.opens(name, OLD + "!")
    assert door.opens(name)
    assert door.house.store.get(SQL) is not None
    assert door.house.store.get(ALIAS) is None


def test_whoever_may_not_sign_in_to_the_mail_may_not_here(door: Door) -> None:
    assert not door.opens(BLOCKED)
    assert door.house.store.get(BLOCKED) is None


def test_a_name_that_no_account_can_have_opens_nothing(door: Door) -> None:
    assert not door.opens(STRANGE)
    assert len(door.house.store.list_names()) == 2


def test_a_dovecot_that_says_yes_to_everything_is_not_believed(door: Door) -> None:
    with pytest.raises(PasswordBackendDown):
        door.opens(PROXIED)
    assert "proxy" in door.house.notebook.errors[-1][1]["why"]


@pytest.mark.parametrize("password", ["x" * 1024, "ü€😀" * 100, "tab\tand\nline", "", "a\0b"])
def test_a_strange_password_is_wrong_and_nothing_worse(door: Door, password: str) -> None:
    assert not door.opens(OPEN, password)


def test_the_portal_does_not_depend_on_apppw_tui_serve(door: Door, daemon: Asked) -> None:
    daemon.stop()
    for account in (OPEN, ENFORCED):
        assert door.opens(account)
        assert not door.opens(account, "wrong")


def test_wrong_ones_are_counted(door: Door) -> None:
    for _ in range(FREE):
        assert not door.opens(OPEN, "wrong")
    with pytest.raises(RateLimited):
        door.opens(OPEN)


def test_while_dovecot_is_down_nobody_is_refused(folder: Path, user: OrdinaryUser) -> None:
    place = folder / "second"
    place.mkdir(mode=0o755)
    recipe = place / "recipe.conf"
    recipe.write_text(listening(user) + old_passwords.behind(place, OPEN))
    recipe.chmod(0o644)
    house = House()
    with running(
        require_program("dovecot", "dovecot-core"), place, user, recipe, sockets=SOCKETS
    ) as dovecot:
        door = Door.at(socket_of(dovecot), house)
        assert door.opens(OPEN)
    for _ in range(FREE + 1):
        with pytest.raises(PasswordBackendDown):
            door.opens(OPEN)
    recipe.rename(place / "again.conf")
    (place / "dovecot").rename(place / "before")
    with running(
        *(require_program("dovecot", "dovecot-core"), place, user, place / "again.conf"),
        sockets=SOCKETS,
    ) as dovecot:
        assert Door.at(socket_of(dovecot), house).opens(OPEN)


def told(beginning: str) -> str:
    """What the recipe's comment says one is to write, from there on."""
    text = adapted("dovecot/07-apppw-portal.conf", {})
    return beginning + text.split(f"`{beginning}", 1)[1].split("`", 1)[0]


def test_what_is_for_the_mail_alone_leaves_the_portal_open(
    folder: Path, user: OrdinaryUser
) -> None:
    place = folder / "bounded"
    place.mkdir(mode=0o755)
    enforced, recipe = place / "enforced", place / "recipe.conf"
    enforced.write_text(f"{ENFORCED}\n")
    replaced = {
        "/etc/dovecot/apppw-enforced": str(enforced),
    }
    bounded = old_passwords.behind(place, OPEN, ENFORCED).replace(
        "passdb {", f"passdb {{\n  {told('override_fields = ')}"
    )
    recipe.write_text(
        listening(user) + adapted("dovecot/06-apppw-enforced.conf", replaced) + bounded
    )
    for file in (enforced, recipe):
        file.chmod(0o644)
    with running(
        require_program("dovecot", "dovecot-core"), place, user, recipe, sockets=SOCKETS
    ) as dovecot:
        assert [dovecot.says(account, OLD) for account in (OPEN, ENFORCED)] == [IN, REFUSED]
        assert dovecot.says(OPEN, OLD, source="127.0.0.2") == REFUSED
        for address in ("192.0.2.7", "2001:db8::7", "local"):
            door = Door.at(socket_of(dovecot), House(address=address))
            assert [door.opens(account) for account in (OPEN, ENFORCED)] == [True, True]
            assert not door.opens(ENFORCED, "wrong")


def test_no_password_is_in_dovecots_log_or_ours(door: Door, server: Dovecot) -> None:
    door.opens(OPEN)
    assert not door.opens(OPEN, "not the old one!")
    log = server.log.read_text()
    assert "auth" in log
    assert OLD not in log + str(door.house.notebook)
    assert "not the old one!" not in log + str(door.house.notebook)
