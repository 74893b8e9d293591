"""Limits of sending: how many codes and messages go out in what time."""

from dataclasses import dataclass, replace
from datetime import datetime

from apppw_tui.domain.errors import RateLimited
from apppw_tui.domain.lines import describe_wait
from apppw_tui.domain.throttle import ThrottleState


@dataclass(frozen=True)
class SendLimit:
    """At most `count` codes in any `seconds`, of which there are no more than a day has."""

    count: int
    seconds: float


ACCOUNT_SENDS = SendLimit(3, 600)
NUMBER_SENDS = SendLimit(10, 86_400)


def record_sent_code(
    state: ThrottleState, now: datetime, limit: SendLimit = ACCOUNT_SENDS
) -> ThrottleState:
    """One more code sent; a state is asked with one limit alone.

    Raises:
        RateLimited: as many as `limit` allows were sent; nothing is counted.
    """
    state = state.as_of(now)
    ages = [(now - stamp).total_seconds() for stamp in state.sends]
    recent = [age for age in ages if age < limit.seconds]
    if len(recent) >= limit.count:
        wait = limit.seconds - recent[-limit.count]
        raise RateLimited(f"Too many codes were sent. Wait {describe_wait(wait)}.", wait)
    sends = state.sends[len(ages) - len(recent) :]
    return replace(state, sends=(*sends, now))
