"""Recent activity: what it can look like, and how one gets there."""

from dataclasses import replace
from datetime import timedelta

from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.portal.portal import Portal
from apppw_tui.store.memory_history import MemoryActivityLog
from tests.support import House
from tests.ui.states import State
from tests.ui.walks import ACCOUNT, Visit, house_with

HERE = "192.0.2.7"
OPERATOR = "operator (uid 1000, by sudo)"


def watched() -> House:
    """Where activity is written down."""
    house = house_with()
    activity = MemoryActivityLog(house.clock)
    house.means = replace(house.means, activity_log=activity)
    house.portal = Portal(house.means)
    return house


def busy(*, awkward: bool = True) -> House:
    """Ada's account, of which there is something to tell, some of it `awkward` to draw."""
    house = watched()
    activity = house.means.activity_log
    assert isinstance(activity, MemoryActivityLog)
    name = "[bold]x[/] " + "電話" * 26 if awkward else "Old tablet"
    future = "from\x1b[31m tomorrow" if awkward else EventType.SIGNED_IN
    wide = "2001:db8:1234:5678:9abc:def0:1234:5678"
    for hours, act, by, facts in (
        (0, EventType.SIGNED_IN, ACCOUNT, {"address": HERE}),
        (0.07, EventType.CREATED, ACCOUNT, {"name": "Laptop", "address": HERE}),
        (0.5, EventType.WRONG_CODE, ACCOUNT, {"method": "authenticator app", "address": HERE}),
        (2, EventType.WRONG_PASSWORD, ACCOUNT, {"address": "198.51.100.9"}),
        (3, EventType.USED_NEW, "the server", {"name": "Phone calendar", "address": wide}),
        (26, EventType.METHOD_SET_UP, ACCOUNT, {"method": "authentication phone", "address": HERE}),
        (27, EventType.BYPASS_GIVEN, OPERATOR, {"minutes": "30"}),
        (50, EventType.DELETED, ACCOUNT, {"name": name, "address": HERE}),
        (51, EventType.RECOVERY_USED, ACCOUNT, {"left": "7", "address": HERE}),
        (800, EventType.PASSWORD_CHANGED, ACCOUNT, {"address": "local"}),
        (801, future, ACCOUNT, {}),
        *((810 + hour, EventType.SIGNED_IN, ACCOUNT, {"address": HERE}) for hour in range(95)),
    ):
        time = house.clock.now() - timedelta(hours=hours)
        activity.add(house.now(ACCOUNT).uid, ActivityEntry(time, act, by, dict(facts)))
    return house


async def to_activity(visit: Visit) -> None:
    await visit.to_settings()
    await visit.press("down", "down", "enter")


async def in_full(visit: Visit) -> None:
    await to_activity(visit)
    await visit.press("down", "down", "down", "down", "enter")


STATES = {
    "activity": State(to_activity, busy),
    "activity-in-full": State(in_full, busy),
    "activity-empty": State(to_activity, house_with),
}
