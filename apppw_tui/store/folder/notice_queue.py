"""The notices to people, laid down by those who act: a file for each message.

The portal, the commands and the daemon run no program to tell people something: where strangers
come in, a sandbox keeps it from working, or it would be theirs (SAFETY 23). `apppw-tui notices`
sends what lies here; recipes/systemd/apppw-notices.path and .timer start it.
"""

import contextlib
import fcntl
import json
import os
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, as_line, entry, parse_time
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.domain.notice_text import LONGEST_WAIT, Message
from apppw_tui.store.folder import files

# Files; where nobody takes them away, the disk is not to be filled: they take 200 MB. An
# administrator's act on all accounts lays one for each of them at once.
MOST = 50_000
MOST_EACH = 50  # of one account: it is not to take everybody's room
_COUNTED_FOR = 256  # messages that are laid before the folder is looked at again
_NO_MESSAGE = (ValueError, RecursionError, AttributeError, TypeError, OverflowError)
_NAME = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})\.json", re.ASCII)
_LARGEST = 64 * 1024  # bytes
_RANDOM = 0xFFF  # of the nanoseconds: less than two writes of one process are apart


class FolderNoticeQueue:
    """Files in `folder`/notices, oldest first by their names."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "notices"
        self._counts: Counter[str] = Counter()  # by uid, as of when the folder was looked at
        self._laid = _COUNTED_FOR  # since then

    def put(self, account: Account, entry_: ActivityEntry) -> str:
        """Puts one message down; its file's name. Raises StoreError: it was not, and why."""
        files.make_folder(self._folder)
        self._check_room(account.uid)
        now = time.time_ns() & ~_RANDOM | secrets.randbelow(_RANDOM + 1)
        message = Message(f"{account.uid}-{now:016x}.json", account.name, account.uid, entry_)
        self.keep(message)
        self._counts[account.uid] += 1
        self._laid += 1
        return message.file

    def _check_room(self, uid: str) -> None:
        """Raises StoreError. To look at the folder each time would take long when all are told."""

        def is_full() -> bool:
            return self._counts.total() >= MOST or self._counts[uid] >= MOST_EACH

        if self._laid >= _COUNTED_FOR or is_full():
            self._counts = Counter(name.partition("-")[0] for name in self._names())
            self._laid = 0
        if self._counts.total() >= MOST:
            raise StoreError(f"{self._folder} is full: nobody takes the notices away.")
        if is_full():
            raise StoreError(f"{MOST_EACH} notices about that account wait already.")

    def keep(self, message: Message) -> None:
        """Writes it, or what has become of it. Raises StoreError."""
        # A program from before reads the first two, and would send it at once.
        document: dict[str, Any] = {
            "account": message.account_name,
            "entry": as_line(message.entry),
        }
        if message.tries:
            document |= {"tries": message.tries, "summed": message.summed, "how": message.how}
        if message.not_before is not None:
            document["not_before"] = message.not_before.isoformat(timespec="seconds")
        path = self._folder / message.file
        files.write(path, self._folder / f".tmp-{message.file}", json.dumps(document).encode())

    def remove(self, message: Message) -> None:
        """It was sent, or never will be. Raises StoreError."""
        files.remove(self._folder / message.file)

    def read(self, file: str) -> Message | None:
        """The message as it is now; None if it is gone, or is none. Raises StoreError."""
        match = _NAME.fullmatch(file)
        content = files.read(self._folder / file, _LARGEST)
        if content is None or match is None:
            return None
        with contextlib.suppress(
            ValueError, RecursionError, AttributeError, TypeError, OverflowError
        ):
            document = json.loads(content)
            entry_ = entry(document.get("entry"))
            if entry_ is not None:
                return Message(
                    file,
                    str(document.get("account")),
                    match[1],
                    entry_,
                    int(document.get("tries", 0)),
                    parse_time(document["not_before"]) if "not_before" in document else None,
                    bool(document.get("summed")),
                    str(document.get("how", "")),
                )
        return None

    def due(self, now: datetime) -> Iterator[Message]:
        """The messages to be sent, the oldest first. Raises StoreError.

        What cannot be understood is taken away: no other is to wait for it.
        """
        for name in self._names():
            try:
                message = self.read(name)
            except StoreDamaged:
                message = None
            if message is None:
                with contextlib.suppress(StoreError):
                    files.remove(self._folder / name)
                continue
            until = message.not_before
            # A clock that was ahead must not put it off for years.
            if until is None or not now < until <= now + LONGEST_WAIT:
                yield message

    def waiting(self) -> list[tuple[str, float]]:
        """All files, the oldest first, with when they were last written. Raises StoreError."""
        waiting = []
        for name in self._names():
            with contextlib.suppress(OSError):
                waiting.append((name, (self._folder / name).lstat().st_mtime))
        return waiting

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Within it nobody else sends; False if somebody else does. Raises StoreError."""
        try:
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield True  # nothing was ever laid
            return
        except OSError as error:
            raise files.store_error(self._folder, error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            first = True
        except OSError:
            first = False
        try:
            yield first
        finally:
            files.close(descriptor)

    def _names(self) -> list[str]:
        try:
            names = [path.name for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.store_error(self._folder, error) from None
        return sorted(names, key=lambda name: name[33:])
