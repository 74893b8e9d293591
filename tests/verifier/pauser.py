"""Pauses and resumes ada's app password, once for each line that it is told; says when it is done.

Argument: the store's folder.
"""

import sys
from pathlib import Path

from apppw_tui.store.folder.accounts import FolderStore
from tests.support import House
from tests.verifier.asking import ADA


def obey(folder: Path) -> None:
    operator = House(store=FolderStore(folder, lock_timeout=60.0)).operator
    acts = {"pause": operator.pause_app_password, "resume": operator.resume_app_password}
    for line in sys.stdin:
        acts[line.strip()](ADA, "Phone")
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    obey(Path(sys.argv[1]))
