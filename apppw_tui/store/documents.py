"""An account as TinyDB tables, and back.

Tables: `account` (one document), `methods` (one document for each verification method),
`app_passwords` (one document each) and, kept for what is yet to come, whatever else a newer minor
schema put there: unknown tables and keys survive.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypedDict

from tinydb import TinyDB, where
from tinydb.storages import Storage
from tinydb.table import Table

from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS, AppPassword
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.phone import PHONES, Phone
from apppw_tui.domain.recovery_codes import COUNT, RecoveryCodes
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store.fields import DocumentError, Fields, Tables, optional_to_iso, to_iso

# 1.1: verification methods; 1.2: enforced accounts; 1.3: passwords that are kept elsewhere
SCHEMA_MAJOR, SCHEMA_MINOR = 1, 3
_NUMBER = re.compile("[0-9]{1,9}")
_UID = re.compile("[0-9a-f]{32}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


METHODS_TABLE = "methods"
_RECOVERY = "recovery codes"
_PHONE_FIELDS = {f"phone {which}": which for which in PHONES}
_SEALED = re.compile("[!-~]+")  # whatever seals it gives a line of ASCII


def load(tables: Any, name: str) -> Account:
    """The account in `tables`, which must be that of `name`.

    Raises:
        DocumentError: with the reason.
    """
    try:
        database = TinyDB(storage=lambda: BufferedStorage(tables))
        heads = database.table("account").all()
        records = database.table("app_passwords").all()
        ways = database.table(METHODS_TABLE).all()
        # TinyDB would read a list of pairs as a document, and stumble when it is changed.
        for table in ("account", "app_passwords", METHODS_TABLE):
            if not all(isinstance(document, dict) for document in tables.get(table, {}).values()):
                raise TypeError
    except (AttributeError, TypeError, ValueError):
        raise DocumentError("it is not a TinyDB document") from None
    if len(heads) != 1:
        raise DocumentError("it does not hold exactly one account")
    head = Fields(heads[0])
    _check_schema(head.text("schema"))
    other = head.text("name")
    if other != name:
        hint = (
            f", {other}: if that was being renamed, do it again" if is_account_name(other) else ""
        )
        raise DocumentError(f"it belongs to an account of another name{hint}")
    app_passwords = tuple(_load_app_password(Fields(record)) for record in records)
    if len({app_password.id for app_password in app_passwords}) != len(app_passwords):
        raise DocumentError("two app passwords have the same id")
    return Account(
        name=name,
        uid=head.matching("uid", _UID),
        password_hash=head.account_hash("password_hash"),
        password_changed=head.time("password_changed"),
        created=head.time("created"),
        version=head.number("version"),
        session_generation=head.number("epoch"),
        enabled=head.flag("enabled"),
        appearance=head.optional_text("appearance"),
        app_passwords=app_passwords,
        deleted_ids=frozenset(head.texts("deleted_ids")),
        preferred=head.optional_text("preferred"),
        verification_required=head.flag("verification_required", missing=False),
        bypass_until=head.optional_time("bypass_until"),
        enforced_from=head.optional_time("enforced_from"),
        **load_methods(Fields(method) for method in ways),
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
        "password_changed": to_iso(account.password_changed),
        "created": to_iso(account.created),
        "version": account.version,
        "epoch": account.session_generation,
        "enabled": account.enabled,
        "appearance": account.appearance,
        "deleted_ids": sorted(account.deleted_ids),
        "preferred": account.preferred,
        "verification_required": account.verification_required,
        "bypass_until": optional_to_iso(account.bypass_until),
        "enforced_from": optional_to_iso(account.enforced_from),
    }
    if present := heads.all():
        heads.update({"schema": _raised(present[0]["schema"]), **fields})
    else:
        heads.insert({"schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}", **fields})
    save_methods(database.table(METHODS_TABLE), account)
    wanted = {app_password.id for app_password in account.app_passwords}
    records.remove(cond=_id_is(lambda id_: id_ not in wanted))
    records_by_id = {record["id"]: record for record in records.all()}
    for password in account.app_passwords:
        document = _app_password_document(password)
        if password.id not in records_by_id:
            records.insert(document)
        elif any(records_by_id[password.id].get(key) != value for key, value in document.items()):
            records.update(document, _id_is(lambda id_, own=password.id: id_ == own))
    return storage.tables or {}


def _id_is(test: Callable[..., bool]) -> Any:
    return where("id").test(test)


def schema(tables: Any) -> tuple[int, int]:
    """The major and minor version of what may be an account's tables. Raises DocumentError."""
    try:
        (head,) = tables["account"].values()
    except (AttributeError, KeyError, TypeError, ValueError):
        head = None
    if not isinstance(head, dict):
        raise DocumentError("it is not a TinyDB document with one account")
    return _version(Fields(head).text("schema"))


def _version(schema: str) -> tuple[int, int]:
    major, _, minor = schema.partition(".")
    if _NUMBER.fullmatch(major) is None or _NUMBER.fullmatch(minor) is None:
        raise DocumentError("its schema is not a version")
    return int(major), int(minor)


def _check_schema(schema: str) -> None:
    major, _ = _version(schema)
    if major != SCHEMA_MAJOR:
        raise DocumentError(f"its schema is {major}, this program reads {SCHEMA_MAJOR}")


def _raised(schema: str) -> str:
    """The version of a document that is written now: never lower than it was."""
    minor = int(schema.partition(".")[2])
    return f"{SCHEMA_MAJOR}.{max(minor, SCHEMA_MINOR)}"


def _load_app_password(fields: "Fields") -> AppPassword:
    return AppPassword(
        id=fields.matching("id", _ID),
        name=fields.text("name"),
        hash=fields.hash("hash"),
        created=fields.time("created"),
        scope=tuple(fields.texts("scope")),
        expires=fields.optional_time("expires"),
        created_by_admin=fields.flag("by_operator", missing=False),
    )


def _app_password_document(app_password: AppPassword) -> dict[str, Any]:
    return {
        "id": app_password.id,
        "name": app_password.name,
        "hash": app_password.hash,
        "scope": list(app_password.scope),
        "created": to_iso(app_password.created),
        "expires": optional_to_iso(app_password.expires),
        "by_operator": app_password.created_by_admin,
    }


class VerificationMethods(TypedDict):
    """The part of an Account that this table holds."""

    authenticator: Authenticator | None
    phones: tuple[Phone, ...]
    recovery: RecoveryCodes | None


def load_methods(documents: Iterable[Fields]) -> VerificationMethods:
    """Raises DocumentError. Methods of a kind that only a newer schema knows are left alone."""
    methods: VerificationMethods = {"authenticator": None, "phones": (), "recovery": None}
    seen: set[str] = set()
    for fields in documents:
        kind = fields.text("method")
        if kind in seen:
            raise DocumentError("it has a verification method twice")
        seen.add(kind)
        if kind == AUTHENTICATOR:
            sealed, step = fields.matching("sealed", _SEALED), fields.number("last_step")
            methods["authenticator"] = Authenticator(sealed, fields.time("since"), step)
        elif kind == _RECOVERY:
            methods["recovery"] = RecoveryCodes(_hashes(fields), fields.time("since"))
        elif kind in _PHONE_FIELDS:
            sealed = fields.matching("sealed", _SEALED)
            phone = Phone(_PHONE_FIELDS[kind], sealed, fields.time("since"))
            methods["phones"] = (*methods["phones"], phone)
    return methods


def save_methods(table: Table, account: Account) -> None:
    """Makes `table` hold the account's methods; what this version does not know is kept."""
    wanted = {document["method"]: document for document in _documents(account)}
    fields = {AUTHENTICATOR, _RECOVERY, *_PHONE_FIELDS}
    table.remove(_is(lambda kind: kind in fields and kind not in wanted))
    present = {document["method"] for document in table.all()}
    for kind, document in wanted.items():
        if kind in present:
            table.update(document, _is(lambda own, kind=kind: own == kind))
        else:
            table.insert(document)


def _documents(account: Account) -> Iterable[dict[str, Any]]:
    app, recovery = account.authenticator, account.recovery
    if app is not None:
        yield {
            "method": AUTHENTICATOR,
            "sealed": app.sealed,
            "since": to_iso(app.since),
            "last_step": app.last_step,
        }
    for phone in account.phones:
        yield {
            "method": phone.secret_name,
            "sealed": phone.sealed,
            "since": to_iso(phone.verified_at),
        }
    if recovery is not None:
        yield {
            "method": _RECOVERY,
            "hashes": list(recovery.hashes),
            "since": to_iso(recovery.since),
        }


def _hashes(fields: Fields) -> tuple[str | None, ...]:
    values: Any = fields.document.get("hashes")
    if not isinstance(values, list) or len(values) != COUNT:
        raise DocumentError("its recovery codes are malformed")
    return tuple(
        None if value is None else Fields({"hash": value}).hash("hash") for value in values
    )


def _is(test: Callable[..., bool]) -> Any:
    return where("method").test(test)


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
