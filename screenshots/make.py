"""Makes the pictures in this folder: `python -m screenshots.make`, from the root of the project.

The accounts are those of `apppw-tui --demo`, the clock stands still and all that is random comes
from a seed, so that a picture changes only when the screen does.
"""

import asyncio
from pathlib import Path

import tests.conftest  # noqa: F401 - clears what would colour a picture, before Textual is imported
from tests.support import House
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
    "settings": "settings",
    "security-verification": "security-all",
    "app-passwords-empty": "app-passwords-empty",
    "create": "create",
    "your-app-password": "reveal-copied",
    "delete": "delete",
    "recent-activity": "activity",
    "help": "help",
}


async def make(picture: str, state: str) -> None:
    size = WIDE if picture == "list-and-pane" else SIZE
    shown = STATES[state]
    house: House = shown.house()
    options = {"may_create_first": shown.first, "show_demo": shown.show_demo}
    async with opened(house, size=size, **options) as visit:
        await shown.walk(visit)
        (HERE / f"{picture}.svg").write_text(visit.app.export_screenshot(), encoding="utf-8")
    print(f"{picture}.svg")


def main() -> None:
    for picture, state in PICTURES.items():
        asyncio.run(make(picture, state))


if __name__ == "__main__":
    main()
