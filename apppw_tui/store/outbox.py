"""What the daemon has to tell people, who sends nothing itself: a file for each message.

`apppw-tui notices` sends them; recipes/systemd/apppw-notices.path starts it at once.
"""

import contextlib
import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import Entry
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.store import files
from apppw_tui.store.activity import as_line, entry

MOST = 1000  # files; nobody takes them away, and the disk is not to be filled
_NAME = re.compile(r"[0-9a-f]{32}-[0-9a-f]{16}\.json", re.ASCII)
_LARGEST = 64 * 1024  # bytes


class FolderOutbox:
    """Files in `folder`/notices, each taken once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "notices"

    def lay(self, account: Account, one: Entry) -> None:
        """Puts one message down. Raises StoreError: it was not, and why."""
        name = f"{account.uid}-{secrets.token_hex(8)}.json"
        content = json.dumps({"account": account.name, "entry": as_line(one)}).encode()
        files.make_folder(self._folder)
        if len(self._names()) >= MOST:
            raise StoreError(f"{self._folder} is full: nobody takes the notices away.")
        files.write(self._folder / name, self._folder / f".tmp-{name}", content)

    def taken(self) -> Iterator[tuple[str, str, Entry]]:
        """Takes each away, oldest first: account, uid and what happened. Raises StoreError.

        It is gone before it is sent: better one lost than one sent over and over.
        """
        for name in sorted(self._names(), key=self._time):
            path = self._folder / name
            try:
                content = files.read(path, _LARGEST)
            except StoreDamaged:  # nobody laid that; no other is to wait for it
                with contextlib.suppress(StoreError):
                    files.remove(path)
                continue
            if content is None or not files.remove(path):
                continue  # another took it
            with contextlib.suppress(ValueError, RecursionError, AttributeError, TypeError):
                told = json.loads(content)
                one = entry(told.get("entry"))
                if one is not None:
                    yield str(told.get("account")), name[:32], one

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.unusable(self._folder, error) from None

    def _time(self, name: str) -> tuple[float, str]:
        try:
            return (self._folder / name).lstat().st_mtime, name
        except OSError:
            return 0.0, name
