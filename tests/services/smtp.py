"""Signing in to a mail server in order to send: SMTP AUTH (RFC 4954) after STARTTLS (RFC 3207)."""

import contextlib
import os
import signal
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services.require import require_program

HOST = "127.0.0.1"
IN, REFUSED, NOT_NOW = 235, 535, 454  # RFC 4954 section 6
EXIM_NOT_NOW = 435  # any 4xx is temporary: RFC 5321 section 4.2.1
GONE = 0  # it hung up, which to a mail program is a matter of the network
# The mechanism, and whether its first response comes with the command.
WAYS = [("PLAIN", True), ("PLAIN", False), ("LOGIN", True), ("LOGIN", False)]
_TIMEOUT = 120.0  # seconds, for one answer
_ATTEMPTS, _BETWEEN = 400, 0.05  # seconds; 20 in all until it listens


@dataclass(frozen=True)
class Mailer:
    """A mail server: where it listens, and what it writes down."""

    port: int
    log: Path

    @contextmanager
    def session(self) -> Iterator[smtplib.SMTP]:
        """A connection after STARTTLS, as a mail program has it."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with smtplib.SMTP(HOST, self.port, timeout=_TIMEOUT) as session:
            session.starttls(context=context)
            session.ehlo()
            yield session

    def says(
        self, account: str, password: str, mechanism: str = "PLAIN", *, at_once: bool = True
    ) -> int:
        """The code that answers one sign-in; GONE if there is no answer."""
        try:
            with self.session() as session:
                return signed_in(session, account, password, mechanism, at_once=at_once)
        except (smtplib.SMTPServerDisconnected, ConnectionResetError):
            return GONE


def signed_in(
    session: smtplib.SMTP,
    account: str,
    password: str,
    mechanism: str = "PLAIN",
    *,
    at_once: bool = True,
) -> int:
    """The code that answers one sign-in."""
    session.user, session.password = account, password
    answer = {"PLAIN": session.auth_plain, "LOGIN": session.auth_login}[mechanism]
    try:
        return session.auth(mechanism, answer, initial_response_ok=at_once)[0]
    except smtplib.SMTPAuthenticationError as error:
        return error.smtp_code


def certificate(folder: Path) -> tuple[Path, Path]:
    """A key and its certificate, for STARTTLS."""
    program = require_program("openssl", "openssl")
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = [program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return key, made


@contextmanager
def started(command: list[str], ready: Callable[[], bool], log: Path) -> Iterator[None]:
    """The server that `command` keeps in the foreground; gone, with its children, at the end."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        start_new_session=True,
    )
    try:
        _wait(process, ready, log)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_TIMEOUT)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what is left
        process.wait(_TIMEOUT)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    for _ in range(_ATTEMPTS):
        if ready():
            return
        # Waiting for its death is waiting without going on when there is nothing to wait for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_BETWEEN)
            break
    said = log.read_text() if log.exists() else "it wrote no log"
    pytest.fail(f"{process.args!r} did not start: {said}", pytrace=False)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port
