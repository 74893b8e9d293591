"""The content of usage/<uid>.json: how a backup holds uses, and how earlier versions kept them.

Tables: `used` (one document for each app password and service: id, time, service, address; the
oldest first, so that an earlier version, which knows one for each id, takes the newest),
`old_password` (one document: when another source last took an old one for right) and `networks`
(one document for each network that the account's app passwords were used from lately: network,
time). A table `passed_on`, of an earlier version, counted wrong guesses, and is left out.
"""

import json
from typing import Any

from tinydb import TinyDB

from apppw_tui.domain.scopes import Service
from apppw_tui.domain.usage import LastUse, UsageRecord
from apppw_tui.store.documents import BufferedStorage
from apppw_tui.store.fields import DocumentError, Fields, to_iso


def loads(content: bytes) -> UsageRecord:
    """Reads the file. Raises DocumentError."""
    try:
        return _record(json.loads(content))
    except DocumentError:
        raise
    except (AttributeError, TypeError, ValueError, RecursionError):
        raise DocumentError("it holds no uses") from None


def _record(tables: Any) -> UsageRecord:
    database = TinyDB(storage=lambda: BufferedStorage(tables))
    legacy = [_last(Fields(document)) for document in database.table("old_password").all()]
    used = [Fields(document) for document in database.table("used").all()]
    networks = [Fields(document) for document in database.table("networks").all()]
    uses = [(fields.text("id"), _last(fields)) for fields in used]
    return UsageRecord(
        {(id_, use.service): use for id_, use in uses},
        legacy[-1] if legacy else None,
        {fields.text("network"): fields.time("time") for fields in networks},
    )


def _last(fields: Fields) -> LastUse:
    service = fields.optional_text("service")
    return LastUse(
        fields.time("time"),
        None if service is None else Service(service),
        fields.optional_text("address"),
    )


def dumps(record: UsageRecord) -> bytes:
    """The file's content."""
    storage = BufferedStorage(None)
    database = TinyDB(storage=lambda: storage)
    uses = sorted(record.uses.items(), key=lambda pair: pair[1].time)
    database.table("used").insert_multiple({"id": id_, **_document(use)} for (id_, _), use in uses)
    if record.last_legacy_login is not None:
        database.table("old_password").insert(_document(record.last_legacy_login))
    if record.networks:
        database.table("networks").insert_multiple(
            {"network": network, "time": to_iso(last)} for network, last in record.networks.items()
        )
    return json.dumps(storage.tables or {}, ensure_ascii=False).encode()


def _document(last: LastUse) -> dict[str, Any]:
    return {"time": to_iso(last.time), "service": last.service, "address": last.address}
