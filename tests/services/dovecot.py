"""A real Dovecot, run by an ordinary user on free ports of this machine alone."""

import contextlib
import grp
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import sign_in
from tests.services.ordinary import OrdinaryUser
from tests.services.require import require_program, unavailable
from tests.services.sign_in import HOST, IN, REFUSED, Password, Session

_TIMEOUT = 120.0  # seconds, for one answer
_ATTEMPTS, _BETWEEN = 400, 0.05  # seconds; 20 in all until it listens
_PROGRAMS = Path("/usr/lib/dovecot")
_PACKAGES = {
    "imap": ("imap-login", "dovecot-imapd"),
    "pop3": ("pop3-login", "dovecot-pop3d"),
    "sieve": ("managesieve-login", "dovecot-managesieved"),
    "lmtp": ("lmtp", "dovecot-lmtpd"),
}

# Every setting that names a user or a chroot: all of it is one ordinary user here. The two about
# delays: a refusal would otherwise hold up the next attempt for seconds.
_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {log}
auth_verbose = yes
protocols = {protocols}
listen = {host}
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth-worker {{
  user = {user}
}}
"""
_STATIC = """\
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
"""
_LISTENER = """\
service {program} {{
  chroot =
  inet_listener {protocol} {{
    port = {port}
  }}
  inet_listener {protocol}s {{
    port = 0
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and what it says."""

    ports: dict[str, int]  # by protocol
    log: Path
    configuration: Path
    user: OrdinaryUser

    @property
    def port(self) -> int:
        """IMAP's."""
        return self.ports["imap"]

    def says(
        self, account: str, password: Password, protocol: str = "imap", source: str = HOST
    ) -> str:
        """One sign-in: sign_in.IN, REFUSED, NOT_NOW, or what else Dovecot said."""
        return sign_in.says(protocol, self.ports[protocol], account, password, source)

    def all_say(self, account: str, password: Password) -> dict[str, str]:
        """`says` by protocol, for all that it speaks, at once."""
        return sign_in.all_say(self.ports, account, password)

    def lets_in(self, account: str, password: str, protocol: str = "imap") -> bool:
        """Whether the mailbox opens. Any other answer than yes or no is an error."""
        said = self.says(account, password, protocol)
        # A "temporary failure" is no refusal, it is a broken test.
        if said not in (IN, REFUSED):
            pytest.fail(f"{said}\n{self.log.read_text()}", pytrace=False)
        return said == IN

    @contextmanager
    def idling(self, account: str, password: str) -> Iterator[Session]:
        """A session of IMAP that waits for new mail, as a telephone's does all day."""
        with sign_in.connected("imap", self.port) as session:
            assert session.sign_in(account, password) == IN, self.log.read_text()
            session.idle()
            yield session

    def doveadm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """doveadm(1) with this very Dovecot, as the user that runs it."""
        program = require_program("doveadm", "dovecot-core")
        return self.user.run([program, "-c", self.configuration, *arguments])


@contextmanager
def running(
    program: str,
    folder: Path,
    user: OrdinaryUser,
    recipe: Path,
    protocols: Sequence[str] = ("imap",),
    *,
    userdb: str = _STATIC,
    sockets: Sequence[str] = (),
) -> Iterator[Dovecot]:
    """Dovecot with the passdbs of `recipe` alone; gone, with all its children, at the end.

    `userdb` has places for {uid}, {gid} and {folder}. `sockets` are waited for, besides its own.
    """
    for protocol in protocols:
        part, package = _PACKAGES[protocol]
        if not (_PROGRAMS / part).exists():
            unavailable(f"Dovecot has no {protocol} here (Debian package {package})")
    own = folder / "dovecot"
    own.mkdir()
    os.chown(own, user.uid, user.gid)
    ports = dict(zip(protocols, free_ports(len(protocols)), strict=True))
    dovecot = Dovecot(ports, own / "dovecot.log", folder / "dovecot.conf", user)
    told = (_CONFIGURATION + userdb).format(
        folder=own,
        log=dovecot.log,
        host=HOST,
        protocols=" ".join(protocols),
        user=user.name,
        group=grp.getgrgid(user.gid).gr_name,
        uid=user.uid,
        gid=user.gid,
    )
    for protocol, port in ports.items():
        told += _LISTENER.format(program=_PACKAGES[protocol][0], protocol=protocol, port=port)
    dovecot.configuration.write_text(f"{told}!include {recipe}\n")
    process = user.start([program, "-F", "-c", dovecot.configuration])
    try:
        wait_for(process, ports.values(), dovecot.log)
        for name in ("auth-userdb", *sockets):
            _wait_for_socket(process, dovecot.log.parent / "run" / name)
        yield dovecot
    finally:
        stop(process)


def wait_for(process: "subprocess.Popen[str]", ports: Iterable[int], log: Path) -> None:
    """Until it listens on all of its ports."""
    for port in ports:
        _wait_for(process, port, log)


def _wait_for(process: "subprocess.Popen[str]", port: int, log: Path) -> None:
    for _ in range(_ATTEMPTS):
        try:
            socket.create_connection((HOST, port), _TIMEOUT).close()
        except ConnectionRefusedError:
            # Waiting for its death is waiting without going on when there is nothing to wait for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_BETWEEN)
                break
        else:
            return
    said = log.read_text() if log.exists() else "it wrote no log"
    pytest.fail(f"Dovecot did not start: {said}", pytrace=False)


def _wait_for_socket(process: "subprocess.Popen[str]", path: Path) -> None:
    """Until it can be asked there, too: that may come after the ports."""
    for _ in range(_ATTEMPTS):
        if path.exists():
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_BETWEEN)
    pytest.fail(f"Dovecot never made {path.name}", pytrace=False)


def stop(process: "subprocess.Popen[str]") -> None:
    """Ends Dovecot and all its children."""
    process.terminate()  # it ends its children itself
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what is left, if it did not
    process.wait(_TIMEOUT)


def free_ports(count: int) -> list[int]:
    """So many, all different: each is held until the last is found."""
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server((HOST, 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]
