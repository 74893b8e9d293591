"""Prosody signs people in by asking apppw-tui, with the very files of recipes/prosody/."""

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.trials import ENFORCED, OPEN, TRIALS, UNKNOWN, Asked, asked, trial
from tests.services.web import HOST, free_port, listening, own_folder
from tests.services.xmpp import IN, NOT_NOW, REFUSED, says

pytestmark = pytest.mark.slow
_BESIDE = """\
daemonize = false
pidfile = "{own}/pid"
data_path = "{own}"
plugin_paths = {{ "{own}/modules" }}
interfaces = {{ "{host}" }}
c2s_ports = {{ {port} }}
modules_enabled = {{ "saslauth" }}
modules_disabled = {{ "s2s", "tls" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
log = {{ {{ levels = {{ min = "debug" }}, to = "console" }} }}
apppw_socket = "{socket}"
"""


@dataclass(frozen=True)
class Prosody:
    """A server that is running, and the daemon that it asks, which is this test's own."""

    port: int
    log: Path
    daemon: Asked

    def says(self, account: str, password: str, authzid: str = "") -> str:
        return says(self.port, account, password, authzid)

    def issue(self, account: str, scope: str = "chat") -> str:
        made = self.daemon.house.operator.create_app_password(account, scope, (scope,))
        return made.secret.reveal()


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[tuple[int, Path]]:
    program = require_program("prosody", "prosody")
    try:
        entry = pwd.getpwnam("prosody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    except KeyError:
        unavailable("Prosody has no user here, and does not run as root")
    user = OrdinaryUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    own = own_folder(folder, "prosody", user)
    modules, port = own / "modules", free_port()
    modules.mkdir()
    (modules / "mod_auth_apppw.lua").write_text(adapted("prosody/mod_auth_apppw.lua", {}))
    beside = _BESIDE.format(own=own, host=HOST, port=port, socket=folder / "json")
    (own / "prosody.cfg.lua").write_text(beside + adapted("prosody/apppw.cfg.lua", {}))
    command = [program, "-F", "--config", str(own / "prosody.cfg.lua")]
    with listening(user, command, port, own / "log"):
        yield port, own / "log"


@pytest.fixture
def prosody(server: tuple[int, Path], folder: Path) -> Iterator[Prosody]:
    port, log = server
    with asked(folder / "json", "json") as daemon:
        yield Prosody(port, log, daemon)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_gets_in_and_nothing_else(prosody: Prosody, name: str, account: str) -> None:
    tried = trial(name, prosody.daemon.house, account, "chat", "mail")
    said = prosody.says(tried.account, tried.password)
    assert said == (IN if tried.gets_in else REFUSED), prosody.log.read_text()
    assert prosody.daemon.book.asked == [("xmpp", HOST)]


def test_a_deleted_one_is_refused_at_the_very_next_attempt(prosody: Prosody) -> None:
    secret = prosody.issue(OPEN)
    assert prosody.says(OPEN, secret) == IN
    prosody.daemon.house.operator.delete_app_password(OPEN, "chat")
    assert prosody.says(OPEN, secret) == REFUSED


def test_while_the_daemon_is_down_nobody_is_refused(prosody: Prosody) -> None:
    secret = prosody.issue(OPEN)
    prosody.daemon.stop()
    assert prosody.says(OPEN, secret) == prosody.says(OPEN, "the old one") == NOT_NOW
    prosody.daemon.start()
    assert prosody.says(OPEN, secret) == IN
    assert prosody.says(OPEN, "the old one") == REFUSED


def test_a_restart_of_the_daemon_is_not_noticed(prosody: Prosody) -> None:
    secret = prosody.issue(OPEN)
    for _ in range(3):
        assert prosody.says(OPEN, secret) == IN
        prosody.daemon.stop()
        prosody.daemon.start()


def test_what_cannot_be_answered_now_is_said_so(
    prosody: Prosody, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: object) -> None:
        raise StoreBusy("busy")

    secret = prosody.issue(OPEN)
    with monkeypatch.context() as patch:
        patch.setattr(prosody.daemon.house.store, "get", busy)
        patch.setattr(prosody.daemon.house.store, "meant", busy)
        assert prosody.says(OPEN, secret) == NOT_NOW
    assert prosody.says(OPEN, secret) == IN


def test_nobody_acts_as_somebody_else(prosody: Prosody) -> None:
    secret = prosody.issue(OPEN)
    assert prosody.says(OPEN, secret, OPEN) == IN
    assert prosody.says(OPEN, secret, ENFORCED) == "invalid-authzid"
    assert prosody.says(UNKNOWN, secret) == REFUSED


def test_no_password_is_in_the_log(prosody: Prosody) -> None:
    secret, other = prosody.issue(OPEN), prosody.issue(ENFORCED)
    prosody.says(OPEN, secret)
    prosody.says(OPEN, other)
    prosody.daemon.stop()
    prosody.says(OPEN, secret)
    log = prosody.log.read_text()
    assert "cannot be asked" in log
    assert secret not in log
    assert other not in log
