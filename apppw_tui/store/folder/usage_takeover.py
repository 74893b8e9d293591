"""The files that the daemon takes over into usage/usage.sqlite.

Those of earlier versions, once: they stay in usage/before-ledgers. And those that wait in
usage/waiting for the daemon to look. Killed at any instant, all is done again: of two times the
newer is kept, so that twice is once.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.usage import UsageRecord
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.folder import files, usage_file
from apppw_tui.store.folder.usage_book import (
    ASIDE,
    GONE,
    OLD_REPORTS,
    RESTORED,
    WAITING,
    old_reports,
)
from apppw_tui.store.folder.usage_ledger import FOLDER, UsageLedger

AT_ONCE = 256  # files in one change of the tables
_OLD = re.compile(r"([0-9a-f]{32})\.json", re.ASCII)
_ANY_WAITING = re.compile(rf"([0-9a-f]{{32}})({re.escape(GONE)}|{re.escape(RESTORED)})", re.ASCII)


class UsageTakeover:
    """Of the store in `folder`; `complain` hears of files that cannot be understood."""

    def __init__(
        self, folder: Path, ledger: UsageLedger, clock: Clock, complain: Callable[[str], None]
    ) -> None:
        self._folder = folder / FOLDER
        self._ledger = ledger
        self._clock = clock
        self._complain = complain
        self._done = False

    def run(self, *, writing: bool) -> None:
        """Takes over what there is; `writing` says that something is to be written besides.

        Raises StoreError: nothing is lost, and the next time goes on.
        """
        if not self._done:
            self._take_old(writing=writing)
        self._take_waiting()

    def begin_again(self) -> None:
        """The tables are new, and do not say yet that nothing waits to be taken over."""
        self._done = False

    def _take_old(self, *, writing: bool) -> None:
        """Also where that was done before: an earlier version may have run in between."""
        paths = sorted(_matching(self._folder, _OLD))
        there = os.path.lexists(self._folder / OLD_REPORTS)
        if not (writing or paths or there or self._ledger.exists()):
            return  # nothing is made for nothing
        for begin in range(0, len(paths), AT_ONCE):
            self._take_files(paths[begin : begin + AT_ONCE])
            for path in paths[begin : begin + AT_ONCE]:
                self._set_aside(path)
        if there:
            self._take_reports()
        if not self._ledger.is_taken_over():
            with self._ledger.transaction() as usage:
                usage.set_taken_over(self._clock.now())
        self._done = True

    def _take_reports(self) -> None:
        path = self._folder / OLD_REPORTS
        old = old_reports(self._folder)
        with self._ledger.transaction() as usage:
            if old is not None:
                before = usage.reports
                usage.set_reports(old if before is None else before.with_report(old.last))
        self._ledger.sync()
        self._set_aside(path)

    def _take_waiting(self) -> None:
        waiting = _matching(self._folder / WAITING, _ANY_WAITING)
        gone = sorted(path for path in waiting if path.suffix == GONE)
        restored = sorted(path for path in waiting if path.suffix == RESTORED)
        for begin in range(0, len(gone), AT_ONCE):
            batch = gone[begin : begin + AT_ONCE]
            with self._ledger.transaction() as usage:
                for path in batch:
                    usage.forget(path.stem)
            self._ledger.sync()
            for path in batch:
                files.remove(path)
        for begin in range(0, len(restored), AT_ONCE):
            batch = restored[begin : begin + AT_ONCE]
            self._take_files(batch)
            for path in batch:
                files.remove(path)

    def _take_files(self, paths: list[Path]) -> None:
        records = {path.stem: record for path in paths if (record := self._read(path)) is not None}
        with self._ledger.transaction() as usage:
            for uid, record in records.items():
                before = usage.record(uid)
                usage.save(uid, before, before.joined(record))
        self._ledger.sync()  # before the files go

    def _read(self, path: Path) -> UsageRecord | None:
        try:
            content = files.read(path)
            return None if content is None else usage_file.loads(content)
        except (StoreDamaged, DocumentError) as error:
            reason = (
                f"{error}" if isinstance(error, StoreDamaged) else f"{path} is damaged: {error}"
            )
            self._complain(f"{reason.rstrip('.')}. It counts as empty.")
            return None

    def _set_aside(self, path: Path) -> None:
        """It may be gone by now, with its account."""
        if not os.path.lexists(path):
            return
        files.make_folder(self._folder / ASIDE)
        try:
            path.replace(self._folder / ASIDE / path.name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise files.store_error(path, error) from None


def _matching(folder: Path, form: re.Pattern[str]) -> list[Path]:
    """The files in `folder` with such a name; none, where there is no folder. Raises StoreError."""
    try:
        return [path for path in folder.iterdir() if form.fullmatch(path.name)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.store_error(folder, error) from None
