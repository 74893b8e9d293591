"""Walking through the portal with a pilot: what the tests and the pictures have in common."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from apppw_tui.commands import demo
from apppw_tui.domain import totp
from apppw_tui.domain.account import AUTHENTICATOR
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import ClipboardHelpers
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.sessions import needs_enrollment, new_session
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import AppOptions, ConnectionHelp, Kiosk
from apppw_tui.ui.clipboard import Clipboard
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.dialogs.security_code import SecurityCodeDialog
from apppw_tui.ui.messages import SignedIn
from apppw_tui.ui.widgets.lists import ChoiceList
from tests.support import PASSWORD, FixedClock, House, cheap_hasher

ACCOUNT = demo.ACCOUNT
_PATIENCE = 400  # looks, not seconds


@dataclass
class DemoHouse(House):
    """The accounts of `--demo`, the same in every run."""

    demonstration: demo.Demonstration | None = None
    rows: tuple[ConnectionSetting, ...] = demo.ROWS
    says: ConnectionTestResult = field(
        default_factory=lambda: ConnectionTestResult(True, f"It opens IMAP, as {ACCOUNT}.")
    )


def demo_house() -> DemoHouse:
    clock, random = FixedClock(), Random(7)
    made = demo.Demonstration(clock, cheap_hasher(), random.randrange, random.randbytes)
    return DemoHouse(
        store=made.store,
        clock=clock,
        hasher=made.hasher,
        seals=made.seals,
        usage=made,
        policy=Policy(),
        demonstration=made,
    )


def house_with(*names: str) -> House:
    """One account, with app passwords of these names."""
    house = House()
    house.add(ACCOUNT)
    session = house.session(ACCOUNT)
    for name in names:
        house.portal.create_app_password(session, name)
        house.clock.advance(3600)
        session = session.reverified(house.clock)
    return house


def portal_app(
    house: House,
    *,
    may_create_first: bool = False,
    show_demo: bool = False,
    environment: dict[str, str] | None = None,
    save: Callable[[str, str, datetime, Secret], Path] | None = None,
    connecting: ConnectionHelp | None = None,
    kiosk: Kiosk | None = None,
    tools: ClipboardHelpers | None = None,
    sign_out_after: float = math.inf,
) -> PortalApp:
    """The application over `house`; what it copies is kept in `sent(app)`, as over SSH."""
    if connecting is None and isinstance(house, DemoHouse):
        says = house.says
        connecting = ConnectionHelp(house.rows, lambda *_: says)
    surroundings = AppOptions(
        demo.HOST_NAME,
        may_create_first=may_create_first,
        demo=house.demonstration if show_demo and isinstance(house, DemoHouse) else None,
        save=save,
        connecting=connecting
        or ConnectionHelp(test=lambda *_: ConnectionTestResult(None, "Nobody was asked.")),
        kiosk=kiosk,
    )
    clipboard = SentClipboard(environment or {"SSH_TTY": "/dev/pts/0"}, tools)
    app = PortalApp(house.portal, house.clock, surroundings, clipboard)
    app.presence.limit = sign_out_after  # the clock makes leaps that nobody sat through
    return app


class SentClipboard(Clipboard):
    """Remembers what was sent to the terminal's clipboard."""

    def __init__(self, environment: dict[str, str], tools: ClipboardHelpers | None = None) -> None:
        self.sent: list[str] = []
        super().__init__(self.sent.append, environment, tools)


def sent(app: PortalApp) -> list[str]:
    """What `app` has copied so far."""
    assert isinstance(app.clipboard_out, SentClipboard)
    return app.clipboard_out.sent


def on(app: PortalApp, kind: type[Screen[Any]]) -> bool:
    """True if a screen or dialog of that kind is what one sees."""
    return isinstance(app.screen, kind)


async def settle(pilot: Pilot[None]) -> None:
    """Until nothing is going on any more but a flow that waits for its dialog, or it was left."""
    calm = 0
    for _ in range(_PATIENCE):
        await pilot.pause()
        app = pilot.app
        if not app.is_running:
            return
        asking = isinstance(app.screen, ModalScreen)
        # What lies under a question waits for its answer; it does not wait for help to be closed.
        asked = [screen for screen in app.screen_stack if not isinstance(screen, HelpDialog)][-1]
        busy = [
            worker
            for worker in app.workers
            if not worker.is_finished
            and not (asking and worker.group == "flow")
            and not (isinstance(worker.node, ModalScreen) and worker.node is not asked)
        ]
        keys = isinstance(app, PortalApp) and not app.at_rest
        calm = 0 if busy or keys else calm + 1
        if calm == 2:
            return
        if busy or keys:
            await pilot.pause(0.002)
    raise AssertionError(f"never came to rest: {busy}, keys wait: {keys}")


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses `keys` one by one, and lets each have its effect."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def type_into(pilot: Pilot[None], selector: str, text: str) -> None:
    """Puts `text` into a field at once, and the focus there."""
    field = pilot.app.screen.query_one(selector, Input)
    field.focus()
    field.value = text
    field.cursor_position = len(text)
    await settle(pilot)


async def enter_password(
    pilot: Pilot[None], password: str = PASSWORD, account: str = ACCOUNT
) -> None:
    """The first question alone."""
    await type_into(pilot, "#account", account)
    await type_into(pilot, "#password", password)
    await press(pilot, "enter")


async def sign_in(pilot: Pilot[None], account: str = ACCOUNT) -> None:
    """As if both questions had been answered, just now: most tests begin behind the door."""
    app = pilot.app
    assert isinstance(app, PortalApp)
    kept = app.portal._context.store.get(account)
    assert kept is not None
    session = new_session(kept)
    policy = app.portal.policy
    limited = needs_enrollment(kept, policy)
    app.post_message(
        SignedIn(
            replace(session, restriction="none yet") if limited else session.reverified(app.clock)
        )
    )
    await settle(pilot)


async def sign_in_by_hand(
    pilot: Pilot[None], password: str = PASSWORD, account: str = ACCOUNT
) -> None:
    """Both questions, where there is a second one."""
    await enter_password(pilot, password, account)
    if isinstance(pilot.app.screen, SecurityCodeDialog):
        await type_code(pilot, app_code(pilot))


def app_code(pilot: Pilot[None], account: str = ACCOUNT, steps: int = 0) -> str:
    """What the account's authenticator app shows; a step later if this one's was used."""
    app = pilot.app
    assert isinstance(app, PortalApp)
    means = app.portal._context  # where the key to the app's secret is
    kept = means.store.get(account)
    assert kept is not None
    assert kept.authenticator is not None
    secret = means.sealer.decrypt(kept.uid, AUTHENTICATOR, kept.authenticator.sealed)
    step = max(totp.step_at(means.clock.now()), kept.authenticator.last_step + 1)
    return totp.code(secret, step + steps)


def shown_code(pilot: Pilot[None]) -> str:
    """What an app shows that holds the secret of the dialog which sets it up."""
    app, dialog = pilot.app, pilot.app.screen
    assert isinstance(app, PortalApp)
    assert isinstance(dialog, AuthenticatorDialog)
    return totp.code(dialog._set_up.secret, totp.step_at(app.clock.now()))


async def type_code(pilot: Pilot[None], code: str) -> None:
    """Types it digit by digit, in one burst; the sixth submits it."""
    for digit in code:
        pilot.app.simulate_key(digit)
    await settle(pilot)


def rows(pilot: Pilot[None]) -> list[str]:
    """What the list says that is asked."""
    found = pilot.app.screen.query_one(ChoiceList)
    return [str(found.get_option_at_index(at).prompt).strip() for at in range(found.option_count)]


async def choose(pilot: Pilot[None], id_: str) -> None:
    """Moves the cursor of the list that is asked to that row, and presses Enter."""
    rows = pilot.app.screen.query_one(ChoiceList)
    at = rows.get_option_index(id_)
    await press(pilot, "home", *["down"] * at, "enter")


async def differently(pilot: Pilot[None], id_: str) -> None:
    """From one way to answer the second question to another."""
    await press(pilot, "f3")
    await choose(pilot, id_)


async def press_button(pilot: Pilot[None], id_: str) -> None:
    """With Tab and Enter alone, as far round as it takes."""
    for _ in range(12):
        focused = pilot.app.focused
        if focused is not None and focused.id == id_:
            break
        await press(pilot, "tab")
    else:
        raise AssertionError(f"Tab never comes to {id_}")
    await press(pilot, "enter")


def gated(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> Event:
    """From now on `method` takes until the event that is returned is set."""
    gate, real = Event(), getattr(owner, method)

    def slow(*arguments: object) -> object:
        assert gate.wait(120)  # seconds; a test that forgets it must end
        return real(*arguments)

    monkeypatch.setattr(owner, method, slow)
    return gate


async def create_first(pilot: Pilot[None], again: str = PASSWORD) -> None:
    await type_into(pilot, "#account", ACCOUNT)
    await type_into(pilot, "#new", PASSWORD)
    await type_into(pilot, "#again", again)
    await press(pilot, "enter")


async def to_app_passwords(pilot: Pilot[None]) -> None:
    await sign_in(pilot)
    await press(pilot, "p")


async def to_create(pilot: Pilot[None], name: str = "Kitchen tablet") -> None:
    await to_app_passwords(pilot)
    await press(pilot, "c")
    await type_into(pilot, "#name", name)


async def to_reveal(pilot: Pilot[None], name: str = "Kitchen tablet") -> None:
    """Until the new password is shown, and keys count."""
    await to_create(pilot, name)
    await press(pilot, "enter")
    later(pilot)


def later(pilot: Pilot[None], seconds: float = 1.0) -> None:
    """Time passes."""
    clock = pilot.app.clock  # type: ignore[attr-defined]
    assert isinstance(clock, FixedClock)
    clock.advance(seconds)


def screen_text(pilot: Pilot[None]) -> str:
    """What stands on the screen, row by row."""
    screen = pilot.app.screen
    strips = screen._compositor.render_strips()  # the only way to see what a person sees
    return "\n".join(strip.text.rstrip() for strip in strips)


def sentences(pilot: Pilot[None]) -> str:
    """The words on the screen, without the frame that may have broken them into lines."""
    return " ".join(screen_text(pilot).replace("│", " ").split())
