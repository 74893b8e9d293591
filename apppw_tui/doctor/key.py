"""The key: there, closed to others, and the one that everything is sealed with."""

import stat
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.finding import Finding, command, danger, ok, warning
from apppw_tui.domain.account import Account
from apppw_tui.domain.engine_ports import Keyring
from apppw_tui.domain.errors import KeyMissing, StoreError
from apppw_tui.domain.key_set import KeySet

_ROTATE = "apppw-tui key rotate"


def check(folder: Path, keyring: Keyring, accounts: list[Account]) -> list[Finding]:
    """`accounts` are all of the store that can be read."""
    path = Path(keyring.place)
    sealed = [account for account in accounts if account.sealed_values()]
    try:
        ring = keyring.require() if sealed else keyring.read()
    except KeyMissing:
        return [
            danger(
                path,
                f"The key is missing, and {len(sealed)} of the accounts need it: their second "
                "factors cannot be checked.",
                "Put it back from where copies of it are kept.",
            )
        ]
    except StoreError as error:
        return [danger(path, str(error), "Put back the key, or repair its mode and owner.")]
    if ring is None:
        return [ok(path, "Nothing is sealed yet, so there is no key.")]
    findings = [*_mode(folder, path), *_opened(path, ring, sealed)] or [*_older(path, ring, sealed)]
    where = "in the store, so that a copy of the store holds both" if _inside(folder, path) else ""
    return findings or [
        ok(path, f"It opens everything that is sealed{where and f'; it lies {where}'}.")
    ]


def _mode(folder: Path, path: Path) -> Iterator[Finding]:
    status = path.stat()
    owner = folder.stat().st_uid
    if status.st_uid not in (0, owner):
        yield danger(
            path,
            f"It belongs to uid {status.st_uid}, who can read every phone number and sign in as "
            "anybody's second factor.",
            command("chown", str(owner), path),
        )
    # Elsewhere, root may own it and a group read it; systemd's credentials are such.
    closed = 0o077 if _inside(folder, path) else stat.S_IWGRP
    if status.st_mode & closed:
        yield warning(
            path,
            f"Its mode is {stat.S_IMODE(status.st_mode):04o}; it is its owner's alone.",
            command("chmod", "600", path),
        )


def _opened(path: Path, ring: KeySet, sealed: list[Account]) -> Iterator[Finding]:
    closed = [account.name for account in sealed if not _opens(ring, account)]
    if closed:
        yield danger(
            path,
            f"It does not open what is sealed of {', '.join(closed)}: another key did that.",
            "Add that key to the file, on a line of its own, or set up their second factors anew.",
        )


def _older(path: Path, ring: KeySet, sealed: list[Account]) -> Iterator[Finding]:
    if len(ring.keys) == 1:
        return
    needing = [account for account in sealed if not _opens(ring.primary, account)]
    if needing:
        yield warning(
            path,
            f"The key was replaced, but {len(needing)} of the accounts still need an older one.",
            f"Run: {_ROTATE}",
        )
    else:
        yield warning(
            path,
            "The key was replaced, but the older one is still there.",
            f"When nothing runs with a copy of the old key any more: {_ROTATE} --finish",
        )


def _opens(ring: KeySet, account: Account) -> bool:
    values = account.sealed_values().items()
    return all(ring.can_decrypt(account.uid, field, value) for field, value in values)


def _inside(folder: Path, path: Path) -> bool:
    return path.absolute().parent == folder.absolute()
