"""Sealed values for the tests of the key, and one of several processes that seal at once.

Arguments: `write` or `rotate`, the store's folder, a seed, how many times. `write` prints what it
sealed last in each account, `rotate` how many older keys it dropped.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.phone import Phone
from apppw_tui.domain.ports import AccountStore, Sealer
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.files import LOCK_TIMEOUT
from apppw_tui.store.folder.key_file import FolderKeyring
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from tests.folders import contents
from tests.store.making import add
from tests.support import NOW

PHONE = "phone office"
SEALED = ("ada", "cleo", "dora")  # of those that `fill` makes


def keyring(folder: Path, timeout: float = LOCK_TIMEOUT) -> FolderKeyring:
    """That of the store in `folder`, its key in the store."""
    store = FolderStore(folder, timeout)
    key_file = folder / "key"
    return FolderKeyring(folder, key_file, store.has_sealed_values, lock_timeout=timeout)


def with_values(account: Account, seals: Sealer, value: str) -> Account:
    """The account with `value` sealed as its authenticator's secret and as its office phone."""
    app = Authenticator(seals.encrypt(account.uid, AUTHENTICATOR, Secret(value)), NOW, 0)
    phone = Phone("office", seals.encrypt(account.uid, PHONE, Secret(value)), NOW)
    return replace(account.with_phone(phone), authenticator=app)


def opened(account: Account, seals: Sealer) -> list[str]:
    """What its sealed values say."""
    values = account.sealed_values().items()
    return [seals.decrypt(account.uid, field, sealed).reveal() for field, sealed in values]


def put(store: AccountStore, seals: Sealer, name: str, value: str) -> None:
    """Seals `value` twice in the account; what was there before must open."""
    with store.transaction(name, now(store, name).uid) as change:
        opened(change.existing, seals)
        change.account = with_values(change.existing, seals, value)


def fill(store: AccountStore, folder: Path) -> None:
    """Four accounts; three have two sealed values, each its own name, and ben has none."""
    for seed, name in enumerate(("ada", "ben", "cleo", "dora")):
        add(store, name, seed)
        if name in SEALED:
            put(store, keyring(folder), name, name)


def now(store: AccountStore, name: str) -> Account:
    account = store.get(name)
    assert account is not None
    return account


def all_open(store: AccountStore, folder: Path) -> None:
    """Each value of those that `fill` made is still the same."""
    for name in SEALED:
        assert opened(now(store, name), keyring(folder)) == [name, name]


def keys(folder: Path) -> list[str]:
    return (folder / "key").read_text().split()


def content(folder: Path) -> dict[str, bytes]:
    """Every file of the store but those in `locks`."""
    found = contents(folder).items()
    return {str(path.relative_to(folder)): it for path, it in found if path.parent.name != "locks"}


def write(folder: Path, seed: int, times: int) -> dict[str, str]:
    random = Random(seed)
    store, seals = FolderStore(folder, 60.0), keyring(folder, 60.0)
    names, last = store.list_names(), {}
    for number in range(times):
        name = random.choice(names)
        last[name] = f"{seed}-{number}"
        put(store, seals, name, last[name])
    return last


def turn(folder: Path, times: int) -> int:
    """Rotates so many times, each time until the older key can go; how many went."""
    store, ring = FolderStore(folder, 60.0), keyring(folder, 60.0)
    dropped = 0
    for _ in range(times):
        while True:
            rotate(ring, store)
            try:
                dropped += drop_old_keys(ring, store)
            except Refused:  # somebody had read the ring before the new key was in it
                continue
            break
    return dropped


if __name__ == "__main__":
    sys.stdin.readline()  # until all are ready
    _, mode, place, seed, times = sys.argv
    said: object = (
        write(Path(place), int(seed), int(times))
        if mode == "write"
        else turn(Path(place), int(times))
    )
    json.dump(said, sys.stdout)
