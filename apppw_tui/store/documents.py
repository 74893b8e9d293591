"""An account as TinyDB tables, and back.

Tables: `account` (one document), `methods` (one document for each verification method),
`ssh_keys` and `app_passwords` (one document each), `restricted` (those that are paused or limited
to networks) and, kept for what is yet to come, whatever else a newer minor schema put there:
unknown tables and keys survive.

The restricted lie apart so that an older program, which would overlook a mere key, knows none of
them and refuses them all. It may give away an id of theirs, or list one as deleted: then that
counts, and the restricted one is gone. An account whose only methods are ssh keys has a major of
its own: an older program, which knows no keys, would ask it for the password alone.
"""

import json
import re
from collections.abc import Container, Mapping
from functools import partial
from typing import Any

from tinydb import TinyDB, where
from tinydb.storages import Storage
from tinydb.table import Table

from apppw_tui.domain.account import AUTHENTICATOR, Account, RawAccount
from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS, AppPassword
from apppw_tui.domain.names import is_account_name
from apppw_tui.domain.phone import PHONES, Phone
from apppw_tui.domain.recovery_codes import COUNT, RecoveryCodes
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store.fields import (
    FLAG_OF_LATER,
    DocumentError,
    Fields,
    StoredField,
    Tables,
    dump_record,
    load_record,
    optional_to_iso,
    to_iso,
)

# 1.1: verification methods; 1.2: enforced accounts; 1.3: passwords that are kept elsewhere;
# 1.4: app passwords that are paused or limited; 1.5: ssh keys, 2.5 where these are all there is
SCHEMA_MAJOR, SCHEMA_MINOR = 1, 5
KEYS_ALONE_MAJOR = 2
_SCHEMA = f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}"
_NUMBER = re.compile("[0-9]{1,9}")
_UID = re.compile("[0-9a-f]{32}")
_FINGERPRINT = re.compile("SHA256:[A-Za-z0-9+/]{43}")
_KEY_TYPE = re.compile("[a-z0-9@.-]{1,64}")
_ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


_SEALED = partial(Fields.matching, form=re.compile("[!-~]+"))  # a line of ASCII
_SINCE = StoredField("since", Fields.time, to_iso)
METHODS_TABLE = "methods"
_FREE, _RESTRICTED = "app_passwords", "restricted"  # tables
_SSH_KEYS = "ssh_keys"
_RECOVERY = "recovery codes"
_ACCOUNT = {
    "uid": StoredField("uid", partial(Fields.matching, form=_UID)),
    "password_hash": StoredField("password_hash", Fields.account_hash),
    "password_changed": StoredField("password_changed", Fields.time, to_iso),
    "created": StoredField("created", Fields.time, to_iso),
    "version": StoredField("version", Fields.number),
    "epoch": StoredField("session_generation", Fields.number),
    "enabled": StoredField("enabled", Fields.flag),
    "appearance": StoredField("appearance", Fields.optional_text),
    "deleted_ids": StoredField("deleted_ids", Fields.texts, sorted),
    "preferred": StoredField("preferred", Fields.optional_text),
    "verification_required": StoredField("verification_required", FLAG_OF_LATER),
    "bypass_until": StoredField("bypass_until", Fields.optional_time, optional_to_iso),
    "enforced_from": StoredField("enforced_from", Fields.optional_time, optional_to_iso),
}
_APP_PASSWORD = {
    "id": StoredField("id", partial(Fields.matching, form=_ID)),
    "name": StoredField("name", Fields.text),
    "hash": StoredField("hash", Fields.hash),
    "scope": StoredField("scope", Fields.texts, list),
    "created": StoredField("created", Fields.time, to_iso),
    "expires": StoredField("expires", Fields.optional_time, optional_to_iso),
    "by_operator": StoredField("created_by_admin", FLAG_OF_LATER),
}
_RESTRICTIONS = {
    "paused": StoredField("paused", FLAG_OF_LATER),
    "networks": StoredField("networks", Fields.networks, list),
}
_ANY_APP_PASSWORD = _APP_PASSWORD | _RESTRICTIONS
_AUTHENTICATOR = {
    "sealed": StoredField("sealed", _SEALED),
    "since": _SINCE,
    "last_step": StoredField("last_step", Fields.number),
}
_PHONE = {
    "sealed": StoredField("sealed", _SEALED),
    "since": StoredField("verified_at", Fields.time, to_iso),
}
_RECOVERY_CODES = {
    "hashes": StoredField("hashes", partial(Fields.recovery_hashes, count=COUNT), list),
    "since": _SINCE,
}
_SSH_KEY = {
    "fingerprint": StoredField("fingerprint", partial(Fields.matching, form=_FINGERPRINT)),
    "type": StoredField("type", partial(Fields.matching, form=_KEY_TYPE)),
    "name": StoredField("name", Fields.text),
    "added": StoredField("added", Fields.time, to_iso),
    "last_used": StoredField("last_used", Fields.optional_time, optional_to_iso),
    "last_address": StoredField("last_address", Fields.optional_text),
}
_PHONE_FIELDS = {f"phone {which}": which for which in PHONES}
_METHODS = {
    AUTHENTICATOR: _AUTHENTICATOR,
    _RECOVERY: _RECOVERY_CODES,
    **dict.fromkeys(_PHONE_FIELDS, _PHONE),
}


def load(tables: Any, name: str) -> Account:
    """The account in `tables`, which must be that of `name`.

    Methods of a kind that only a newer schema knows are left alone.

    Raises:
        DocumentError: with the reason.
    """
    heads, free, restricted, methods, ssh_keys = (
        _documents(tables, table)
        for table in ("account", _FREE, _RESTRICTED, METHODS_TABLE, _SSH_KEYS)
    )
    if len(heads) != 1:
        raise DocumentError("it does not hold exactly one account")
    head = Fields(heads[0])
    schema = head.text("schema")
    if schema != _SCHEMA:
        _check_schema(schema)
    other = head.text("name")
    if other != name:
        raise _of_another_name(other)
    fields = load_record(heads[0], _ACCOUNT)
    deleted_ids = frozenset(fields.pop("deleted_ids"))
    by_table: list[dict[str, AppPassword]] = []
    for records in (free, restricted):
        by_table.append({})
        for record in records:
            app_password = AppPassword(**load_record(record, _ANY_APP_PASSWORD))
            if app_password.id in by_table[-1]:
                raise DocumentError("two app passwords have the same id")
            by_table[-1][app_password.id] = app_password
    by_kind: dict[str, dict[str, Any]] = {}
    phones: list[Phone] = []
    for method in methods:
        kind = Fields(method).text("method")
        if kind in by_kind:
            raise DocumentError("it has a verification method twice")
        by_kind[kind] = load_record(method, _METHODS.get(kind, {}))
        if kind in _PHONE_FIELDS:
            phones.append(Phone(_PHONE_FIELDS[kind], **by_kind[kind]))
    authenticator, recovery = by_kind.get(AUTHENTICATOR), by_kind.get(_RECOVERY)
    return Account(
        name=name,
        app_passwords=_in_order(by_table[0], by_table[1], deleted_ids)
        if restricted
        else tuple(by_table[0].values()),
        authenticator=Authenticator(**authenticator) if authenticator else None,
        phones=tuple(phones),
        ssh_keys=tuple(SshKey(**load_record(key, _SSH_KEY)) for key in ssh_keys)
        if ssh_keys
        else (),
        recovery=RecoveryCodes(**recovery) if recovery else None,
        deleted_ids=deleted_ids,
        **fields,
    )


def _in_order(
    free: Mapping[str, AppPassword],
    restricted: Mapping[str, AppPassword],
    deleted_ids: Container[str],
) -> tuple[AppPassword, ...]:
    """Those of both tables, in the order of their creation."""
    apart = [restricted[id_] for id_ in restricted if id_ not in free and id_ not in deleted_ids]
    return tuple(sorted((*free.values(), *apart), key=lambda app_password: app_password.created))


def _of_another_name(other: str) -> DocumentError:
    hint = f", {other}: if that was being renamed, do it again" if is_account_name(other) else ""
    return DocumentError(f"it belongs to an account of another name{hint}")


def _documents(tables: Any, table: str) -> list[Mapping[str, Any]]:
    """Raises DocumentError, as where TinyDB would stumble when it reads or changes one."""
    try:
        documents = tables.get(table, {})
        if all(isinstance(document, dict) for document in documents.values()):
            for id_ in documents:
                int(id_)
            return list(documents.values())
    except (AttributeError, TypeError, ValueError):
        pass
    raise DocumentError("it is not a TinyDB document")


def save(tables: Tables | None, account: Account) -> Tables:
    """`tables` with `account` in them; what this version does not know is kept."""
    head = {"name": account.name, **dump_record(account, _ACCOUNT)}
    records: dict[str, dict[str, dict[str, Any]]] = {_FREE: {}, _RESTRICTED: {}}
    for app_password in account.app_passwords:
        is_apart = app_password.paused or app_password.networks
        document = dump_record(app_password, _ANY_APP_PASSWORD if is_apart else _APP_PASSWORD)
        records[_RESTRICTED if is_apart else _FREE][app_password.id] = document
    methods: dict[str, dict[str, Any]] = {}
    if account.authenticator is not None:
        methods[AUTHENTICATOR] = dump_record(account.authenticator, _AUTHENTICATOR)
    for phone in account.phones:
        methods[f"phone {phone.which}"] = dump_record(phone, _PHONE)
    if account.recovery is not None:
        methods[_RECOVERY] = dump_record(account.recovery, _RECOVERY_CODES)
    storage = BufferedStorage(tables)
    database = TinyDB(storage=lambda: storage)
    heads = database.table("account")
    if present := heads.all():
        heads.update({"schema": _raised(present[0]["schema"], account), **head})
    else:
        heads.insert({"schema": _raised(_SCHEMA, account), **head})
    ssh_keys = {key.fingerprint: dump_record(key, _SSH_KEY) for key in account.ssh_keys}
    if ssh_keys or _SSH_KEYS in database.tables():
        _put(database.table(_SSH_KEYS), "fingerprint", ssh_keys)
    _put(database.table(METHODS_TABLE), "method", methods, ours=_METHODS)
    _put_app_passwords(database, records)
    return storage.tables or {}


def _put_app_passwords(database: TinyDB, wanted: Mapping[str, dict[str, dict[str, Any]]]) -> None:
    """Makes each table hold what is `wanted` there, with what is unknown of it, wherever it was.

    Little is written besides: a pause has to fit a full disk, as a deletion has.
    """
    restricted = database.table(_RESTRICTED).all()
    for record in (*restricted, *database.table(_FREE).all()):
        unknown = {key: record[key] for key in record if key not in _RESTRICTIONS}
        for documents in wanted.values():
            if record["id"] in documents:
                documents[record["id"]] = unknown | documents[record["id"]]
    for name in (_FREE, _RESTRICTED) if restricted or wanted[_RESTRICTED] else (_FREE,):
        _put(database.table(name), "id", wanted[name])
    if restricted and not wanted[_RESTRICTED]:
        database.drop_table(_RESTRICTED)


def _put(
    table: Table,
    key: str,
    wanted: Mapping[str, dict[str, Any]],
    ours: Container[str] | None = None,  # None: all are
) -> None:
    """Makes `table` hold these documents, by the value of `key`, and no others of `ours`.

    What this version does not know of one that stays is kept.
    """
    present = {document[key]: document for document in table.all()}
    gone = {value for value in present if value not in wanted and (ours is None or value in ours)}
    if gone:
        table.remove(where(key).one_of([*gone]))
    for value, fields in wanted.items():
        document = {key: value, **fields}
        if value not in present:
            table.insert(document)
        elif any(present[value].get(field) != content for field, content in document.items()):
            table.update(document, where(key) == value)


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


def is_readable(major: int) -> bool:
    """True if this program reads documents of that major version."""
    return major in (SCHEMA_MAJOR, KEYS_ALONE_MAJOR)


def _check_schema(schema: str) -> None:
    major, _ = _version(schema)
    if not is_readable(major):
        raise DocumentError(
            f"its schema is {major}, this program reads {SCHEMA_MAJOR} and {KEYS_ALONE_MAJOR}"
        )


def _raised(schema: str, account: Account) -> str:
    """The version of a document that is written now: its minor is never lower than it was."""
    minor = int(schema.partition(".")[2])
    has_others = account.authenticator is not None or account.phones
    major = KEYS_ALONE_MAJOR if account.ssh_keys and not has_others else SCHEMA_MAJOR
    return f"{major}.{max(minor, SCHEMA_MINOR)}"


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


def loads(content: bytes) -> Any:
    """The tables that a file holds, if they are any. Raises DocumentError."""
    if not content.strip():
        raise DocumentError("it is empty")
    try:
        tables: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentError("it is not JSON") from None
    if tables is None:
        raise DocumentError("it is empty")
    return tables


def assigned_content(raw: RawAccount) -> bytes:
    """The content that was assigned, as bytes."""
    return dumps(raw.tables or {}) if raw.new_content is None else raw.new_content


def dumps(tables: Tables) -> bytes:
    """The tables as a file holds them."""
    try:
        return json.dumps(tables, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # What a newer schema keeps may hold half a surrogate pair, which only JSON can spell.
        return json.dumps(tables).encode()
