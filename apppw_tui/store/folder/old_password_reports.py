"""Since when it is told where old passwords are right: usage/old-passwords, of the daemon alone.

That nobody's was right means something only as long as somebody would tell.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.usage import MOVED_AFTER
from apppw_tui.store.fields import DocumentError, Fields, to_iso
from apppw_tui.store.folder import files

NAME = "old-passwords"
_OFTEN = timedelta(days=1)  # the file is written, however many sign in

Span = tuple[datetime, datetime]  # since when it is told, and when it was last


class OldPasswordReports:
    """The file in the folder `usage`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / NAME

    def since(self, now: datetime) -> datetime | None:
        """None: nobody tells, or nobody has for so long that it may be at an end."""
        span = self._read()
        return None if span is None or now - span[1] >= MOVED_AFTER else span[0]

    def told(self, time: datetime) -> None:
        """It was told at that time. Raises StoreError."""
        span = self._read()
        begun = time if span is None or time - span[1] >= MOVED_AFTER else span[0]
        if span is not None and begun == span[0] and time - span[1] < _OFTEN:
            return
        content = json.dumps({"since": to_iso(begun), "last": to_iso(time)}).encode()
        files.make_folder(self._folder)
        files.write(self._path, self._folder / f".tmp-{NAME}", content)

    def _read(self) -> Span | None:
        try:
            content = files.read(self._path)
            if content is None:
                return None
            fields = Fields(json.loads(content))
            return fields.time("since"), fields.time("last")
        except (StoreError, DocumentError, AttributeError, ValueError, RecursionError):
            return None
