"""Gives an account another name: nothing is lost at any step, and nobody gets in meanwhile."""

from contextlib import ExitStack
from dataclasses import replace

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import NameTaken
from apppw_tui.domain.seam import Change, Store


def rename(store: Store, account: Account, name: str) -> Account:
    """The account under its new name; its sessions end, its app passwords move with it.

    It is disabled until the old name has gone: killed between two steps it is found under either
    name or both, disabled, and doing it again goes on from there.

    Raises:
        NameTaken: there is another account of that name.
        NotFound, StoreError: as it says; what was done so far stands.
    """
    there = store.read(name)
    if there is None:
        _copy(store, account, name)
    elif there.uid != account.uid or name == account.name:
        raise NameTaken(f"There is already an account {name}.")
    with store.change(account.name, account.uid) as change:
        # Moved, not deleted: they live on under the new name.
        change.account = replace(change.present, app_passwords=())
    store.remove(account.name)
    if there is None and account.enabled:
        with store.change(name, account.uid) as change:
            change.account = replace(change.present, enabled=True)
    return store.read(name) or account


def _copy(store: Store, account: Account, name: str) -> None:
    """Both names at once, disabled."""
    # In the order of the names, lest two of these wait for each other (SAFETY 11).
    changes: dict[str, Change] = {}
    uids = {account.name: account.uid, name: None}
    with ExitStack() as stack:
        for one in sorted(uids):
            changes[one] = stack.enter_context(store.change(one, uids[one]))
        closed = changes[account.name].present.disabled()
        changes[account.name].account = closed
        changes[name].account = replace(closed, name=name)
