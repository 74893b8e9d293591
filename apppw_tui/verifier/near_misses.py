"""Near misses.

What a mistaken name could have been, for the log, long after the answer (SAFETY 1).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from apppw_tui.domain.errors import InvalidName, StoreError
from apppw_tui.domain.names import AccountName, candidates, find, nearly
from apppw_tui.domain.ports import Accounts
from apppw_tui.domain.scopes import Service
from apppw_tui.verifier.reading import StoreReader

LATER = 1.0  # seconds after the answer, whose time must not tell anything
_AT_ONCE = 8  # names that wait; further ones are let go
_AGAIN = 3600.0  # seconds until the same account is told of once more
_MOST_TOLD = 256


@dataclass(frozen=True)
class _NearMiss:
    """The names that one could have been meant for, and where it was typed."""

    names: tuple[AccountName, ...]
    typed: tuple[str, ...]  # those that were looked for already
    socket: str
    service: Service | None
    address: str | None
    is_known: bool


class NearMisses:
    """Looks whether a name that no account has would be one, read a little otherwise.

    Never a search: a handful of names that are made from the one that was typed, each read once.
    """

    def __init__(
        self,
        accounts: Accounts,
        report: Callable[[str, str, Service | None, str | None], None],
        monotonic: Callable[[], float],
        default_domain: Callable[[], str | None],
        later: float = LATER,
        *,
        reader: StoreReader | None = None,
    ) -> None:
        """`report` is told the socket, the account, the service and the address."""
        self._accounts = accounts
        self._report = report
        self._monotonic = monotonic
        self._default_domain = default_domain
        self._later = later
        self._reader = reader or StoreReader()
        self._looking: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[str, float] = OrderedDict()

    def look(
        self,
        text: str,
        socket: str,
        service: Service | None,
        address: str | None,
        *,
        is_known: bool = False,
    ) -> None:
        """In a while, and only if not many others wait. Never raises."""
        if len(self._looking) >= _AT_ONCE:
            return
        domain = self._default_domain()
        try:
            typed = candidates(text, domain)
        except InvalidName:
            typed = ()
        names = nearly(text, domain)
        if set(names) <= set(typed):  # nothing is left that was not looked for
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(
            self._look(_NearMiss(names, typed, socket, service, address, is_known))
        )
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _look(self, asked: _NearMiss) -> None:
        await asyncio.sleep(self._later)
        try:
            account = await self._reader(partial(find, self._accounts, asked.names))
        except StoreError:
            return  # a hint is not worth a second complaint
        if asked.is_known:
            return
        # An account by the very name that was typed was no mistake of the name.
        if account is not None and account.name not in asked.typed and self._is_new(account.name):
            self._report(asked.socket, account.name, asked.service, asked.address)

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
