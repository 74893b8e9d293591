"""Set up Authenticator app: what a phone reads from the screen, and what the app then shows."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from textual.widgets import Input, Label

from apppw_tui.domain.ports import TmuxDelivery
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog, KeyLabel
from apppw_tui.ui.dialogs.recovery_codes import RecoveryCodesDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.screens.set_up import SetUpScreen
from apppw_tui.ui.themes import APPEARANCES
from apppw_tui.ui.widgets import qr
from apppw_tui.ui.widgets.qr import QrCode
from tests.services.require import require_program
from tests.support import House, first_quick, first_row_quick
from tests.ui import picture
from tests.ui.copying import ByTmuxAlone
from tests.ui.states_of_verification import new_account, set_up_app
from tests.ui.walks import ACCOUNT, Visit, opened

Scan = Callable[[picture.Picture], str]


@pytest.fixture
def scan(tmp_path: Path) -> Scan:
    """What a phone reads in a picture."""
    zbarimg = require_program("zbarimg", "zbar-tools")

    def scan_it(of: picture.Picture) -> str:
        file = tmp_path / "screen.ppm"
        file.write_bytes(of.ppm())
        result = subprocess.run(
            [zbarimg, "-q", "--raw", str(file)], capture_output=True, text=True, check=False
        )
        return result.stdout.removesuffix("\n")

    return scan_it


def key(visit: Visit) -> str:
    """The key as it is shown, without its gaps."""
    label = visit.screen.query_one(KeyLabel)
    assert label.display
    shown = str(label.content)
    for half in shown.split("\n"):
        assert half in visit.screen_text()
    return "".join(shown.split())


def said(visit: Visit, where: str) -> str:
    """A remark beside the picture, which is broken into lines."""
    return str(visit.screen.query_one(where, Label).content)


def code_from(key: str, house: House) -> str:
    """What an app shows now into which `key` was typed."""
    return pyotp.TOTP(key).at(house.clock.now())


@pytest.mark.slow
@pytest.mark.parametrize("window", [(80, 24), (120, 40)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("look", ["dark", "light", "high-contrast", "terminal", "sixteen colours"])
async def test_a_phone_reads_the_key_that_is_shown_and_its_code_is_accepted(
    look: str, window: tuple[int, int], scan: Scan
) -> None:
    if look == "sixteen colours":
        os.environ.update(TERM="xterm", COLORTERM="")
    house = new_account()
    appearance = "terminal" if look == "sixteen colours" else look
    house.alter(ACCOUNT, appearance=appearance)
    async with opened(house, size=window) as visit:
        await set_up_app(visit)
        assert visit.app.theme == APPEARANCES[appearance]
        uri = urlsplit(scan(picture.picture(visit.app)))
        assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
        assert unquote(uri.path).endswith(ACCOUNT)
        await visit.press("k")
        shown = key(visit)
        assert parse_qs(uri.query)["secret"] == [shown]
        # It is still there to be scanned.
        assert urlsplit(scan(picture.picture(visit.app))) == uri
        await visit.type_code(code_from(shown, house))
        assert visit.on(RecoveryCodesDialog)


@pytest.mark.slow
async def test_at_40x12_the_key_is_shown_instead() -> None:
    house = new_account()
    async with opened(house, size=(40, 12)) as visit:
        await set_up_app(visit)
        assert f"Enlarge the window to 73{GLYPHS.by}24 to see a QR code." in visit.sentences()
        assert "▀" not in visit.screen_text()
        shown = key(visit)
        assert "Type the code it shows." in visit.screen_text()
        await visit.press("c")
        assert visit.sent == [shown]
        await visit.type_code(code_from(shown, house))
        assert visit.on(RecoveryCodesDialog)


@pytest.mark.slow
async def test_when_the_terminal_grows_the_picture_comes_and_the_key_goes() -> None:
    async with opened(new_account(), size=(40, 12)) as visit:
        await set_up_app(visit)
        await visit.pilot.resize_terminal(80, 24)
        await visit.pilot.pause()
        await visit.pilot.pause()
        assert visit.screen.query_one(QrCode).fits
        assert not visit.screen.query_one(KeyLabel).display
        assert "▀" in visit.screen_text()


@pytest.mark.parametrize("by", first_quick("k", "f3", "button"))
async def test_the_key_is_shown_on_demand_and_can_be_copied_only_then(by: str) -> None:
    async with opened(new_account()) as visit:
        await set_up_app(visit)
        await visit.press("c")
        assert visit.sent == []
        assert not visit.screen.query_one(KeyLabel).display
        await (visit.press_button("show") if by == "button" else visit.press(by))
        shown = key(visit)
        assert visit.focused is visit.screen.query_one("#code", Input)
        await visit.press("c")
        assert visit.sent == [shown]
        assert said(visit, "#copied").startswith("✓ Sent to your terminal's clipboard.")


async def test_a_key_that_went_nowhere_is_not_said_to_be_sent() -> None:
    async with opened(new_account(), tools=ByTmuxAlone(TmuxDelivery.SWALLOWED)) as visit:
        await set_up_app(visit)
        await visit.press("k", "c")
        assert said(visit, "#copied") == "! tmux keeps it from your terminal's clipboard."


@pytest.mark.slow
async def test_a_wrong_code_keeps_the_key_and_the_next_one_counts() -> None:
    house = new_account()
    async with opened(house) as visit:
        await set_up_app(visit)
        await visit.press("k")
        shown = key(visit)
        await visit.type_code("000000")
        await visit.press("enter")  # out of habit, behind the sixth digit
        assert said(visit, ".slot").startswith("✗ Wrong code.")
        assert visit.screen.query_one("#code", Input).value == ""
        assert key(visit) == shown
        await visit.press("1", "2", "enter")
        assert said(visit, ".slot") == "✗ A code has six digits."
        await visit.press("backspace", "backspace")
        assert house.now(ACCOUNT).authenticator is None
        await visit.type_code(code_from(shown, house))
        assert visit.on(RecoveryCodesDialog)
        assert house.now(ACCOUNT).authenticator is not None


@pytest.mark.slow
async def test_each_time_it_is_opened_it_has_another_key() -> None:
    async with opened(new_account()) as visit:
        await set_up_app(visit)
        await visit.press("k")
        first = key(visit)
        await visit.press("escape")
        assert visit.on(SetUpScreen)
        await visit.press("enter", "enter", "k")
        assert key(visit) != first


@pytest.mark.slow
async def test_the_key_is_nowhere_but_in_its_label_and_cannot_be_selected() -> None:
    async with opened(new_account()) as visit:
        await set_up_app(visit)
        dialog = visit.screen
        assert isinstance(dialog, AuthenticatorDialog)
        secret = dialog._set_up.secret.reveal()
        assert secret not in repr(vars(dialog)) + repr(vars(dialog._set_up))
        assert not KeyLabel.ALLOW_SELECT


@pytest.mark.slow
@pytest.mark.parametrize(
    ("window", "picture_fits"), first_row_quick(((80, 24), False), ((130, 55), True))
)
async def test_without_utf8_there_is_a_picture_or_the_key(
    monkeypatch: pytest.MonkeyPatch, window: tuple[int, int], picture_fits: bool
) -> None:
    monkeypatch.setattr(qr, "ASCII_ONLY", True)
    async with opened(new_account(), size=window) as visit:
        await set_up_app(visit)
        assert visit.screen.query_one(QrCode).fits is picture_fits
        assert visit.screen.query_one(KeyLabel).display is not picture_fits
        assert ("to see a QR code." in visit.screen_text()) is not picture_fits
