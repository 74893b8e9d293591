"""Several windows on one account at once, as threads or as processes.

As a program, one of those processes: it signs in, writes `ready`, and answers with the code on
its standard input. Arguments: the store's folder, the account, the option.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Barrier, Thread

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import ApppwError
from apppw_tui.portal.sessions import Session
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.counters import FolderThrottleStore
from tests.store.rotator import keyring
from tests.support import FixedClock, House


def at_once(*acts: Callable[[], object]) -> list[object]:
    """What each of them gave, or the error that it raised; all begin together."""
    barrier, outcomes = Barrier(len(acts)), list[object]([None] * len(acts))

    def run(number: int) -> None:
        barrier.wait()
        try:
            outcomes[number] = acts[number]()
        except ApppwError as error:
            outcomes[number] = error

    threads = [Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def admitted(outcomes: Sequence[object]) -> list[Session]:
    """The sessions among them; everything else must be a refusal."""
    sessions = [outcome for outcome in outcomes if isinstance(outcome, Session)]
    assert all(isinstance(outcome, Session | ApppwError) for outcome in outcomes)
    return sessions


def on_disk(folder: Path) -> House:
    """A portal over the store in `folder`, with its key and its counters."""
    clock = FixedClock()
    counters = FolderThrottleStore(folder, clock, lock_timeout=60.0)
    store = FolderStore(folder, lock_timeout=60.0)
    return House(store=store, clock=clock, counters=counters, seals=keyring(folder))


def answer(folder: Path, account: str, way: str) -> None:
    challenge, option = on_disk(folder).challenge(account), verification_options.by_id(way)
    assert option is not None
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    code = sys.stdin.readline().strip()
    try:
        challenge.answer(option, code)
    except ApppwError as refused:
        sys.stdout.write(str(refused))
    else:
        sys.stdout.write("admitted")


if __name__ == "__main__":
    answer(Path(sys.argv[1]), *sys.argv[2:])
