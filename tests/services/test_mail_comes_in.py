"""Mail is delivered, and users are found, whoever is enforced and however the daemon fares."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests import serving
from tests.services import dovecot, old_passwords, pam, postfix, sign_in, slapd
from tests.services.dovecot import Dovecot
from tests.services.looking_up import FOUND, NOT_FOUND, policy_says, taken
from tests.services.old_passwords import OLD
from tests.services.ordinary import OrdinaryUser
from tests.services.postfix import Postfix
from tests.services.recipes import adapted, lua_script
from tests.services.require import require_program, unavailable
from tests.services.sign_in import IN, NOT_NOW, REFUSED
from tests.services.trials import ALL_SIGNS
from tests.support import NOW, House

# One worker starts each server.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("mail comes in")]

OPEN, ENFORCED, SCHEDULED, DISABLED, UNKNOWN = (
    f"{name}@example.org" for name in ("ada", "grace", "carol", "dan", "o'hara=1&2~3")
)
# Behind a plus, whoever delivers mail reads a person's own folder (recipient_delimiter).
EVERY_SIGN = f"{ALL_SIGNS[0].replace('+', '')}@example.org"
KNOWN = (OPEN, ENFORCED, SCHEDULED, DISABLED, EVERY_SIGN)
STRANGER = "stranger@example.org"  # whom nobody knows, Dovecot neither
_LUA, _LDAP = (
    Path(f"/usr/lib/dovecot/modules/auth/libauthdb_{name}.so") for name in ("lua", "ldap")
)
_LDA = Path("/usr/lib/dovecot/dovecot-lda")
# The settings of the services beside the sign-in, each asking for users in its own way.
_SERVICES = """
plugin {{
  quota = maildir:User quota
  quota_status_success = DUNNO
  quota_status_nouser = REJECT nobody
}}
mail_plugins = quota
service quota-status {{
  executable = quota-status -p postfix
  client_limit = 1
  inet_listener {{
    port = {port}
  }}
}}
"""
_USERDBS = {
    "static": (
        "userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={folder}/home/%u\n}}\n"
    ),
    "passwd-file": "userdb {{\n  driver = passwd-file\n  args = {folder}/../users\n}}\n",
    "ldap": (
        "userdb {{\n  driver = ldap\n  args = {folder}/../ldap.conf\n"
        "  default_fields = uid={uid} gid={gid} home={folder}/home/%u\n}}\n"
    ),
}


_UP, _HUNG, _GONE = "up", "hung", "gone"


@dataclass(frozen=True)
class Server:
    """A mail server; apppw-tui's store is in `home`, its socket wherever Dovecot looks."""

    way: str
    home: Path
    dovecot: Dovecot
    postfix: Postfix
    quota: int  # its port
    secrets: dict[str, str]  # an app password of each account

    def finds(self, account: str) -> dict[str, object]:
        """What each service that asks for users makes of that one."""
        message = "Subject: hello\n\nhello\n"
        lda: list[str | Path] = [_LDA, "-c", self.dovecot.configuration, "-d", account]
        return {
            "doveadm user": self.dovecot.doveadm("user", account).returncode,
            "LMTP": taken(self.dovecot.ports["lmtp"], account),
            "quota": policy_says(self.quota, account),
            "LDA": self.dovecot.user.run(lda, stdin=message).returncode,
            "Postfix": self.postfix.receive(account),
        }

    def sign_ins(self, passwords: dict[str, str]) -> dict[str, str]:
        """What each account's password is answered; all ask at once."""
        with ExitStack() as stack:
            asked = {
                account: stack.enter_context(sign_in.connected("imap", self.dovecot.port))
                for account in passwords
            }
            for account, session in asked.items():
                session.ask(account, passwords[account])
            return {account: session.outcome() for account, session in asked.items()}


def passdbs(way: str, place: Path, program: Path, stack: ExitStack) -> str:
    """apppw-tui's, by the recipes, with what belongs to it; it is asked at place/json."""
    script = lua_script(place, place / "json", ENFORCED, DISABLED)
    (place / "enforced" / SCHEDULED).write_text(f"2999-01-01T00:00:00Z {'0' * 32}\n")
    (place / "enforced" / SCHEDULED).chmod(0o644)
    settings = adapted("dovecot/99-apppw-auth.conf", {})
    if way == "lua":
        script.write_text(script.read_text().replace("SECONDS = 5 ", "SECONDS = 1 "))
        return settings + adapted(
            "dovecot/05-apppw-lua.conf", {"/etc/dovecot/apppw.lua": str(script)}
        )
    lister = place / "apppw-enforced"
    replaced = {
        "/var/lib/apppw-tui": str(place),
        "/etc/dovecot/apppw-enforced": f"{place}/list",
        "/etc/apppw-tui/config.toml": f"{place}/apppw.toml",
    }
    lister.write_text(adapted("dovecot/apppw-enforced", replaced))
    subprocess.run(["/usr/bin/python3", lister], check=True, timeout=60)
    prefix = stack.enter_context(pam.installed(program, place / "json", "imap"))
    return (
        settings
        + adapted("dovecot/05-apppw.conf", {"args = apppw-%Ls": f"args = {prefix}%Ls"})
        + adapted(
            "dovecot/06-apppw-enforced.conf", {"/etc/dovecot/apppw-enforced": f"{place}/list"}
        )
    )


def escaped(name: str) -> str:
    """As Dovecot looks it up in a passwd-file."""
    return name.replace("'", "\\'")


def old_passdb(kind: str, place: Path, user: OrdinaryUser, stack: ExitStack) -> str:
    """Behind it, the source that the server had before, which is the userdb's as well."""
    everybody = (*KNOWN, UNKNOWN)
    if kind == "ldap":
        if not _LDAP.exists():
            unavailable("Dovecot has no LDAP here (Debian package dovecot-ldap)")
        address = stack.enter_context(slapd.running(place, OLD, *everybody))
        (place / "ldap.conf").write_text(slapd.dovecot(address))
        return f"passdb {{\n  driver = ldap\n  args = {place}/ldap.conf\n}}\n"
    homes = f"{user.uid}:{user.gid}::{place}/dovecot/home"
    lines = [f"{escaped(name)}:{old_passwords.OLD_HASH}:{homes}/{name}\n" for name in everybody]
    (place / "users").write_text("".join(lines))
    # In 2.3 a user who is not there has no address; the old passwords are the webmail's alone.
    return adapted("roundcube/20-webmail.conf", {"/etc/dovecot/users": f"{place}/users"})


def accounts(home: Path) -> dict[str, str]:
    """A store with all of them, and an app password of each."""
    house = House(store=open_store(home / "store", create=True))
    for name in KNOWN:
        house.add(name)
    secrets = {name: house.issue("Phone", name).secret.reveal() for name in KNOWN}
    house.alter(ENFORCED, enforced_from=NOW)
    house.alter(SCHEDULED, enforced_from=NOW + timedelta(days=30_000))
    house.alter(DISABLED, enabled=False)
    return secrets


@pytest.fixture(scope="module", params=["lua", "pam"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=_USERDBS)
def server(
    request: pytest.FixtureRequest, way: str, folder: Path, program: Path, user: OrdinaryUser
) -> Iterator[Server]:
    dovecot_program = require_program("dovecot", "dovecot-core")
    if way == "lua" and not _LUA.exists():
        unavailable("Dovecot has no Lua here (Debian packages dovecot-auth-lua and lua-socket)")
    place = folder / f"{way}-{request.param}"
    home = place / "home"
    home.mkdir(parents=True)
    (place / "json").symlink_to(home / "run/json")
    with ExitStack() as stack:
        recipe = place / "recipe.conf"
        quota = dovecot.free_ports(1)[0]
        recipe.write_text(
            passdbs(way, place, program, stack)
            + old_passdb(request.param, place, user, stack)
            + _SERVICES.format(port=quota)
        )
        running = dovecot.running(
            dovecot_program, place, user, recipe, ("imap", "lmtp"), userdb=_USERDBS[request.param]
        )
        mail = stack.enter_context(running)
        mta = stack.enter_context(postfix.running(place, "postfix", "", lmtp=mail.ports["lmtp"]))
        yield Server(way, home, mail, mta, quota, accounts(home))


@pytest.fixture(params=[_UP, _HUNG, _GONE])
def state(request: pytest.FixtureRequest, server: Server) -> Iterator[str]:
    """The daemon as it is really started, and how it fares."""
    if request.param == _GONE:
        yield _GONE
        return
    with serving.serving(server.home) as running:
        # Dovecot is an ordinary user here.
        for path in (server.home, running.sockets):
            path.chmod(0o755)
        (running.sockets / "json").chmod(0o666)
        if request.param == _HUNG:
            running.process.send_signal(signal.SIGSTOP)
        yield request.param


def test_mail_is_delivered_and_users_are_found(server: Server, state: str) -> None:
    found = {account: server.finds(account) for account in (*KNOWN, UNKNOWN, STRANGER)}
    there, not_there = {**FOUND, "Postfix": "sent"}, {**NOT_FOUND, "Postfix": "bounced"}
    assert found == {**dict.fromkeys((*KNOWN, UNKNOWN), there), STRANGER: not_there}


def test_signing_in_depends_on_the_daemon_for_what_is_its_own(server: Server, state: str) -> None:
    refused = NOT_NOW if (server.way, state) in {("lua", _HUNG), ("lua", _GONE)} else REFUSED
    assert server.sign_ins(dict.fromkeys((*KNOWN, UNKNOWN), OLD)) == {
        **dict.fromkeys((OPEN, SCHEDULED, EVERY_SIGN, UNKNOWN), IN),
        **dict.fromkeys((ENFORCED, DISABLED), refused),
    }
    opens = IN if state == _UP else refused
    assert server.sign_ins(server.secrets) == {
        **dict.fromkeys((OPEN, SCHEDULED, ENFORCED, EVERY_SIGN), opens),
        DISABLED: refused,
    }
