"""Signing in by IMAP, POP3 and ManageSieve, with the bytes of one's choice, from any address."""

import base64
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import BinaryIO

from apppw_tui.domain.secret import Secret

Password = bytes | str | Secret
IN, REFUSED, NOT_NOW = "in", "refused", "not now"
PROTOCOLS = ("imap", "pop3", "sieve")
HOST = "127.0.0.1"
_TIMEOUT = 120.0  # seconds, for one answer; a machine under load, not a measure
# What Dovecot says to a refusal, and to what is no refusal: RFC 5530 section 3, RFC 3206 sections
# 4 and 5, RFC 5804 section 1.3. A mail program asks for a new password upon the first alone.
_SAID = {
    "imap": {"NO [AUTHENTICATIONFAILED]": REFUSED, "NO [UNAVAILABLE]": NOT_NOW, "OK": IN},
    "pop3": {"-ERR [AUTH]": REFUSED, "-ERR [SYS/TEMP]": NOT_NOW, "+OK": IN},
    "sieve": {'NO "Authentication failed.': REFUSED, "NO (TRYLATER)": NOT_NOW, "OK": IN},
}
# The credentials come with the command: RFC 4959, RFC 5034 section 4, RFC 5804 section 2.1.
_ASKED = {
    "imap": "a AUTHENTICATE PLAIN {}",
    "pop3": "AUTH PLAIN {}",
    "sieve": 'AUTHENTICATE "PLAIN" "{}"',
}
# Something that only the mailbox itself can answer.
_THEN = {"imap": "a SELECT INBOX", "pop3": "STAT", "sieve": "LISTSCRIPTS"}


class Session:
    """One connection to a mail server."""

    def __init__(self, protocol: str, connection: socket.socket, lines: BinaryIO) -> None:
        self.protocol = protocol
        self._connection = connection
        self._lines = lines

    def sign_in(self, account: str, password: Password) -> str:
        """IN once the mailbox is open, REFUSED, NOT_NOW, or what else was said."""
        self.ask(account, password)
        return self.outcome()

    def ask(self, account: str, password: Password) -> None:
        """The first half of `sign_in`, which waits for nothing."""
        text = password.reveal() if isinstance(password, Secret) else password
        given = text.encode() if isinstance(text, str) else text
        resp = base64.b64encode(b"\0".join((b"", account.encode(), given))).decode()
        self._send(_ASKED[self.protocol].format(resp))

    def outcome(self) -> str:
        """The second half."""
        said = self.answer()
        if said == IN:
            self._send(_THEN[self.protocol])
            said = self.answer()
        return said

    def idle(self) -> None:
        """From now on the server speaks first: RFC 2177."""
        self._send("i IDLE")
        assert self._line().startswith("+ "), "IMAP's IDLE was refused"

    def last_words(self) -> str:
        """All that the server says until it ends the session, which it has to do itself."""
        return self._lines.read().decode()

    def _send(self, line: str) -> None:
        self._connection.sendall(line.encode() + b"\r\n")

    def answer(self) -> str:
        """The next line that ends an answer, the greeting's among them, as _SAID has it."""
        while True:
            line = self._line()
            for begin in ("a ", ""):
                for said, meant in _SAID[self.protocol].items():
                    if line.startswith(begin + said):
                        return meant
            if not line or line.startswith(("a ", "NO", "BYE", "-", "* BYE")):
                return line or "nothing"

    def _line(self) -> str:
        return self._lines.readline().decode().rstrip("\r\n")


@contextmanager
def connected(protocol: str, port: int, source: str = HOST) -> Iterator[Session]:
    """From the address `source` of this machine; the greeting is read."""
    with (
        socket.create_connection((HOST, port), _TIMEOUT, (source, 0)) as connection,
        connection.makefile("rb") as lines,
    ):
        session = Session(protocol, connection, lines)
        if protocol == "imap":
            lines.readline()  # untagged, and so no answer
        else:
            assert session.answer() == IN
        yield session


def says(protocol: str, port: int, account: str, password: Password, source: str = HOST) -> str:
    """One sign-in: IN once the mailbox is open, REFUSED, NOT_NOW, or what else was said."""
    with connected(protocol, port, source) as session:
        return session.sign_in(account, password)


def all_say(ports: dict[str, int], account: str, password: Password) -> dict[str, str]:
    """`says` for each protocol and its port, at once: Dovecot 2.3 answers all refusals together,
    every half second."""
    with ExitStack() as stack:
        sessions = [stack.enter_context(connected(*port)) for port in ports.items()]
        for session in sessions:
            session.ask(account, password)
        return {session.protocol: session.outcome() for session in sessions}
