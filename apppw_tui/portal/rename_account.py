"""Gives an account another name: it is never under both, so that nothing deleted comes back."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from apppw_tui.domain.account import Account, Record
from apppw_tui.domain.errors import NotFound
from apppw_tui.domain.names import AccountName
from apppw_tui.domain.ports import AccountStore


def rename(
    store: AccountStore, account: Account, name: AccountName, records: Sequence[Record] = ()
) -> Account:
    """The account under its new name; its sessions end, its app passwords move with it.

    Where it was cut short, doing it again does the rest.

    Raises:
        NameTaken: there is another account of that name.
        NotFound: it is gone.
        StoreError: as it says.
    """
    return store.rename(account, name, lambda present, left: _renamed(present, left, name), records)


def half_renamed(
    store: AccountStore, names: Iterable[AccountName], wanted: Iterable[AccountName]
) -> tuple[Account, AccountName]:
    """The account that an earlier rename left under neither name, and the one it was to get.

    Raises NotFound if there is none.
    """
    wanted = tuple(wanted)
    for name in names:
        for wanted_name in wanted:
            half = store.half_renamed(name, wanted_name)
            if half is not None:
                return half, wanted_name
    raise NotFound("There is no such account.")


def _renamed(present: Account, left: Account | None, name: str) -> Account:
    """`present` as it is to be; `left` is a copy that an older program's rename left there.

    Of each part the newer state is taken, and what was deleted under either name stays so.
    """
    if left is None:
        return replace(
            present,
            name=name,
            version=present.version + 1,
            session_generation=present.session_generation + 1,
        )
    newer, older = (left, present) if left.version > present.version else (present, left)
    deleted = newer.deleted_ids | older.deleted_ids
    ids = {app_password.id for app_password in newer.app_passwords}
    # That program took them out of the one before it removed it: moved, not deleted.
    moved = (app_password for app_password in older.app_passwords if app_password.id not in ids)
    remaining = tuple(
        record for record in (*newer.app_passwords, *moved) if record.id not in deleted
    )
    starts = [start for start in (newer.enforced_from, older.enforced_from) if start is not None]
    return replace(
        newer,
        name=name,
        version=newer.version + 1,
        session_generation=max(newer.session_generation, older.session_generation) + 1,
        app_passwords=remaining,
        deleted_ids=deleted,
        enabled=newer.enabled and older.enabled,
        verification_required=newer.verification_required or older.verification_required,
        enforced_from=min(starts, default=None),
    )
