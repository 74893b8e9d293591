"""Counters of tries and sends: a row for each subject, in which nobody's name can be read."""

import contextlib
import json
import re
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from apppw_tui.domain.errors import DiskFull, RateLimited, StoreDamaged, StoreError
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.throttle import (
    ThrottleState,
    ThrottleTransaction,
    address_key,
)
from apppw_tui.store import throttle_documents
from apppw_tui.store.folder import before_ledgers, files, sqlite_file
from apppw_tui.store.folder.before_ledgers import OldFiles
from apppw_tui.store.folder.ledger import LEDGERS, Ledger, Schema, Transaction
from apppw_tui.store.folder.locks import LOCK_TIMEOUT, locked

MAX_UNKNOWN = 16_384  # names that belong to no account
_KEY_BYTES = 32
_SWEPT = 16  # rows at each change, at most
_SHARD = re.compile(r"[0-9a-f]{2}\.json", re.ASCII)  # of before there were ledgers

# `failures` and `last` are the order in which names that nobody has are dropped; `until` is when
# nothing of the state counts any more, if that comes by itself.
_SCHEMA = Schema(
    2,
    f"""
    CREATE TABLE throttle (
      digest TEXT PRIMARY KEY, keep INTEGER NOT NULL, failures INTEGER NOT NULL,
      last REAL NOT NULL, until REAL, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX unkept ON throttle (failures, last) WHERE NOT keep;
    CREATE INDEX ending ON throttle (until) WHERE until IS NOT NULL;
    {before_ledgers.TABLE}
    """,
    (
        # How many rows are nobody's: to count them would take longer than all the rest, and tell
        # by the clock which names there are.
        """
    CREATE TABLE tally (unkept INTEGER NOT NULL) STRICT;
    INSERT INTO tally SELECT count(*) FROM throttle WHERE NOT keep;
    CREATE TRIGGER one_more AFTER INSERT ON throttle WHEN NOT NEW.keep
      BEGIN UPDATE tally SET unkept = unkept + 1; END;
    CREATE TRIGGER one_less AFTER DELETE ON throttle WHEN NOT OLD.keep
      BEGIN UPDATE tally SET unkept = unkept - 1; END;
    CREATE TRIGGER another AFTER UPDATE OF keep ON throttle WHEN OLD.keep != NEW.keep
      BEGIN UPDATE tally SET unkept = unkept + OLD.keep - NEW.keep; END
    """,
    ),
)
_GET = "SELECT keep, state FROM throttle WHERE digest = ?"
_PUT = """
    INSERT INTO throttle (digest, keep, failures, last, until, state) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET keep = excluded.keep, failures = excluded.failures,
      last = excluded.last, until = excluded.until, state = excluded.state"""
_DELETE = "DELETE FROM throttle WHERE digest = ?"
_SWEEP = """
    DELETE FROM throttle WHERE digest IN (
      SELECT digest FROM throttle WHERE until IS NOT NULL AND until < ? ORDER BY until LIMIT ?)"""
# Never the one that is being charged: who is always dropped is never counted.
_BOUND = """
    DELETE FROM throttle WHERE digest IN (
      SELECT digest FROM throttle WHERE NOT keep AND digest != ?1 ORDER BY failures, last
      LIMIT max(0, (SELECT unkept FROM tally) - ?2))"""


@dataclass(frozen=True)
class _CounterRow:
    """A subject's state as it is kept; `keep` if it belongs to an account."""

    ledger: ThrottleState
    keep: bool


class _Slot(Protocol):
    """The place of one subject, held against everybody else."""

    before: _CounterRow | None

    def put(self, row: _CounterRow, now: datetime) -> None:
        """Puts `row` there."""


class _CounterBook(ABC):
    """The common part of both kinds: everything but where the rows lie."""

    def __init__(self, clock: Clock, most_unkept: int) -> None:
        self._clock = clock
        self._most_unkept = most_unkept
        self._changing = threading.local()

    @contextmanager
    def change(self, subject: str, *, keep: bool) -> Iterator[ThrottleTransaction]:
        if getattr(self._changing, "now", False):
            raise RuntimeError("one counter is changed at a time")
        self._changing.now = True
        try:
            yield from self._change(subject, keep)
        finally:
            self._changing.now = False

    def _change(self, subject: str, keep: bool) -> Iterator[ThrottleTransaction]:
        key = self._key()
        digest = _digest(key, "subject", subject)

        def mark(address: str) -> str:
            return _digest(key, "address", digest + address_key(address))

        refused: RateLimited | None = None
        with self._slot(digest) as slot:
            now = self._clock.now()
            before = slot.before or _CounterRow(ThrottleState(), keep=keep)
            # An account's stays one: whoever charges does not say, since looking it up takes time.
            keeps = keep or before.keep
            entry = ThrottleTransaction(replace(before.ledger.as_of(now), hash_address=mark))
            settled = entry.state
            try:
                yield entry
            except RateLimited as error:
                # Nothing is charged, but a stamp that is in the future must not stay there.
                refused, entry.state = error, settled
            if _CounterRow(entry.state, keeps) != before:
                slot.put(_CounterRow(entry.state, keeps), now)
        if refused is not None:
            raise refused

    @abstractmethod
    def _key(self) -> bytes:
        """The key that names and addresses are hashed under."""

    @abstractmethod
    def _slot(self, digest: str) -> AbstractContextManager[_Slot]:
        """Holds the subject's place; what is put there is kept when the block ends."""


class MemoryThrottleStore(_CounterBook):
    """Counters of this process alone."""

    def __init__(self, clock: Clock, most_unkept: int = MAX_UNKNOWN) -> None:
        super().__init__(clock, most_unkept)
        self._rows: dict[str, _CounterRow] = {}
        self._held = threading.Lock()
        self._secret = secrets.token_bytes(_KEY_BYTES)

    def _key(self) -> bytes:
        return self._secret

    @contextmanager
    def _slot(self, digest: str) -> Iterator["_MemorySlot"]:
        with self._held:
            yield _MemorySlot(self._rows, digest, self._most_unkept)


class _MemorySlot:
    def __init__(self, rows: dict[str, _CounterRow], digest: str, most_unkept: int) -> None:
        self.before = rows.get(digest)
        self._rows, self._digest, self._most_unkept = rows, digest, most_unkept

    def put(self, row: _CounterRow, now: datetime) -> None:
        del now  # it does not live long enough to be swept
        self._rows[self._digest] = row
        others = [
            digest
            for digest, other in self._rows.items()
            if not other.keep and digest != self._digest
        ]
        unkept = len(others) + (not row.keep)
        for digest in sorted(others, key=lambda other: self._rows[other].ledger.rank)[
            : max(0, unkept - self._most_unkept)
        ]:
            del self._rows[digest]


class FolderThrottleStore(_CounterBook):
    """Counters in `folder`/ledger/throttle.sqlite; the key of their names is throttle/key."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        most_unkept: int = MAX_UNKNOWN,
        lock_timeout: float = LOCK_TIMEOUT,
        complain: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        super().__init__(clock, most_unkept)
        self._store = folder
        self._folder = folder / "throttle"
        self._lock_timeout = lock_timeout
        self._complain = complain
        path = folder / LEDGERS / "throttle.sqlite"
        self._ledger = Ledger(path, _SCHEMA, timeout=lock_timeout, complain=complain)
        self._shards: OldFiles | None = OldFiles(
            folder / before_ledgers.FOLDER, "throttle", self._old_shards, _load_shard
        )

    def _key(self) -> bytes:
        # Read each time: it costs little beside a hash, and all processes agree on it.
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        path = self._folder / "key"
        key = None
        with contextlib.suppress(StoreDamaged):
            key = files.read(path)
        if key is None or len(key) != _KEY_BYTES:
            with locked(self._folder / ".key.lock", self._lock_timeout):
                try:
                    key = files.read(path)
                except StoreDamaged:  # a link or a folder: not followed, and nobody's key
                    aside = sqlite_file.set_aside(path).name
                    self._complain(
                        StoreDamaged(f"{path} was no file, and begun anew: see {aside}.")
                    )
                if key is None or len(key) != _KEY_BYTES:
                    key = secrets.token_bytes(_KEY_BYTES)
                    files.write(path, self._folder / ".tmp-key", key)
        return key

    @contextmanager
    def _slot(self, digest: str) -> Iterator["_LedgerSlot"]:
        if self._shards is not None:
            with contextlib.suppress(DiskFull):  # then one begins from nothing until it is not
                self._shards.take_over(self._ledger)
                self._shards = None  # what an older program counts now, the next process has
        with self._ledger.transaction() as transaction:
            yield _LedgerSlot(transaction, digest, self._most_unkept)

    def _old_shards(self) -> Iterator[Path]:
        return (path for path in self._folder.iterdir() if _SHARD.fullmatch(path.name))


class _LedgerSlot:
    def __init__(self, transaction: Transaction, digest: str, most_unkept: int) -> None:
        self._transaction, self._digest, self._most_unkept = transaction, digest, most_unkept
        self.before: _CounterRow | None = None
        for keep, state in transaction.rows(_GET, digest):
            self.before = _row(keep, _parsed(state))

    def put(self, row: _CounterRow, now: datetime) -> None:
        _put(self._transaction, self._digest, row)
        self._transaction.write(_SWEEP, now.timestamp(), _SWEPT)
        if not row.keep and self.before is None:
            self._transaction.write(_BOUND, self._digest, self._most_unkept)


def _put(transaction: Transaction, digest: str, row: _CounterRow) -> None:
    if row.ledger == ThrottleState():
        transaction.write(_DELETE, digest)
        return
    failures, last = row.ledger.rank
    until = row.ledger.until
    state = json.dumps(throttle_documents.save(row.ledger))
    transaction.write(
        _PUT, digest, row.keep, failures, last.timestamp(), until and until.timestamp(), state
    )


def _load_shard(transaction: Transaction, path: Path) -> None:
    """Takes a shard's rows over: none of what was counted here meanwhile is lost by it."""
    with contextlib.suppress(StoreDamaged):
        shard = throttle_documents.members(_parsed(files.read(path) or b"{}"))
        for digest, document in shard.items():
            row = _row(throttle_documents.members(document).get("keep") is True, document)
            for keep, state in transaction.rows(_GET, digest):
                here = _row(keep, _parsed(state))
                row = _CounterRow(here.ledger.merged(row.ledger), here.keep or row.keep)
            _put(transaction, digest, row)


def _row(keep: object, document: object) -> _CounterRow:
    return _CounterRow(throttle_documents.load(document), bool(keep))


def _parsed(content: str | bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return {}


def _digest(key: bytes, kind: str, text: str) -> str:
    content = text.encode("utf-8", "surrogatepass")
    return blake2b(content, key=key, digest_size=16, person=kind.encode()).hexdigest()
