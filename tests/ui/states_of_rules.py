"""What the administrator's rules and the clock look like."""

from dataclasses import replace

from textual.pilot import Pilot

from apppw_tui.domain.policy import Policy
from apppw_tui.portal.portal import Portal
from apppw_tui.ui.app import PortalApp
from tests.support import House
from tests.ui.states import State, Walk, keys
from tests.ui.walks import (
    demo_house,
    press,
    settle,
    to_app_passwords,
    to_create,
    to_reveal,
    type_into,
)


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

    async def walk(pilot: Pilot[None]) -> None:
        await start(pilot)
        app = pilot.app
        assert isinstance(app, PortalApp)
        app.presence.limit = 20.0
        app.sign_out_when_idle()
        await settle(pilot)
        app.presence.limit = 3600.0

    return walk


async def refused(pilot: Pilot[None]) -> None:
    """A date and a service beyond what is offered."""
    await to_create(pilot)
    await press(pilot, "tab", "enter", "end", "enter")
    await type_into(pilot, "#services", "imap xmpp")
    await press(pilot, "enter")


STATES = {
    "idle": State(long_gone(to_app_passwords)),
    "idle-over-dialog": State(long_gone(to_reveal)),
    "idle-at-login": State(long_gone(settle)),
    "create-bound": State(to_create, few_scopes),
    "create-bound-refused": State(refused, few_scopes),
    "create-not-here": State(keys(to_app_passwords, "c"), nobody_creates),
}
