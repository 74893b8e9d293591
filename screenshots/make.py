"""Makes the pictures in this folder: `python -m screenshots.make`, from the root of the project.

The accounts are those of `apppw-tui --demo`, the clock stands still and all that is random comes
from a seed, so that a picture changes only when the screen does.
"""

import asyncio
from functools import partial
from pathlib import Path

import tests.conftest  # noqa: F401 - clears what would colour a picture, before Textual is imported
from tests.support import House
from tests.ui.states import State
from tests.ui.states_of_activity import busy, to_activity
from tests.ui.test_snapshots import STATES
from tests.ui.walks import opened

HERE = Path(__file__).parent
SIZE, WIDE = (80, 24), (120, 40)
PICTURES = {
    "list-and-pane": "app-passwords-on-laptop",
    "login": "login-wrong",
    "first-account": "first-account-strong",
    "second-factor": "verify-wrong",
    "different-option": "verify-options",
    "set-up-authenticator": "set-up-app",
    "recovery-codes": "set-up-recovery",
    "ssh-key-recognized": "login-key",
    "ssh-keys": "ssh-keys",
    "settings": "settings",
    "security-verification": "security-all",
    "app-passwords-empty": "app-passwords-empty",
    "create": "create",
    "your-app-password": "reveal-copied",
    "delete": "delete",
    "help": "help",
}


async def make(picture: str, shown: State) -> None:
    size = WIDE if picture == "list-and-pane" else SIZE
    house: House = shown.house()
    options = {"may_create_first": shown.first, "show_demo": shown.show_demo}
    async with opened(house, size=size, **options) as visit:
        await shown.walk(visit)
        (HERE / f"{picture}.svg").write_text(visit.app.export_screenshot(), encoding="utf-8")
    print(f"{picture}.svg")


def main() -> None:
    states = {picture: STATES[state] for picture, state in PICTURES.items()}
    # What no screen may stumble over is for the tests alone.
    states["recent-activity"] = State(to_activity, partial(busy, awkward=False))
    for picture, state in states.items():
        asyncio.run(make(picture, state))


if __name__ == "__main__":
    main()
