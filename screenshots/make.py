"""Makes the pictures in this folder: `python screenshots/make.py`.

The same accounts as `apppw-tui --demo`, with a clock that stands still and a seed for all that is
random, so that a picture changes only when the screen does.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

os.environ.update(TZ="UTC", TERM="xterm-256color", COLORTERM="truecolor")
for name in ("NO_COLOR", "TMUX", "SSH_CONNECTION", "SSH_TTY", "TEXTUAL_THEME"):
    os.environ.pop(name, None)

from textual.pilot import Pilot  # noqa: E402 - reads the environment when it is imported

from apppw_tui import demo  # noqa: E402
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher  # noqa: E402
from apppw_tui.domain.policy import Policy  # noqa: E402
from apppw_tui.portal.portal import Portal  # noqa: E402
from apppw_tui.store.memory import MemoryStore  # noqa: E402
from apppw_tui.ui.app import PortalApp, Surroundings  # noqa: E402
from apppw_tui.ui.clipboard import Clipboard  # noqa: E402

HERE = Path(__file__).parent
Walk = Callable[[Pilot[None]], Awaitable[None]]


class StoppedClock:
    """Noon, for ever; but never too early for a key."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        self._seconds += 1
        return self._seconds


def build(*, filled: bool = True) -> PortalApp:
    random, store = Random(7), MemoryStore()
    hasher, clock = Hasher(CHEAP_PROFILE, CHEAP_PROFILE), StoppedClock()
    if filled:
        demo.fill(store, hasher, clock, random.randrange, lambda n: random.randbytes(n).hex())
    portal = Portal(store, hasher, clock, Policy(), randbelow=random.randrange)
    surroundings = Surroundings(demo.HOST_NAME, may_create_first=not filled)
    app = PortalApp(portal, clock, surroundings)
    # As over SSH, and into nowhere: making pictures must not touch anybody's clipboard.
    app.clipboard_out = Clipboard(lambda _: None, {"SSH_TTY": "x"})
    return app


async def settle(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


async def sign_in(pilot: Pilot[None], password: str = demo.PASSWORD) -> None:
    await press(pilot, *demo.ACCOUNT, "enter", *password, "enter")
    await settle(pilot)


async def login(pilot: Pilot[None]) -> None:
    await press(pilot, *demo.ACCOUNT, "enter", *"a wrong one", "enter")
    await settle(pilot)


async def first_account(pilot: Pilot[None]) -> None:
    await press(pilot, *demo.ACCOUNT, "enter", *demo.PASSWORD)
    await settle(pilot)


async def settings(pilot: Pilot[None]) -> None:
    await sign_in(pilot)


async def security(pilot: Pilot[None]) -> None:
    await sign_in(pilot)
    await press(pilot, "v")
    await settle(pilot)


async def app_passwords(pilot: Pilot[None]) -> None:
    await sign_in(pilot)
    await press(pilot, "p", "down", "down", "down")
    await settle(pilot)


async def empty(pilot: Pilot[None]) -> None:
    await press(pilot, *demo.ACCOUNT, "enter", *demo.PASSWORD, "enter", *demo.PASSWORD, "enter")
    await settle(pilot)
    await press(pilot, "p")
    await settle(pilot)


async def create(pilot: Pilot[None]) -> None:
    await app_passwords(pilot)
    await press(pilot, "c")
    await pilot.pause()
    await press(pilot, *"Kitchen tablet")


async def reveal(pilot: Pilot[None]) -> None:
    await create(pilot)
    await press(pilot, "enter")
    await pilot.pause(0.3)
    await press(pilot, "enter")
    await pilot.pause(0.3)


async def delete(pilot: Pilot[None]) -> None:
    await app_passwords(pilot)
    await press(pilot, "d")
    await pilot.pause(0.2)


async def help_(pilot: Pilot[None]) -> None:
    await app_passwords(pilot)
    await press(pilot, "question_mark")
    await pilot.pause(0.2)


PICTURES: dict[str, Walk] = {
    "login": login,
    "first-account": first_account,
    "settings": settings,
    "security-verification": security,
    "app-passwords": app_passwords,
    "app-passwords-empty": empty,
    "create": create,
    "your-app-password": reveal,
    "delete": delete,
    "help": help_,
}


async def make(name: str, walk: Walk) -> None:
    app = build(filled=name not in ("first-account", "app-passwords-empty"))
    async with app.run_test(size=(80, 24)) as pilot:
        await walk(pilot)
        svg = app.export_screenshot(title="apppw-tui")
    (HERE / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"{name}.svg")


def main() -> None:
    for name, walk in PICTURES.items():
        asyncio.run(make(name, walk))


if __name__ == "__main__":
    main()
