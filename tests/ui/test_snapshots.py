"""How every visible state looks. Each picture was looked at before it was accepted."""

import os
from collections.abc import Callable
from typing import NoReturn

import pytest

from apppw_tui.ui import themes
from tests.ui import (
    states,
    states_of_activity,
    states_of_keys,
    states_of_reveal,
    states_of_rules,
    states_of_verification,
)
from tests.ui.walks import Visit, portal_app

Compare = Callable[..., bool]

STATES = {
    **states.STATES,
    **states_of_activity.STATES,
    **states_of_reveal.STATES,
    **states_of_keys.STATES,
    **states_of_rules.STATES,
    **states_of_verification.STATES,
}
MAIN = (
    "login-wrong",
    "first-account-strong",
    "settings",
    "security",
    "verify-wrong",
    "verify-options",
    "ssh-keys",
    "set-up-app",
    "set-up-recovery",
    "app-passwords",
    "app-passwords-empty",
    "create",
    "reveal-copied",
    "delete",
    "help",
    "palette",
)
# Of these the rarer looks and the largest window, too.
FIRST = (
    "login-wrong",
    "settings",
    "security",
    "app-passwords",
    "create",
    "reveal-copied",
    "delete",
    "help",
    "palette",
)
CAN_DO_LITTLE = {
    "16 colours": {"TERM": "xterm", "COLORTERM": ""},
    "no colour": {"NO_COLOR": "1"},
}

WITH_PANE = ("app-passwords-on-laptop", "app-passwords-in-pane", "app-passwords-range")
EVERYDAY = (*FIRST, "welcome", "first-account-strong", "verify-wrong", "set-up-app")


def compare(snap_compare: Compare, name: str, size: tuple[int, int]) -> bool:
    state = STATES[name]
    app = portal_app(
        state.house(),
        may_create_first=state.first,
        show_demo=state.show_demo,
        place=state.place,
        demonstration=nobody_asks if state.place else None,
    )
    return snap_compare(app, terminal_size=size, run_before=lambda pilot: state.walk(Visit(pilot)))


def nobody_asks() -> NoReturn:
    raise AssertionError("a picture of Welcome opens no demonstration")


def marked(name: str) -> object:
    """The rest is drawn where there is time."""
    return name if name in EVERYDAY else pytest.param(name, marks=pytest.mark.slow)


@pytest.mark.parametrize("name", map(marked, STATES))
def test_80x24(snap_compare: Compare, name: str) -> None:
    assert compare(snap_compare, name, (80, 24))


def _id(part: str | tuple[int, int]) -> str:
    return part if isinstance(part, str) else f"{part[0]}x{part[1]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in MAIN for size in ((40, 12), (120, 40))]
    + [(name, (200, 50)) for name in FIRST],
    ids=_id,
)
def test_other_sizes(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    assert compare(snap_compare, name, size)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (200, 50)], ids=["120x40", "200x50"])
@pytest.mark.parametrize("name", WITH_PANE)
def test_pane(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    assert compare(snap_compare, name, size)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "look"),
    [(name, look) for name in MAIN for look in ("light", "16 colours")]
    + [(name, look) for name in FIRST for look in ("high-contrast", "no colour")],
)
def test_other_looks(
    snap_compare: Compare, name: str, look: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if look in CAN_DO_LITTLE:
        os.environ.update(CAN_DO_LITTLE[look])
    else:
        monkeypatch.setattr(themes, "pick", lambda *_, **__: themes.APPEARANCES[look])
    assert compare(snap_compare, name, (80, 24))
