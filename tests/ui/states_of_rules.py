"""What the administrator's rules and the clock look like."""

from dataclasses import replace

from apppw_tui.domain.policy import Policy
from apppw_tui.portal.portal import Portal
from apppw_tui.ui.app import PortalApp
from tests.support import House
from tests.ui.states import State, Walk, keys
from tests.ui.walks import Visit, demo_house


def bound(policy: Policy) -> House:
    house = demo_house()
    house.portal = Portal(replace(house.means, policy=policy))
    return house


def few_scopes() -> House:
    return bound(Policy(scopes=("mail", "caldav"), longest_expiry=60))


def nobody_creates() -> House:
    return bound(Policy(people_create=False))


def long_gone(start: Walk) -> Walk:
    """And then nothing was pressed for almost as long as it may be."""

    async def walk(visit: Visit) -> None:
        await start(visit)
        app = visit.app
        assert isinstance(app, PortalApp)
        app.presence.limit = 20.0
        app.sign_out_when_idle()
        await visit.settle()
        app.presence.limit = 3600.0

    return walk


async def refused(visit: Visit) -> None:
    """Certain services, and none of them ticked."""
    await visit.to_create()
    await visit.press("tab", "enter", "end", "enter")
    await visit.press_button("next")


STATES = {
    "idle": State(long_gone(Visit.to_app_passwords)),
    "idle-over-dialog": State(long_gone(Visit.to_reveal)),
    "idle-at-login": State(long_gone(Visit.settle)),
    "create-bound": State(Visit.to_create, few_scopes),
    "create-bound-refused": State(refused, few_scopes),
    "create-not-here": State(keys(Visit.to_app_passwords, "c"), nobody_creates),
}
