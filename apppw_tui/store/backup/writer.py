"""A backup: a tar archive of the accounts and what belongs to them, its manifest at the end.

Members: accounts/<name>.json, usage/<uid>.json and .jsonl, activity/<uid>.jsonl and .jsonl.1,
deleted, with the key `key`, and manifest.json, which has the SHA-256 of each of the others.
"""

import io
import json
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, cast

from apppw_tui import __version__
from apppw_tui.domain.engine_ports import ActivityHistory
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.key_set import dump
from apppw_tui.store.documents import SCHEMA_MAJOR, SCHEMA_MINOR
from apppw_tui.store.engine import Engine
from apppw_tui.store.fields import to_iso

FORMAT = 1
MANIFEST, KEY, DELETED = "manifest.json", "key", "deleted"
_MODE = 0o600
LARGEST_ACTIVITY = 64 * 1024 * 1024  # bytes, of one account


@dataclass
class BackupResult:
    """The number of accounts in a backup, and what kept others out of it, by name.

    Of a ledger that cannot be read, its path in the store is the name; the accounts are in it.
    """

    accounts: int = 0
    failures: dict[str, StoreError] = field(default_factory=dict)


def account_member(name: str) -> str:
    return f"accounts/{name}.json"


def usage_member(uid: str) -> str:
    return f"usage/{uid}.json"


def activity_members(uid: str) -> tuple[str, ...]:
    """The files of what happened to the account of `uid`."""
    written = (f"{folder}/{uid}.jsonl" for folder in ("usage", "activity"))
    return tuple(f"{path}{old}" for path in written for old in (".1", ""))


def back_up(
    out: BinaryIO, engine: Engine, *, with_key: bool, now: datetime, host: str
) -> BackupResult:
    """Writes a backup of `engine` to `out`.

    Takes no account's lock: each document is replaced in one step, so it is read as it was at one
    instant. The list of deleted ids comes last, and knows of every deletion in the accounts.

    Raises:
        StoreError: the list or the key cannot be read; what was written is no backup.
        OSError: `out` cannot be written.
    """
    done = BackupResult()
    with ExitStack() as stack:
        ring = None
        if with_key:
            # While the lock is held no key is dropped, so that this one opens all that follows.
            stack.enter_context(engine.keyring.locked())
            ring = engine.keyring.read()
            if ring is None:
                engine.keyring.require_nothing_encrypted()
        archive = _Archive(out, now)

        def set_aside(error: StoreError) -> None:
            done.failures["ledger/activity.sqlite"] = error

        log = engine.activity_log(set_aside)
        uids: set[str] = set()
        looked_at: set[str] = set()
        # Again until nobody is new: one may have been renamed behind the sweep.
        while fresh := [name for name in engine.accounts.list_names() if name not in looked_at]:
            owners = frozenset(uids) if looked_at else frozenset()
            for name in fresh:
                looked_at.add(name)
                try:
                    uids |= _add_account(
                        archive, engine, log, name, failures=done.failures, owners=owners
                    )
                except StoreError as error:
                    done.failures[name] = error
        done.accounts = len(uids)
        engine.deleted_ids.list_waiting()
        deleted = engine.deleted_ids.export()
        if deleted is not None:
            archive.add(DELETED, deleted)
        if ring is not None:
            archive.add(KEY, dump(ring))
        archive.end(host, {name: str(error) for name, error in done.failures.items()})
    return done


def _add_account(
    archive: "_Archive",
    engine: Engine,
    log: ActivityHistory,
    name: str,
    *,
    failures: dict[str, StoreError],
    owners: frozenset[str],
) -> set[str]:
    """Its uid, or nothing: if it was removed meanwhile, or is one of the `owners`.

    `failures` gets the ledgers that cannot be read. Raises StoreError; nothing is added then.
    """
    raw = engine.accounts.read_raw(name)
    if raw.content is None:
        return set()
    if raw.account is None:
        raise StoreDamaged(f"{raw.place} cannot be read: {raw.error}.")
    uid = raw.account.uid
    if uid in owners:
        return set()
    others = {**log.export(uid, failures), **engine.usage.export(uid, failures)}
    archive.add(account_member(name), raw.content)
    for member, content in others.items():
        archive.add(member, content)
    return {uid}


class _Archive:
    """Writes members one after the other, and remembers what they were."""

    def __init__(self, out: BinaryIO, now: datetime) -> None:
        stream = cast(BinaryIO, _Stream(out))
        self._tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by `end`
        self._now = now
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = _MODE
        member.mtime = int(self._now.timestamp())
        self._tar.addfile(member, io.BytesIO(content))
        self._sums[name] = sha256(content).hexdigest()

    def end(self, host: str, left_out: dict[str, str]) -> None:
        """The manifest, which tells that the archive is whole, and what is not in it."""
        manifest = {
            "apppw_tui_backup": FORMAT,
            "program": __version__,
            "schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
            "time": to_iso(self._now),
            "host": host,
            "left_out": left_out,
            "members": self._sums,
        }
        self.add(MANIFEST, json.dumps(manifest).encode())
        self._tar.close()


class _Stream:
    """As much of a file as tarfile needs; its own stream writes on when it is thrown away."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0

    def write(self, content: bytes) -> int:
        self._out.write(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        return self._written
