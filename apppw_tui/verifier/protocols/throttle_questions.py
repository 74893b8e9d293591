"""The throttle's counters, shown and cleared over a socket of protocol json: `apppw-tui throttle`.

    > {"throttle": "list"}
    < {"throttle": [{"address": "192.0.2.7", "account": null, "failures": 9, "wait": 0}], "more": 0}
    > {"throttle": "clear", "place": "192.0.2.7"}
    < {"cleared": 1}

A place is an address or, where none was told, an account's name; both are null for names that no
account has. `wait` is in whole seconds. Without `place` all is cleared. Root may ask, and whoever
the daemon runs as: others who may ask for passwords could let strangers try faster.
"""

import asyncio
import math
import os
from collections.abc import Mapping
from typing import Any

from apppw_tui.verifier.attempt_memory import AddressRateLimiter
from apppw_tui.verifier.connections import peer_uid

MOST = 100  # places in one answer, those who wait longest first


def may_ask(writer: asyncio.StreamWriter) -> bool:
    return peer_uid(writer) in (0, os.geteuid())


def answer(asked: Mapping[str, Any], rate_limiter: AddressRateLimiter) -> dict[str, Any]:
    """Raises ValueError for what is no such question."""
    place = asked.get("place")
    match asked["throttle"]:
        case "list":
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
        case "clear" if place is None or isinstance(place, str):
            return {"cleared": rate_limiter.clear(place)}
    raise ValueError
