"""Closes and opens an account as fast as it can. Arguments: the store's folder, how many times."""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from apppw_tui.store.folder.accounts import FolderStore
from tests.support import NOW


def toggle(folder: Path, times: int) -> None:
    store = FolderStore(folder, lock_timeout=60.0)
    account = store.get("ada")
    assert account is not None
    for number in range(times):
        since = (NOW, NOW + timedelta(days=60), None)[number % 3]
        with store.transaction("ada", account.uid) as change:
            change.account = replace(change.existing, enforced_from=since, enabled=number % 4 != 3)


if __name__ == "__main__":
    toggle(Path(sys.argv[1]), int(sys.argv[2]))
