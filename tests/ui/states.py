"""Every visible state, and how one gets there: for the snapshots and for the pictures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from apppw_tui.portal.portal import Portal
from tests.endings import Noticed
from tests.support import House
from tests.ui.walks import Visit, demo_house, house_with

Walk = Callable[[Visit], Awaitable[None]]


def keys(start: Walk, *pressed: str) -> Walk:
    async def walk(visit: Visit) -> None:
        await start(visit)
        await visit.press(*pressed)

    return walk


async def wrong_password(visit: Visit) -> None:
    await visit.enter_password("not the password")


async def strong(visit: Visit) -> None:
    await visit.type_into("#account", "ada@example.org")
    await visit.type_into("#new", "engine no. 1 weaves algebra")


async def weak_refused(visit: Visit) -> None:
    await visit.type_into("#account", "adä lovelace")
    await visit.type_into("#new", "password1")
    await visit.type_into("#again", "password1")
    await visit.press("enter")


async def taken(visit: Visit) -> None:
    await visit.to_create("laptop")
    await visit.press("enter")


async def copied(visit: Visit) -> None:
    await visit.to_reveal()
    await visit.press("enter")


async def created(visit: Visit) -> None:
    await copied(visit)
    visit.later()
    await visit.press("enter")


async def limit(visit: Visit) -> None:
    await visit.to_app_passwords()
    await visit.press("c")


async def to_change_password(visit: Visit) -> None:
    await visit.to_settings()
    await visit.press("down", "enter", "enter")


async def password_refused(visit: Visit) -> None:
    await to_change_password(visit)
    await visit.type_into("#current", "not this one")
    await visit.type_into("#new", "loom cards remember flowers")
    await visit.type_into("#again", "loom cards remember flowers")
    await visit.press("enter")


@dataclass(frozen=True)
class State:
    walk: Walk
    house: Callable[[], House] = demo_house
    first: bool = False
    show_demo: bool = False
    place: str = ""  # where nobody is yet, with a demonstration beside the first account


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
    "login": State(Visit.settle),
    "login-wrong": State(wrong_password),
    "login-demo": State(Visit.settle, show_demo=True),
    "login-no-accounts": State(Visit.settle, House),
    "welcome": State(Visit.settle, House, first=True, place="~/.local/share/apppw-tui"),
    "first-account": State(Visit.settle, House, first=True),
    "first-account-strong": State(strong, House, first=True),
    "first-account-refused": State(weak_refused, House, first=True),
    "settings": State(Visit.to_settings),
    "settings-links": State(keys(Visit.to_settings, "enter", "down")),
    "settings-password": State(keys(Visit.to_settings, "down")),
    "settings-appearance": State(keys(Visit.to_settings, *["down"] * 4, "enter")),
    "settings-sessions": State(keys(Visit.to_settings, *["down"] * 3, "enter")),
    "settings-sign-out": State(keys(Visit.to_settings, "end")),
    "signed-out": State(keys(Visit.sign_in, "end", "enter", "enter")),
    "change-password": State(to_change_password),
    "change-password-refused": State(password_refused),
    "app-passwords": State(keys(Visit.to_app_passwords, "down", "down")),
    "app-passwords-on-laptop": State(keys(Visit.to_app_passwords, *"jjj")),
    "app-passwords-in-pane": State(keys(Visit.to_app_passwords, *"jjj", "tab", "j", "y")),
    "app-passwords-empty": State(Visit.to_app_passwords, empty),
    "app-passwords-names": State(Visit.to_app_passwords, awkward),
    "app-passwords-limit": State(limit, forty),
    "app-passwords-end": State(keys(Visit.to_app_passwords, "G"), forty),
    "app-passwords-on-delete": State(keys(Visit.to_app_passwords, "right")),
    "app-passwords-marked": State(keys(Visit.to_app_passwords, "space", "space")),
    "app-passwords-filter": State(keys(Visit.to_app_passwords, "slash", *"ta")),
    "app-passwords-nothing-found": State(keys(Visit.to_app_passwords, "slash", *"zz")),
    "app-passwords-sorted": State(keys(Visit.to_app_passwords, "s", "s", "S")),
    "app-passwords-created": State(created),
    "app-passwords-range": State(keys(Visit.to_app_passwords, "V", *"jj")),
    "app-passwords-all-deleted": State(keys(Visit.to_app_passwords, *"ady")),
    "app-passwords-deleted": State(keys(Visit.to_app_passwords, "d", "y")),
    "create": State(Visit.to_create),
    "create-taken": State(taken),
    "create-services": State(keys(Visit.to_create, "tab", "enter", "end", "enter", "space")),
    "reveal": State(Visit.to_reveal),
    "reveal-copied": State(copied),
    "reveal-not-copied": State(keys(Visit.to_reveal, "escape")),
    "delete": State(keys(Visit.to_app_passwords, "d")),
    "delete-ends-sessions": State(keys(Visit.to_app_passwords, "d"), ending),
    "delete-several": State(keys(Visit.to_app_passwords, "space", "space", "d")),
    "edit": State(keys(Visit.to_app_passwords, "e")),
    "app-passwords-paused": State(keys(Visit.to_app_passwords, "x")),
    "details": State(keys(Visit.to_app_passwords, *"jjj", "enter")),
    "details-copied": State(keys(Visit.to_app_passwords, *"jjj", "enter", *"jjy")),
    "set-up-card": State(keys(Visit.to_app_passwords, *"jjj", "i")),
    "help": State(keys(Visit.to_app_passwords, "question_mark")),
    "help-over-dialog": State(keys(Visit.to_create, "f1")),
    "palette": State(keys(Visit.to_app_passwords, "colon")),
}
