"""One of several processes that create and delete app passwords on one account at once.

Arguments: the store's folder, the account, a seed, how many times. Prints what was acknowledged.
"""

import json
import sys
from pathlib import Path
from random import Random

from apppw_tui.domain.policy import Policy
from apppw_tui.store.folder.accounts import FolderStore
from tests.support import House


def race(folder: Path, account: str, seed: int, times: int) -> dict[str, list[str]]:
    random = Random(-seed)  # not the one that draws the passwords
    # Patient: on a slow machine, waiting long for the seven others is no defect.
    store = FolderStore(folder, lock_timeout=60.0)
    policy = Policy(app_passwords_per_account=1000)
    operator = House(store=store, policy=policy, seed=seed).operator
    kept: list[str] = []
    deleted: list[str] = []
    for number in range(times):
        issued = operator.create_app_password(account, f"{seed}-{number}")
        kept.append(issued.app_password.id)
        if random.random() < 0.5:
            gone = kept.pop(random.randrange(len(kept)))
            operator.delete_app_password(account, gone)
            deleted.append(gone)
    return {"kept": kept, "deleted": deleted}


if __name__ == "__main__":
    sys.stdin.readline()  # until all are ready
    _, folder, account, seed, times = sys.argv
    json.dump(race(Path(folder), account, int(seed), int(times)), sys.stdout)
