"""An account as TinyDB tables, and back.

Tables: `account` (one document), `app_passwords` (one document each) and, kept for what is yet to
come, whatever else a newer minor schema put there: unknown tables and keys survive every change.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tinydb import TinyDB, where
from tinydb.storages import Storage

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS, AppPassword

SCHEMA_MAJOR, SCHEMA_MINOR = 1, 0
_UID = re.compile("[0-9a-f]{32}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")

Tables = dict[str, dict[str, Any]]


class DocumentError(ValueError):
    """The tables are not an account's; str() is the reason, without any of their content."""


class BufferedStorage(Storage):
    """TinyDB's tables in memory, between one read of a file and one atomic write of it.

    TinyDB writes after every operation; a change of an account is several operations and must
    reach the disk as one.
    """

    def __init__(self, tables: Tables | None) -> None:
        self.tables = tables

    def read(self) -> Tables | None:
        return self.tables

    def write(self, data: Tables) -> None:
        self.tables = data


def load(tables: Any, name: str) -> Account:
    """The account in `tables`, which must be that of `name`.

    Raises:
        DocumentError: with the reason.
    """
    try:
        database = TinyDB(storage=lambda: BufferedStorage(tables))
        heads = database.table("account").all()
        records = database.table("app_passwords").all()
        # TinyDB would read a list of pairs as a document, and stumble when it is changed.
        for table in ("account", "app_passwords"):
            if not all(isinstance(document, dict) for document in tables.get(table, {}).values()):
                raise TypeError
    except (AttributeError, TypeError, ValueError):
        raise DocumentError("it is not a TinyDB document") from None
    if len(heads) != 1:
        raise DocumentError("it does not hold exactly one account")
    head = _Fields(heads[0])
    _check_schema(head.text("schema"))
    if head.text("name") != name:
        raise DocumentError("it belongs to an account of another name")
    app_passwords = tuple(_load_app_password(_Fields(record)) for record in records)
    if len({password.id for password in app_passwords}) != len(app_passwords):
        raise DocumentError("two app passwords have the same id")
    return Account(
        name=name,
        uid=head.matching("uid", _UID),
        password_hash=head.hash("password_hash"),
        password_changed=head.time("password_changed"),
        created=head.time("created"),
        version=head.number("version"),
        epoch=head.number("epoch"),
        enabled=head.flag("enabled"),
        appearance=head.optional_text("appearance"),
        app_passwords=app_passwords,
        deleted_ids=frozenset(head.texts("deleted_ids")),
    )


def save(tables: Tables | None, account: Account) -> Tables:
    """`tables` with `account` in them; what this version does not know is kept."""
    storage = BufferedStorage(tables)
    database = TinyDB(storage=lambda: storage)
    heads, records = database.table("account"), database.table("app_passwords")
    fields: dict[str, Any] = {
        "name": account.name,
        "uid": account.uid,
        "password_hash": account.password_hash,
        "password_changed": _stamp(account.password_changed),
        "created": _stamp(account.created),
        "version": account.version,
        "epoch": account.epoch,
        "enabled": account.enabled,
        "appearance": account.appearance,
        "deleted_ids": sorted(account.deleted_ids),
    }
    if heads.all():
        heads.update(fields)
    else:
        heads.insert({"schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}", **fields})
    wanted = {password.id for password in account.app_passwords}
    records.remove(cond=_id_is(lambda id_: id_ not in wanted))
    present = {record["id"]: record for record in records.all()}
    for password in account.app_passwords:
        document = _app_password_document(password)
        if password.id not in present:
            records.insert(document)
        elif any(present[password.id].get(key) != value for key, value in document.items()):
            records.update(document, _id_is(lambda id_, own=password.id: id_ == own))
    return storage.tables or {}


def _id_is(test: Callable[..., bool]) -> Any:
    return where("id").test(test)


def _check_schema(schema: str) -> None:
    major, _, minor = schema.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise DocumentError("its schema is not a version")
    if int(major) != SCHEMA_MAJOR:
        raise DocumentError(f"its schema is {major}, this program reads {SCHEMA_MAJOR}")


def _load_app_password(fields: "_Fields") -> AppPassword:
    return AppPassword(
        id=fields.matching("id", _ID),
        name=fields.text("name"),
        hash=fields.hash("hash"),
        created=fields.time("created"),
        scope=tuple(fields.texts("scope")),
        expires=fields.optional_time("expires"),
    )


def _app_password_document(password: AppPassword) -> dict[str, Any]:
    return {
        "id": password.id,
        "name": password.name,
        "hash": password.hash,
        "scope": list(password.scope),
        "created": _stamp(password.created),
        "expires": None if password.expires is None else _stamp(password.expires),
    }


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True)
class _Fields:
    """Reads a document's fields, each of the one type it may have."""

    document: Mapping[str, Any]

    def _get(self, key: str, kind: type) -> Any:
        value = self.document.get(key)
        # bool is an int to isinstance, and a version of True would be a damaged file.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DocumentError(f"its {key} is missing or of the wrong kind")
        return value

    def text(self, key: str) -> str:
        value: str = self._get(key, str)
        try:
            value.encode()
        except UnicodeEncodeError:  # JSON can spell half a surrogate pair
            raise DocumentError(f"its {key} is not text") from None
        return value

    def matching(self, key: str, form: re.Pattern[str]) -> str:
        value = self.text(key)
        if form.fullmatch(value) is None:
            raise DocumentError(f"its {key} is malformed")
        return value

    def number(self, key: str) -> int:
        value: int = self._get(key, int)
        return value

    def flag(self, key: str) -> bool:
        value: bool = self._get(key, bool)
        return value

    def texts(self, key: str) -> list[str]:
        values: list[Any] = self._get(key, list)
        return [_Fields({key: value}).text(key) for value in values]

    def hash(self, key: str) -> str:
        value = self.text(key)
        if not value.startswith("$argon2id$"):
            raise DocumentError(f"its {key} is not an Argon2id hash")
        return value

    def time(self, key: str) -> datetime:
        text = self.text(key)
        try:
            instant = datetime.fromisoformat(text)
            in_utc = instant.astimezone(UTC)
        except (ValueError, OverflowError):
            raise DocumentError(f"its {key} is not a time") from None
        if instant.tzinfo is None:
            raise DocumentError(f"its {key} has no time zone")
        return in_utc

    def optional_text(self, key: str) -> str | None:
        return None if self.document.get(key) is None else self.text(key)

    def optional_time(self, key: str) -> datetime | None:
        return None if self.document.get(key) is None else self.time(key)
