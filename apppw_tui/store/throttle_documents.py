"""The state of a throttle as JSON; whatever is malformed in it was never counted."""

from datetime import UTC, datetime
from typing import Any

from apppw_tui.domain.throttle import FailureCount, FailureCounts, KnownAddress, ThrottleState


def save(ledger: ThrottleState) -> dict[str, Any]:
    return {
        "strangers": _bucket_document(ledger.unknown_addresses),
        "known": {
            key: {"completed": address.last_success.isoformat(), **_bucket_document(address.bucket)}
            for key, address in ledger.known.items()
        },
        "sends": [stamp.isoformat() for stamp in ledger.sends],
    }


def load(document: object) -> ThrottleState:
    """Reads a stored state; whatever is malformed in it counts as empty. Never raises."""
    fields = members(document)
    addresses = {
        key: KnownAddress(_bucket(address), completed)
        for key, address in members(fields.get("known")).items()
        if (completed := _stamp(members(address).get("completed"))) is not None
    }
    sends = fields.get("sends")
    stamps = [_stamp(send) for send in sends] if isinstance(sends, list) else []
    known_stamps = tuple(stamp for stamp in stamps if stamp is not None)
    return ThrottleState(_bucket(fields.get("strangers")), addresses, known_stamps)


def _bucket_document(bucket: FailureCounts) -> dict[str, Any]:
    counts = {"password": bucket.password, "second": bucket.second}
    return {
        step: [count.failures, count.last.isoformat()]
        for step, count in counts.items()
        if count.last is not None
    }


def _bucket(document: object) -> FailureCounts:
    fields = members(document)
    return FailureCounts(_count(fields.get("password")), _count(fields.get("second")))


def _count(document: object) -> FailureCount:
    match document:
        # `type`, since True is an int too.
        case [failures, text] if type(failures) is int and failures > 0:
            last = _stamp(text)
            return FailureCount() if last is None else FailureCount(failures, last)
    return FailureCount()


def _stamp(document: object) -> datetime | None:
    try:
        stamp = datetime.fromisoformat(document) if isinstance(document, str) else None
        return None if stamp is None or stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def members(document: object) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}
