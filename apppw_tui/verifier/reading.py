"""The reader of the store: in threads, so that a disk that stands still keeps nobody else waiting.

Most reads take less than what it costs to hand one over to a thread. So one thread takes all that
waits, one after the other, and the loop is told once, when nothing is left or ten milliseconds are
over; another thread is begun only where that one stands still.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from apppw_tui.domain.account import Account
from apppw_tui.domain.engine_ports import BatchedAccounts
from apppw_tui.domain.errors import StoreError, StoreUnusable
from apppw_tui.domain.names import find
from apppw_tui.domain.ports import Accounts

DEADLINE = 4.0  # seconds; two of them fit into what Postfix waits
_LOOK_EVERY = 0.1  # seconds; whoever has not come further since the last look stands still
# Seconds that an answer waits at most for others to be read: who is told together asks together, by
# fewer questions.
_TOLD_AFTER = 0.01
MOST_THREADS = 16  # that may stand still at once; behind them everybody waits for the deadline
_SILENT = "The store does not answer."
_T = TypeVar("_T")


@dataclass(eq=False)
class _ReadRequest:
    """One read, and what came of it."""

    read: Callable[[], Any]
    answered: "asyncio.Future[Any]"
    until: float  # by the loop's clock
    accounts: BatchedAccounts | None = None  # read together with others that wait
    names: Sequence[str] = ()
    result: Any = None
    error: BaseException | None = None


class _ReadAccounts:
    """Accounts that were read."""

    def __init__(self, accounts: "Mapping[str, Account | StoreError]") -> None:
        self._accounts = accounts

    def get(self, name: str) -> "Account | None":
        account = self._accounts.get(name)
        if isinstance(account, StoreError):
            raise account
        return account


class StoreReader:
    """Calls functions that read the store, each with a deadline (SAFETY 18)."""

    def __init__(self, deadline: float = DEADLINE, most_threads: int = MOST_THREADS) -> None:
        self._deadline = deadline
        self._most_threads = most_threads
        self._desk: _Desk | None = None

    def __call__(self, read: Callable[[], _T]) -> "asyncio.Future[_T]":
        """Returns what `read` does, to be awaited; raises StoreUnusable if it takes too long."""
        return self._asked(read)

    def find(self, accounts: Accounts, names: Sequence[str]) -> "asyncio.Future[Account | None]":
        """Reads the account of the first name that has one, as `names.find` does.

        All that wait at that moment are read by one question, where the accounts allow that: it is
        asked after each of them has asked.
        """
        together = accounts if isinstance(accounts, BatchedAccounts) else None
        one = len(names) == 1
        read = partial(accounts.get, names[0]) if one else partial(find, accounts, names)
        return self._asked(read, together, names)

    def _asked(
        self,
        read: Callable[[], _T],
        accounts: BatchedAccounts | None = None,
        names: Sequence[str] = (),
    ) -> "asyncio.Future[_T]":
        loop = asyncio.get_running_loop()
        desk = self._desk
        if desk is None or desk.loop is not loop:
            self.close()
            desk = self._desk = _Desk(loop, self._most_threads)
        until = loop.time() + self._deadline
        asked = _ReadRequest(read, loop.create_future(), until, accounts, names)
        desk.ask(asked)
        return asked.answered

    def close(self) -> None:
        """Ends the threads, but those that stand still: they end with the process."""
        if self._desk is not None:
            self._desk.close()
        self._desk = None


class _Desk:
    """The desk between the threads and one loop.

    `_work` is theirs, all else is done by the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, most_threads: int) -> None:
        self.loop = loop
        self._most_threads = most_threads
        self._asked: SimpleQueue[_ReadRequest | None] = SimpleQueue()
        self._done: deque[_ReadRequest] = deque()
        self._told = False  # the loop will take what is done
        self._threads = 0
        self._pending: dict[_ReadRequest, None] = {}  # the oldest first
        self._further = True  # something was done since the last look
        self._looking: asyncio.TimerHandle | None = None
        self._begin_thread()

    def ask(self, asked: _ReadRequest) -> None:
        self._pending[asked] = None
        self._asked.put(asked)
        if self._looking is None:
            self._looking = self.loop.call_later(_LOOK_EVERY, self._look)

    def close(self) -> None:
        for _ in range(self._threads):
            self._asked.put(None)

    def _begin_thread(self) -> None:
        self._threads += 1
        # Nobody waits for one at the end: a disk that stands still would hold the daemon back.
        threading.Thread(target=self._work, name="read", daemon=True).start()

    def _work(self) -> None:
        since = 0.0  # when the oldest of what is done was begun
        while (asked := self._asked.get()) is not None:
            since = since if self._done else time.monotonic()
            for each in [asked] if asked.accounts is None else self._read_together(asked):
                if not each.answered.done():  # else it is late, or nobody waits for it any more
                    try:
                        each.result = each.read()
                    except BaseException as error:  # noqa: BLE001 - it is raised where it was asked
                        each.error = error
                    self._done.append(each)
            is_due = self._asked.empty() or time.monotonic() - since > _TOLD_AFTER
            if is_due and self._done and not self._told:
                self._told = True
                try:
                    self.loop.call_soon_threadsafe(self._deliver)
                except RuntimeError:
                    return  # the loop has ended meanwhile

    def _read_together(self, first: _ReadRequest) -> list[_ReadRequest]:
        """All that wait; what is asked of the same accounts as `first` is read by then."""
        requests = [first]
        with suppress(Empty):
            while (following := self._asked.get_nowait()) is not None:
                requests.append(following)
            self._asked.put(None)
        alike = [each for each in requests if each.accounts is first.accounts]
        names = {name for each in alike if not each.answered.done() for name in each.names}
        accounts: Accounts
        try:
            accounts = _ReadAccounts(first.accounts.get_all(names) if first.accounts else {})
        except StoreError as error:
            accounts = _ReadAccounts(dict.fromkeys(names, error))
        for each in alike:
            each.read = partial(find, accounts, each.names)
        return requests

    def _deliver(self) -> None:
        self._told = False  # before they are taken: what is done from now on is told anew
        while self._done:
            asked = self._done.popleft()
            self._further = True
            self._pending.pop(asked, None)
            if asked.answered.done():
                continue
            if asked.error is None:
                asked.answered.set_result(asked.result)
            else:
                asked.answered.set_exception(asked.error)
        if self._looking is not None and not self._pending:
            self._looking.cancel()
            self._looking = None

    def _look(self) -> None:
        """Refuses what is late; begins another thread where all stand still."""
        self._deliver()  # what a thread has done before it came to stand still
        now = self.loop.time()
        while self._pending and (asked := next(iter(self._pending))).until <= now:
            del self._pending[asked]
            if not asked.answered.done():
                asked.answered.set_exception(StoreUnusable(_SILENT))
        if not self._further and not self._asked.empty() and self._threads < self._most_threads:
            self._begin_thread()
        self._further = False
        self._looking = self.loop.call_later(_LOOK_EVERY, self._look) if self._pending else None
