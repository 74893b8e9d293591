"""Counters of tries and sends: a row for each subject, in which nobody's name can be read."""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from apppw_tui.domain import throttle
from apppw_tui.domain.errors import DiskFull, StoreDamaged, StoreError
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.throttle import (
    MAX_UNKNOWN,
    FailureCount,
    FailureCounts,
    KnownAddress,
    ThrottleState,
)
from apppw_tui.store.digests import address_digest, digest_of
from apppw_tui.store.folder import before_ledgers, files, sqlite_file
from apppw_tui.store.folder.before_ledgers import OldFiles
from apppw_tui.store.folder.files import LOCK_TIMEOUT, locked
from apppw_tui.store.folder.ledger import LEDGERS, Ledger, Transaction
from apppw_tui.store.folder.sqlite_file import Schema

_KEY_BYTES = 32
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
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


class FolderThrottleStore:
    """Counters in `folder`/ledger/throttle.sqlite; the key of their names is throttle/key."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        most_unkept: int = MAX_UNKNOWN,
        lock_timeout: float = LOCK_TIMEOUT,
        complain: Callable[[StoreError], None] = lambda _error: None,
    ) -> None:
        self._clock = clock
        self._most_unkept = most_unkept
        self._store = folder
        self._folder = folder / "throttle"
        self._lock_timeout = lock_timeout
        self._complain = complain
        path = folder / LEDGERS / "throttle.sqlite"
        self._ledger = Ledger(path, _SCHEMA, timeout=lock_timeout, complain=complain)
        self._shards: OldFiles | None = OldFiles(
            folder / before_ledgers.FOLDER, "throttle", self._old_shards, _load_shard
        )

    def change(
        self, rules: Mapping[str, throttle.Rule], *, keep: bool
    ) -> Mapping[str, ThrottleState]:
        """See ThrottleStore: one transaction."""
        key = self._key()
        if self._shards is not None:
            self._take_over(self._shards)
        states: dict[str, ThrottleState] = {}
        refusal = None
        with self._ledger.transaction() as transaction:
            now = self._clock.now()
            present = {}
            for subject in rules:
                digest = digest_of(key, subject)
                present[subject] = digest, transaction.rows(_GET, digest)
            writes: list[tuple[Any, ...]] = []
            for subject, (digest, rows) in present.items():
                was_kept, content = rows[0] if rows else (keep, "{}")
                mark = partial(address_digest, key, digest)
                before = replace(throttle.parse(content), hash_address=mark)
                states[subject], refusal = throttle.applied(rules[subject], before, now)
                # An account's stays one: whoever charges does not say, since that takes time.
                keeps = keep or bool(was_kept)
                if (states[subject], keeps) != (before, bool(was_kept)):
                    row = throttle.row(states[subject])
                    writes.append((_DELETE, digest) if row is None else (_PUT, digest, keeps, *row))
                    writes.append((_SWEEP, now.timestamp(), _SWEPT))
                    if not keeps and not rows:
                        writes.append((_BOUND, digest, self._most_unkept))
                if refusal is not None:
                    break
            for write in writes:
                transaction.write(*write)
        if refusal is not None:
            raise refusal
        return states

    def _key(self) -> bytes:
        """The key that names and addresses are hashed under.

        Read each time: it costs little beside a hash, and all processes agree on it.
        """
        key = b""
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            folder = os.open(self._folder, _FLAGS | os.O_DIRECTORY)
            stack.callback(os.close, folder)
            descriptor = os.open("key", _FLAGS, dir_fd=folder)
            stack.callback(os.close, descriptor)
            if not os.fstat(folder).st_mode & files.OTHERS_WRITE:
                key = os.read(descriptor, _KEY_BYTES + 1)
        return key if len(key) == _KEY_BYTES else self._agreed_key()

    def _agreed_key(self) -> bytes:
        """The key where it could not just be read: perhaps another has made it by now."""
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        path = self._folder / "key"
        with locked(self._folder / ".key.lock", self._lock_timeout):
            key = None
            try:
                key = files.read(path)
            except StoreDamaged:  # a link or a folder: not followed, and nobody's key
                aside = sqlite_file.set_aside(path).name
                self._complain(StoreDamaged(f"{path} was no file, and begun anew: see {aside}."))
            if key is None or len(key) != _KEY_BYTES:
                key = secrets.token_bytes(_KEY_BYTES)
                files.write(path, self._folder / ".tmp-key", key)
        return key

    def _take_over(self, shards: OldFiles) -> None:
        with contextlib.suppress(DiskFull):  # then one begins from nothing until it is not
            shards.take_over(self._ledger)
            self._shards = None  # what an older program counts now, the next process has

    def _old_shards(self) -> Iterator[Path]:
        return (path for path in self._folder.iterdir() if _SHARD.fullmatch(path.name))


def _load_shard(transaction: Transaction, path: Path) -> None:
    """Takes a shard's rows over: none of what was counted here meanwhile is lost by it."""
    with contextlib.suppress(StoreDamaged):
        for digest, document in _members(files.read(path) or b"{}").items():
            keep = isinstance(document, dict) and document.get("keep") is True
            state = throttle.parse(json.dumps(document))
            for kept_here, content in transaction.rows(_GET, digest):
                state = merged(throttle.parse(content), state)
                keep = keep or bool(kept_here)
            row = throttle.row(state)
            if row is not None:
                transaction.write(_PUT, digest, keep, *row)


def merged(ours: ThrottleState, theirs: ThrottleState) -> ThrottleState:
    """All that two programs counted side by side; what both have counts once."""
    addresses = {**theirs.known, **ours.known}
    for key in ours.known.keys() & theirs.known.keys():
        here, there = ours.known[key], theirs.known[key]
        last_success = max(here.last_success, there.last_success)
        addresses[key] = KnownAddress(_higher(here.bucket, there.bucket), last_success)
    return replace(
        ours,
        unknown_addresses=_higher(ours.unknown_addresses, theirs.unknown_addresses),
        known=addresses,
        sends=tuple(sorted({*ours.sends, *theirs.sends})),
    )


def _higher(ours: FailureCounts, theirs: FailureCounts) -> FailureCounts:
    """Of each step the count with more failures: only a completed sign-in takes them back."""

    def rank(count: FailureCount) -> tuple[int, float]:
        return count.failures, count.last.timestamp() if count.last else 0.0

    return FailureCounts(
        max(ours.password, theirs.password, key=rank), max(ours.second, theirs.second, key=rank)
    )


def _members(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
