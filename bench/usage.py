"""What it costs to write uses down, with few accounts and with many, as ratios measured in one run.

A flush is one transaction, whatever number of accounts has signed in since the last one.
"""

import statistics
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from figures import compared, measured, options_by_accounts, table, timed

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.usage import LastUse, UsageRecord
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.folder.usage_ledger import UsageLedger

CLOCK = SystemClock()
FEW = 10
AT_ONCE = 1000  # accounts in one transaction, when the tables are filled
ID = "abc"
HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"  # has the form, is never computed


@dataclass(frozen=True)
class Verdict:
    account_name: str
    uid: str
    app_password: AppPassword


class Everybody:
    """Accounts that cost nothing to read: `user<number>`, each with one app password."""

    def __init__(self) -> None:
        self._one = Account.new("user", HASH, CLOCK.now(), lambda size: "0" * 2 * size)
        self._one = self._one.with_app_password(AppPassword(ID, "Phone", HASH, CLOCK.now()), 40)

    def get(self, name: str) -> Account:
        return replace(self._one, name=name, uid=uid(int(name.removeprefix("user"))))

    def verdict(self, number: int) -> Verdict:
        return Verdict(f"user{number}", uid(number), self._one.app_passwords[0])


def uid(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}{number:024x}"  # far apart, as random ones are


def main() -> None:
    options = options_by_accounts(__doc__, "flushes", FEW)
    with tempfile.TemporaryDirectory(prefix="apppw-bench-") as name:
        numbers = (FEW, options.accounts // 100, options.accounts)
        places = {f"with {number}": filled(Path(name) / str(number), number) for number in numbers}
        unit = f"with {FEW}"
        flushes = measured(
            {case: timed(partial(flush, place)) for case, place in places.items()}, options.rounds
        )
        table(f"a flush of {FEW} accounts' uses", compared(flushes, unit))
        rate = {case: f"{FEW / statistics.median(times):.0f}" for case, times in flushes.items()}
        table("uses written a second", rate, "uses")
        looks = measured(
            {case: timed(partial(read, place), 20) for case, place in places.items()},
            options.rounds,
        )
        table("one account's uses read by the portal", compared(looks, unit))


@dataclass
class Place:
    """A store with uses of so many accounts, its daemon and its portal."""

    usage: FolderUsage
    book: FolderUsageBook
    everybody: Everybody
    accounts: int
    turn: int = 0

    def next(self) -> int:
        self.turn = (self.turn + 7919) % self.accounts
        return self.turn


def filled(folder: Path, accounts: int) -> Place:
    open_store(folder, create=True)
    ledger = UsageLedger(folder)
    now = CLOCK.now()
    record = UsageRecord({(ID, IMAP): LastUse(now, IMAP, "192.0.2.7")}, None, {"192.0.2.0/24": now})
    for begin in range(0, accounts, AT_ONCE):
        with ledger.transaction() as usage:
            for number in range(begin, min(accounts, begin + AT_ONCE)):
                usage.save(uid(number), UsageRecord(), record)
    everybody = Everybody()
    usage, book = FolderUsage(folder, everybody, CLOCK), FolderUsageBook(folder, CLOCK)
    place = Place(usage, book, everybody, accounts)
    flush(place)
    return place


def flush(place: Place) -> None:
    """Ten accounts sign in, others each time."""
    for _ in range(FEW):
        place.usage.used(place.everybody.verdict(place.next()), IMAP, "192.0.2.7")
    place.usage.flush()


def read(place: Place) -> None:
    assert place.book.read(uid(place.next())).by_id


if __name__ == "__main__":
    main()
