"""Near misses.

What a mistaken name could have been, for the log, long after the answer (SAFETY 1).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.names import AccountName, candidates, nearly
from apppw_tui.verifier.reading import StoreReader

LATER = 1.0  # seconds after the answer, whose time must not tell anything
_AT_ONCE = 8  # names that wait; further ones are let go
_AGAIN = 3600.0  # seconds until the same account is told of once more
_MOST_TOLD = 256


class _Accounts(Protocol):
    def get(self, name: str, /) -> Account | None:
        """Raises StoreError."""


class _Record(Protocol):
    def nearly(
        self, socket: str, account_name: str, service: str | None, address: str | None
    ) -> None:
        """One line, with the name of the account and nothing of what was typed."""


@dataclass(frozen=True)
class _NearMiss:
    """The names that one could have been meant for, and where it was typed."""

    names: tuple[AccountName, ...]
    typed: tuple[str, ...]  # those that were looked for already
    socket: str
    service: str | None
    address: str | None


class NearMisses:
    """Looks whether a name that no account has would be one, read a little otherwise.

    Never a search: a handful of names that are made from the one that was typed, each read once.
    """

    def __init__(
        self,
        accounts: _Accounts,
        record: _Record,
        monotonic: Callable[[], float],
        default_domain: Callable[[], str | None],
        later: float = LATER,
        *,
        reader: StoreReader | None = None,
    ) -> None:
        self._accounts = accounts
        self._record = record
        self._monotonic = monotonic
        self._default_domain = default_domain
        self._later = later
        self._reader = reader or StoreReader()
        self._looking: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[str, float] = OrderedDict()

    def look(self, text: str, socket: str, service: str | None, address: str | None) -> None:
        """In a while, and only if not many others wait. Never raises."""
        if len(self._looking) >= _AT_ONCE:
            return
        domain = self._default_domain()
        try:
            typed = candidates(text, domain)
        except InvalidName:
            typed = ()
        names = nearly(text, domain)
        if not names:
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._look(_NearMiss(names, typed, socket, service, address)))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look(self, asked: _NearMiss) -> None:
        await asyncio.sleep(self._later)
        try:
            candidate = await self._reader(partial(self._first, asked.names))
        except StoreError:
            return  # a hint is not worth a second complaint
        # An account by the very name that was typed was no mistake of the name.
        if candidate is not None and candidate not in asked.typed and self._is_new(candidate):
            self._record.nearly(asked.socket, candidate, asked.service, asked.address)

    def _first(self, names: tuple[AccountName, ...]) -> str | None:
        for name in names:
            account = self._accounts.get(name)
            if account is not None:
                return account.name
        return None

    def _is_new(self, name: str) -> bool:
        now = self._monotonic()
        last = self._told.get(name)
        if last is not None and now - last < _AGAIN:
            return False
        self._told[name] = now
        self._told.move_to_end(name)
        while len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        return True
