"""ejabberd signs people in by PAM, with the very files of recipes/ejabberd/ and recipes/pam/."""

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import pam
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.trials import ENFORCED, OPEN, TRIALS, Asked, asked, trial
from tests.services.web import HOST, free_port, listening, own_folder
from tests.services.xmpp import DOMAIN, IN, REFUSED, says
from tests.support import first_quick

pytestmark = pytest.mark.slow
_BESIDE = """\
hosts: ["{domain}"]
loglevel: debug
listen:
  - port: {port}
    ip: "{host}"
    module: ejabberd_c2s
modules: {{}}
"""


@dataclass(frozen=True)
class Ejabberd:
    """A server that is running, and the daemon that it asks, which is this test's own."""

    port: int
    log: Path
    daemon: Asked

    def says(self, account: str, password: str) -> str:
        return says(self.port, account, password)

    def issue(self, account: str, scope: str = "chat") -> str:
        made = self.daemon.house.operator.create_app_password(account, scope, (scope,))
        return made.secret.reveal()


@pytest.fixture(scope="module")
def server(folder: Path, program: Path) -> Iterator[tuple[int, Path]]:
    require_program("ejabberdctl", "ejabberd")
    erlang = require_program("erl", "erlang-base")
    libraries = next((one.parent for one in Path("/usr/lib").glob("*/ejabberd-*")), None)
    if libraries is None or not Path("/usr/lib/erlang/p1_pam/bin/epam").exists():
        unavailable("ejabberd cannot ask PAM here (Debian package erlang-p1-pam)")
    entry = pwd.getpwnam("ejabberd") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    user = OrdinaryUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    own, port = own_folder(folder, "ejabberd", user), free_port()
    with pam.installed(program, folder / "json", "xmpp") as prefix:
        recipe = adapted("ejabberd/apppw.yml", {"apppw-xmpp\n": f"{prefix}xmpp\n"})
        beside = _BESIDE.format(domain=DOMAIN, port=port, host=HOST)
        (own / "ejabberd.yml").write_text(beside + recipe)
        # ejabberdctl alone would start Erlang's name service, which stays.
        command = ["env", f"HOME={own}", f"EJABBERD_CONFIG_PATH={own}/ejabberd.yml"]
        command += [f"EJABBERD_LOG_PATH={own}/ejabberd.log", f"ERL_LIBS={libraries}", erlang]
        command += ["-noinput", "-mnesia", "dir", f'"{own}/database"', "-s", "ejabberd"]
        with listening(user, command, port, own / "log"):
            yield port, own / "log"


@pytest.fixture
def ejabberd(server: tuple[int, Path], folder: Path) -> Iterator[Ejabberd]:
    port, log = server
    with asked(folder / "json", "json") as daemon:
        yield Ejabberd(port, log, daemon)


@pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_gets_in_and_nothing_else(
    ejabberd: Ejabberd, name: str, account: str
) -> None:
    tried = trial(name, ejabberd.daemon.house, account, "chat", "mail")
    said = ejabberd.says(tried.account, tried.password)
    assert said == (IN if tried.gets_in else REFUSED), ejabberd.log.read_text()
    assert ejabberd.daemon.book.asked == [("xmpp", None)]


def test_a_deleted_one_is_refused_at_the_very_next_attempt(ejabberd: Ejabberd) -> None:
    secret = ejabberd.issue(OPEN)
    assert ejabberd.says(OPEN, secret) == IN
    ejabberd.daemon.house.operator.delete_app_password(OPEN, "chat")
    assert ejabberd.says(OPEN, secret) == REFUSED


def test_while_the_daemon_is_down_nobody_gets_in(ejabberd: Ejabberd) -> None:
    secret = ejabberd.issue(OPEN)
    assert ejabberd.says(OPEN, secret) == IN
    ejabberd.daemon.stop()
    # As the recipe says: PAM has no other answer to that.
    assert ejabberd.says(OPEN, secret) == ejabberd.says(OPEN, "the old one") == REFUSED
    ejabberd.daemon.start()
    assert ejabberd.says(OPEN, secret) == IN


def test_no_password_is_in_the_log(ejabberd: Ejabberd) -> None:
    secret, other = ejabberd.issue(OPEN), ejabberd.issue(ENFORCED)
    ejabberd.says(OPEN, secret)
    ejabberd.says(OPEN, other)
    log = ejabberd.log.read_text()
    assert "Failed c2s PLAIN authentication" in log
    assert secret not in log
    assert other not in log
