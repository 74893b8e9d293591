"""A backup that is read: nothing is extracted, and only what its manifest has is believed."""

import json
import re
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

from apppw_tui.domain.account import Account
from apppw_tui.domain.deleted_ids import LARGEST as LARGEST_LIST
from apppw_tui.domain.errors import ApppwError, NotFound, Refused
from apppw_tui.domain.key_set import parse
from apppw_tui.domain.names import escaped, is_account_name
from apppw_tui.domain.progress import progress
from apppw_tui.store import documents
from apppw_tui.store.backup.members import DELETED, KEY, LARGEST_ACTIVITY, account_member
from apppw_tui.store.backup.writer import FORMAT, MANIFEST, forget_members
from apppw_tui.store.documents import SCHEMA_MAJOR, loads
from apppw_tui.store.fields import DocumentError, Fields, Tables
from apppw_tui.store.folder import files

_LARGEST_MANIFEST = 1024 * 1024 * 1024  # bytes; a million accounts have three members each
_BAD_MANIFEST = "The manifest of the backup is damaged."
_SCHEMA = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")
_ACCOUNT = re.compile(r"accounts/(.+)\.json")
_MAGIC = slice(257, 262)  # of a tar archive: pax(1), ustar Interchange Format
_OTHERS = re.compile(r"usage/[0-9a-f]{32}\.json|(usage|activity)/[0-9a-f]{32}\.jsonl(\.1)?")
# What Python's tarfile raises for archives that are none, besides its own.
_BROKEN = (tarfile.TarError, OSError, ValueError, EOFError, OverflowError, RecursionError)


class _Member(NamedTuple):
    """A member's place in the archive; three million of them are held at once."""

    offset: int  # bytes
    size: int  # bytes
    is_sound: bool  # an ordinary file, and the only one of its name


class Archive:
    """The backup in `file`: `made` when, on which `host`, as it says itself.

    `left_out` are the accounts that could not be backed up, and why.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Reads the manifest; `file` stays the caller's.

        Raises:
            Refused: it is no backup, a damaged one, or one that a newer program has made.
        """
        if not file.seekable():
            raise Refused("A backup can be restored from a file only, not from a pipe.")
        try:
            if (
                file.read(_MAGIC.stop)[_MAGIC] != b"ustar"
            ):  # what is large takes long to look through
                raise Refused("The file is no backup.")
            file.seek(0)
            # Goes on behind a damaged header: whatever the manifest does not have is not used.
            tar = tarfile.open(fileobj=file, mode="r:", ignore_zeros=True)  # noqa: SIM115 - holds nothing but `file`
            self._members = _until_manifest(tar)
        except _BROKEN:
            raise Refused("The file is no backup, or it is damaged.") from None
        self._file = file
        manifest = self._manifest()
        _check_version(manifest)
        try:
            fields = Fields(manifest)
            self.made, self.host = fields.time("time"), fields.text("host")
            self.left_out = _texts(fields, "left_out")
            self._sums = _texts(fields, "members")
        except DocumentError:
            raise Refused(_BAD_MANIFEST) from None

    def __contains__(self, name: str) -> bool:
        """True if the backup should have that member."""
        return name in self._sums

    @property
    def accounts(self) -> list[str]:
        """The names of all accounts that it should have, sorted."""
        matches = (_ACCOUNT.fullmatch(name) for name in self._sums)
        return sorted(match[1] for match in matches if match and is_account_name(match[1]))

    @property
    def unknown_members(self) -> list[str]:
        """The names of other members, as they may be shown."""
        expected = {MANIFEST, KEY, DELETED, *map(account_member, self.accounts)}
        names = {*self._sums, *self._members}
        return sorted(
            escaped(name)
            for name in names
            if (name not in self._sums and name != MANIFEST)
            or (name not in expected and _OTHERS.fullmatch(name) is None)
        )

    def read(self, name: str) -> bytes:
        """A member's content, as the manifest says it was.

        Raises:
            Refused: it is missing or damaged.
        """
        content = self._content(name, LARGEST_LIST if name == DELETED else _largest(name))
        if sha256(content).hexdigest() != self._sums.get(name):
            raise Refused(f"{escaped(name)} in the backup is damaged.")
        return content

    def find(self, name: str) -> bytes | None:
        """A member's content, None if the backup should have none. Raises Refused."""
        return self.read(name) if name in self else None

    def _manifest(self) -> dict[str, Any]:
        if MANIFEST not in self._members:
            raise Refused("The file is no backup, or it was cut short.")
        try:
            manifest = json.loads(self._content(MANIFEST, _LARGEST_MANIFEST))
        except (ValueError, RecursionError):
            manifest = None
        if not isinstance(manifest, dict):
            raise Refused(_BAD_MANIFEST)
        return manifest

    def _content(self, name: str, largest: int) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise Refused(f"{escaped(name)} is missing in the backup.")
        if not member.is_sound or not 0 <= member.size <= largest:
            raise Refused(f"{escaped(name)} in the backup is damaged.")
        try:
            self._file.seek(member.offset)
            content = self._file.read(member.size)
        except _BROKEN:
            content = b""
        if len(content) != member.size:
            raise Refused(f"{escaped(name)} in the backup is damaged.")
        return content


def require_restorable(archive: Archive, names: Iterable[str]) -> None:
    """Raises Refused, NotFound where a store would be made for nothing.

    The backup's key is damaged, or so is every one of these accounts.
    """
    if KEY in archive:
        parse(archive.read(KEY), KEY)
    trouble: ApppwError | None = None
    for name in names:
        try:
            read_account(archive, name)
        except (Refused, NotFound) as error:
            trouble = trouble or error
        else:
            return
    if trouble is not None:
        raise trouble


def read_account(archive: Archive, name: str) -> tuple[Tables, Account]:
    """Raises NotFound, Refused."""
    if account_member(name) not in archive:
        raise NotFound(f"There is no account {name} in the backup.")
    content = archive.read(account_member(name))
    try:
        tables = loads(content)
        return tables, documents.load(tables, name)
    except DocumentError as error:
        raise Refused(f"{name} in the backup cannot be read: {error}.") from None


def _until_manifest(tar: tarfile.TarFile) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    for member in progress(tar, "Reading the backup"):
        is_ordinary = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()
        is_sound = is_ordinary and member.name not in members
        members[member.name] = _Member(member.offset_data, member.size, is_sound)
        forget_members(tar)
        if member.name == MANIFEST:
            break
    return members


def _largest(name: str) -> int:
    return LARGEST_ACTIVITY if name.startswith(("activity/", "usage/")) else files.LARGEST


def _check_version(manifest: dict[str, Any]) -> None:
    """Raises Refused for what only another program reads."""
    fields = Fields(manifest)
    try:
        format_ = fields.number("apppw_tui_backup")
        major = int(fields.matching("schema", _SCHEMA).partition(".")[0])
    except DocumentError:
        raise Refused(_BAD_MANIFEST) from None
    if format_ > FORMAT or major > SCHEMA_MAJOR:
        raise Refused("The backup was made by a newer apppw-tui; restore it with that one.")
    if major < SCHEMA_MAJOR:
        raise Refused(
            "The backup was made by an older apppw-tui: restore it with that one, then run "
            "apppw-tui store migrate with this one."
        )


def _texts(fields: Fields, key: str) -> dict[str, str]:
    values = fields.document.get(key)
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise DocumentError(f"its {key} is malformed")
    return values
