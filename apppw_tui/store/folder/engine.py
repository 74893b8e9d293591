"""The engine and the machine of a store in a folder: each part is loaded when it is asked for."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.ports import Accounts, Clock, Confirmation, ErrorLog, SessionTerminator
from apppw_tui.store.engine import SocketFolder
from apppw_tui.store.folder import files
from apppw_tui.store.folder.location import (
    ACCOUNTS,
    COPY_MARK,
    SUFFIX,
    check_store,
    has_accounts,
    has_copy_mark,
    require_no_copy,
)

if TYPE_CHECKING:
    from apppw_tui.domain.enforced import Everybody
    from apppw_tui.domain.hashing import Slot
    from apppw_tui.domain.usage import FirstUse
    from apppw_tui.store.folder.accounts import FolderStore
    from apppw_tui.store.folder.activity import FolderActivityLog
    from apppw_tui.store.folder.cache import CachedReads
    from apppw_tui.store.folder.counters import FolderThrottleStore
    from apppw_tui.store.folder.deleted_ids import Deletions
    from apppw_tui.store.folder.enforced import FolderEnforcements
    from apppw_tui.store.folder.error_log import FolderErrorLog
    from apppw_tui.store.folder.key_file import FolderKeyring, RootsHand
    from apppw_tui.store.folder.key_index import FolderKeyIndex
    from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
    from apppw_tui.store.folder.profiles import HashProfilesFile
    from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
    from apppw_tui.store.folder.slots import Admission
    from apppw_tui.store.folder.usage import FolderUsage
    from apppw_tui.store.folder.usage_book import FolderUsageBook


def open_folder(
    folder: Path,
    key_file: Path,
    clock: Clock,
    *,
    create: bool,
    new_key: bool,
    unfinished: bool = False,
) -> "tuple[FolderEngine, FolderMachine]":
    """See open_engine."""
    machine, hand = open_machine(folder, key_file, clock, create=create, new_key=new_key)
    if not unfinished:
        require_no_copy(machine.folder)
    return FolderEngine(machine.folder, key_file, clock, machine, hand), machine


def open_machine(
    folder: Path,
    key_file: Path,
    clock: Clock,
    *,
    create: bool,
    new_key: bool,
    holds_accounts: bool = True,
) -> "tuple[FolderMachine, RootsHand | None]":
    """The machine in `folder`, and who writes its key where only root can; see check_store."""
    hand = None
    if new_key:
        from apppw_tui.store.folder import key_file as keys

        # Before root becomes the store's owner.
        hand = keys.RootsHand(key_file, folder) if keys.needed(folder, key_file) else None
    sockets = SocketFolder.of()  # before root becomes the store's owner, too
    folder = check_store(folder, create=create, holds_accounts=holds_accounts)
    return FolderMachine(folder, clock, sockets), hand


class FolderAside:
    """See Aside: `folder`/<what>-<time>, made when the first file is put there."""

    def __init__(self, folder: Path, what: str, now: datetime) -> None:
        self._beginning = folder / f"{what}-{now:%Y%m%dT%H%M%SZ}"
        self._path: Path | None = None

    @property
    def place(self) -> str | None:
        return None if self._path is None else str(self._path)

    def keep(self, name: str, content: bytes) -> None:
        self._path = self._path or self._made()
        accounts = self._path / ACCOUNTS
        files.make_folder(accounts)
        files.write(accounts / f"{name}{SUFFIX}", accounts / f".tmp-{name}", content)

    def _made(self) -> Path:
        for number in count(1):
            ending = "" if number == 1 else f"-{number}"
            path = self._beginning.with_name(self._beginning.name + ending)
            try:
                path.mkdir(files.FOLDER_MODE)
                path.chmod(files.FOLDER_MODE)  # whatever the umask
            except FileExistsError:
                continue
            except OSError as error:
                raise files.store_error(path, error) from None
            break
        return path


class FolderMachine:
    """See Machine; of the store in `folder`."""

    def __init__(self, folder: Path, clock: Clock, sockets: SocketFolder) -> None:
        self.folder = folder
        self._clock = clock
        self.socket = sockets.socket

    @cached_property
    def error_log(self) -> "FolderErrorLog":
        from apppw_tui.store.folder.error_log import FolderErrorLog

        return FolderErrorLog(self.folder, self._clock)

    @cached_property
    def slots(self) -> "Slot":
        from apppw_tui.store.folder.slots import Slots

        return Slots(self.folder).acquire

    @cached_property
    def session_terminator(self) -> "FolderSessionTerminator":
        from apppw_tui.store.folder.session_kicks import FolderSessionTerminator

        return FolderSessionTerminator(self.folder, self.error_log)

    def door(self) -> "Admission":
        from apppw_tui.store.folder.slots import Admission

        return Admission(self.folder)

    def enforcements(self, everybody: "Everybody") -> "FolderEnforcements":
        from apppw_tui.store.folder.enforced import FolderEnforcements

        return FolderEnforcements(self.folder, everybody)


class FolderEngine:
    """See Engine; of the store in `folder`, its keys in `key_file`, written by `hand` if any."""

    def __init__(
        self,
        folder: Path,
        key_file: Path,
        clock: Clock,
        machine: FolderMachine,
        hand: "RootsHand | None" = None,
    ) -> None:
        self._folder = folder
        self._key_file = key_file
        self._clock = clock
        self._machine = machine
        self._hand = hand
        self.confirmation = Confirmation()

    @cached_property
    def accounts(self) -> "FolderStore":
        from apppw_tui.store.folder.accounts import FolderStore

        store = FolderStore(self._folder, enforcements=self._machine.enforcements)
        store.complain = lambda name, error: self._log("enforcement not told", error, name)
        store.deletions.complain = lambda name, error: self._log("deletion not listed", error, name)
        store.deletions.ids.complain = lambda error: self._log(
            "deletion unknown to earlier versions", error
        )
        return store

    @cached_property
    def throttle(self) -> "FolderThrottleStore":
        from apppw_tui.store.folder.counters import FolderThrottleStore

        return FolderThrottleStore(self._folder, self._clock, complain=self._damaged)

    @cached_property
    def profiles(self) -> "HashProfilesFile":
        from apppw_tui.store.folder.profiles import HashProfilesFile

        return HashProfilesFile(self._folder, self._clock)

    @cached_property
    def key_index(self) -> "FolderKeyIndex":
        from apppw_tui.store.folder.key_index import FolderKeyIndex

        return FolderKeyIndex(self._folder, self._damaged)

    @cached_property
    def usage(self) -> "FolderUsageBook":
        from apppw_tui.store.folder.usage_book import FolderUsageBook

        return FolderUsageBook(self._folder, self._clock)

    @cached_property
    def activity(self) -> "FolderActivityLog":
        return self.activity_log(
            self._damaged, lambda error: self._log("activity not written", error)
        )

    @cached_property
    def deleted_ids(self) -> "Deletions":
        return self.accounts.deletions

    @cached_property
    def notices(self) -> "FolderNoticeQueue":
        from apppw_tui.store.folder.notice_queue import FolderNoticeQueue

        return FolderNoticeQueue(self._folder)

    @cached_property
    def keyring(self) -> "FolderKeyring":
        from apppw_tui.store.folder.key_file import FolderKeyring

        keyring = FolderKeyring(self._folder, self._key_file, self.accounts.has_sealed_values)
        keyring.hand = None if self._hand is None else self._hand.write
        return keyring

    def session_terminator(self, local: SessionTerminator) -> SessionTerminator:
        return local

    def has_accounts(self) -> bool:
        return has_accounts(self._folder)

    def activity_log(
        self,
        complain: Callable[[StoreError], None],
        report_loss: Callable[[StoreError], None] = lambda _error: None,
        *,
        by_daemon: bool = False,
    ) -> "FolderActivityLog":
        from apppw_tui.store.folder.activity import FROM_DAEMON, FolderActivityLog
        from apppw_tui.store.folder.ledger import LEDGERS

        writer = FROM_DAEMON if by_daemon else LEDGERS
        return FolderActivityLog(self._folder, self._clock, writer, complain, report_loss)

    def cached_accounts(self) -> "CachedReads":
        from apppw_tui.store.folder.cache import CachedReads

        return CachedReads(self.accounts)

    def usage_writer(
        self,
        accounts: Accounts,
        *,
        complain: Callable[[str], None],
        announce: "Callable[[FirstUse], None]",
        meaning: Callable[[str], Sequence[str]],
    ) -> "FolderUsage":
        from apppw_tui.store.folder.usage import FolderUsage

        return FolderUsage(
            self._folder,
            accounts,
            self._clock,
            complain=complain,
            announce=announce,
            meaning=meaning,
        )

    def require_ready(self) -> None:
        require_no_copy(self._folder)
        self.accounts.check_folders()

    def aside(self, what: str, now: datetime) -> FolderAside:
        return FolderAside(self._folder, what, now)

    def complete(self) -> None:
        # Who may only look is not kept from looking; the doctor tells.
        with contextlib.suppress(StoreError):
            self.accounts.enforcements.ensure_exists()

    def has_unfinished_copy(self) -> bool:
        return has_copy_mark(self._folder)

    def mark_copy(self, *, finished: bool) -> None:
        path = self._folder / COPY_MARK
        if finished:
            files.remove(path)
        else:
            files.write(path, self._folder / f".tmp{COPY_MARK}", b"")

    def drop(self, account_name: str, uid: str | None) -> None:
        self.accounts.drop(account_name)
        if uid is not None:
            self.usage.drop(uid)
            self.activity.drop(uid)

    @cached_property
    def _error_log(self) -> ErrorLog:
        return self._machine.error_log

    def _damaged(self, error: StoreError) -> None:
        self._log("ledger damaged", error)

    def _log(self, event: str, error: StoreError, account_name: str | None = None) -> None:
        names = {} if account_name is None else {"account": account_name}
        self._error_log.error(event, **names, why=str(error))
