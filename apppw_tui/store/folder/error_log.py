"""The error log of a store: what failed, in detail, for the administrator (SAFETY 24)."""

import contextlib
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.lines import log_line
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder import files
from apppw_tui.store.folder.bounded_files import append_bounded, cut, fitting

LOG_BYTES = 1024 * 1024  # the log begins anew when it is larger


class FolderErrorLog:
    """Appends to the file log in the store. Never raises."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def error(self, event: str, **facts: str) -> None:
        def line(most: int) -> str:
            cut_facts = {key: cut(value, most) for key, value in facts.items()}
            return log_line(self._clock.now(), cut(event, most), cut_facts)

        with contextlib.suppress(OSError, StoreError):
            files.check_folder(self._folder)  # a store that is gone is not made again in passing
            append_bounded(self._folder / "log", fitting(line), LOG_BYTES)
