"""The daemon's uses in usage/usage.sqlite."""

from collections.abc import Callable, Sequence
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import Accounts, Clock
from apppw_tui.domain.usage import FirstUse
from apppw_tui.store.folder.usage_ledger import UsageLedger
from apppw_tui.store.folder.usage_takeover import UsageTakeover
from apppw_tui.store.usage_buffer import UsageBuffer


class FolderUsage(UsageBuffer):
    """See UsageBuffer; of the store in `folder`. The daemon's alone."""

    def __init__(
        self,
        folder: Path,
        accounts: Accounts,
        clock: Clock,
        *,
        complain: Callable[[str], None] = lambda _: None,
        announce: Callable[[FirstUse], None] = lambda _: None,
        meaning: Callable[[str], Sequence[str]] = candidates,
    ) -> None:
        ledger = UsageLedger(folder, self._replaced)
        super().__init__(
            ledger, accounts, clock, complain=complain, announce=announce, meaning=meaning
        )
        self._takeover = UsageTakeover(folder, ledger, clock, complain)

    def _before_writing(self, *, anything: bool) -> None:
        # Before all else: whoever was seen by an earlier version is not new.
        self._takeover.run(writing=anything)

    def _replaced(self, error: StoreError) -> None:
        self._takeover.begin_again()
        self._complain(str(error))
