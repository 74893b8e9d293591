"""A real Dovecot, run by an ordinary user on a free port of this machine alone."""

import contextlib
import grp
import imaplib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.ordinary import OrdinaryUser

_HOST = "127.0.0.1"
_TIMEOUT = 30.0  # seconds, for one answer
_ATTEMPTS, _BETWEEN = 400, 0.05  # seconds; 20 in all until it listens

# Every setting that names a user or a chroot: all of it is one ordinary user here. The two about
# delays: a refusal would otherwise hold up the next attempt for seconds.
_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {log}
auth_verbose = yes
protocols = imap
listen = {host}
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
auth_failure_delay = 0
mail_location = maildir:{folder}/mail/%u
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
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
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
!include {recipe}
"""


@dataclass(frozen=True)
class Dovecot:
    """Where it listens, and what it says."""

    port: int
    log: Path

    def lets_in(self, account: str, password: str) -> bool:
        """Whether IMAP's LOGIN opens the inbox. Any other answer than yes or no is an error."""
        with imaplib.IMAP4(_HOST, self.port, timeout=_TIMEOUT) as imap:
            try:
                imap.login(account, password)
            except imaplib.IMAP4.error as error:
                # RFC 5530 section 3. A "temporary failure" is no refusal, it is a broken test.
                if "[AUTHENTICATIONFAILED]" in str(error):
                    return False
                pytest.fail(f"{error}\n{self.log.read_text()}", pytrace=False)
            answer, _ = imap.select("INBOX")
            assert answer == "OK", self.log.read_text()
            return True


@contextlib.contextmanager
def running(program: str, folder: Path, user: OrdinaryUser, recipe: Path) -> Iterator[Dovecot]:
    """Dovecot with `recipe` as its only passdb; gone, with all its children, at the end."""
    own = folder / "dovecot"
    own.mkdir()
    os.chown(own, user.uid, user.gid)
    port = _free_port()
    dovecot = Dovecot(port, own / "dovecot.log")
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=own,
            log=dovecot.log,
            host=_HOST,
            port=port,
            user=user.name,
            group=grp.getgrgid(user.gid).gr_name,
            uid=user.uid,
            gid=user.gid,
            recipe=recipe,
        )
    )
    process = user.start([program, "-F", "-c", configuration])
    try:
        _wait(process, dovecot)
        yield dovecot
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[str], dovecot: Dovecot) -> None:
    for _ in range(_ATTEMPTS):
        try:
            socket.create_connection((_HOST, dovecot.port), _TIMEOUT).close()
        except ConnectionRefusedError:
            # Waiting for its death is waiting without going on when there is nothing to wait for.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_BETWEEN)
                break
        else:
            return
    log = dovecot.log.read_text() if dovecot.log.exists() else "it wrote no log"
    pytest.fail(f"Dovecot did not start: {log}", pytrace=False)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()  # it ends its children itself
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_TIMEOUT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what is left, if it did not
    process.wait(_TIMEOUT)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
