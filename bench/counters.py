"""What a sign-in's counters cost with few accounts and with many, as ratios of one run."""

import statistics
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from figures import compared, measured, options_by_accounts, table, timed

from apppw_tui.domain import throttle
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.throttle import FailureCount, FailureCounts, ThrottleState
from apppw_tui.portal.throttle import PortalThrottle
from apppw_tui.store.folder import counters
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.location import open_store

CLOCK = SystemClock()
FEW = 10
AT_ONCE = 1000  # rows in one transaction, when the table is filled
HOME, CAFE = "192.0.2.7", "198.51.100.7"


@dataclass
class Place:
    """A store in which so many accounts have signed in, and as many names as can were tried."""

    store: FolderThrottleStore
    accounts: int
    turn: int = 0

    def next(self) -> int:
        self.turn = (self.turn + 7919) % self.accounts
        return self.turn


def main() -> None:
    options = options_by_accounts(__doc__, "sign-ins", FEW)
    with tempfile.TemporaryDirectory(prefix="apppw-bench-") as name:
        places = {
            f"with {number}": filled(Path(name) / str(number), number)
            for number in (FEW, options.accounts)
        }
        unit = f"with {FEW}"
        for title, act in (("counters of a sign-in", sign_in), ("of a name nobody has", guess)):
            taken = measured(
                {case: timed(partial(act, place), 10) for case, place in places.items()},
                options.rounds,
            )
            table(title, compared(taken, unit))
            each = {case: f"{statistics.median(times) * 1000:.2f}" for case, times in taken.items()}
            table(f"{title}, milliseconds", each, "median")


def filled(folder: Path, accounts: int) -> Place:
    open_store(folder, create=True)
    store = FolderThrottleStore(folder, CLOCK)
    key = store._key()
    now = CLOCK.now()
    at_home = replace(ThrottleState(), hash_address=lambda address: f"{address:0>32}")
    at_home = at_home.record_success(HOME, now)
    wrong = ThrottleState(FailureCounts(FailureCount(3, now)))
    for names, state, keep in (
        ([f"user{number}" for number in range(accounts)], at_home, True),
        (
            [f"nobody{number}" for number in range(throttle.MAX_UNKNOWN)],
            wrong,
            False,
        ),
    ):
        for begin in range(0, len(names), AT_ONCE):
            with store._ledger.transaction() as transaction:
                for name in names[begin : begin + AT_ONCE]:
                    digest = counters.digest_of(key, f"account:{name}")
                    transaction.write(counters._PUT, digest, keep, *throttle.row(state))
    return Place(store, accounts)


def sign_in(place: Place) -> None:
    """Password and second factor are right."""
    name = f"user{place.next()}"
    counted = PortalThrottle(place.store, HOME)
    for step in ("password", "second"):
        counted.record_attempt(name, step)
        counted.undo_attempt(name, step)
    counted.record_success(name)


def guess(place: Place) -> None:
    place.turn += 1  # another one each time
    PortalThrottle(place.store, CAFE).record_attempt(f"stranger{place.turn}", "password")


if __name__ == "__main__":
    main()
