"""What is counted of one account name, as JSON keeps it, and back."""

from datetime import UTC, datetime
from typing import Any

from apppw_tui.domain.throttle import Bucket, Count, Known, Ledger


def document(ledger: Ledger) -> dict[str, Any]:
    return {
        "strangers": _bucket_document(ledger.strangers),
        "known": {
            key: {"completed": one.completed.isoformat(), **_bucket_document(one.bucket)}
            for key, one in ledger.known.items()
        },
        "sends": [stamp.isoformat() for stamp in ledger.sends],
    }


def ledger(document: object) -> Ledger:
    """What was kept; whatever is malformed in it counts as empty. Never raises."""
    fields = _members(document)
    known = {
        key: Known(_bucket(one), completed)
        for key, one in _members(fields.get("known")).items()
        if (completed := _stamp(_members(one).get("completed"))) is not None
    }
    sends = fields.get("sends")
    stamps = [_stamp(one) for one in sends] if isinstance(sends, list) else []
    kept = tuple(stamp for stamp in stamps if stamp is not None)
    return Ledger(_bucket(fields.get("strangers")), known, kept)


def _bucket_document(bucket: Bucket) -> dict[str, Any]:
    counts = {"password": bucket.password, "second": bucket.second}
    return {
        step: [count.failures, count.last.isoformat()]
        for step, count in counts.items()
        if count.last is not None
    }


def _bucket(document: object) -> Bucket:
    fields = _members(document)
    return Bucket(_count(fields.get("password")), _count(fields.get("second")))


def _count(document: object) -> Count:
    match document:
        # `type`, since True is an int too.
        case [failures, text] if type(failures) is int and failures > 0:
            last = _stamp(text)
            return Count() if last is None else Count(failures, last)
    return Count()


def _stamp(document: object) -> datetime | None:
    try:
        stamp = datetime.fromisoformat(document) if isinstance(document, str) else None
        return None if stamp is None or stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _members(document: object) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}
