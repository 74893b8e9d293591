"""OpenVPN signs people in by PAM, with the very files of recipes/openvpn/ and recipes/pam/."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import pam
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.services.smtp import certificate
from tests.services.trials import ENFORCED, OPEN, TRIALS, Asked, asked, trial

pytestmark = pytest.mark.slow
IN, REFUSED = "Initialization Sequence Completed", "AUTH_FAILED"
_COMMON = "dev tun\nproto {proto}\nport 1194\nverb 3\nca {certificate}\n"
_SERVER = """\
server 10.9.8.0 255.255.255.0
topology subnet
local 127.0.0.1
dh none
cert {certificate}
key {key}
"""
_CLIENT = """\
client
remote 127.0.0.1
nobind
ifconfig-noexec
route-noexec
connect-retry-max 1
auth-user-pass {credentials}
"""


@dataclass(frozen=True)
class OpenVpn:
    """A server in a network of its own, and the daemon that it asks, which is this test's own."""

    program: str
    pid: int
    own: Path
    daemon: Asked

    @property
    def log(self) -> str:
        return (self.own / "server.log").read_text()

    def says(self, account: str, password: str) -> str:
        """What the client was told, by its own log."""
        (self.own / "credentials").write_text(f"{account}\n{password}\n")
        (self.own / "credentials").chmod(0o600)
        line = ["nsenter", f"--net=/proc/{self.pid}/ns/net", self.program]
        with subprocess.Popen(
            [*line, "--config", self.own / "client.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as client:
            assert client.stdout is not None
            said = []
            for heard in client.stdout:
                said.append(heard)
                found = re.search(f"{IN}|{REFUSED}", heard)
                if found is not None:
                    client.terminate()
                    return found[0]
        pytest.fail(f"{''.join(said)}\n{self.log}")

    def issue(self, account: str, scope: str = "any") -> str:
        made = self.daemon.house.operator.create_app_password(account, scope, (scope,))
        return made.secret.reveal()


@pytest.fixture(scope="module")
def server(folder: Path, program: Path, user: OrdinaryUser) -> Iterator[tuple[str, int, Path]]:
    openvpn = require_program("openvpn", "openvpn")
    for name in ("unshare", "nsenter"):
        require_program(name, "util-linux")
    require_program("ip", "iproute2")
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError:
        unavailable("only root can make a tunnel, where there is /dev/net/tun")
    own = folder / "openvpn"
    own.mkdir()
    key, made = certificate(own)
    with pam.installed(program, folder / "json", "vpn") as prefix:
        recipe = adapted("openvpn/apppw.conf", {"apppw-vpn\n#": f"{prefix}vpn\n#"})
        common = _COMMON.format(certificate=made, proto="{}")
        (own / "server.conf").write_text(
            common.format("tcp-server") + _SERVER.format(certificate=made, key=key) + recipe
        )
        (own / "client.conf").write_text(
            common.format("tcp-client") + _CLIENT.format(credentials=own / "credentials")
        )
        script = 'ip link set lo up && exec "$@"'
        line = ["unshare", "--net", "sh", "-c", script, "sh", openvpn, "--config"]
        with (
            (own / "server.log").open("w") as log,
            subprocess.Popen(
                [*line, own / "server.conf"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            ) as process,
        ):
            assert process.stdout is not None
            try:
                for heard in process.stdout:
                    log.write(heard)
                    log.flush()
                    if IN in heard:
                        break
                else:
                    pytest.fail((own / "server.log").read_text())
                with subprocess.Popen(["cat"], stdin=process.stdout, stdout=log):
                    yield openvpn, process.pid, own
                    process.terminate()
            finally:
                with suppress(ProcessLookupError):
                    process.kill()


@pytest.fixture
def vpn(server: tuple[str, int, Path], folder: Path) -> Iterator[OpenVpn]:
    with asked(folder / "json", "json") as daemon:
        yield OpenVpn(*server, daemon)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_gets_in_and_nothing_else(vpn: OpenVpn, name: str, account: str) -> None:
    tried = trial(name, vpn.daemon.house, account, "any", "mail")
    said = vpn.says(tried.account, tried.password)
    assert said == (IN if tried.gets_in else REFUSED), vpn.log
    assert vpn.daemon.book.asked == [("vpn", "127.0.0.1")]


def test_a_deleted_one_is_refused_at_the_very_next_attempt(vpn: OpenVpn) -> None:
    secret = vpn.issue(OPEN)
    assert vpn.says(OPEN, secret) == IN
    vpn.daemon.house.operator.delete_app_password(OPEN, "any")
    assert vpn.says(OPEN, secret) == REFUSED


def test_while_the_daemon_is_down_nobody_gets_in(vpn: OpenVpn) -> None:
    secret = vpn.issue(OPEN)
    vpn.daemon.stop()
    # As the recipe says: PAM has no other answer to that.
    assert vpn.says(OPEN, secret) == vpn.says(OPEN, "the old one") == REFUSED
    vpn.daemon.start()
    assert vpn.says(OPEN, secret) == IN


def test_no_password_is_in_the_log(vpn: OpenVpn) -> None:
    secret, other = vpn.issue(OPEN), vpn.issue(ENFORCED)
    vpn.says(OPEN, secret)
    vpn.says(OPEN, other)
    assert "Auth Username/Password verification failed" in vpn.log
    assert secret not in vpn.log
    assert other not in vpn.log
