"""Counters of tries and sends: 256 small files in which nobody's name can be read."""

import contextlib
import json
import os
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

from apppw_tui.domain.errors import RateLimited
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.throttle import (
    FailureCount,
    FailureCounts,
    KnownAddress,
    ThrottleState,
    ThrottleTransaction,
    address_key,
)
from apppw_tui.store.folder import files
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.locks import LOCK_TIMEOUT, locked

MAX_UNKNOWN = 64  # entries in each shard that belong to no account
_KEY_BYTES = 32


@dataclass(frozen=True)
class _CounterRow:
    """A state as it lies in a shard; `keep` if it belongs to an account."""

    ledger: ThrottleState
    keep: bool

    @property
    def rank(self) -> tuple[int, datetime]:
        """The order of dropping: the fewest failures first, and of those the oldest."""
        stamps = [count.last for count in self.ledger.counts if count.last is not None]
        failures = sum(count.failures for count in self.ledger.counts)
        return failures, max(
            [*stamps, *self.ledger.sends], default=datetime.min.replace(tzinfo=UTC)
        )


class _ThrottleRows(ABC):
    """The common part of both kinds: everything but where the shards lie."""

    def __init__(self, clock: Clock, most_unkept: int) -> None:
        self._clock = clock
        self._most_unkept = most_unkept
        self._changing = threading.local()

    @contextmanager
    def change(self, subject: str, *, keep: bool) -> Iterator[ThrottleTransaction]:
        # Two subjects may share a shard, so nesting would fail once in 256 times: fail always.
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
        shard = digest[:2]
        with self._lock(shard):
            now = self._clock.now()
            table = _decoded(self._read(shard))
            before = table[digest].ledger if digest in table else ThrottleState()

            def mark(address: str) -> str:
                return _digest(key, "address", digest + address_key(address))

            # An account's stays one: whoever charges does not say, since looking it up takes time.
            keeps = keep or (digest in table and table[digest].keep)
            settled = replace(before.as_of(now), hash_address=mark)
            entry = ThrottleTransaction(settled)
            try:
                yield entry
            except RateLimited:
                # Nothing is charged, but a stamp that is in the future must not stay there.
                self._put(shard, table, digest, _CounterRow(settled, keeps), now)
                raise
            self._put(shard, table, digest, _CounterRow(entry.state, keeps), now)

    def _put(
        self,
        shard: str,
        table: dict[str, _CounterRow],
        digest: str,
        kept: _CounterRow,
        now: datetime,
    ) -> None:
        if table.get(digest, _CounterRow(ThrottleState(), kept.keep)) == kept:
            return
        others = {
            other: _CounterRow(row.ledger.as_of(now), row.keep)
            for other, row in table.items()
            if other != digest
        }
        others = {other: row for other, row in others.items() if row.ledger != ThrottleState()}
        unkept = sorted(
            (other for other, row in others.items() if not row.keep),
            key=lambda other: others[other].rank,
        )
        # Never the one that is being charged: who is always dropped is never counted.
        room = self._most_unkept - (0 if kept.keep else 1)
        for other in unkept[: max(0, len(unkept) - room)]:
            del others[other]
        self._write(shard, _encoded({**others, digest: kept}))

    @abstractmethod
    def _key(self) -> bytes:
        """The key that names and addresses are hashed under."""

    @abstractmethod
    def _lock(self, shard: str) -> AbstractContextManager[None]:
        """Holds the shard against everybody else."""

    @abstractmethod
    def _read(self, shard: str) -> bytes | None:
        """The shard's content, None if it is not there yet."""

    @abstractmethod
    def _write(self, shard: str, content: bytes) -> None:
        """Puts `content` in the shard's place, in one step."""


class MemoryThrottleStore(_ThrottleRows):
    """Counters of this process alone."""

    def __init__(self, clock: Clock, most_unkept: int = MAX_UNKNOWN) -> None:
        super().__init__(clock, most_unkept)
        self._shards: dict[str, bytes] = {}
        self._held = threading.Lock()
        self._secret = secrets.token_bytes(_KEY_BYTES)

    def _key(self) -> bytes:
        return self._secret

    @contextmanager
    def _lock(self, shard: str) -> Iterator[None]:  # noqa: ARG002 - one lock for all
        with self._held:
            yield

    def _read(self, shard: str) -> bytes | None:
        return self._shards.get(shard)

    def _write(self, shard: str, content: bytes) -> None:
        self._shards[shard] = content


class FolderThrottleStore(_ThrottleRows):
    """Counters in `folder`/throttle; a shard is named after the first byte of its subjects."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        most_unkept: int = MAX_UNKNOWN,
        lock_timeout: float = LOCK_TIMEOUT,
    ) -> None:
        super().__init__(clock, most_unkept)
        self._store = folder
        self._folder = folder / "throttle"
        self._reserve = DiskReserve(folder)
        self._lock_timeout = lock_timeout

    def _key(self) -> bytes:
        # Read each time: it costs little beside a hash, and all processes agree on it.
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        path = self._folder / "key"
        key = files.read(path)
        if key is None or len(key) != _KEY_BYTES:
            with self._lock("key"):
                key = files.read(path)
                if key is None or len(key) != _KEY_BYTES:
                    key = secrets.token_bytes(_KEY_BYTES)
                    files.write(path, self._folder / ".tmp-key", key)
        return key

    @contextmanager
    def _lock(self, shard: str) -> Iterator[None]:
        with locked(self._folder / f".{shard}.lock", self._lock_timeout):
            yield

    def _read(self, shard: str) -> bytes | None:
        return files.read(self._folder / f"{shard}.json")

    def _write(self, shard: str, content: bytes) -> None:
        # Who cannot sign in cannot delete either.
        self._reserve.write(lambda: self._replace(shard, content), len(content))

    def _replace(self, shard: str, content: bytes) -> None:
        # No fsync: a counter need not survive a power cut, and strangers can ask for many writes.
        # What one leaves behind is a damaged shard, which counts as empty.
        path, temporary = self._folder / f"{shard}.json", self._folder / f".tmp-{shard}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            files.remove_temporary(temporary)
            with os.fdopen(os.open(temporary, flags, files.FILE_MODE), "wb") as file:
                os.fchmod(file.fileno(), files.FILE_MODE)
                file.write(content)
            temporary.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                files.remove_temporary(temporary)
            raise files.store_error(path, error) from None


def _digest(key: bytes, kind: str, text: str) -> str:
    content = text.encode("utf-8", "surrogatepass")
    return blake2b(content, key=key, digest_size=16, person=kind.encode()).hexdigest()


def _encoded(table: dict[str, _CounterRow]) -> bytes:
    return json.dumps(
        {digest: {"keep": row.keep, **document(row.ledger)} for digest, row in table.items()}
    ).encode()


def _decoded(content: bytes | None) -> dict[str, _CounterRow]:
    try:
        table: Any = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    entries = table.items() if isinstance(table, dict) else ()
    return {
        digest: _CounterRow(ledger(row), row.get("keep") is True)
        for digest, row in entries
        if isinstance(row, dict)
    }


def document(ledger: ThrottleState) -> dict[str, Any]:
    return {
        "strangers": _bucket_document(ledger.unknown_addresses),
        "known": {
            key: {"completed": address.last_success.isoformat(), **_bucket_document(address.bucket)}
            for key, address in ledger.known.items()
        },
        "sends": [stamp.isoformat() for stamp in ledger.sends],
    }


def ledger(document: object) -> ThrottleState:
    """Reads a stored state; whatever is malformed in it counts as empty. Never raises."""
    fields = _members(document)
    addresses = {
        key: KnownAddress(_bucket(address), completed)
        for key, address in _members(fields.get("known")).items()
        if (completed := _stamp(_members(address).get("completed"))) is not None
    }
    sends = fields.get("sends")
    stamps = [_stamp(send) for send in sends] if isinstance(sends, list) else []
    known_stamps = tuple(stamp for stamp in stamps if stamp is not None)
    return ThrottleState(_bucket(fields.get("strangers")), addresses, known_stamps)


def _bucket_document(bucket: FailureCounts) -> dict[str, Any]:
    counts = {"password": bucket.password, "second": bucket.second}
    return {
        step: [count.failures, count.last.isoformat()]
        for step, count in counts.items()
        if count.last is not None
    }


def _bucket(document: object) -> FailureCounts:
    fields = _members(document)
    return FailureCounts(_count(fields.get("password")), _count(fields.get("second")))


def _count(document: object) -> FailureCount:
    match document:
        # `type`, since True is an int too.
        case [failures, text] if type(failures) is int and failures > 0:
            last = _stamp(text)
            return FailureCount() if last is None else FailureCount(failures, last)
    return FailureCount()


def _stamp(document: object) -> datetime | None:
    try:
        stamp = datetime.fromisoformat(document) if isinstance(document, str) else None
        return None if stamp is None or stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _members(document: object) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}
