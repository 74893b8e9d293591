"""The content of usage/<uid>.json.

Tables: `used` (one document for each app password: id, time, service, address), `old_password`
(one document: when another source last took an old one for right) and `networks` (one document for
each network that the account's app passwords were used from lately: network, time). A table
`passed_on`, of an earlier version, counted wrong guesses, and is left out.
"""

import json
from typing import Any

from tinydb import TinyDB

from apppw_tui.domain.usage import LastUse, UsageRecord, Used
from apppw_tui.store.fields import BufferedStorage, Fields, to_iso


def loads(tables: Any) -> UsageRecord:
    """Reads the file. Raises DocumentError, or what Python raises for other structures."""
    database = TinyDB(storage=lambda: BufferedStorage(tables))
    passed_on = [_last(Fields(document)) for document in database.table("old_password").all()]
    used = [Fields(document) for document in database.table("used").all()]
    networks = [Fields(document) for document in database.table("networks").all()]
    return UsageRecord(
        Used(
            {fields.text("id"): _last(fields) for fields in used},
            passed_on[-1] if passed_on else None,
        ),
        {fields.text("network"): fields.time("time") for fields in networks},
    )


def _last(fields: Fields) -> LastUse:
    return LastUse(
        fields.time("time"), fields.optional_text("service"), fields.optional_text("address")
    )


def dumps(record: UsageRecord) -> bytes:
    """The file's content."""
    used = record.used
    storage = BufferedStorage(None)
    database = TinyDB(storage=lambda: storage)
    database.table("used").insert_multiple(
        {"id": id_, **_document(last)} for id_, last in used.by_id.items()
    )
    if used.last_legacy_login is not None:
        database.table("old_password").insert(_document(used.last_legacy_login))
    if record.networks:
        database.table("networks").insert_multiple(
            {"network": network, "time": to_iso(last)} for network, last in record.networks.items()
        )
    return json.dumps(storage.tables or {}, ensure_ascii=False).encode()


def _document(last: LastUse) -> dict[str, Any]:
    return {"time": to_iso(last.time), "service": last.service, "address": last.address}
