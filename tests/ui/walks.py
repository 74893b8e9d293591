"""Visits to the portal, with keys and time: what the tests and the pictures have in common."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any, cast

import pytest
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from apppw_tui.commands import demo
from apppw_tui.domain import totp
from apppw_tui.domain.account import AUTHENTICATOR
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import ClipboardHelpers
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
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
    place: str = "",
    host_name: str = demo.HOST_NAME,
    demonstration: Callable[[], tuple[AppOptions, Portal]] | None = None,
) -> PortalApp:
    """The application over `house`; what it copies is kept in `Visit.sent`, as over SSH."""
    if connecting is None and isinstance(house, DemoHouse):
        says = house.says
        connecting = ConnectionHelp(house.rows, lambda *_: says)
    surroundings = AppOptions(
        host_name,
        may_create_first=may_create_first,
        demo=house.demonstration if show_demo and isinstance(house, DemoHouse) else None,
        save=save,
        connecting=connecting
        or ConnectionHelp(test=lambda *_: ConnectionTestResult(None, "Nobody was asked.")),
        kiosk=kiosk,
        shows_key=house.proven_key is not None,
        place=place,
        demonstration=demonstration,
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


class Visit:
    """The application on a screen of its own, and somebody at it."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.app = cast("PortalApp", pilot.app)  # or a small one, of which less is asked

    @property
    def screen(self) -> Screen[Any]:
        return self.app.screen

    @property
    def focused(self) -> Widget | None:
        return self.app.focused

    @property
    def sent(self) -> list[str]:
        """What was copied so far."""
        assert isinstance(self.app.clipboard_out, SentClipboard)
        return self.app.clipboard_out.sent

    def on(self, kind: type[Screen[Any]]) -> bool:
        """True if a screen or dialog of that kind is what one sees."""
        return isinstance(self.screen, kind)

    def screen_text(self) -> str:
        """What stands on the screen, row by row."""
        strips = self.screen._compositor.render_strips()  # the only way to see what a person sees
        return "\n".join(strip.text.rstrip() for strip in strips)

    def sentences(self) -> str:
        """The words on the screen, without the frame that may have broken them into lines."""
        return " ".join(self.screen_text().replace("│", " ").split())

    async def see(self, words: str) -> None:
        """Until `words` stand on the screen, whatever else goes on."""
        await self.until(lambda: words in self.sentences())

    async def until(self, so: Callable[[], bool]) -> None:
        """Until it is so, whatever else goes on."""
        for _ in range(_PATIENCE):
            if so():
                return
            await self.pilot.pause()
        raise AssertionError(f"never seen:\n{self.screen_text()}")

    def rows(self) -> list[str]:
        """What the list says that is asked."""
        choices = self.screen.query_one(ChoiceList)
        prompts = (choices.get_option_at_index(at).prompt for at in range(choices.option_count))
        return [str(prompt).strip() for prompt in prompts]

    def later(self, seconds: float = 1.0) -> None:
        """Time passes."""
        assert isinstance(self.app.clock, FixedClock)
        self.app.clock.advance(seconds)

    # --- keys --------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Until nothing goes on any more but a flow that waits for its dialog, or it was left."""
        calm = 0
        for _ in range(_PATIENCE):
            await self.pilot.pause()
            app = self.app
            if not app.is_running:
                return
            asking = isinstance(app.screen, ModalScreen)
            # What lies under a question waits for its answer, but not for help to be closed.
            stack = app.screen_stack
            asked = next(screen for screen in stack[::-1] if not isinstance(screen, HelpDialog))
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
                await self.pilot.pause(0.002)
        raise AssertionError(f"never came to rest: {busy}, keys wait: {keys}")

    async def press(self, *keys: str) -> None:
        """Presses `keys` one by one, and lets each have its effect."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def press_button(self, id_: str) -> None:
        """With Tab and Enter alone, as far round as it takes."""
        for _ in range(12):
            if self.focused is not None and self.focused.id == id_:
                break
            await self.press("tab")
        else:
            raise AssertionError(f"Tab never comes to {id_}")
        await self.press("enter")

    async def type_into(self, selector: str, text: str) -> None:
        """Puts `text` into a field at once, and the focus there."""
        field = self.screen.query_one(selector, Input)
        field.focus()
        field.value = text
        field.cursor_position = len(text)
        await self.settle()

    async def type_code(self, code: str) -> None:
        """Types it digit by digit, in one burst; the sixth submits it."""
        for digit in code:
            self.app.simulate_key(digit)
        await self.settle()

    async def choose(self, id_: str) -> None:
        """Moves the cursor of the list that is asked to that row, and presses Enter."""
        at = self.screen.query_one(ChoiceList).get_option_index(id_)
        await self.press("home", *["down"] * at, "enter")

    # --- ways through the portal -------------------------------------------------------------

    async def enter_password(self, password: str = PASSWORD, account: str = ACCOUNT) -> None:
        """The first question alone."""
        await self.type_into("#account", account)
        await self.type_into("#password", password)
        await self.press("enter")

    async def sign_in(self, account: str = ACCOUNT) -> None:
        """As if both questions had been answered, just now: most tests begin behind the door."""
        stored = self.app.portal._context.store.get(account)
        assert stored is not None
        session = new_session(stored)
        limited = needs_enrollment(stored, self.app.portal.policy)
        self.app.post_message(
            SignedIn(
                replace(session, restriction="none yet")
                if limited
                else session.reverified(self.app.clock)
            )
        )
        await self.settle()

    async def sign_in_by_hand(self, password: str = PASSWORD, account: str = ACCOUNT) -> None:
        """Both questions, where there is a second one."""
        await self.enter_password(password, account)
        if self.on(SecurityCodeDialog):
            await self.type_code(self.app_code())

    def app_code(self, account: str = ACCOUNT, steps: int = 0) -> str:
        """What the account's authenticator app shows; a step later if this one's was used."""
        context = self.app.portal._context  # where the key to the app's secret is
        stored = context.store.get(account)
        assert stored is not None
        assert stored.authenticator is not None
        secret = context.sealer.decrypt(stored.uid, AUTHENTICATOR, stored.authenticator.sealed)
        step = max(totp.step_at(context.clock.now()), stored.authenticator.last_step + 1)
        return totp.code(secret, step + steps)

    def shown_code(self) -> str:
        """What an app shows that holds the secret of the dialog which sets it up."""
        assert isinstance(self.screen, AuthenticatorDialog)
        return totp.code(self.screen._set_up.secret, totp.step_at(self.app.clock.now()))

    async def differently(self, id_: str) -> None:
        """From one way to answer the second question to another."""
        await self.press("f3")
        await self.choose(id_)

    async def create_first(self, again: str = PASSWORD) -> None:
        await self.type_into("#account", ACCOUNT)
        await self.type_into("#new", PASSWORD)
        await self.type_into("#again", again)
        await self.press("enter")

    async def to_app_passwords(self) -> None:
        await self.sign_in()
        await self.press("p")

    async def to_settings(self) -> None:
        await self.sign_in()
        await self.press("f2")

    async def to_create(self, name: str = "Kitchen tablet") -> None:
        await self.to_app_passwords()
        await self.press("c")
        await self.type_into("#name", name)

    async def to_reveal(self, name: str = "Kitchen tablet") -> None:
        """Until the new password is shown, and keys count."""
        await self.to_create(name)
        await self.press("enter")
        self.later()


@asynccontextmanager
async def opened(
    what: House | App[None], *, size: tuple[int, int] = (80, 24), **options: Any
) -> AsyncIterator[Visit]:
    """The portal over a house, or an application, on a screen of that size."""
    app = portal_app(what, **options) if isinstance(what, House) else what
    async with app.run_test(size=size) as pilot:
        yield Visit(pilot)


async def burst(visit: Visit, *keys: str) -> None:
    """All `keys` at once, before any of them has had its effect."""
    send(visit, *keys)
    await visit.settle()


def send(visit: Visit, *keys: str) -> None:
    """As `burst`, without waiting for any effect."""
    for key in keys:
        visit.app.post_message(Key(key, key if len(key) == 1 else None))


def gated(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> Event:
    """From now on `method` takes until the event that is returned is set."""
    gate, real = Event(), getattr(owner, method)

    def slow(*arguments: object) -> object:
        assert gate.wait(120)  # seconds; a test that forgets it must end
        return real(*arguments)

    monkeypatch.setattr(owner, method, slow)
    return gate
