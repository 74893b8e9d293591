"""A backup: a tar archive of all members, at its end manifest.json with the SHA-256 of each."""

import io
import json
import tarfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, cast

from apppw_tui import __version__
from apppw_tui.domain.errors import StoreError
from apppw_tui.store.backup.members import export_members, is_account
from apppw_tui.store.documents import SCHEMA_MAJOR, SCHEMA_MINOR
from apppw_tui.store.engine import Engine
from apppw_tui.store.fields import to_iso

FORMAT = 1
MANIFEST = "manifest.json"
_MODE = 0o600


@dataclass
class BackupResult:
    """The number of accounts in a backup, and what kept others out of it, by name.

    Of a ledger that cannot be read, its path in the store is the name; the accounts are in it.
    """

    accounts: int = 0
    failures: dict[str, StoreError] = field(default_factory=dict)


def back_up(
    out: BinaryIO, engine: Engine, *, with_key: bool, now: datetime, host: str
) -> BackupResult:
    """Writes all that `engine` exports (see export_members) to `out`.

    Raises:
        StoreError: the list or the key cannot be read; what was written is no backup.
        OSError: `out` cannot be written.
    """
    done = BackupResult()
    archive = _Archive(out, now)
    members = export_members(engine, done.failures, "Backing up accounts", with_key=with_key)
    with closing(members) as exported:
        for member, content in exported:
            archive.add(member, content)
            done.accounts += is_account(member)
    archive.end(host, {name: str(error) for name, error in done.failures.items()})
    return done


class _Archive:
    """Writes members one after the other, and remembers what they were."""

    def __init__(self, out: BinaryIO, now: datetime) -> None:
        stream = cast(BinaryIO, _Stream(out))
        self._tar = tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by `end`
        self._now = now
        self._sums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        member.mode = _MODE
        member.mtime = int(self._now.timestamp())
        self._tar.addfile(member, io.BytesIO(content))
        forget_members(self._tar)
        self._sums[name] = sha256(content).hexdigest()

    def end(self, host: str, left_out: dict[str, str]) -> None:
        """The manifest, which tells that the archive is whole, and what is not in it."""
        manifest = {
            "apppw_tui_backup": FORMAT,
            "program": __version__,
            "schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}",
            "time": to_iso(self._now),
            "host": host,
            "left_out": left_out,
            "members": self._sums,
        }
        self.add(MANIFEST, json.dumps(manifest).encode())
        self._tar.close()


def forget_members(tar: tarfile.TarFile) -> None:
    """Has it hold none of those that were read or written: a kilobyte each."""
    tar.members.clear()  # type: ignore[attr-defined] # which its stubs do not have


class _Stream:
    """As much of a file as tarfile needs; its own stream writes on when it is thrown away."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._written = 0

    def write(self, content: bytes) -> int:
        self._out.write(content)
        self._written += len(content)
        return len(content)

    def tell(self) -> int:
        return self._written
