"""Every screen and dialog, and how one gets there: a few visits with many stops each.

A stop's way begins where the one before ended, so that somebody signs in once for all of them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from textual.screen import Screen

from apppw_tui.portal.portal import Portal
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.confirm import ConfirmDialog, DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import DetailsDialog, HelpDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog, PasswordQrDialog
from apppw_tui.ui.dialogs.palette import PaletteDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import BypassDialog, SecurityCodeDialog
from apppw_tui.ui.dialogs.ssh_keys import AddKeyDialog, KeyDialog
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.screens.login import LoginScreen
from apppw_tui.ui.screens.security import SecurityScreen
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.screens.settings import SettingsScreen
from apppw_tui.ui.screens.welcome import WelcomeScreen
from tests.endings import Noticed
from tests.support import PASSWORD, House
from tests.ui import states_of_verification as verification
from tests.ui.states import empty, ending, forty
from tests.ui.states_of_activity import busy
from tests.ui.states_of_keys import addable, asked_again, quick, to_add
from tests.ui.states_of_rules import few_scopes, nobody_creates
from tests.ui.walks import Visit, demo_house

Way = Callable[[Visit], Awaitable[None]]


@dataclass(frozen=True)
class Stop:
    """A state that one can be in, on a screen of that `kind`."""

    name: str
    kind: type[Screen[Any]]
    way: Way


@dataclass(frozen=True)
class Tour:
    house: Callable[[], House]
    stops: tuple[Stop, ...]
    options: dict[str, Any] = field(default_factory=dict)


def keys(*pressed: str) -> Way:
    async def way(visit: Visit) -> None:
        await visit.press(*pressed)

    return way


def ways(*several: Way) -> Way:
    async def way(visit: Visit) -> None:
        for each in several:
            await each(visit)

    return way


def typing(*texts: tuple[str, str], then: tuple[str, ...] = ("enter",)) -> Way:
    """Fills in fields, by selectors, and presses some keys."""

    async def way(visit: Visit) -> None:
        for selector, text in texts:
            await visit.type_into(selector, text)
        await visit.press(*then)

    return way


def code(of: Callable[[Visit], str]) -> Way:
    async def way(visit: Visit) -> None:
        await visit.type_code(of(visit))

    return way


def button(id_: str) -> Way:
    async def way(visit: Visit) -> None:
        await visit.press_button(id_)

    return way


def later(seconds: float) -> Way:
    async def way(visit: Visit) -> None:
        visit.later(seconds)

    return way


async def still_there(visit: Visit) -> None:
    """Nothing was pressed for almost as long as it may be."""
    app = visit.app
    assert isinstance(app, PortalApp)
    before = app.presence.limit
    app.presence.limit = 20.0
    app.sign_out_when_idle()
    await visit.settle()
    app.presence.limit = before


def nobody_asks() -> NoReturn:
    raise AssertionError("the demonstration is not opened here")


WRONG = "000000"
LONG = "augusta.ada.king-noel+countess@department.analytical-engine.example.org"
_NAMES = ("x" * 64, "電話" * 30, "A printer in the corridor of the second floor, scan to mail")


def long_words() -> House:
    """Names as long as they may be, where most is said about what happens to them."""
    house = House()
    house.portal = Portal(replace(house.means, session_terminator=Noticed()))
    house.add(LONG)
    for name in _NAMES:
        house.portal.create_app_password(house.session(LONG), name)
    return house


_REFUSED = (("#new", "password1"), ("#again", "password1"))

TOURS = {
    "welcome": Tour(
        House,
        (
            Stop("welcome", WelcomeScreen, Visit.settle),
            Stop("welcome, leaving", WelcomeScreen, keys("escape")),
            Stop("first account", LoginScreen, keys("enter")),
            Stop(
                "first account, refused",
                LoginScreen,
                typing(("#account", "adä lovelace"), *_REFUSED),
            ),
            Stop(
                "first account, weak",
                LoginScreen,
                typing(("#account", "ada@example.org"), *_REFUSED),
            ),
        ),
        {"may_create_first": True, "place": "~/.local/share/apppw-tui",
         "demonstration": nobody_asks},
    ),
    "no accounts": Tour(House, (Stop("no accounts", LoginScreen, Visit.settle),)),
    "sign-in": Tour(
        demo_house,
        (
            Stop("login", LoginScreen, Visit.settle),
            Stop("login, leaving", LoginScreen, keys("escape")),
            Stop("login, refused", LoginScreen, typing(("#password", "not this one"))),
            Stop("code", SecurityCodeDialog, typing(("#password", PASSWORD))),
            Stop("code, short", SecurityCodeDialog, typing(("#code", ""))),
            Stop("code, wrong", SecurityCodeDialog, code(lambda _: WRONG)),
            Stop("other options", ChooseDialog, keys("f3")),
            Stop("recovery code", SecurityCodeDialog, keys(*["down"] * 4, "enter")),
            Stop("recovery code, wrong", SecurityCodeDialog, typing(("#code", "0abc defg hjkm"))),
            Stop("code sent", SecurityCodeDialog, keys("f3", "home", "enter")),
            Stop("code sent again", SecurityCodeDialog, keys("r")),
            Stop("login again", LoginScreen, keys("escape")),
        ),
        {"show_demo": True},
    ),
    "a key": Tour(
        quick,
        (
            Stop("recognized", LoginScreen, Visit.settle),
            Stop("verify-by-key", KeyDialog, asked_again),
            Stop("ssh-keys", ChooseDialog, keys("enter", *["down"] * 4, "enter")),
            Stop("ssh-key", DetailsDialog, keys("enter")),
            Stop("ssh-key-remove", ConfirmDialog, keys("d")),
        ),
    ),
    "a key that is new": Tour(addable, (Stop("ssh-key-add", AddKeyDialog, to_add),)),
    "bypass": Tour(
        verification.bypassed,
        (
            Stop("bypass", BypassDialog, Visit.enter_password),
            Stop("set-up by a bypass", SetUpScreen, keys("enter")),
        ),
    ),
    "nothing usable": Tour(
        verification.unreachable, (Stop("nothing usable", ChooseDialog, Visit.enter_password),)
    ),
    "set-up": Tour(
        verification.new_account,
        (
            Stop("set-up", SetUpScreen, Visit.sign_in),
            Stop("method", ChooseDialog, keys("enter")),
            Stop("scan", AuthenticatorDialog, keys("enter")),
            Stop("key instead", AuthenticatorDialog, keys("k")),
            Stop("key copied", AuthenticatorDialog, keys("c")),
            Stop("scan, wrong code", AuthenticatorDialog, code(lambda _: WRONG)),
            Stop("number", PhoneNumberDialog, keys("b", "down", "enter")),
            Stop("number, refused", PhoneNumberDialog, typing(("#number", "0151 234"))),
            Stop(
                "number, sent", SecurityCodeDialog, typing(("#number", verification.NUMBER))
            ),
            Stop("recovery codes", RecoveryCodesDialog, code(verification.sent_code)),
            Stop(
                "recovery codes, not copied",
                RecoveryCodesDialog,
                ways(later(1), keys("escape")),
            ),
            Stop("recovery codes, copied", RecoveryCodesDialog, keys("c")),
            Stop("first app password", CreateDialog, ways(later(1), keys("enter"))),
            Stop("after the set-up", AppPasswordsScreen, keys("escape")),
        ),
    ),
    "set-up, nothing sent": Tour(
        verification.without_delivery,
        (Stop("method, nothing sent", ChooseDialog, ways(Visit.sign_in, keys("enter", "end"))),),
    ),
    "list": Tour(
        demo_house,
        (
            Stop("list", AppPasswordsScreen, Visit.sign_in),
            Stop("list, on Delete", AppPasswordsScreen, keys("right")),
            Stop("list, marked", AppPasswordsScreen, keys("left", "space", "space")),
            Stop("delete several", DeleteDialog, keys("d")),
            Stop("list, range", AppPasswordsScreen, keys("n", "escape", "V", "j", "j")),
            Stop("list, filtering", AppPasswordsScreen, keys("escape", "slash", *"ta")),
            Stop("list, filtered", AppPasswordsScreen, keys("enter")),
            Stop("list, no match", AppPasswordsScreen, keys("slash", *"zz")),
            Stop("list, leaving", AppPasswordsScreen, keys("escape", "escape")),
            Stop("list, sorted", AppPasswordsScreen, keys("s", "s", "S")),
            Stop("list, idle", AppPasswordsScreen, still_there),
            Stop("tabs", AppPasswordsScreen, keys("g", "shift+tab", "shift+tab")),
            Stop("gear", AppPasswordsScreen, keys("shift+tab")),
            Stop("help", HelpDialog, keys("tab", "down", "question_mark")),
            Stop("palette", PaletteDialog, keys("escape", "colon")),
            Stop("palette, no match", PaletteDialog, keys(*"zzz")),
            Stop("delete", DeleteDialog, keys("escape", "d")),
            Stop("edit", EditDialog, keys("n", "e")),
            Stop("edit, refused", EditDialog, typing(("#name", ""))),
            Stop("details", DetailsDialog, keys("escape", "enter")),
            Stop("details, copied", DetailsDialog, keys("y")),
            Stop("set-up card", DetailsDialog, keys("escape", "i")),
            Stop("list, paused", AppPasswordsScreen, keys("escape", "x")),
            Stop("details, paused", DetailsDialog, keys("enter")),
        ),
    ),
    "create": Tour(
        demo_house,
        (
            Stop("create", CreateDialog, ways(Visit.sign_in, keys("c"))),
            Stop("create, refused", CreateDialog, typing(("#name", "laptop"))),
            Stop("create, for", CreateDialog, keys("tab", "enter")),
            Stop("create, services", CreateDialog, keys("end", "enter")),
            Stop("create, none ticked", CreateDialog, button("next")),
            Stop("create, expires", CreateDialog, keys("shift+tab", "enter")),
            Stop("create, until a date", CreateDialog, keys("end", "enter")),
            Stop("help over create", HelpDialog, keys("f1")),
            Stop(
                "reveal",
                NewAppPasswordDialog,
                ways(
                    keys("escape", "escape", "c"),
                    typing(("#name", "Kitchen tablet")),
                    later(1),
                ),
            ),
            Stop("reveal, not copied", NewAppPasswordDialog, keys("escape")),
            Stop("reveal, tried", NewAppPasswordDialog, keys("t")),
            Stop("what scans", ChooseDialog, keys("m")),
            Stop("picture", PasswordQrDialog, keys("end", "enter")),
            Stop("reveal, copied", NewAppPasswordDialog, keys("escape", "c")),
            Stop("list, created", AppPasswordsScreen, ways(later(1), keys("escape"))),
        ),
    ),
    "security": Tour(
        verification.protected,
        (
            Stop("security", SecurityScreen, ways(Visit.sign_in, keys("v"))),
            Stop("preferred", ChooseDialog, keys("o")),
            Stop("preferred, changed", SecurityScreen, keys("up", "enter")),
            Stop("change number", PhoneNumberDialog, keys("home", "enter")),
            Stop(
                "change number, sent",
                SecurityCodeDialog,
                typing(("#number", verification.NUMBER)),
            ),
            Stop("remove method", ConfirmDialog, keys("escape", "d")),
            Stop("authenticator again", AuthenticatorDialog, keys("n", "down", "down", "down",
                                                                  "enter")),
            Stop("new codes", ConfirmDialog, keys("escape", "end", "enter")),
            Stop("recovery codes again", RecoveryCodesDialog, keys("y")),
            Stop(
                "not removable",
                SecurityScreen,
                ways(later(1), keys("c"), later(1), keys("escape", "end", "d")),
            ),
            Stop("security tabs", SecurityScreen, keys("shift+tab", "shift+tab")),
        ),
    ),
    "verify again": Tour(
        verification.optional,
        (
            Stop("nothing set up", SecurityScreen, ways(Visit.sign_in, keys("v", "d"))),
            Stop(
                "verify by password",
                ConfirmPasswordDialog,
                ways(keys("p"), later(601), keys("v")),
            ),
            Stop("verify by password, empty", ConfirmPasswordDialog, keys("enter")),
        ),
    ),
    "settings": Tour(
        busy,
        (
            Stop("settings", SettingsScreen, ways(Visit.sign_in, keys("f2"))),
            Stop("settings, links", SettingsScreen, keys("enter", "down")),
            Stop("settings, password", SettingsScreen, keys("escape", "down")),
            Stop("change password", ChangePasswordDialog, keys("enter", "enter")),
            Stop(
                "change password, refused",
                ChangePasswordDialog,
                typing(("#current", "not this one"), *_REFUSED),
            ),
            Stop("activity", SettingsScreen, keys("escape", "escape", "down", "enter")),
            Stop("what happened", DetailsDialog, keys("down", "down", "down", "down", "enter")),
            Stop("sessions", SettingsScreen, keys("escape", "escape", "down", "enter")),
            Stop("sessions, ended", SettingsScreen, keys("enter")),
            Stop("appearance", SettingsScreen, keys("escape", "down", "enter")),
            Stop("appearance, chosen", SettingsScreen, keys("down", "enter")),
            Stop("sign out", SettingsScreen, keys("escape", "down", "enter")),
            Stop("signed out", LoginScreen, keys("enter")),
        ),
    ),
    "long words": Tour(
        long_words,
        (
            Stop("long list", AppPasswordsScreen, lambda visit: visit.sign_in(LONG)),
            Stop("long details", DetailsDialog, keys("enter")),
            Stop("long edit", EditDialog, keys("escape", "j", "e")),
            Stop("long edit, narrow", EditDialog, keys("escape", "j", "e")),
            Stop("long palette", PaletteDialog, keys("escape", "colon")),
            Stop("long pause", AppPasswordsScreen, keys("escape", "x")),
            Stop("long resume", AppPasswordsScreen, keys("x")),
            Stop("long card", DetailsDialog, keys("i")),
            Stop("long deletion", DeleteDialog, keys("escape", "d")),
            Stop("long, deleted", AppPasswordsScreen, keys("y")),
            Stop(
                "long reveal",
                NewAppPasswordDialog,
                ways(keys("c"), typing(("#name", "y" * 64)), later(1)),
            ),
            Stop("long, created", AppPasswordsScreen, keys("escape", "escape")),
            Stop("long, several deleted", AppPasswordsScreen, keys("a", "d", "y")),
            Stop("long settings", SettingsScreen, keys("f2")),
            Stop("long sign out", SettingsScreen, keys("end", "enter")),
            Stop("long login", LoginScreen, keys("enter")),
        ),
        {"host_name": "portal.passwords.department.analytical-engine.example.org"},
    ),
    "empty list": Tour(empty, (Stop("empty list", AppPasswordsScreen, Visit.sign_in),)),
    "full list": Tour(
        forty,
        (
            Stop("full list", AppPasswordsScreen, ways(Visit.sign_in, keys("c"))),
            Stop("full list, its end", AppPasswordsScreen, keys("G")),
            Stop("all marked", DeleteDialog, keys("a", "d")),
            Stop("everything is deleted", AppPasswordsScreen, keys("y")),
        ),
    ),
    "sessions end": Tour(
        ending, (Stop("delete ends sessions", DeleteDialog, ways(Visit.sign_in, keys("d"))),)
    ),
    "rules": Tour(
        few_scopes, (Stop("create, by the rules", CreateDialog, ways(Visit.sign_in, keys("c"))),)
    ),
    "nobody creates": Tour(
        nobody_creates,
        (Stop("nobody creates", AppPasswordsScreen, ways(Visit.sign_in, keys("c"))),),
    ),
}  # fmt: skip
