"""The last use of each app password, and what an account's services still ask elsewhere for.

One file for each account, usage/<uid>.json: see usage_file.py.
"""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from apppw_tui.domain import app_password
from apppw_tui.domain.addresses import Networks, parse_address
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import (
    InvalidName,
    NotFound,
    StoreBusy,
    StoreDamaged,
    StoreError,
)
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import Accounts, AccountStore, Clock, find
from apppw_tui.domain.usage import FirstUse, LastUse, PendingUses, UsageRecord, Used, network_of
from apppw_tui.store.fields import DocumentError
from apppw_tui.store.folder import files
from apppw_tui.store.folder.old_password_reports import OldPasswordReports
from apppw_tui.store.folder.usage_file import dumps, loads

MOST_OLD = 4096  # names between two times of writing
_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OF_ONE_ACCOUNT = (StoreBusy, StoreDamaged)  # all else concerns the disk


class _Verdict(Protocol):
    """The verifier's, as far as it is wanted here."""

    @property
    def account_name(self) -> str | None: ...

    @property
    def uid(self) -> str | None: ...

    @property
    def app_password(self) -> AppPassword | None: ...


class FolderUsage:
    """Keeps in memory what it is told, until `flush` writes it. Only `read` is for the portal."""

    def __init__(
        self,
        folder: Path,
        store: AccountStore,
        clock: Clock,
        accounts: Accounts | None = None,
        *,
        complain: Callable[[str], None] = lambda _: None,
        announce: Callable[[FirstUse], None] = lambda _: None,
        meaning: Callable[[str], Sequence[str]] = candidates,
    ) -> None:
        """`accounts` is asked whose an old password was (default: `store`).

        `complain` is told of trouble.

        `meaning` gives the names that may be meant by one, and may raise InvalidName.

        `announce` is told of first uses, when they have been written: it must not raise.
        """
        self._folder = folder / "usage"
        self._telling_old = OldPasswordReports(self._folder)
        self._store = store
        self._accounts: Accounts = accounts or store
        self._clock = clock
        self._complain = complain
        self._announce = announce
        self._trusted = Networks()
        self._meaning = meaning
        self._told: dict[str, PendingUses] = {}
        self._right: dict[str, LastUse] = {}
        self._telling = threading.Lock()
        self._writing = threading.Lock()
        self._troubles: set[str] = set()

    def set_trusted(self, networks: Iterable[str]) -> None:
        """Uses from these are not looked at for being from anywhere new."""
        self._trusted = Networks(networks)

    def used(self, decision: _Verdict, service: str | None, address: str | None) -> None:
        """An app password was right and good for that service. Reads nothing yet; never raises."""
        name, uid, record = decision.account_name, decision.uid, decision.app_password
        if name is None or uid is None or record is None:
            return
        use = self._now(service, address)
        pending = PendingUses(name, {record.id: use})
        network = None if self._trusted.holds(use.address) else network_of(use.address)
        if network is not None:
            pending.first, pending.networks = {network: (record.id, use)}, {network: use.time}
        self._tell(uid, pending)

    def old_password(self, name: str, service: str | None, address: str | None) -> None:
        """A password of `name` was right elsewhere. Reads nothing yet; never raises."""
        try:
            name = self._meaning(name)[0]
        except InvalidName:
            return
        with self._telling:
            if name in self._right or len(self._right) < MOST_OLD:
                self._right[name] = self._now(service, address)

    def read(self, uid: str) -> Used:
        """The uses written for that account; nothing, if the file is missing or damaged.

        Raises:
            StoreUnusable: it cannot be read.
        """
        return self._read(uid).used if _UID.fullmatch(uid) is not None else Used()

    def old_passwords_since(self) -> datetime | None:
        """Since when it is told where they are right. Raises StoreUnusable."""
        return self._telling_old.since(self._clock.now())

    def forget(self, uid: str) -> None:
        """The account of `uid` is gone, and so is this, but not its activity. Raises StoreError."""
        if _UID.fullmatch(uid) is not None:
            files.remove(self._path(uid))

    def flush(self) -> None:
        """Writes what was told since the last time, one file for each account. Never raises.

        What cannot be written is kept for the next time; of an account that is gone, or another
        by now, nothing is.
        """
        with self._writing:
            self._take_old_passwords()
            with self._telling:
                left, self._told = self._told, {}
            troubles: set[str] = set()
            while left:
                uid = next(iter(left))
                try:
                    self._write(uid, left[uid])
                except NotFound:
                    pass
                except _OF_ONE_ACCOUNT as error:
                    troubles.add(str(error))
                    self._keep({uid: left[uid]})
                except StoreError as error:
                    troubles.add(str(error))
                    self._keep(left)
                    break
                del left[uid]
            for sentence in sorted(troubles - self._troubles):
                self._complain(sentence)
            self._troubles = troubles

    def _take_old_passwords(self) -> None:
        """Finds whose they were; what cannot be found out now is tried again the next time."""
        with self._telling:
            right, self._right = self._right, {}
        for name, use in right.items():
            try:
                account = find(self._accounts, self._meaning(name))
            except InvalidName:
                continue
            except StoreError:
                with self._telling:
                    self._right.setdefault(name, use)
                continue
            # One that was made since has only the name of whom it was told.
            if account is not None and account.created <= use.time:
                self._tell(account.uid, PendingUses(account.name, last_legacy_login=use))
                with contextlib.suppress(StoreError):  # the disk is complained of by the accounts
                    self._telling_old.told(use.time)

    def _now(self, service: str | None, address: str | None) -> LastUse:
        # Sixteen symbols can be a service's name; what may be a password is not kept.
        service_name = None if service is None or app_password.parse(service) else service
        return LastUse(self._clock.now(), service_name, parse_address(address))

    def _tell(self, uid: str, uses: PendingUses) -> None:
        with self._telling:
            self._told.setdefault(uid, PendingUses(uses.account_name)).add(uses)

    def _keep(self, left: Mapping[str, PendingUses]) -> None:
        """Takes back what could not be written, under what was told meanwhile."""
        with self._telling:
            for uid, pending in left.items():
                if uid in self._told:
                    pending.add(self._told[uid])
                self._told[uid] = pending

    def _write(self, uid: str, uses: PendingUses) -> None:
        self._store.get(
            uses.account_name
        )  # asking for the lock would make a store that is gone again
        with self._store.transaction(
            uses.account_name, uid
        ) as change:  # nothing is changed: for its lock
            before = self._read(uid)
            record, first = before.with_uses(change.existing, uses, self._clock.now())
            if record != before:
                files.make_folder(self._folder)
                files.write(self._path(uid), self._folder / f".tmp-{uid}", dumps(record))
        for first_use in first:
            self._announce(first_use)

    def _read(self, uid: str) -> UsageRecord:
        try:
            content = files.read(self._path(uid))
            return UsageRecord() if content is None else loads(json.loads(content))
        except (StoreDamaged, DocumentError, AttributeError, TypeError, ValueError, RecursionError):
            return UsageRecord()

    def _path(self, uid: str) -> Path:
        return self._folder / f"{uid}.json"
