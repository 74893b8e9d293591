"""The places in a store's folder, for the doctor, who looks at them from outside."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.domain.enforced import Enforcement
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import before_ledgers, deleted_ids, enforced, files, usage_ledger
from apppw_tui.store.folder.ledger import LEDGERS
from apppw_tui.store.folder.location import ACCOUNTS, ENFORCED, LOCKS, SUFFIX, is_unsealed

_COUNTED = ("usage", "throttle")
_WRITTEN = (ACCOUNTS, "usage", "activity", "throttle", LEDGERS)
# Not .door-*: a place at the door is held for as long as somebody stands there.
_LOCKS = ("*.lock", ".key.lock", ".slot-*")
_SEALED = b'"sealed"'


@dataclass(frozen=True)
class StorePlaces:
    """Of the store in `folder`, which nobody has opened; what cannot be looked at is not there."""

    folder: Path

    @property
    def accounts(self) -> Path:
        return self.folder / ACCOUNTS

    @property
    def enforced(self) -> Path:
        return self.folder / ENFORCED

    @property
    def notices(self) -> Path:
        return self.folder / "notices"

    @property
    def ended(self) -> Path:
        return self.folder / "ended"

    @property
    def reserve(self) -> Path:
        return self.folder / "reserve"

    @property
    def ledgers(self) -> Path:
        return self.folder / LEDGERS

    @property
    def usage_ledger(self) -> Path:
        return self.folder / usage_ledger.FOLDER / usage_ledger.NAME

    @property
    def deleted_ids(self) -> Path:
        return self.ledgers / deleted_ids.NAME

    def had_deleted_ids(self) -> bool:
        """True if there are traces of such a list, be it gone by now."""
        path = self.deleted_ids
        old = self.folder.glob(f"{before_ledgers.FOLDER}/deleted-*")
        return any(map(os.path.lexists, (path.with_name(f".{path.name}.lock"), *old)))

    def names(self, form: str = "*") -> list[str]:
        """The names that files of accounts have, sorted; whether they are any is not looked at."""
        with contextlib.suppress(OSError):
            return sorted(path.stem for path in self.accounts.glob(f"{form}{SUFFIX}"))
        return []

    def counted(self) -> Iterator[Path]:
        """The files of what an earlier version counted; a damaged one counts as empty."""
        for name in _COUNTED:
            yield from sorted((self.folder / name).glob("*.json"))

    def written(self) -> Iterator[Path]:
        """The files that are written while people and services work."""
        for name in _WRITTEN:
            yield from (self.folder / name).glob("*")

    def locks(self) -> list[Path]:
        return [path for form in _LOCKS for path in sorted((self.folder / LOCKS).glob(form))]

    def told(self) -> dict[str, Enforcement | None]:
        """The enforcement told of each account; None stands for a file that tells nothing."""
        with contextlib.suppress(OSError):
            names = sorted(
                path.name for path in self.enforced.iterdir() if is_account_name(path.name)
            )
            return {name: self._told(name) for name in names}
        return {}

    def may_hold_sealed_values(self) -> bool:
        """True if an account's file has something sealed in it, as far as it can be read."""
        if is_unsealed(self.folder):
            return False
        with contextlib.suppress(OSError):
            for path in self.accounts.glob(f"*{SUFFIX}"):
                with contextlib.suppress(StoreError):
                    if _SEALED in (files.read(path) or b""):
                        return True
        return False

    def _told(self, name: str) -> Enforcement | None:
        with contextlib.suppress(StoreError):
            return enforced.parse(files.read(self.enforced / name) or b"")
        return None
