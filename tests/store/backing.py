"""Backups for tests: taken of a store in a folder, and restored to it or to another."""

import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store import documents
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.restore import Restore, RestoredAccount, RestoreRules
from apppw_tui.store.backup.writer import MANIFEST, BackupResult, back_up
from apppw_tui.store.engine import Engine
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.engine import FolderEngine, open_folder
from apppw_tui.store.folder.key_file import FolderKeyring
from tests.support import NOW, FixedClock, House

Told = RestoredAccount | ApppwError
SCHEMA = f"{documents.SCHEMA_MAJOR}.{documents.SCHEMA_MINOR}"


class AnyPlace:
    """A store with its keys, in whatever engine."""

    def __init__(self, engine: Engine, clock: FixedClock) -> None:
        self.engine: Engine = engine
        self.clock = clock
        self.ended: list[str] = []
        self.house = House(store=engine.accounts, clock=clock, seals=engine.keyring)

    @property
    def store(self) -> AccountStore:
        return self.engine.accounts

    def backup(self, *, with_key: bool = False) -> bytes:
        return self.backed_up(with_key=with_key)[0]

    def backed_up(self, *, with_key: bool = False) -> tuple[bytes, BackupResult]:
        out = io.BytesIO()
        done = back_up(out, self.engine, with_key=with_key, now=NOW, host="mail.example.org")
        return out.getvalue(), done

    def restoring(self, backup: bytes, rules: RestoreRules | None = None) -> Restore:
        return Restore(
            Archive(io.BytesIO(backup)),
            self.engine,
            self.engine.aside("before-restore", NOW),
            Random(7).randrange,
            self.ended.append,
            rules or RestoreRules(),
        )

    def restore(
        self,
        backup: bytes,
        names: Sequence[str] = (),
        *,
        overwrite: bool = False,
        dry_run: bool = False,
        bring_back: bool = False,
    ) -> dict[str, Told]:
        """What became of each account, or what kept it from coming back."""
        restore = self.restoring(backup, RestoreRules(overwrite, dry_run, bring_back))
        restore.restore_key()
        restore.merge_deleted_ids()
        told: dict[str, Told] = {}
        for name in names or restore.archive.accounts:
            try:
                told[name] = restore.account(name)
            except ApppwError as error:
                told[name] = error
        return told

    def now(self, name: str = "ada") -> Account:
        return self.house.now(name)


class Place(AnyPlace):
    """A store in a folder, with its key in it."""

    engine: FolderEngine

    def __init__(self, folder: Path, clock: FixedClock | None = None) -> None:
        clock = clock or FixedClock()
        super().__init__(
            open_folder(folder, folder / "key", clock, create=True, new_key=False)[0], clock
        )
        self.folder = folder

    @property
    def store(self) -> FolderStore:
        return self.engine.accounts

    @property
    def keyring(self) -> FolderKeyring:
        return self.engine.keyring

    def files(self) -> dict[str, bytes]:
        """Every file of the store, with its content; -shm has only who reads and writes."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and not path.name.endswith("-shm")
        }


def members(backup: bytes) -> dict[str, bytes]:
    """Read with nothing but the standard library, as anybody could."""
    with tarfile.open(fileobj=io.BytesIO(backup)) as tar:
        contents = {}
        for member in tar.getmembers():
            file = tar.extractfile(member)
            contents[member.name] = b"" if file is None else file.read()
        return contents


def manifest(backup: bytes) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(members(backup)[MANIFEST])
    return content


def packed(
    contents: dict[str, bytes], change: Callable[[tarfile.TarInfo], object] = lambda _: None
) -> bytes:
    """An archive of these members, the manifest last."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in sorted(contents.items(), key=lambda member: member[0] == MANIFEST):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            change(info)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()
