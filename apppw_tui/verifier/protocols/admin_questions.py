"""The administrator's questions to the daemon, over a socket of protocol json.

    > {"daemon": "status"}
    < {"status": {"since": 1764424800, "version": "…", "answers": {"yes": 3, …}, …}}
    > {"throttle": "list"}
    < {"throttle": [{"address": "192.0.2.7", "account": null, "failures": 9, "wait": 0}], "more": 0}
    > {"throttle": "clear", "place": "192.0.2.7"}
    < {"cleared": 1}

`apppw-tui status` and `apppw-tui throttle` ask them. A place is an address or, where none was told,
an account's name; both are null for names that no account has. `wait` is in whole seconds, `since`
in Unix time. Without `place` all is cleared. Root may ask, and whoever the daemon runs as: others
who may ask for passwords could let strangers try faster.
"""

import asyncio
import math
import os
import platform
from collections.abc import Mapping
from typing import Any

import apppw_tui
from apppw_tui.verifier.attempt_memory import AddressRateLimiter
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.connections import peer_uid

MOST = 100  # places in one answer, those who wait longest first
SUBJECTS = ("daemon", "throttle")


def may_ask(writer: asyncio.StreamWriter) -> bool:
    return peer_uid(writer) in (0, os.geteuid())


def answer(asked: Mapping[str, Any], auth_service: AuthService) -> dict[str, Any]:
    """Raises ValueError for what is no such question."""
    rate_limiter, place = auth_service.rate_limiter, asked.get("place")
    match asked.get("daemon"), asked.get("throttle"):
        case "status", None:
            return {"status": _status(auth_service)}
        case None, "list":
            return _places(rate_limiter)
        case None, "clear" if place is None or isinstance(place, str):
            return {"cleared": rate_limiter.clear(place)}
    raise ValueError


def _places(rate_limiter: AddressRateLimiter) -> dict[str, Any]:
    counted = rate_limiter.list_counted()
    shown = [
        {
            "address": row.address,
            "account": row.name,
            "failures": row.failures,
            "wait": math.ceil(row.wait),
        }
        for row in counted[:MOST]
    ]
    return {"throttle": shown, "more": len(counted) - len(shown)}


def _status(auth_service: AuthService) -> dict[str, Any]:
    metrics, gauges = auth_service.metrics, auth_service.gauges()
    counted = auth_service.rate_limiter.list_counted()
    return {
        "since": int(metrics.started.timestamp()),
        "uptime": int(metrics.uptime),
        "version": apppw_tui.__version__,
        "python": platform.python_version(),
        "answers": metrics.results(),
        "last_minute": metrics.per_minute(),
        "hashes": {
            "computed": metrics.hashes,
            "seconds": round(metrics.hash_seconds, 3),
            "waiting": gauges.queue_length,
            "at_once": gauges.threads,
            "waited": metrics.queued,
            "waited_seconds": round(metrics.queue_seconds, 3),
        },
        "remembered": {"now": gauges.remembered, "hits": metrics.remembered_hits},
        "connections": dict(metrics.connections()),
        "last_flush": None if metrics.flush_age is None else int(metrics.flush_age),
        "flush_trouble": metrics.flush_trouble(),
        "throttle": {
            "places": len(counted),
            "waiting": sum(row.wait > 0 for row in counted),
            "refused": metrics.throttled,
        },
    }
