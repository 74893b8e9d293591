"""One of several processes that create and delete app passwords while backups are taken.

Arguments: the store's folder, a seed, how many times, where to write what was made: for each
account the secrets by id.
"""

import json
import sys
from pathlib import Path
from random import Random

from apppw_tui.domain.policy import Policy
from apppw_tui.store.folder.accounts import FolderStore
from tests.support import House

ACCOUNTS = ("ada", "ben", "eve")


def write(folder: Path, seed: int, times: int) -> dict[str, dict[str, str]]:
    random = Random(-seed)  # not the one that draws the passwords
    store = FolderStore(folder, lock_timeout=60.0)
    operator = House(store=store, policy=Policy(app_passwords_per_account=1000), seed=seed).operator
    made: dict[str, dict[str, str]] = {name: {} for name in ACCOUNTS}
    live: list[tuple[str, str]] = []
    for number in range(times):
        account = random.choice(ACCOUNTS)
        issued = operator.create_app_password(account, f"{seed}-{number}")
        made[account][issued.app_password.id] = issued.secret.reveal()
        live.append((account, issued.app_password.id))
        if random.random() < 0.7:
            operator.delete_app_password(*live.pop(random.randrange(len(live))))
    return made


if __name__ == "__main__":
    sys.stdin.readline()  # until all are ready
    _, folder, seed, times, out = sys.argv
    Path(out).write_text(json.dumps(write(Path(folder), int(seed), int(times))))
