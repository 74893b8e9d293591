"""Your app password helps to connect an app: what is typed into it, a test, a QR code."""

import asyncio
import gc
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from textual.containers import VerticalScroll
from textual.widgets import Button, Label

from apppw_tui.commands import demo
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.app_passwords import AppPasswordRequest
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.new_app_password import (
    NewAppPasswordDialog,
    PasswordQrDialog,
    SecretLabel,
)
from apppw_tui.ui.portal_calls import is_busy
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.themes import APPEARANCES
from apppw_tui.ui.widgets.qr import QrCode
from tests.services.require import require_program
from tests.setup_formats import MailAccount, delta_chat, thunderbird
from tests.support import House
from tests.ui import picture
from tests.ui.states_of_reveal import LONG, TWELVE
from tests.ui.walks import ACCOUNT, Visit, demo_house, house_with, opened

pytestmark = pytest.mark.slow

NOT_COPIED = "Not copied. Press esc again to close anyway."


class Asked:
    """Tries app passwords when it is let to, and keeps what it was asked."""

    def __init__(self, tried: ConnectionTestResult | None = None, *, held: bool = False) -> None:
        self.questions: list[tuple[str, str, str]] = []
        self.gate = Event()
        if not held:
            self.gate.set()
        self._tried = tried or ConnectionTestResult(True, "It opens IMAP.")

    def __call__(self, account: str, secret: Secret, service: str) -> ConnectionTestResult:
        self.questions.append((account, secret.reveal(), service))
        assert self.gate.wait(120)  # seconds; a test that forgets it must end
        return self._tried


def symbols(visit: Visit) -> str:
    """The password that is shown, as an app takes it."""
    return str(visit.screen.query_one(SecretLabel).content).replace(" ", "")


def said(visit: Visit) -> str:
    return str(visit.screen.query_one("#said", Label).content)


async def reveal(
    visit: Visit, connecting: ConnectionHelp, scope: tuple[str, ...] = ("any",)
) -> None:
    """Shows a new app password, good for `scope`, without the way that leads there."""
    house, app = house_with(), visit.app
    assert isinstance(app, PortalApp)
    issued = house.issuer.issue(house.now(), AppPasswordRequest("Kitchen tablet", scope))
    app.push_screen(
        NewAppPasswordDialog(ACCOUNT, issued, app.copy_secret, app.clock.monotonic, connecting)
    )
    await visit.settle()
    visit.later()


def card(visit: Visit) -> list[str]:
    """The rows of the card that have something on them, their words in single spaces."""
    details = visit.screen.query_one("#details")
    texts = [str(label.content) for label in details.query(Label)]
    return [
        " ".join(f"{each} {two}".split()) for each, two in zip(texts[::2], texts[1::2], strict=True)
    ]


# --- what is typed into an app ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "rows"),
    [
        (("mail",), ["IMAP mail.example.org 993 TLS", "SMTP mail.example.org 587 STARTTLS"]),
        (("sending",), ["SMTP mail.example.org 587 STARTTLS"]),
        (
            ("caldav", "files"),
            ["CalDAV https://dav.example.org/", "WebDAV https://files.example.org/dav/"],
        ),
        (("chat",), []),
    ],
)
async def test_the_card_says_where_each_service_of_its_scope_is(
    scope: tuple[str, ...], rows: list[str]
) -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(demo.ROWS), scope)
        assert card(visit) == [f"Account {ACCOUNT}", *rows]
        for row in card(visit):
            assert row in visit.sentences()


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (64, 18)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("rows", [TWELVE[:1], TWELVE[:5], TWELVE, LONG], ids=len)
async def test_whatever_is_configured_password_and_buttons_stay_in_sight(
    rows: tuple[ConnectionSetting, ...], size: tuple[int, int]
) -> None:
    async with opened(House(), size=size) as visit:
        await reveal(visit, ConnectionHelp(rows, Asked()))
        fixed = (
            str(visit.screen.query_one(SecretLabel).content),
            *("Copy password to clipboard", "Test it", "Show QR code", "Close"),
        )
        for text in fixed:
            assert text in visit.screen_text()
        await visit.press("t")
        for text in (*fixed, "It opens IMAP."):
            assert text in visit.screen_text()
        # All of the card can be had, from its first row to its last.
        part, seen = visit.screen.query_one("#card", VerticalScroll), ""
        for at in range(0, part.max_scroll_y + part.size.height, part.size.height):
            part.scroll_to(y=at, animate=False)
            await visit.pilot.pause()
            seen += visit.sentences()
        for row in rows:
            assert (row.host or row.url)[:18] in seen
            assert str(row.port or "") in seen


async def test_what_is_out_of_sight_is_told_and_the_arrows_bring_it() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(TWELVE))
        assert "↓ 2 more" in visit.screen_text()
        assert "https://git.example.org/" not in visit.screen_text()
        await visit.press("down", "j")
        assert "↑ 2 more" in visit.screen_text()
        assert "https://git.example.org/" in visit.screen_text()
        assert visit.focused is visit.screen.query_one("#copy")
        await visit.press("right")
        assert visit.focused is not visit.screen.query_one("#copy")
        await visit.press("up", "k")
        assert "You will not see it again" in visit.screen_text()


async def test_after_a_copy_all_that_is_said_of_it_is_in_sight() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(TWELVE))
        await visit.press("c")
        for text in ("Sent to your terminal's clipboard.", "If pasting gives nothing:"):
            assert text in visit.screen_text()


async def test_where_all_is_in_sight_the_arrows_move_between_the_buttons() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(TWELVE[:5]))
        assert " more" not in visit.screen_text()
        await visit.press("down")
        assert visit.focused is visit.screen.query_one("#qr")
        await visit.press("up")
        assert visit.focused is visit.screen.query_one("#copy")


# --- Test it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["t", "button"])
async def test_an_app_is_played_with_this_password_and_its_first_service(by: str) -> None:
    asked = Asked(ConnectionTestResult(True, "It opens SMTP."))
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(TWELVE, asked), ("sending",))
        await (visit.press("t") if by == "t" else visit.press_button("test"))
        assert asked.questions == [(ACCOUNT, symbols(visit), "smtp")]
        assert said(visit) == "✓ It opens SMTP."
        assert isinstance(visit.screen, NewAppPasswordDialog)


@pytest.mark.parametrize(
    ("right", "mark", "classes"),
    [
        (True, "✓", set()),
        (False, "✗", {"-bad"}),
        (None, "!", {"-unsure"}),
    ],
)
async def test_what_came_of_it_is_marked_by_more_than_a_colour(
    right: bool | None, mark: str, classes: set[str]
) -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp((), Asked(ConnectionTestResult(right, "[bold]So[/]."))))
        await visit.press("t")
        assert f"{mark} [bold]So[/]." in visit.screen_text()
        result = visit.screen.query_one("#said").classes
        assert result & {"-bad", "-unsure"} == classes


async def test_while_it_is_tried_a_second_key_does_nothing_and_the_button_says_so() -> None:
    asked = Asked(held=True)
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp((), asked))
        button = visit.screen.query_one("#test", Button)
        await visit.pilot.press("t", "t", "t")
        while str(button.label) != "Testing…":
            await visit.pilot.pause(0.01)
        assert is_busy(button)
        await visit.pilot.press("t", "c")  # the rest goes on
        asked.gate.set()
        await visit.settle()
        assert len(asked.questions) == 1
        assert str(button.label) == "Test it"
        assert not is_busy(button)


async def test_it_can_be_closed_while_it_is_tried() -> None:
    asked = Asked(held=True)
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp((), asked))
        await visit.pilot.press("t")
        await visit.pilot.press("escape", "escape")
        await visit.pilot.pause()
        assert not isinstance(visit.screen, NewAppPasswordDialog)
        asked.gate.set()
        await visit.settle()


async def test_where_nobody_can_be_asked_there_is_nothing_to_press() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(TWELVE))
        await visit.press("t")
        assert "Test it" not in visit.screen_text()
        assert said(visit) == ""


async def test_the_demonstration_decides_for_itself() -> None:
    house = demo_house()
    made = house.demonstration
    assert made is not None
    secret = house.issue("Phone").secret
    opens = made.try_it(ACCOUNT, secret, IMAP)
    assert opens == ConnectionTestResult(
        True, f"It opens IMAP, as {ACCOUNT}, in this demonstration."
    )
    house.operator.delete_app_password(ACCOUNT, "Phone")
    assert made.try_it(ACCOUNT, secret, IMAP).ok is False


# --- not copied yet ---------------------------------------------------------------------------


@pytest.mark.parametrize("between", [["t"], ["m", "escape"]], ids="".join)
async def test_a_warning_that_one_no_longer_reads_is_given_again(between: list[str]) -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp((), Asked()))
        await visit.press("escape")
        assert NOT_COPIED in visit.screen_text()
        await visit.press(*between, "escape")
        assert isinstance(visit.screen, NewAppPasswordDialog)
        assert NOT_COPIED in visit.screen_text()
        await visit.press("escape")
        assert not isinstance(visit.screen, NewAppPasswordDialog)


async def test_keys_are_deaf_at_first() -> None:
    asked = Asked()
    async with opened(house_with(), connecting=ConnectionHelp((), asked)) as visit:
        await visit.to_create()
        await visit.press("enter", "t", "m")
        assert visit.on(NewAppPasswordDialog)
        assert asked.questions == []


# --- the QR code ------------------------------------------------------------------------------


async def scanned(visit: Visit, folder: Path) -> str:
    """What a reader finds on the screen."""
    zbarimg = require_program("zbarimg", "zbar-tools")
    file = folder / "screen.ppm"
    file.write_bytes(picture.picture(visit.app).ppm())
    reader = await asyncio.to_thread(
        subprocess.run, [zbarimg, "-q", "--raw", str(file)], stdout=subprocess.PIPE, check=False
    )
    return reader.stdout.decode().removesuffix("\n")


@pytest.mark.parametrize(
    ("look", "window"),
    [("dark", (80, 24)), ("light", (80, 24)), ("terminal", (80, 24)), ("dark", (40, 24))],
    ids=str,
)
async def test_a_phone_reads_the_symbols_that_are_shown(
    look: str, window: tuple[int, int], tmp_path: Path
) -> None:
    async with opened(House(), size=window) as visit:
        visit.app.theme = APPEARANCES[look]
        await reveal(visit, ConnectionHelp(TWELVE))
        shown = symbols(visit)
        await visit.press("m", "end", "enter")
        assert isinstance(visit.screen, PasswordQrDialog)
        for text in ("Point your phone's camera", "phone has it.", "Back"):
            assert text in visit.screen_text()
        assert await scanned(visit, tmp_path) == shown
        assert shown[:4] not in visit.screen_text()


@pytest.mark.parametrize(
    ("row", "read"), [(0, thunderbird), (1, delta_chat)], ids=["thunderbird", "delta-chat"]
)
@pytest.mark.parametrize("window", [(120, 40), (80, 40)], ids=str)
async def test_an_app_that_scans_it_is_set_up(
    window: tuple[int, int], row: int, read: Callable[[str], MailAccount], tmp_path: Path
) -> None:
    async with opened(House(), size=window) as visit:
        await reveal(visit, ConnectionHelp(demo.ROWS))
        shown = symbols(visit)
        await visit.press("m")
        offered = [choice.partition("   ")[0] for choice in visit.rows()]
        assert offered == ["Thunderbird or K-9 on Android", "Delta Chat", "The password alone"]
        await visit.press(*["down"] * row, "enter")
        assert "In the app:" in visit.screen_text()
        account = read(await scanned(visit, tmp_path))
        assert account.address == ACCOUNT
        assert (account.incoming.host, account.incoming.port) == (demo.HOST_NAME, 993)
        assert (account.outgoing.host, account.outgoing.security) == (demo.HOST_NAME, "STARTTLS")
        assert account.incoming.password == account.outgoing.password == shown


async def test_where_no_app_can_be_set_up_nothing_is_asked() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp())
        await visit.press("m")
        assert visit.on(PasswordQrDialog)


async def test_who_goes_back_from_the_choice_is_at_the_password_again() -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(demo.ROWS))
        await visit.press("m")
        assert visit.on(ChooseDialog)
        await visit.press("escape")
        assert visit.on(NewAppPasswordDialog)
        await visit.press("escape")
        assert NOT_COPIED in visit.screen_text()


@pytest.mark.parametrize("keys", [("m",), ("m", "enter")], ids=["choice", "picture"])
async def test_whoever_quits_above_an_uncopied_password_is_told_first(
    keys: tuple[str, ...],
) -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp(demo.ROWS))
        await visit.press(*keys, "ctrl+q")
        assert visit.app.is_running
        assert "Not copied yet. ^q again to quit." in visit.sentences()
        await visit.press("ctrl+q")
        assert not visit.app.is_running


async def test_a_window_too_small_for_an_app_says_how_large_it_must_be() -> None:
    async with opened(House(), size=(80, 24)) as visit:
        await reveal(visit, ConnectionHelp(demo.ROWS))
        await visit.press("m", "enter")
        needs = re.search(r"(\d+) ?\S ?(\d+)[ .]", visit.sentences())
        assert needs is not None
        for columns, rows in ((int(needs[1]), int(needs[2])), (int(needs[1]), int(needs[2]) - 1)):
            await visit.pilot.resize_terminal(columns, rows)
            await visit.pilot.pause()
            await visit.pilot.pause()
            assert visit.screen.query_one(QrCode).fits is (rows == int(needs[2]))


@pytest.mark.parametrize(("window", "needs"), [((40, 12), (29, 22)), ((80, 12), (57, 16))], ids=str)
async def test_where_there_is_no_room_it_says_what_it_needs(
    window: tuple[int, int], needs: tuple[int, int]
) -> None:
    async with opened(House(), size=window) as visit:
        await reveal(visit, ConnectionHelp())
        await visit.press("m")
        size = "\N{MULTIPLICATION SIGN}".join(map(str, needs))
        assert f"Enlarge the window to {size} to see a QR code" in visit.sentences()
        assert "▀" not in visit.screen_text()
        await visit.pilot.resize_terminal(*needs)
        await visit.pilot.pause()
        await visit.pilot.pause()
        assert visit.screen.query_one(QrCode).fits
        assert "Back" in visit.screen_text()


@pytest.mark.parametrize(
    ("by", "key"), [("m", "escape"), ("m", "q"), ("m", "m"), ("button", "enter")]
)
async def test_from_there_one_comes_back_to_the_password(by: str, key: str) -> None:
    async with opened(House()) as visit:
        await reveal(visit, ConnectionHelp())
        shown = symbols(visit)
        await (visit.press("m") if by == "m" else visit.press_button("qr"))
        assert visit.on(PasswordQrDialog)
        await visit.press(key)
        assert visit.on(NewAppPasswordDialog)
        assert symbols(visit) == shown
        # Nobody saw whether it was scanned.
        await visit.press("escape")
        assert NOT_COPIED in visit.screen_text()
        await visit.press("escape")
        assert not visit.on(NewAppPasswordDialog)


async def test_what_was_shown_as_a_picture_is_gone_with_it() -> None:
    async with opened(house_with(), connecting=ConnectionHelp((), Asked())) as visit:
        await visit.to_reveal()
        shown = symbols(visit)
        await visit.press("t", "m")
        held = vars(visit.screen)
        assert shown not in repr(held)
        assert not QrCode.ALLOW_SELECT
        await visit.press("m", "escape", "escape")
        assert visit.on(AppPasswordsScreen)
        assert visit.sent == []
        del held
        gc.collect()
        for kind in (SecretLabel, QrCode, PasswordQrDialog, NewAppPasswordDialog):
            assert not [each for each in gc.get_objects() if isinstance(each, kind)]
        secrets = [each for each in gc.get_objects() if isinstance(each, Secret)]
        assert shown not in [each.reveal() for each in secrets]
