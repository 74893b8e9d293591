"""Another key for the store: first everything is sealed anew, then the older key goes."""

import dataclasses
import os
from dataclasses import dataclass

from apppw_tui.domain.account import Account
from apppw_tui.domain.engine_ports import Keyring
from apppw_tui.domain.errors import NotFound, Refused, StoreError, StoreUnusable
from apppw_tui.domain.key_set import KeySet
from apppw_tui.domain.ports import AccountStore
from apppw_tui.domain.progress import progress


@dataclass
class Rotation:
    """The progress of a rotation: accounts sealed anew, and what kept others from it, by name."""

    reencrypted: int = 0
    failures: dict[str, StoreError] = dataclasses.field(default_factory=dict)


def rotate(keyring: Keyring, store: AccountStore) -> Rotation:
    """Puts a new key first and seals everything anew; the older key stays until `drop_old_keys`.

    Killed at any instant, every value can be opened. Run again, it goes on with the key that it
    had made: there are never more than the new one and those from before.

    Raises:
        Refused: nothing is sealed yet.
        StoreError: the key file cannot be read or written, or no account be listed; no value was
            sealed anew.
    """
    with keyring.locked():
        ring = _to_replace(keyring)
        # Even the ring of a rotation that was begun is written again: whoever was killed may not
        # have seen to it that it stays on the disk.
        keyring.write(ring if len(ring.keys) > 1 else ring.with_new_primary(keyring.new_key()))
    rotation = Rotation()
    for name in progress(_names(store), "Sealing anew"):
        try:
            rotation.reencrypted += _reseal(keyring, store, name)
        except NotFound:
            continue  # removed meanwhile
        except StoreError as error:
            rotation.failures[name] = error
    return rotation


def _names(store: AccountStore) -> list[str]:
    try:
        return store.list_names()
    except StoreError:  # whose own sentence may say that nothing was changed
        raise StoreUnusable(
            "A new key was made, but the accounts cannot be listed, so that nothing is sealed anew "
            "yet. Rotate again."
        ) from None


def drop_old_keys(keyring: Keyring, store: AccountStore) -> int:
    """Drops every key but the first; how many. None is dropped that any value still needs.

    Raises:
        Refused: accounts still need an older key, or cannot be read; nothing was changed.
        StoreError: the key file cannot be read or written.
    """
    with keyring.locked():
        ring = _to_replace(keyring)
        if len(ring.keys) == 1:
            return 0
        needing, unreadable = _not_under(ring, store)
        if needing or unreadable:
            raise Refused(
                f"The older key stays: accounts that still need it: {needing}; that cannot be "
                f"read: {unreadable}. Rotate again first."
            )
        # A rename whose folder was not synced could be undone by a power cut, and bring back a
        # value under the key that goes now.
        os.sync()
        keyring.write(ring.primary)
        return len(ring.keys) - 1


def _to_replace(keyring: Keyring) -> KeySet:
    ring = keyring.read()
    if ring is None:
        keyring.require_nothing_encrypted()
        raise Refused("Nothing is sealed yet, so there is no key to replace.")
    return ring


def _reseal(keyring: Keyring, store: AccountStore, name: str) -> bool:
    """Seals an account's values under the first key; False if they were, or if it has none."""
    present = store.get(name)
    if present is None:
        return False
    with store.transaction(name, present.uid) as change:
        account = change.existing
        values = account.sealed_values()
        if not values:
            return False
        ring = keyring.require()  # afresh, inside the lock: another rotation may have begun
        if _is_under(ring.primary, account):
            return False
        change.account = account.with_sealed_values({
            field: ring.encrypt(account.uid, field, ring.decrypt(account.uid, field, sealed))
            for field, sealed in values.items()
        })  # fmt: skip
    return True


def _is_under(ring: KeySet, account: Account) -> bool:
    values = account.sealed_values().items()
    return all(ring.can_decrypt(account.uid, field, sealed) for field, sealed in values)


def _not_under(ring: KeySet, store: AccountStore) -> tuple[int, int]:
    """The numbers of accounts that need another key than the first, and of doubtful ones.

    Each is looked at under its lock: whoever changes it later seals under the first key.
    """
    seen: set[tuple[str, str]] = set()
    needing: set[str] = set()
    unreadable: set[str] = set()
    # Again until nobody is new: an account may have been made or renamed behind the sweep.
    while fresh := _unseen(store, seen, unreadable):
        for name, uid in progress(fresh, "Looking for old keys"):
            seen.add((name, uid))
            try:
                with store.transaction(name, uid) as change:
                    account = change.existing
                if not _is_under(ring, account):
                    unreadable.add(name)
                elif not _is_under(ring.primary, account):
                    needing.add(name)
            except NotFound:
                continue
            except StoreError:
                unreadable.add(name)
    return len(needing), len(unreadable)


def _unseen(
    store: AccountStore, seen: set[tuple[str, str]], unreadable: set[str]
) -> list[tuple[str, str]]:
    unseen: list[tuple[str, str]] = []
    for name in progress(store.list_names(), "Reading accounts"):
        try:
            account = store.get(name)
        except StoreError:
            unreadable.add(name)
        else:
            if account is not None and (name, account.uid) not in seen:
                unseen.append((name, account.uid))
    return unseen
