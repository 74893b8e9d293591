"""The sessions to end: an empty file for each account, for recipes/dovecot/apppw-kick."""

import os
from pathlib import Path

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.ports import ErrorLog
from apppw_tui.store.folder import files

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderSessionTerminator:
    """Puts files into `folder`/ended; whoever ends the sessions takes them away.

    One that is there already is as good as a new one: it is written under the account's lock, and
    whoever has taken a file away waits for that lock before any session is ended.
    """

    enabled = True

    def __init__(self, folder: Path, error_log: ErrorLog) -> None:
        self._folder = folder / "ended"
        self._error_log = error_log

    def terminate(self, account_name: str) -> None:
        try:
            self.lay(account_name)
        except StoreError as error:
            # Whatever is wrong here, the app password goes (SAFETY 24).
            self._error_log.error("sessions not ended", account=account_name, why=str(error))

    def lay(self, account_name: str) -> None:
        """Puts the file there. Raises StoreError."""
        if not is_account_name(account_name):  # it becomes the file's name
            return
        path = self._folder / account_name
        files.make_folder(self._folder)
        try:
            # Empty, so that there is no half of one; no fsync: what could lose it ends every
            # session as well.
            os.close(os.open(path, _FLAGS, files.FILE_MODE))
        except OSError as error:
            raise files.store_error(path, error) from None
