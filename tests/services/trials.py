"""What every program is tried with, and the daemon that it asks: stopped and started at will."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.protocols.registry import HttpOptions, handler_for
from tests.support import NOW, PASSWORD, House
from tests.verifier.harness import Book, Desk, served_in_thread

OPEN, ENFORCED, UNKNOWN = "ada@example.org", "grace@example.org", "nobody@example.org"
# Every character that the name of an account may have, and first each of the two signs that may be
# (SAFETY 1).
ALL_SIGNS = (
    "'abcdefghijklmnopqrstuvwxyz0123456789._+&=~-'",
    "_'a.b_c+d&e=f~g-0@a-z.0123456789.xn--bcher-kva.bcdefghijklmnopqrstuvwxy.example",
)
_MISTAKE = {"2": "3"}  # any other symbol becomes this one


@dataclass
class Asked:
    """One socket of the daemon, in this process, over a house of its own.

    What was asked stands in `book`. Whoever asks may be another user: the socket is everybody's.
    """

    path: Path
    protocol: str
    http_options: HttpOptions = field(default_factory=lambda: HttpOptions(lambda: True))
    allowed: frozenset[Service] | None = None
    house: House = field(default_factory=House)
    book: Book = field(default_factory=Book)
    _running: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        desk = Desk(self.house, self.book, self.allowed)
        self._running.callback(desk.close)
        spoken = handler_for(self.protocol, *desk.parts, self.http_options)
        self._running.enter_context(served_in_thread(spoken.handle, self.path))

    def stop(self) -> None:
        self._running.close()


@contextmanager
def asked(
    path: Path,
    protocol: str,
    http_options: HttpOptions | None = None,
    allowed: frozenset[Service] | None = None,
) -> Iterator[Asked]:
    """Running, with one account that is open and one that is enforced."""
    made = Asked(path, protocol, http_options or HttpOptions(lambda: True), allowed)
    for name in (OPEN, ENFORCED):
        made.house.add(name)
    made.house.alter(ENFORCED, enforced_from=NOW)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@dataclass(frozen=True)
class Trial:
    """Somebody who signs in to a service, and whether it may let them in."""

    account: str
    password: str = field(repr=False)
    gets_in: bool = False


def _right(house: House, account: str, scope: str, _: str) -> Trial:
    return Trial(account, _issued(house, account, scope), gets_in=True)


def _wrong(house: House, account: str, scope: str, _: str) -> Trial:
    """Well formed, and another account's."""
    secret = _issued(house, account, scope)
    other = _issued(house, OPEN if account == ENFORCED else ENFORCED, scope)
    assert secret != other
    return Trial(account, other)


def _mistyped(house: House, account: str, scope: str, _: str) -> Trial:
    secret = _issued(house, account, scope)
    return Trial(account, secret[:10] + _MISTAKE.get(secret[10], "2") + secret[11:])


def _deleted(house: House, account: str, scope: str, _: str) -> Trial:
    secret = _issued(house, account, scope)
    house.operator.delete_app_password(account, "Laptop")
    return Trial(account, secret)


def _paused(house: House, account: str, scope: str, _: str) -> Trial:
    secret = _issued(house, account, scope)
    house.operator.pause_app_password(account, "Laptop")
    return Trial(account, secret)


def _expired(house: House, account: str, scope: str, _: str) -> Trial:
    made = house.operator.create_app_password(account, "Laptop", (scope,), NOW)
    return Trial(account, made.secret.reveal())


def _out_of_scope(house: House, account: str, _: str, other: str) -> Trial:
    return Trial(account, _issued(house, account, other))


def _unknown(house: House, account: str, scope: str, _: str) -> Trial:
    return Trial(UNKNOWN, _issued(house, account, scope))


def _account_password(_: House, account: str, *__: str) -> Trial:
    return Trial(account, PASSWORD)


def _issued(house: House, account: str, scope: str) -> str:
    secret: Secret = house.operator.create_app_password(account, "Laptop", (scope,)).secret
    return secret.reveal()


_Made = Callable[[House, str, str, str], Trial]
# By name, as a parameter of the tests; each is to be made afresh, for a house of its own.
TRIALS: dict[str, _Made] = {
    "right": _right,
    "wrong": _wrong,
    "mistyped": _mistyped,
    "deleted": _deleted,
    "paused": _paused,
    "expired": _expired,
    "out of scope": _out_of_scope,
    "unknown account": _unknown,
    "account password": _account_password,
}


def trial(name: str, house: House, account: str, scope: str, other: str) -> Trial:
    """What TRIALS calls `name`: an app password good for `scope`; out of scope, for `other`."""
    return TRIALS[name](house, account, scope, other)
