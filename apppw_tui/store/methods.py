"""Verification methods as one TinyDB table, a document for each, and back."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypedDict

from tinydb import where
from tinydb.table import Table

from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.phone import PHONES, Phone
from apppw_tui.domain.recovery import COUNT, RecoveryCodes
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store.fields import DocumentError, Fields, stamp

TABLE = "methods"
_RECOVERY = "recovery codes"
_PHONE_FIELDS = {f"phone {which}": which for which in PHONES}
_SEALED = re.compile("[!-~]+")  # whatever seals it gives a line of ASCII


class Methods(TypedDict):
    """The part of an Account that this table holds."""

    authenticator: Authenticator | None
    phones: tuple[Phone, ...]
    recovery: RecoveryCodes | None


def load(documents: Iterable[Fields]) -> Methods:
    """Raises DocumentError. Methods of a kind that only a newer schema knows are left alone."""
    found: Methods = {"authenticator": None, "phones": (), "recovery": None}
    seen: set[str] = set()
    for fields in documents:
        kind = fields.text("method")
        if kind in seen:
            raise DocumentError("it has a verification method twice")
        seen.add(kind)
        if kind == AUTHENTICATOR:
            sealed, step = fields.matching("sealed", _SEALED), fields.number("last_step")
            found["authenticator"] = Authenticator(sealed, fields.time("since"), step)
        elif kind == _RECOVERY:
            found["recovery"] = RecoveryCodes(_hashes(fields), fields.time("since"))
        elif kind in _PHONE_FIELDS:
            sealed = fields.matching("sealed", _SEALED)
            phone = Phone(_PHONE_FIELDS[kind], sealed, fields.time("since"))
            found["phones"] = (*found["phones"], phone)
    return found


def save(table: Table, account: Account) -> None:
    """Makes `table` hold the account's methods; what this version does not know is kept."""
    wanted = {document["method"]: document for document in _documents(account)}
    known = {AUTHENTICATOR, _RECOVERY, *_PHONE_FIELDS}
    table.remove(_is(lambda kind: kind in known and kind not in wanted))
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
            "since": stamp(app.since),
            "last_step": app.last_step,
        }
    for phone in account.phones:
        yield {"method": phone.field, "sealed": phone.sealed, "since": stamp(phone.since)}
    if recovery is not None:
        yield {
            "method": _RECOVERY,
            "hashes": list(recovery.hashes),
            "since": stamp(recovery.since),
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
