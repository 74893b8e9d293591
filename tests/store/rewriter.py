"""Changes an account as fast as it can; says each version once it is kept.

Arguments: the store's folder, the account, how many times. Waits for a line after each.
"""

import sys
from dataclasses import replace
from pathlib import Path

from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import version_of


def rewrite(folder: Path, name: str, times: int) -> None:
    store = FolderStore(folder)
    account = store.get(name)
    assert account is not None
    for number in range(times):
        with store.transaction(name, account.uid) as change:
            change.account = replace(change.existing, appearance=f"{number:04}")
        sys.stdout.write(f"{version_of(store, name)}\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    _, folder, name, times = sys.argv
    rewrite(Path(folder), name, int(times))
