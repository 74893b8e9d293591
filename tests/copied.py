"""A copy of a store that this process has used."""

import gc
import shutil
from pathlib import Path


def copy_closed(folder: Path, to: Path) -> None:
    """Copies the folder, once nothing of it is open here any more.

    A ledger closes its file when nobody has the ledger, and SQLite then takes away what lies beside
    the file. Many are held in circles, and would be closed in the middle of the copy.
    """
    gc.collect()
    shutil.copytree(folder, to, dirs_exist_ok=True)
