"""Export and import of all that an engine shares, as the members of a backup.

accounts/<name>.json, usage/<uid>.json and .jsonl, activity/<uid>.jsonl and .jsonl.1, deleted, and
the key `key`.
"""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress

from apppw_tui.domain.account import RawAccount
from apppw_tui.domain.engine_ports import Snapshot, SnapshotEngine
from apppw_tui.domain.errors import Refused, StoreDamaged, StoreError
from apppw_tui.domain.key_set import dump
from apppw_tui.domain.progress import progress
from apppw_tui.store.engine import Engine

KEY, DELETED = "key", "deleted"
_ACCOUNTS = "accounts/"
LARGEST_ACTIVITY = 64 * 1024 * 1024  # bytes, of one account

Member = tuple[str, bytes]
Failures = dict[str, StoreError]


def account_member(name: str) -> str:
    return f"{_ACCOUNTS}{name}.json"


def is_account(member: str) -> bool:
    return member.startswith(_ACCOUNTS)


def usage_member(uid: str) -> str:
    return f"usage/{uid}.json"


def activity_members(uid: str) -> tuple[str, ...]:
    """The files of what happened to the account of `uid`."""
    written = (f"{folder}/{uid}.jsonl" for folder in ("usage", "activity"))
    return tuple(f"{path}{old}" for path in written for old in (".1", ""))


def export_members(
    engine: Engine, failures: Failures, act: str, *, with_key: bool
) -> Generator[Member, None, None]:
    """Every member, one account after the other; the list of deleted ids and the key come last.

    `failures` gets the accounts and ledgers that cannot be read; `act` is what is done to them, as
    a person is told.

    Raises:
        StoreError: the list or the key cannot be read; what was given is no backup.
    """
    with _snapshot(engine, failures, with_key=with_key) as snapshot:
        ring = snapshot.keys() if with_key else None
        if with_key and ring is None:
            engine.keyring.require_nothing_encrypted()
        accounts = snapshot.accounts(failures)
        for name, content, others in progress(accounts, act, snapshot.count()):
            yield account_member(name), content
            yield from others.items()
        deleted = snapshot.deleted()
        if deleted is not None:
            yield DELETED, deleted
        if ring is not None:
            yield KEY, dump(ring)


@contextmanager
def _snapshot(engine: Engine, failures: Failures, *, with_key: bool) -> Iterator[Snapshot]:
    if isinstance(engine, SnapshotEngine):
        with engine.snapshot() as snapshot:
            yield snapshot
        return
    # While the lock is held no key is dropped, so that this one opens all that follows.
    with engine.keyring.locked() if with_key else nullcontext():
        yield _OneByOne(engine, failures)


class _OneByOne:
    """Stands in for a Snapshot: takes no account's lock.

    Each document is replaced in one step, so it is read as it was at one instant. The list of
    deleted ids comes last, and knows of every deletion in the accounts.
    """

    def __init__(self, engine: Engine, failures: Failures) -> None:
        def set_aside(error: StoreError) -> None:
            failures["ledger/activity.sqlite"] = error

        self._engine = engine
        self._log = engine.activity_log(set_aside)
        self.keys = engine.keyring.read

    def count(self) -> int:
        return len(self._engine.accounts.list_names())

    def accounts(self, failures: Failures) -> Iterator[tuple[str, bytes, Mapping[str, bytes]]]:
        engine = self._engine
        uids: set[str] = set()
        seen: set[str] = set()
        # Again until nobody is new: one may have been renamed behind the sweep.
        while fresh := [name for name in engine.accounts.list_names() if name not in seen]:
            owners = frozenset(uids) if seen else frozenset()
            for name in fresh:
                seen.add(name)
                try:
                    raw = engine.accounts.read_raw(name)
                    if raw.content is None:
                        continue  # removed meanwhile
                    if raw.account is None:
                        raise StoreDamaged(f"{raw.place} cannot be read: {raw.error}.")
                    uid = raw.account.uid
                    others = {
                        **self._log.export(uid, failures),
                        **engine.usage.export(uid, failures),
                    }
                except StoreError as error:
                    failures[name] = error
                    continue
                if uid not in owners:
                    uids.add(uid)
                    yield name, raw.content, others

    def deleted(self) -> bytes | None:
        self._engine.deleted_ids.list_waiting()
        return self._engine.deleted_ids.export()


@contextmanager
def import_account(
    engine: Engine, name: str, uid: str, find: Callable[[str], bytes | None]
) -> Iterator[RawAccount]:
    """As `raw_transaction`; with the document that is assigned come the uses and events of `uid`.

    They come only where the engine knows nothing of them. `find` gives a member, None for one that
    is not there.
    """
    with engine.accounts.raw_transaction(name) as raw:
        yield raw
        if not raw.is_assigned:
            return
        # Damaged or in the way, they are no reason to go without the account.
        with suppress(Refused, OSError, StoreError):
            uses = find(usage_member(uid))
            if uses is not None:
                engine.usage.restore(uid, uses)
        contents = []
        for member in activity_members(uid):
            with suppress(Refused, OSError):
                contents.append(find(member))
        with suppress(StoreError):
            engine.activity.restore(uid, filter(None, contents))
