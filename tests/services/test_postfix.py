"""Postfix signs people in: by way of Dovecot, asking apppw-tui itself, or by way of Cyrus SASL."""

import re
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy
from tests.services import dovecot, postfix
from tests.services.ordinary import OrdinaryUser
from tests.services.postfix import Postfix
from tests.services.recipes import adapted, lua_script
from tests.services.require import require_program, unavailable
from tests.services.smtp import GONE, HOST, IN, NOT_NOW, REFUSED, WAYS, signed_in
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial

pytestmark = pytest.mark.slow

OLD = "the old one"
_LUA = Path("/usr/lib/dovecot/modules/auth/libauthdb_lua.so")
_BEHIND = """
passdb {{
  driver = passwd-file
  args = {}
}}
"""


@dataclass(frozen=True)
class Route:
    """A Postfix, where apppw-tui is asked for it, and what is said when that is in vain."""

    postfix: Postfix
    socket: Path
    protocol: str
    not_now: int = NOT_NOW
    behind: bool = False  # whether there is another password source
    address: str | None = HOST  # what is told of the client
    canonical: bool = True  # whether Postfix takes over the name in the answer


@dataclass(frozen=True)
class Door:
    """A route with apppw-tui behind it."""

    route: Route
    daemon: Asked

    @property
    def postfix(self) -> Postfix:
        return self.route.postfix

    def secret(self, account: str, name: str = "Phone") -> str:
        return self.daemon.house.issue(name, account).secret.reveal()

    def says(self, account: str, password: str) -> int:
        return self.postfix.says(account, password)


def senders(folder: Path) -> str:
    """Who may send as whom, by the recipe, with aliases of two kinds."""
    aliases, local = folder / "virtual", folder / "aliases"
    aliases.write_text(f"info@example.org {OPEN}, {ENFORCED}\nsales@example.org {ENFORCED}\n")
    local.write_text("post ada, linus\n")
    return (
        adapted(
            "postfix/main-senders.cf", {"#   regexp": "    regexp", "#   pipemap": "    pipemap"}
        )
        + f"recipient_delimiter = +\nvirtual_alias_maps = texthash:{aliases}\n"
        f"alias_maps = texthash:{local}\n"
    )


@contextmanager
def direct(folder: Path, _: OrdinaryUser) -> Iterator[Route]:
    recipe = adapted("postfix/main-direct.cf", {}) + senders(folder)
    with postfix.running(folder, "direct", recipe) as server:
        yield Route(server, server.queue / "private/apppw", "auth-client")


@contextmanager
def by_cyrus(folder: Path, _: OrdinaryUser) -> Iterator[Route]:
    for plugin in ("plain", "login"):
        if not [*Path("/usr/lib").glob(f"*/sasl2/lib{plugin}.so")]:
            unavailable("Cyrus SASL has no PLAIN and LOGIN here (Debian package libsasl2-modules)")
    sasl = adapted("cyrus/smtpd.conf", {})
    recipe = adapted("postfix/main-cyrus.cf", {}) + senders(folder)
    with postfix.running(folder, "cyrus", recipe, sasl) as server:
        socket = server.queue / "private/apppw-mux"
        yield Route(server, socket, "mux", address=None, canonical=False)


@contextmanager
def by_dovecot(folder: Path, user: OrdinaryUser) -> Iterator[Route]:
    program = require_program("dovecot", "dovecot-core")
    if not _LUA.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    recipe = adapted("postfix/main-dovecot.cf", {}) + senders(folder)
    with postfix.running(folder, "through", recipe) as server:
        private = server.queue / "private"
        private.chmod(0o777)  # Dovecot is not root here
        socket, old = folder / "json", folder / "old"
        lines = [f"{name}:{{PLAIN}}{OLD}\n" for name in (OPEN, ENFORCED, UNKNOWN)]
        old.write_text("".join(lines))
        script = lua_script(folder, socket, ENFORCED)
        lua = adapted("dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)})
        listener = adapted(
            "postfix/dovecot-auth.conf",
            {
                "/var/spool/postfix/private/auth": f"{private}/auth",
                "mode = 0660": "mode = 0666",
                "user = postfix": "",
                "group = postfix": "",
            },
        )
        passdbs = folder / "passdbs.conf"
        settings = adapted("dovecot/99-apppw-auth.conf", {})
        passdbs.write_text(lua + _BEHIND.format(old) + settings + listener)
        with dovecot.running(program, folder, user, passdbs):
            yield Route(server, socket, "json", not_now=REFUSED, behind=True)


ROUTES = {"direct": direct, "cyrus": by_cyrus, "dovecot": by_dovecot}


@pytest.fixture(scope="module")
def route(request: pytest.FixtureRequest, folder: Path, user: OrdinaryUser) -> Iterator[Route]:
    with ROUTES[request.param](folder, user) as route:
        yield route


everywhere = pytest.mark.parametrize("route", ROUTES, indirect=True, scope="module")
# Dovecot answers a refusal after half a second; what it does is tried by itself as well.
almost_everywhere = pytest.mark.parametrize(
    "route",
    ["direct", "cyrus", pytest.param("dovecot", marks=pytest.mark.slow)],
    indirect=True,
    scope="module",
)


@pytest.fixture
def door(route: Route) -> Iterator[Door]:
    with asked(route.socket, route.protocol) as daemon:
        yield Door(route, daemon)


@almost_everywhere
@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_gets_in_and_nothing_else(door: Door, name: str, account: str) -> None:
    tried = trial(name, door.daemon.house, account, "smtp", "imap")
    said = door.says(tried.account, tried.password)
    assert said == (IN if tried.gets_in else REFUSED), door.postfix.log.read_text()
    assert door.daemon.book.asked == [("smtp", door.route.address)]


@almost_everywhere
def test_every_name_that_an_account_can_have_gets_in(door: Door) -> None:
    for account in ALL_SIGNS:
        door.daemon.house.add(account)
        assert door.says(account, door.secret(account)) == IN
    assert door.says(OPEN.title(), door.secret(OPEN)) == IN


@almost_everywhere
@pytest.mark.parametrize(("mechanism", "at_once"), WAYS)
def test_every_way_of_saying_it(door: Door, mechanism: str, at_once: bool) -> None:
    secret, other = door.secret(ENFORCED), door.secret(OPEN)
    with door.postfix.session() as session:
        for password in (other, "x", OLD):
            said = signed_in(session, ENFORCED, password, mechanism, at_once=at_once)
            assert said == REFUSED
        assert signed_in(session, ENFORCED, secret, mechanism, at_once=at_once) == IN


@everywhere
def test_a_deleted_one_is_refused_at_the_very_next_attempt(door: Door) -> None:
    secret = door.secret(ENFORCED)
    assert door.says(ENFORCED, secret) == IN
    door.daemon.house.operator.delete_app_password(ENFORCED, "Phone")
    assert door.says(ENFORCED, secret) == REFUSED


@everywhere
def test_the_old_password_opens_only_what_is_not_enforced(door: Door) -> None:
    opens = IN if door.route.behind else REFUSED
    assert door.says(OPEN, OLD) == opens
    assert door.says(UNKNOWN, OLD) == opens
    assert door.says(ENFORCED, OLD) == REFUSED


@everywhere
def test_without_tls_no_password_is_asked_for(door: Door) -> None:
    with smtplib.SMTP(HOST, door.postfix.port, timeout=120) as session:
        session.ehlo()
        assert session.has_extn("starttls")
        assert not session.has_extn("auth")
        assert signed_in(session, OPEN, door.secret(OPEN)) == 530  # RFC 3207 section 4


SENDS_AS = (
    *(OPEN, OPEN.title(), "ada+list@example.org", "ada+a+b@example.org", ""),
    *("info@example.org", "info+more@example.org"),
)
SENDS_NOT_AS = (
    *(ENFORCED, "grace+list@example.org", "sales@example.org", "adam@example.org"),
    *("ada@example.com", "+ada@example.org", "ada+x,grace@example.org", f'"{OPEN}, x"@example.org'),
    *(f'"x, {OPEN}"@example.org', "x@ada@example.org"),
)


def may_send(session: smtplib.SMTP, sender: str) -> int:
    session.mail(sender)
    code, _ = session.rcpt("somebody@example.com")
    session.rset()
    return code


@everywhere
def test_whoever_signs_in_sends_as_their_own_addresses_alone(door: Door) -> None:
    door.daemon.stop()
    door.daemon.house.default_domain = "example.org"
    door.daemon.start()
    name = OPEN.partition("@")[0] if door.route.canonical else OPEN
    secret = door.secret(OPEN)
    with door.postfix.session() as session:
        assert signed_in(session, name, secret) == IN
        assert {sender: may_send(session, sender) for sender in SENDS_AS} == dict.fromkeys(
            SENDS_AS, 250
        )
        # What is no address at all is refused as that.
        refused = {sender: may_send(session, sender) for sender in SENDS_NOT_AS}
        assert set(refused.values()) <= {553, 501, 503}, refused
        assert refused[ENFORCED] == refused["sales@example.org"] == 553
    with door.postfix.session() as session:
        assert may_send(session, OPEN) == 553


@everywhere
def test_an_account_without_a_domain_sends_as_the_address_in_its_domain(door: Door) -> None:
    door.daemon.house.add("linus")
    secret = door.secret("linus")
    own = ("linus@example.org", "linus+list@example.org", "post@example.org", "post+x@example.org")
    others = (OPEN, "linus@example.com", "post@example.com", "info@example.org")
    with door.postfix.session() as session:
        assert signed_in(session, "linus", secret) == IN
        assert {one: may_send(session, one) for one in own} == dict.fromkeys(own, 250)
        assert {one: may_send(session, one) for one in others} == dict.fromkeys(others, 553)


@everywhere
def test_while_the_daemon_is_down_what_is_its_own_does_not_open(door: Door) -> None:
    secret = door.secret(ENFORCED)
    assert door.says(ENFORCED, secret) == IN
    door.daemon.stop()
    with door.postfix.session() as session:
        for password in (secret, OLD):
            assert signed_in(session, ENFORCED, password) == door.route.not_now
    if door.route.behind:
        assert door.says(OPEN, OLD) == IN
    door.daemon.start()
    assert door.says(ENFORCED, secret) == IN
    assert door.says(ENFORCED, OLD) == REFUSED


@pytest.mark.slow  # each smtpd that finds nobody waits for a second before it dies
@everywhere
def test_an_smtpd_that_finds_nobody_to_ask_lets_nobody_in(door: Door) -> None:
    secret = door.secret(ENFORCED)
    assert door.says(ENFORCED, secret) == IN
    door.daemon.stop()
    said = [door.says(ENFORCED, password) for password in (secret, OLD, secret)]
    assert said[0] == door.route.not_now
    assert set(said) <= {door.route.not_now, GONE}
    door.daemon.start()
    assert door.says(ENFORCED, secret) == IN


@almost_everywhere
def test_what_cannot_be_answered_now_is_said_so(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str) -> None:
        raise StoreBusy("busy")

    secret = door.secret(ENFORCED)
    with monkeypatch.context() as patch, door.postfix.session() as session:
        patch.setattr(door.daemon.house.store, "get", busy)
        for mechanism, at_once in WAYS:
            said = signed_in(session, ENFORCED, secret, mechanism, at_once=at_once)
            assert said == door.route.not_now
    assert door.says(ENFORCED, secret) == IN


@everywhere
def test_a_restart_of_the_daemon_is_not_noticed(door: Door) -> None:
    secret = door.secret(ENFORCED)
    for _ in range(3):
        assert door.says(ENFORCED, secret) == IN
        door.daemon.stop()
        door.daemon.start()


@almost_everywhere
def test_no_password_is_in_the_log(door: Door) -> None:
    secret, other = door.secret(ENFORCED), door.secret(OPEN)
    for mechanism, at_once in WAYS:
        for password in (secret, other):
            door.postfix.says(ENFORCED, password, mechanism, at_once=at_once)
    log = door.postfix.log.read_text()
    assert "SASL LOGIN authentication failed" in log
    assert secret not in log
    assert other not in log


@pytest.mark.parametrize(
    ("unit", "recipe", "key"),
    [
        ("postfix", "postfix/main-direct.cf", "smtpd_sasl_path = "),
        ("cyrus", "cyrus/smtpd.conf", "saslauthd_path: /"),
    ],
)
def test_the_socket_of_systemd_is_where_postfix_looks(unit: str, recipe: str, key: str) -> None:
    made = adapted(f"systemd/apppw-tui-{unit}.socket", {})
    (listens,) = re.findall(r"^ListenStream=(.*)", made, re.MULTILINE)
    (asks,) = re.findall(rf"^{key}(.*)", adapted(recipe, {}), re.MULTILINE)
    assert listens == f"/var/spool/postfix/{asks}"
