"""When each app password was last used, and what an account's services still ask elsewhere for.

One file for each account, usage/<uid>.json. Tables: `used` (one document for each app password:
id, time, service, address) and `passed_on` (one document: the last "not mine").
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tinydb import TinyDB

from apppw_tui.domain import app_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.addresses import address as parsed
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.errors import NotFound, StoreBusy, StoreDamaged, StoreError
from apppw_tui.domain.seam import Store
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.store import files
from apppw_tui.store.fields import DocumentError, Fields, stamp
from apppw_tui.store.tables import BufferedStorage

_UID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OF_ONE_ACCOUNT = (StoreBusy, StoreDamaged)  # all else concerns the disk


class _Accounts(Protocol):
    def read(self, name: str, /) -> Account | None: ...


class _Verdict(Protocol):
    """The verifier's, as far as it is wanted here."""

    @property
    def account(self) -> str | None: ...

    @property
    def app_password(self) -> AppPassword | None: ...


@dataclass
class _Told:
    """What is not written yet, for the account of one uid."""

    name: str
    by_id: dict[str, LastUse] = field(default_factory=dict)
    passed_on: LastUse | None = None

    def add(self, later: "_Told") -> None:
        self.by_id.update(later.by_id)
        self.passed_on = later.passed_on or self.passed_on


class FolderUsage:
    """Keeps in memory what it is told, until `flush` writes it. Only `read` is for the portal."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        clock: Clock,
        accounts: _Accounts | None = None,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`accounts` is asked at every use (default: `store`); `complain` is told of trouble."""
        self._folder = folder / "usage"
        self._store = store
        self._accounts: _Accounts = accounts or store
        self._clock = clock
        self._complain = complain
        self._told: dict[str, _Told] = {}
        self._telling = threading.Lock()
        self._writing = threading.Lock()
        self._troubles: set[str] = set()

    def used(self, verdict: _Verdict, service: str | None, address: str | None) -> None:
        """An app password was right and good for that service. Never raises."""
        account, record = self._account(verdict), verdict.app_password
        if account is None or record is None:
            return
        present = account.app_password(record.id)
        # The hash tells that it is the same account, should the name have been given away since.
        if present is None or present.hash != record.hash:
            return
        self._tell(account, _Told(account.name, {record.id: self._now(service, address)}))

    def passed_on(self, verdict: _Verdict, service: str | None, address: str | None) -> None:
        """What was presented goes on to the next password source. Never raises."""
        account = self._account(verdict)
        if account is not None:
            told = _Told(account.name, passed_on=self._now(service, address))
            self._tell(account, told)

    def read(self, uid: str) -> Used:
        """What was written for that account; nothing, if the file is missing or damaged.

        Raises:
            StoreUnusable: it cannot be read.
        """
        if _UID.fullmatch(uid) is None:
            return Used()
        try:
            content = files.read(self._path(uid))
            return Used() if content is None else _loaded(json.loads(content))
        except (StoreDamaged, DocumentError, AttributeError, TypeError, ValueError, RecursionError):
            return Used()

    def forget(self, uid: str) -> None:
        """The account of `uid` is gone, and so is its file. Raises StoreUnusable."""
        if _UID.fullmatch(uid) is not None:
            files.remove(self._path(uid))

    def flush(self) -> None:
        """Writes what was told since the last time, one file for each account. Never raises.

        What cannot be written is kept for the next time; of an account that is gone, or another
        by now, nothing is.
        """
        with self._writing:
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

    def _account(self, verdict: _Verdict) -> Account | None:
        try:
            return None if verdict.account is None else self._accounts.read(verdict.account)
        except StoreError:
            return None

    def _now(self, service: str | None, address: str | None) -> LastUse:
        # Twenty symbols can be a service's name; what may be a password is not kept.
        named = None if service is None or app_password.read(service) else service
        return LastUse(self._clock.now(), named, parsed(address))

    def _tell(self, account: Account, told: _Told) -> None:
        with self._telling:
            self._told.setdefault(account.uid, _Told(account.name)).add(told)

    def _keep(self, left: Mapping[str, _Told]) -> None:
        """Takes back what could not be written, under what was told meanwhile."""
        with self._telling:
            for uid, told in left.items():
                if uid in self._told:
                    told.add(self._told[uid])
                self._told[uid] = told

    def _write(self, uid: str, told: _Told) -> None:
        self._store.read(told.name)  # asking for the lock would make a store that is gone again
        with self._store.change(told.name, uid) as change:  # nothing is changed: for its lock
            ids = {password.id for password in change.present.app_passwords}
            before = self.read(uid)
            by_id = {**before.by_id, **told.by_id}
            after = Used(
                {id_: last for id_, last in by_id.items() if id_ in ids},
                told.passed_on or before.passed_on,
            )
            if after != before:
                files.make_folder(self._folder)
                files.write(self._path(uid), self._folder / f".tmp-{uid}", _encoded(after))

    def _path(self, uid: str) -> Path:
        return self._folder / f"{uid}.json"


def _loaded(tables: Any) -> Used:
    database = TinyDB(storage=lambda: BufferedStorage(tables))
    passed_on = [_last(Fields(document)) for document in database.table("passed_on").all()]
    used = [Fields(document) for document in database.table("used").all()]
    return Used(
        {fields.text("id"): _last(fields) for fields in used}, passed_on[-1] if passed_on else None
    )


def _last(fields: Fields) -> LastUse:
    return LastUse(
        fields.time("time"), fields.optional_text("service"), fields.optional_text("address")
    )


def _encoded(used: Used) -> bytes:
    storage = BufferedStorage(None)
    database = TinyDB(storage=lambda: storage)
    database.table("used").insert_multiple(
        {"id": id_, **_document(last)} for id_, last in used.by_id.items()
    )
    if used.passed_on is not None:
        database.table("passed_on").insert(_document(used.passed_on))
    return json.dumps(storage.tables or {}, ensure_ascii=False).encode()


def _document(last: LastUse) -> dict[str, Any]:
    return {"time": stamp(last.time), "service": last.service, "address": last.address}
