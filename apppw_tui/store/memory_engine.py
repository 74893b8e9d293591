"""An engine and a machine in this process alone, for `--demo` and for tests that need no disk."""

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from pathlib import Path

from apppw_tui.domain import deleted_ids
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry
from apppw_tui.domain.deleted_ids import DeletedIdSet
from apppw_tui.domain.enforced import Everybody
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import MemoryProfiles, Slot
from apppw_tui.domain.key_set import KeptKeys, KeySet, new_key
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.notice_text import LONGEST_WAIT, Message
from apppw_tui.domain.ports import Accounts, AccountStore, Clock, Confirmation, SessionTerminator
from apppw_tui.domain.usage import (
    FirstUse,
)
from apppw_tui.store.memory import MemoryEnforcements, MemoryStore, MemoryThrottleStore
from apppw_tui.store.memory_history import MemoryActivityLog, MemoryUsage, MemoryUsageWriter

_MOST_ERRORS = 256


class MemoryMachine:
    """See Machine; nothing is bounded, since there is one process."""

    def __init__(self) -> None:
        self.error_log = MemoryErrorLog()
        self.slots: Slot = nullcontext
        self.session_terminator = MemorySessionTerminator()
        self._told = MemoryEnforcements()

    def socket(self, name: str) -> Path:
        return Path("/dev/null", name)  # where nothing can ever be: no daemon reads this memory

    def door(self) -> "MemoryDoor":
        return MemoryDoor()

    def enforcements(self, everybody: Everybody) -> MemoryEnforcements:
        del everybody  # whoever comes is told
        return self._told


class MemoryEngine:
    """See Engine."""

    def __init__(self, clock: Clock, randbytes: Callable[[int], bytes] = os.urandom) -> None:
        self.machine = MemoryMachine()
        self.deleted_ids = MemoryDeletedIds()
        enforcements = self.machine.enforcements(lambda: ())
        self.accounts = MemoryStore(self.deleted_ids.add, enforcements)
        self.throttle = MemoryThrottleStore(clock)
        self.profiles = MemoryProfiles()
        self.key_index = MemoryKeyIndex()
        self.usage = MemoryUsage(clock)
        self.activity = MemoryActivityLog(clock)
        self.notices = MemoryNotices(clock)
        self.keyring = MemoryKeyring(randbytes, self.accounts.has_sealed_values)
        self.confirmation = Confirmation()
        self._copying = False

    def session_terminator(self, local: SessionTerminator) -> SessionTerminator:
        return local

    def has_accounts(self) -> bool:
        return self.accounts.has_accounts()

    def activity_log(
        self,
        complain: Callable[[StoreError], None],
        report_loss: Callable[[StoreError], None] = lambda _error: None,
        *,
        by_daemon: bool = False,
    ) -> "MemoryActivityLog":
        del complain, report_loss, by_daemon  # nothing can be lost
        return self.activity

    def cached_accounts(self) -> "MemoryCache":
        return MemoryCache(self.accounts)

    def usage_writer(
        self,
        accounts: Accounts,
        *,
        complain: Callable[[str], None],
        announce: Callable[[FirstUse], None],
        meaning: Callable[[str], Sequence[str]],
    ) -> "MemoryUsageWriter":
        del complain  # nothing can be lost
        return MemoryUsageWriter(self.usage, accounts, announce, meaning)

    def require_ready(self) -> None:
        """It always is."""

    def aside(self, what: str, now: datetime) -> "MemoryAside":
        return MemoryAside(f"{what} of {now:%Y-%m-%d}")

    def complete(self) -> None:
        """Nothing lacks."""

    def has_unfinished_copy(self) -> bool:
        return self._copying

    def mark_copy(self, *, finished: bool) -> None:
        self._copying = not finished

    def drop(self, account_name: str, uid: str | None) -> None:
        self.accounts.drop(account_name)
        if uid is not None:
            self.usage.forget(uid)
            self.activity.drop(uid)


class MemoryKeyIndex:
    """See KeyIndex."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def get(self, fingerprint: str) -> str | None:
        return self._names.get(fingerprint)

    def put(self, fingerprint: str, account_name: str) -> None:
        self._names[fingerprint] = account_name

    def remove(self, fingerprint: str, account_name: str) -> None:
        if self._names.get(fingerprint) == account_name:
            del self._names[fingerprint]


class MemoryErrorLog:
    """The newest errors."""

    def __init__(self) -> None:
        self.errors: deque[tuple[str, Mapping[str, str]]] = deque(maxlen=_MOST_ERRORS)

    def error(self, event: str, **facts: str) -> None:
        self.errors.append((event, facts))


class MemoryDoor:
    """See Door; there is nobody else."""

    def acquire(self, address: str, *, known: bool = False) -> int:  # noqa: ARG002 - a Door's
        """There is room, in a file that says nothing."""
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def release(self) -> None:
        """Nobody waits."""


class MemoryCache:
    """See CachedAccounts; they are at hand anyway."""

    most_files = 0

    def __init__(self, accounts: Accounts) -> None:
        self.get = accounts.get

    def close(self) -> None:
        """Nothing is held."""


class MemoryAside:
    """See Aside."""

    def __init__(self, name: str) -> None:
        self.place: str | None = None
        self.contents: dict[str, bytes] = {}
        self._name = name

    def keep(self, account_name: str, content: bytes) -> None:
        self.place = self._name
        self.contents[account_name] = content


class MemorySessionTerminator:
    """See SessionTerminator: the names of those that are to end."""

    enabled = True

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def terminate(self, account_name: str) -> None:
        if is_account_name(account_name):
            self.ended.add(account_name)


class MemoryDeletedIds:
    """See DeletedIdList."""

    def __init__(self) -> None:
        self._listed: list[tuple[str, str]] = []

    def add(self, uid: str, ids: Collection[str]) -> None:
        self.merge({uid: ids})

    def read(self, after: int = 0) -> DeletedIdSet:
        result = DeletedIdSet(until=len(self._listed))
        for uid, id_ in self._listed[after:]:
            result.ids.setdefault(uid, set()).add(id_)
        return result

    def merge(self, ids: Mapping[str, Collection[str]]) -> None:
        listed = self.read()
        self._listed += [
            (uid, id_) for uid in ids for id_ in sorted(set(ids[uid]) - listed.of(uid))
        ]

    def export(self) -> bytes | None:
        return deleted_ids.lines(self.read().ids) if self._listed else None

    def list_known(self, accounts: Iterable[Account]) -> int:
        before = len(self._listed)
        self.merge({account.uid: account.deleted_ids for account in accounts})
        return len(self._listed) - before

    def list_waiting(self) -> None:
        """Nothing ever waits."""

    def list_all_waiting(self, accounts: AccountStore) -> bool:  # noqa: ARG002 - as above
        return True


class MemoryKeyring(KeptKeys):
    """See Keyring; its first key goes with the process."""

    def __init__(
        self,
        randbytes: Callable[[int], bytes] = os.urandom,
        sealed_exists: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__("in memory", sealed_exists, randbytes)
        self._ring = KeySet((new_key(randbytes),))
        self._lock = threading.RLock()

    def read(self) -> KeySet:
        return self._ring

    def write(self, ring: KeySet) -> None:
        self._ring = ring

    @contextmanager
    def locked(self) -> Iterator[None]:
        with self._lock:
            yield


class MemoryNotices:
    """See NoticeQueue."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: dict[str, Message] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def put(self, account: Account, entry: ActivityEntry) -> str:
        message = Message(f"{next(self._numbers)}", account.name, account.uid, entry)
        self.keep(message)
        return message.file

    def due(self, now: datetime) -> Iterator[Message]:
        for message in list(self._messages.values()):
            until = message.not_before
            if until is None or not now < until <= now + LONGEST_WAIT:
                yield message

    def read(self, file: str) -> Message | None:
        return self._messages.get(file)

    def keep(self, message: Message) -> None:
        self._messages[message.file] = message

    def remove(self, message: Message) -> None:
        self._messages.pop(message.file, None)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        first = self._lock.acquire(blocking=False)
        try:
            yield first
        finally:
            if first:
                self._lock.release()
