"""A copy of all accounts from one engine to another, which must be empty, compared at its end.

A copy that was cut short has left a mark: the next one goes on, and puts right what differs.
What is counted of tries and what waits to be sent stays behind, as it does in a backup.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from apppw_tui.domain import deleted_ids, key_set
from apppw_tui.domain.errors import Refused, StoreDamaged, StoreError
from apppw_tui.domain.progress import progress
from apppw_tui.store.backup.members import (
    DELETED,
    KEY,
    Failures,
    account_member,
    export_members,
    import_account,
    is_account,
)
from apppw_tui.store.engine import Engine


@dataclass
class CopyResult:
    """The accounts that were copied, and why others were not, or are not the same, by name.

    `refused` are those that the target did not take.
    """

    copied: int = 0
    failures: Failures = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def copy_store(source: Engine, target: Engine) -> CopyResult:
    """Copies everything.

    Raises:
        Refused: the target is not empty, and no copy into it was cut short; nothing was changed.
        StoreError: one of them cannot be read or written; what was copied so far is there, and
            the mark with it.
    """
    source.require_ready()
    again = target.has_unfinished_copy()
    _require_empty(source, target, again=again)
    result = CopyResult()
    if again:
        same = _drop_others(source, target)
    else:
        same = set()
        target.mark_copy(finished=False)
    uses: dict[str, bytes] = {}
    name, content = "", b""
    for member, part in export_members(source, result.failures, "Copying accounts", with_key=True):
        if is_account(member):
            _put(target, name, content, uses, result)
            name, content, uses = _name(member), part, {}
            if name in same:
                result.copied += 1
                name = ""
            elif again:  # whoever is killed at an account may leave what belongs to it
                target.drop(name, _uid(content, name))
        elif member == DELETED:
            target.deleted_ids.merge(deleted_ids.parse(part).ids)
        elif member == KEY:
            _put_key(target, part)
        else:
            uses[member] = part
    _put(target, name, content, uses, result)
    # Of what the source cannot read there is nothing more to be had.
    unreadable = set(result.failures) - result.refused
    _compare(source, target, result)
    if result.failures.keys() <= unreadable:
        target.mark_copy(finished=True)
    return result


def _require_empty(source: Engine, target: Engine, *, again: bool) -> None:
    theirs = target.keyring.read()
    if not again and (target.has_accounts() or target.deleted_ids.read().ids):
        raise Refused("There are accounts already, or there were: nothing was copied.")
    # The key file of a store in files may be what opens the keys in a database.
    ours = source.keyring.read()
    if theirs is not None and (ours is None or key_set.dump(theirs) != key_set.dump(ours)):
        raise Refused(f"There is another key already: {target.keyring.place}. Nothing was copied.")


def _drop_others(source: Engine, target: Engine) -> set[str]:
    """Drops all accounts of which anything is not the same; the names of the others."""
    same: set[str] = set()
    there = set(source.accounts.list_names())
    for name in progress(target.accounts.list_names(), "Comparing accounts"):
        if name in there and _everything(source, name) == _everything(target, name):
            same.add(name)
        else:
            account = target.accounts.read_raw(name).account
            target.drop(name, None if account is None else account.uid)
    return same


def _put(
    target: Engine, name: str, content: bytes, uses: Mapping[str, bytes], result: CopyResult
) -> None:
    if not name:
        return
    try:
        # Read by the target itself; the uid is that of what it has read.
        with import_account(target, name, _uid(content, name), uses.get) as raw:
            if raw.content is not None:
                raise Refused("Somebody has made it meanwhile.")
            raw.new_content = content
    except (StoreError, Refused) as error:
        result.failures[name] = (
            error if isinstance(error, StoreError) else StoreDamaged(f"{name}: {error}")
        )
        result.refused.add(name)
    else:
        result.copied += 1


def _put_key(target: Engine, content: bytes) -> None:
    with target.keyring.locked():
        if target.keyring.read() is None:
            target.keyring.write(key_set.parse(content, KEY))


def _compare(source: Engine, target: Engine, result: CopyResult) -> None:
    """Notes every account of which anything is not the same. Raises StoreError."""
    names = sorted({*source.accounts.list_names(), *target.accounts.list_names()})
    for name in progress(names, "Comparing accounts"):
        if name not in result.failures:
            # What cannot be read of the source was told, and is nowhere else.
            ours, theirs = (_everything(engine, name) for engine in (source, target))
            if ours[0] != theirs[0] or theirs[1]:
                result.failures[name] = StoreDamaged(
                    f"{name} is not the same in both: it was changed meanwhile. Copy again."
                )
    deleted, listed = (engine.deleted_ids.read().ids for engine in (source, target))
    if any(not ids <= listed.get(uid, set()) for uid, ids in deleted.items()):
        raise StoreDamaged("The list of what was deleted is not the same in both. Copy again.")


def _everything(engine: Engine, name: str) -> tuple[tuple[object, ...], Failures]:
    """All that is there of an account, and what cannot be read of it."""
    raw = engine.accounts.read_raw(name)
    if raw.account is None:
        return (raw.content,), {}
    failures: Failures = {}
    uid = raw.account.uid
    # Which of two files an event stands in is the store's own affair.
    events = Counter(
        line
        for part in engine.activity.export(uid, failures).values()
        for line in part.split(b"\n")
        if line
    )
    return (raw.content, events, dict(engine.usage.export(uid, failures))), failures


def _name(member: str) -> str:
    name = member.rpartition("/")[2].removesuffix(".json")
    if account_member(name) != member:
        raise StoreDamaged(f"{member} is no account.")
    return name


def _uid(content: bytes, name: str) -> str:
    """The uid of a document that the source has read. Raises StoreDamaged."""
    from apppw_tui.store import documents
    from apppw_tui.store.fields import DocumentError

    try:
        return documents.load(documents.loads(content), name).uid
    except DocumentError as error:
        raise StoreDamaged(f"{name} cannot be read: {error}.") from None
