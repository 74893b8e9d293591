"""An account as TinyDB tables, and back.

Tables: `account` (one document), `methods` (one document for each verification method, which
`methods.py` reads and writes), `app_passwords` (one document each) and, kept for what
is yet to come, whatever else a newer minor schema put there: unknown tables and keys survive.
"""

import re
from collections.abc import Callable
from typing import Any

from tinydb import TinyDB, where

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import ID_LENGTH, AppPassword
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.symbols import SYMBOLS
from apppw_tui.store import methods
from apppw_tui.store.fields import DocumentError, Fields, optional_stamp, stamp
from apppw_tui.store.tables import BufferedStorage, Tables

# 1.1: verification methods; 1.2: enforced accounts; 1.3: passwords that are kept elsewhere
SCHEMA_MAJOR, SCHEMA_MINOR = 1, 3
_NUMBER = re.compile("[0-9]{1,9}")
_UID = re.compile("[0-9a-f]{32}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


def load(tables: Any, name: str) -> Account:
    """The account in `tables`, which must be that of `name`.

    Raises:
        DocumentError: with the reason.
    """
    try:
        database = TinyDB(storage=lambda: BufferedStorage(tables))
        heads = database.table("account").all()
        records = database.table("app_passwords").all()
        ways = database.table(methods.TABLE).all()
        # TinyDB would read a list of pairs as a document, and stumble when it is changed.
        for table in ("account", "app_passwords", methods.TABLE):
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
    if len({password.id for password in app_passwords}) != len(app_passwords):
        raise DocumentError("two app passwords have the same id")
    return Account(
        name=name,
        uid=head.matching("uid", _UID),
        password_hash=head.account_hash("password_hash"),
        password_changed=head.time("password_changed"),
        created=head.time("created"),
        version=head.number("version"),
        epoch=head.number("epoch"),
        enabled=head.flag("enabled"),
        appearance=head.optional_text("appearance"),
        app_passwords=app_passwords,
        deleted_ids=frozenset(head.texts("deleted_ids")),
        preferred=head.optional_text("preferred"),
        verification_required=head.flag("verification_required", missing=False),
        bypass_until=head.optional_time("bypass_until"),
        enforced_from=head.optional_time("enforced_from"),
        **methods.load(Fields(way) for way in ways),
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
        "password_changed": stamp(account.password_changed),
        "created": stamp(account.created),
        "version": account.version,
        "epoch": account.epoch,
        "enabled": account.enabled,
        "appearance": account.appearance,
        "deleted_ids": sorted(account.deleted_ids),
        "preferred": account.preferred,
        "verification_required": account.verification_required,
        "bypass_until": optional_stamp(account.bypass_until),
        "enforced_from": optional_stamp(account.enforced_from),
    }
    if present := heads.all():
        heads.update({"schema": _raised(present[0]["schema"]), **fields})
    else:
        heads.insert({"schema": f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}", **fields})
    methods.save(database.table(methods.TABLE), account)
    wanted = {password.id for password in account.app_passwords}
    records.remove(cond=_id_is(lambda id_: id_ not in wanted))
    kept = {record["id"]: record for record in records.all()}
    for password in account.app_passwords:
        document = _app_password_document(password)
        if password.id not in kept:
            records.insert(document)
        elif any(kept[password.id].get(key) != value for key, value in document.items()):
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
        by_operator=fields.flag("by_operator", missing=False),
    )


def _app_password_document(password: AppPassword) -> dict[str, Any]:
    return {
        "id": password.id,
        "name": password.name,
        "hash": password.hash,
        "scope": list(password.scope),
        "created": stamp(password.created),
        "expires": optional_stamp(password.expires),
        "by_operator": password.by_operator,
    }
