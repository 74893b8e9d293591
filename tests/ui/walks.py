"""Walking through the portal with a pilot: what the tests and the pictures have in common."""

from random import Random
from typing import Any

from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from apppw_tui import demo
from apppw_tui.store.memory import MemoryStore
from apppw_tui.ui.app import PortalApp, Surroundings
from apppw_tui.ui.clipboard import Clipboard
from tests.support import PASSWORD, FixedClock, House

ACCOUNT = demo.ACCOUNT
_PATIENCE = 400  # looks, not seconds; more than any test has ever needed


def demo_house() -> House:
    """The accounts of `--demo`, the same in every run."""
    store, clock, random = MemoryStore(), FixedClock(), Random(7)
    house = House(store=store, clock=clock)
    demo.fill(
        store, house.hasher, clock, random.randrange, lambda size: random.randbytes(size).hex()
    )
    return house


def house_with(*names: str) -> House:
    """One account, with app passwords of these names."""
    house = House()
    house.add(ACCOUNT)
    session = house.portal.sign_in(ACCOUNT, PASSWORD)
    for name in names:
        house.portal.create_app_password(session, name)
        house.clock.advance(3600)
    return house


def portal_app(
    house: House,
    *,
    may_create_first: bool = False,
    show_demo: bool = False,
    environment: dict[str, str] | None = None,
) -> PortalApp:
    """The application over `house`; what it copies is kept in `sent(app)`, as over SSH."""
    surroundings = Surroundings(
        demo.HOST_NAME,
        may_create_first=may_create_first,
        demo=(demo.ACCOUNT, demo.PASSWORD) if show_demo else None,
    )
    clipboard = SentClipboard(environment or {"SSH_TTY": "/dev/pts/0"})
    return PortalApp(house.portal, house.clock, surroundings, clipboard)


class SentClipboard(Clipboard):
    """Remembers what was sent to the terminal's clipboard."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.sent: list[str] = []
        super().__init__(self.sent.append, environment)


def sent(app: PortalApp) -> list[str]:
    """What `app` has copied so far."""
    assert isinstance(app.clipboard_out, SentClipboard)
    return app.clipboard_out.sent


def on(app: PortalApp, kind: type[Screen[Any]]) -> bool:
    """True if a screen or dialog of that kind is what one sees."""
    return isinstance(app.screen, kind)


async def settle(pilot: Pilot[None]) -> None:
    """Until nothing is going on any more but a flow that waits for its dialog."""
    calm = 0
    for _ in range(_PATIENCE):
        await pilot.pause()
        app = pilot.app
        asking = isinstance(app.screen, ModalScreen)
        busy = [
            worker
            for worker in app.workers
            if not worker.is_finished and not (asking and worker.group == "flow")
        ]
        calm = 0 if busy else calm + 1
        if calm == 2:
            return
        if busy:
            await pilot.pause(0.002)
    raise AssertionError(f"never came to rest: {busy}")


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


async def sign_in(pilot: Pilot[None], password: str = PASSWORD, account: str = ACCOUNT) -> None:
    await type_into(pilot, "#account", account)
    await type_into(pilot, "#password", password)
    await press(pilot, "enter")


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
