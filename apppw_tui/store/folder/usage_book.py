"""The uses of accounts, for all who do not write them: the portal, the commands and backups.

The daemon alone writes usage/usage.sqlite. What others have to say lies in usage/waiting until it
has looked: <uid>.gone, of an account that was removed, and <uid>.json, uses out of a backup.
Until a daemon has run, what an earlier version kept is read where that kept it: usage/<uid>.json,
usage/old-passwords.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path

from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.usage import (
    SHOWN_DAYS,
    ReportSpan,
    UsageRecord,
    Used,
    UsesPerDay,
    uses_per_day,
)
from apppw_tui.store.documents import loads
from apppw_tui.store.fields import DocumentError, Fields
from apppw_tui.store.folder import files, usage_file
from apppw_tui.store.folder.usage_ledger import FOLDER, NAME, UsageLedger

WAITING = "waiting"
GONE, RESTORED = ".gone", ".json"
ASIDE = "before-ledgers"  # an earlier version's files, as they were
OLD_REPORTS = "old-passwords"
_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)


class FolderUsageBook:
    """See UsageBook; of the store in `folder`."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._store = folder
        self._folder = folder / FOLDER
        self._waiting = self._folder / WAITING
        self._ledger = UsageLedger(folder)
        self._clock = clock
        self._taken_over = False

    def read(self, uid: str) -> Used:
        return self.record(uid).used

    def per_day(self, uid: str, today: date) -> UsesPerDay:
        if self._is_gone(uid):
            return {}
        first = today - timedelta(days=SHOWN_DAYS - 1)
        try:
            return uses_per_day(self._ledger.counts_since(uid, first), today)
        except StoreDamaged:  # as if nothing had been counted
            return {}

    def record(
        self, uid: str, complain: Callable[[StoreError], None] = lambda _error: None
    ) -> UsageRecord:
        """All that is known of that account; nothing, where that is damaged.

        `complain` hears of that. Raises StoreError.
        """
        if self._is_gone(uid):
            return UsageRecord()
        record = self._from_ledger(uid, complain)
        if record == UsageRecord() and not self._is_taken_over():
            record = self._from_files(uid)
            if record == UsageRecord():  # taken over between the two looks
                record = self._from_ledger(uid, complain)
        return record

    def knows(self, uid: str) -> bool:
        return self.record(uid) != UsageRecord()

    def export(self, uid: str, failures: dict[str, StoreError]) -> Mapping[str, bytes]:
        """The members of a backup that hold the account's uses.

        `failures` gets what cannot be read, by the ledger's path in the store.
        """

        def complain(error: StoreError) -> None:
            failures[f"{FOLDER}/{NAME}"] = error

        record = UsageRecord()
        try:
            record = self.record(uid, complain)
        except StoreError as error:
            complain(error)
        return {} if record == UsageRecord() else {f"{FOLDER}/{uid}.json": usage_file.dumps(record)}

    def old_passwords_since(self) -> datetime | None:
        span = None
        with suppress(StoreError):  # then it is not known
            span = self._ledger.reports()
            if span is None and not self._is_taken_over():
                span = old_reports(self._folder)
        return None if span is None or span.has_ended(self._clock.now()) else span.since

    def forget(self, uid: str) -> None:
        """The activity stays. The daemon removes its rows when it looks the next time."""
        if _UID.fullmatch(uid) is None:
            return
        name = f"{uid}.json"
        for path in (self._folder / name, self._folder / ASIDE / name, self._waiting / name):
            files.remove(path)
        if self._ledger.exists():
            files.make_folder(self._waiting)
            files.write(self._waiting / f"{uid}{GONE}", self._waiting / f".tmp-{uid}", b"")

    def drop(self, uid: str) -> None:
        """As `forget`, for whoever brings them again, while no daemon is there."""
        self.forget(uid)
        if self._ledger.exists():
            with self._ledger.transaction() as tables:
                tables.forget(uid)
            files.remove(self._waiting / f"{uid}{GONE}")

    def restore(self, uid: str, content: bytes) -> None:
        """Takes what a backup has, unless there is anything. Raises StoreError, OSError.

        The daemon takes it over when it looks the next time.
        """
        if _UID.fullmatch(uid) is None or self.knows(uid):
            return
        files.make_folder(self._folder)
        files.make_folder(self._waiting)
        _place(self._waiting / f"{uid}{RESTORED}", content)

    def _is_gone(self, uid: str) -> bool:
        return _UID.fullmatch(uid) is None or os.path.lexists(self._waiting / f"{uid}{GONE}")

    def _from_ledger(self, uid: str, complain: Callable[[StoreError], None]) -> UsageRecord:
        try:
            return self._ledger.record(uid)
        except StoreDamaged as error:
            complain(error)
            return UsageRecord()

    def _from_files(self, uid: str) -> UsageRecord:
        for path in (self._folder / f"{uid}.json", self._waiting / f"{uid}{RESTORED}"):
            with suppress(StoreDamaged, DocumentError):
                content = files.read(path)
                if content is not None:
                    return usage_file.loads(content)
        return UsageRecord()

    def _is_taken_over(self) -> bool:
        if not self._taken_over:
            with suppress(StoreDamaged):
                self._taken_over = self._ledger.is_taken_over()
        return self._taken_over


def old_reports(folder: Path) -> ReportSpan | None:
    """The span that an earlier version has written down. Raises StoreError."""
    try:
        content = files.read(folder / OLD_REPORTS)
        if content is None:
            return None
        fields = Fields(loads(content))
        return ReportSpan(fields.time("since"), fields.time("last"))
    except (StoreDamaged, DocumentError, AttributeError):
        return None


def _place(path: Path, content: bytes) -> None:
    """Puts a file where there is none, in one step. Raises OSError, StoreError."""
    if path.exists():
        return
    staged = path.with_name(f".tmp-restored-{path.name}")
    files.write(staged, path.with_name(f".tmp-restoring-{path.name}"), content)
    try:
        # Not a rename: what somebody else has begun there meanwhile stays.
        os.link(staged, path)
    finally:
        staged.unlink()
