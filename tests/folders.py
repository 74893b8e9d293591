"""The files of a store that is used: SQLite takes some away when the last one closes them."""

import gc
import shutil
from contextlib import suppress
from pathlib import Path


def copy_closed(folder: Path, to: Path) -> None:
    """Copies the folder, once nothing of it is open here any more.

    A ledger closes its file when nobody has the ledger. Many are held in circles, and would be
    closed in the middle of the copy.
    """
    gc.collect()
    shutil.copytree(folder, to, dirs_exist_ok=True)


def contents(folder: Path) -> dict[Path, bytes]:
    """What is in each file below `folder`, but those that go while they are looked at."""
    found = {}
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file():
                found[path] = path.read_bytes()
    return found
