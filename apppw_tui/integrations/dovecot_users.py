"""Users of Dovecot: asked at its auth-userdb socket, which takes no password.

Source: Dovecot's sources, src/lib-master/auth-master.c: lines separated by tabs, version 1.
"""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.domain.errors import PasswordBackendDown
from apppw_tui.domain.names import escaped

_LONGEST_LINE = 65536  # bytes
# What Dovecot's auth_username_chars has by default: of a name with another character it says that
# there is none, although all that is known is that it may not be asked for.
_USUAL = re.compile("[a-z0-9.@_-]+")


class DovecotUsers:
    """One connection, over which name after name is asked for.

    Dovecot tells root and its own user the most, and goes by who has connected: root connects
    before it becomes the store's owner.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        """Connects. `timeout` is in seconds, for each thing that is waited for.

        Raises:
            PasswordBackendDown: nobody is there, or what is there is not Dovecot.
        """
        self._path = path
        self._asked = 0
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connection.settimeout(timeout)
        self._lines = self._connection.makefile("rb")
        try:
            with self._heard():
                self._connection.connect(str(path))
                self._connection.sendall(b"VERSION\t1\t0\n")
                if not self._line().startswith(b"VERSION\t1\t"):
                    raise ValueError("it speaks another version")
        except PasswordBackendDown:
            self.close()
            raise

    def close(self) -> None:
        self._lines.close()
        self._connection.close()

    def knows(self, name: str) -> bool | None:
        """True if there is such a user; None if Dovecot does not say. Never guesses a no.

        Raises:
            PasswordBackendDown: no answer came.
        """
        self._asked += 1
        number = str(self._asked).encode()
        with self._heard():
            self._connection.sendall(b"USER\t%s\t%s\tservice=apppw-tui\n" % (number, name.encode()))
            while True:
                word, _, rest = self._line().partition(b"\t")
                if rest.partition(b"\t")[0] != number:
                    continue  # a greeting's other lines
                if word == b"USER":
                    return True
                if word == b"NOTFOUND":
                    return None if _USUAL.fullmatch(name) is None else False
                return None  # for the moment, or not to this user

    def _line(self) -> bytes:
        line = self._lines.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ValueError("it ended the connection")
        return line.removesuffix(b"\n")

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            reason = escaped(why or "no answer in time").lower()
            raise PasswordBackendDown(
                f"Dovecot cannot be asked at {self._path}: {reason}."
            ) from None
