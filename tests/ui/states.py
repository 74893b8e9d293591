"""Every visible state, and how one gets there: for the snapshots and for the pictures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from textual.pilot import Pilot

from apppw_tui.portal.portal import Portal
from tests.endings import Noticed
from tests.support import House
from tests.ui.walks import (
    demo_house,
    enter_password,
    house_with,
    later,
    press,
    settle,
    sign_in,
    to_app_passwords,
    to_create,
    to_reveal,
    type_into,
)

Walk = Callable[[Pilot[None]], Awaitable[None]]


def keys(start: Walk, *pressed: str) -> Walk:
    async def walk(pilot: Pilot[None]) -> None:
        await start(pilot)
        await press(pilot, *pressed)

    return walk


async def wrong_password(pilot: Pilot[None]) -> None:
    await enter_password(pilot, "not the password")


async def strong(pilot: Pilot[None]) -> None:
    await type_into(pilot, "#account", "ada@example.org")
    await type_into(pilot, "#new", "engine no. 1 weaves algebra")


async def weak_refused(pilot: Pilot[None]) -> None:
    await type_into(pilot, "#account", "adä lovelace")
    await type_into(pilot, "#new", "password1")
    await type_into(pilot, "#again", "password1")
    await press(pilot, "enter")


async def taken(pilot: Pilot[None]) -> None:
    await to_create(pilot, "laptop")
    await press(pilot, "enter")


async def copied(pilot: Pilot[None]) -> None:
    await to_reveal(pilot)
    await press(pilot, "enter")


async def created(pilot: Pilot[None]) -> None:
    await copied(pilot)
    later(pilot)
    await press(pilot, "enter")


async def limit(pilot: Pilot[None]) -> None:
    await to_app_passwords(pilot)
    await press(pilot, "c")


async def to_change_password(pilot: Pilot[None]) -> None:
    await sign_in(pilot)
    await press(pilot, "down", "enter", "enter")


async def password_refused(pilot: Pilot[None]) -> None:
    await to_change_password(pilot)
    await type_into(pilot, "#current", "not this one")
    await type_into(pilot, "#new", "loom cards remember flowers")
    await type_into(pilot, "#again", "loom cards remember flowers")
    await press(pilot, "enter")


@dataclass(frozen=True)
class State:
    walk: Walk
    house: Callable[[], House] = demo_house
    first: bool = False
    show_demo: bool = False


def empty() -> House:
    return house_with()


def forty() -> House:
    return house_with(*(f"Device {number:02}" for number in range(1, 41)))


def ending() -> House:
    """Where deleting an app password ends the account's sessions."""
    house = demo_house()
    house.portal = Portal(replace(house.means, session_terminator=Noticed()))
    return house


def awkward() -> House:
    return house_with(
        "[bold]markup[/]", "Küche 👩", "e\u0301\u0323 marks", "טלפון של עדה", "x" * 64, "電話" * 30
    )


STATES = {
    "login": State(settle),
    "login-wrong": State(wrong_password),
    "login-demo": State(settle, show_demo=True),
    "login-no-accounts": State(settle, House),
    "first-account": State(settle, House, first=True),
    "first-account-strong": State(strong, House, first=True),
    "first-account-refused": State(weak_refused, House, first=True),
    "settings": State(sign_in),
    "settings-links": State(keys(sign_in, "enter", "down")),
    "settings-password": State(keys(sign_in, "down")),
    "settings-appearance": State(keys(sign_in, *["down"] * 3, "enter")),
    "settings-sign-out": State(keys(sign_in, "end")),
    "signed-out": State(keys(sign_in, "end", "enter", "enter")),
    "change-password": State(to_change_password),
    "change-password-refused": State(password_refused),
    "app-passwords": State(keys(to_app_passwords, "down", "down")),
    "app-passwords-empty": State(to_app_passwords, empty),
    "app-passwords-names": State(to_app_passwords, awkward),
    "app-passwords-limit": State(limit, forty),
    "app-passwords-end": State(keys(to_app_passwords, "G"), forty),
    "app-passwords-on-delete": State(keys(to_app_passwords, "right")),
    "app-passwords-marked": State(keys(to_app_passwords, "space", "space")),
    "app-passwords-filter": State(keys(to_app_passwords, "slash", *"ta")),
    "app-passwords-nothing-found": State(keys(to_app_passwords, "slash", *"zz")),
    "app-passwords-sorted": State(keys(to_app_passwords, "s", "s", "S")),
    "app-passwords-created": State(created),
    "app-passwords-deleted": State(keys(to_app_passwords, "d", "y")),
    "create": State(to_create),
    "create-taken": State(taken),
    "reveal": State(to_reveal),
    "reveal-copied": State(copied),
    "reveal-not-copied": State(keys(to_reveal, "escape")),
    "delete": State(keys(to_app_passwords, "d")),
    "delete-ends-sessions": State(keys(to_app_passwords, "d"), ending),
    "delete-several": State(keys(to_app_passwords, "space", "space", "d")),
    "rename": State(keys(to_app_passwords, "r")),
    "details": State(keys(to_app_passwords, "enter")),
    "help": State(keys(to_app_passwords, "question_mark")),
    "help-over-dialog": State(keys(to_create, "f1")),
    "palette": State(keys(to_app_passwords, "colon")),
}
