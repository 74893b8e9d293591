"""Dovecot 2.4, which Debian 13 has: by Lua and by PAM, the files of recipes/ where they belong."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import apppw_tui
from tests.services import debian13, old_passwords
from tests.services.dovecot import free_ports, stop, wait_for
from tests.services.old_passwords import OLD
from tests.services.recipes import adapted
from tests.services.sign_in import HOST, IN, NOT_NOW, PROTOCOLS, REFUSED, all_say, connected, says
from tests.services.trials import ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial

# One worker makes one Debian for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("debian13")]

PACKAGES = (
    *("dovecot-core", "dovecot-imapd", "dovecot-pop3d", "dovecot-managesieved"),
    *("dovecot-auth-lua", "lua-socket", "python3"),
)
RECIPES = {"lua": ["24-apppw-lua.conf"], "pam": ["24-apppw.conf", "24-apppw-enforced.conf"]}
_CONFIGURATION = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
base_dir = /run/dovecot-{way}
state_dir = /run/dovecot-{way}-state
log_path = /var/log/dovecot-{way}
auth_verbose = yes
protocols = imap pop3 sieve
listen = {host}
ssl = no
auth_allow_cleartext = yes
auth_failure_delay = 0
auth_internal_failure_delay = 0
first_valid_uid = 1
mail_driver = maildir
mail_path = ~/mail
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
userdb static {{
  fields {{
    uid = mail
    gid = mail
    home = /var/vmail/%{{user}}
  }}
}}
!include /etc/dovecot/recipe-{way}.conf
passdb passwd-file {{
  passwd_file_path = /etc/dovecot/users
  fields {{
    allow_nets = {host}/32
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """One that was started, and the daemon's socket as the tests see it."""

    way: str
    ports: dict[str, int]
    log: Path
    socket: Path

    def says(self, account: str, password: str) -> dict[str, str]:
        return all_say(self.ports, account, password)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with debian13.debian13(PACKAGES) as root:
        (root / "run" / "apppw-tui").mkdir(0o755)
        (root / "var" / "vmail").mkdir(0o777)
        (root / "var" / "vmail").chmod(0o777)
        old_passwords.written(root / "etc/dovecot/users", OPEN, ENFORCED, UNKNOWN)
        put(root / "etc/dovecot/apppw-enforced", f"{ENFORCED}\n")
        put(root / "etc/dovecot/apppw.lua", adapted("dovecot/apppw.lua", {}))
        for way, recipes in RECIPES.items():
            text = "".join(adapted(f"dovecot/{recipe}", {}) for recipe in recipes)
            put(root / f"etc/dovecot/recipe-{way}.conf", text)
        for protocol in PROTOCOLS:
            put(root / f"etc/pam.d/apppw-{protocol}", adapted(f"pam/apppw-{protocol}", {}))
        shutil.copytree(Path(apppw_tui.__file__).parent, root / "opt" / "apppw_tui")
        program = root / "usr/local/bin/apppw-tui"
        put(program, '#!/bin/sh\nPYTHONPATH=/opt exec /usr/bin/python3 -P -m apppw_tui "$@"\n')
        program.chmod(0o755)
        yield root


def put(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


@pytest.fixture(scope="module", params=RECIPES)
def dovecot(root: Path, request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    way = str(request.param)
    ports = dict(zip(PROTOCOLS, free_ports(len(PROTOCOLS)), strict=True))
    log = root / "var/log" / f"dovecot-{way}"
    put(root / f"etc/dovecot/test-{way}.conf", _CONFIGURATION.format(way=way, host=HOST, **ports))
    process = debian13.start(root, "dovecot", "-F", "-c", f"/etc/dovecot/test-{way}.conf")
    try:
        wait_for(process, ports.values(), log)
        yield Dovecot(way, ports, log, root / "run/apppw-tui/json")
    finally:
        stop(process)


@pytest.fixture
def daemon(dovecot: Dovecot) -> Iterator[Asked]:
    with asked(dovecot.socket, "json") as daemon:
        yield daemon


def everywhere(said: str) -> dict[str, str]:
    return dict.fromkeys(PROTOCOLS, said)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_only_the_right_one_opens_the_mailbox(
    dovecot: Dovecot, daemon: Asked, name: str, account: str
) -> None:
    tried = trial(name, daemon.house, account, "mail", "http")
    said = everywhere(IN if tried.gets_in else REFUSED)
    assert dovecot.says(tried.account, tried.password) == said, dovecot.log.read_text()[-3000:]
    assert sorted(daemon.noted.asked) == [(protocol, HOST) for protocol in PROTOCOLS]


@pytest.mark.parametrize(
    ("account", "said"), [(OPEN, IN), (UNKNOWN, IN), (ENFORCED, REFUSED), ("nobody", REFUSED)]
)
def test_the_old_password_opens_what_is_not_enforced(
    dovecot: Dovecot, daemon: Asked, account: str, said: str
) -> None:
    assert dovecot.says(account, OLD) == everywhere(said)
    assert len(daemon.noted.asked) == len(PROTOCOLS)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
def test_while_the_daemon_is_down(dovecot: Dovecot, daemon: Asked, account: str) -> None:
    right = trial("right", daemon.house, account, "mail", "http")
    assert dovecot.says(account, right.password) == everywhere(IN)
    daemon.stop()
    # PAM has no third answer, and the old passdb of an open account none of it to wait for.
    down = {"lua": NOT_NOW, "pam": REFUSED}[dovecot.way]
    assert dovecot.says(account, right.password) == everywhere(down)
    old = IN if (dovecot.way, account) == ("pam", OPEN) else down
    assert dovecot.says(account, OLD) == everywhere(old)
    daemon.start()
    assert dovecot.says(account, right.password) == everywhere(IN)


def test_the_old_password_can_be_the_webmails_alone(dovecot: Dovecot, daemon: Asked) -> None:
    assert says("imap", dovecot.ports["imap"], OPEN, OLD) == IN
    assert says("imap", dovecot.ports["imap"], OPEN, OLD, "127.0.0.2") == REFUSED


def test_a_kick_ends_a_session_that_is_open(root: Path, dovecot: Dovecot, daemon: Asked) -> None:
    right = trial("right", daemon.house, OPEN, "mail", "http")
    with connected("imap", dovecot.ports["imap"]) as session:
        assert session.sign_in(OPEN, right.password) == IN
        session.idle()
        debian13.output(
            root, "doveadm", "-c", f"/etc/dovecot/test-{dovecot.way}.conf", "kick", "--", OPEN
        )
        assert "BYE" in session.last_words()


@pytest.mark.parametrize("way", RECIPES)
def test_debians_own_configuration_takes_it(root: Path, way: str) -> None:
    """As the first of the passdbs, without a line changed; Debian's own stands behind it."""
    recipe = root / "etc/dovecot/conf.d/05-apppw.conf"
    shutil.copy(root / f"etc/dovecot/recipe-{way}.conf", recipe)
    try:
        told = debian13.output(root, "doveconf", "-n").splitlines()
    finally:
        recipe.unlink()
    passdbs = [line.split()[1] for line in told if line.startswith("passdb ")]
    assert passdbs == ["apppw", *(["apppw-enforced"] if way == "pam" else []), "pam"]
