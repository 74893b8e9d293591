"""Your app password helps to connect an app: what is typed into it, a test, a QR code."""

import asyncio
import gc
import subprocess
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Label

from apppw_tui.commands import demo
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.app_passwords import AppPasswordRequest
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import ConnectionHelp
from apppw_tui.ui.dialogs.new_app_password import (
    Card,
    NewAppPasswordDialog,
    PasswordQrDialog,
    SecretLabel,
)
from apppw_tui.ui.portal_calls import is_busy
from apppw_tui.ui.screens.app_passwords import AppPasswordsScreen
from apppw_tui.ui.themes import APPEARANCES
from apppw_tui.ui.widgets.qr import QrCode
from tests.services.require import require_program
from tests.support import House
from tests.ui import picture
from tests.ui.states_of_reveal import LONG, TWELVE
from tests.ui.walks import (
    ACCOUNT,
    demo_house,
    house_with,
    later,
    on,
    portal_app,
    press,
    press_button,
    screen_text,
    sent,
    sentences,
    settle,
    to_create,
    to_reveal,
)

pytestmark = pytest.mark.slow

NOT_COPIED = "Not copied yet. Press again to close."


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


def symbols(pilot: Pilot[None]) -> str:
    """The password that is shown, as an app takes it."""
    return str(pilot.app.screen.query_one(SecretLabel).content).replace(" ", "")


def said(pilot: Pilot[None]) -> str:
    return str(pilot.app.screen.query_one("#said", Label).content)


async def reveal(
    pilot: Pilot[None], connecting: ConnectionHelp, scope: tuple[str, ...] = ("any",)
) -> None:
    """Shows a new app password, good for `scope`, without the way that leads there."""
    house, app = house_with(), pilot.app
    assert isinstance(app, PortalApp)
    issued = house.issuer.issue(house.now(), AppPasswordRequest("Kitchen tablet", scope))
    app.push_screen(
        NewAppPasswordDialog(ACCOUNT, issued, app.copy_secret, app.clock.monotonic, connecting)
    )
    await settle(pilot)
    later(pilot)


def card(pilot: Pilot[None]) -> list[str]:
    """The rows of the card that have something on them, their words in single spaces."""
    details = pilot.app.screen.query_one("#details")
    texts = [str(label.content) for label in details.query(Label)]
    return [
        " ".join(f"{one} {two}".split()) for one, two in zip(texts[::2], texts[1::2], strict=True)
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
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(demo.ROWS), scope)
        assert card(pilot) == [f"Account {ACCOUNT}", *rows]
        for row in card(pilot):
            assert row in sentences(pilot)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (64, 18)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("rows", [TWELVE[:1], TWELVE[:5], TWELVE, LONG], ids=len)
async def test_whatever_is_configured_password_and_buttons_stay_in_sight(
    rows: tuple[ConnectionSetting, ...], size: tuple[int, int]
) -> None:
    async with portal_app(House()).run_test(size=size) as pilot:
        await reveal(pilot, ConnectionHelp(rows, Asked()))
        fixed = (
            str(pilot.app.screen.query_one(SecretLabel).content),
            *("Copy password to clipboard", "Test it", "Show QR code", "Close"),
        )
        for text in fixed:
            assert text in screen_text(pilot)
        await press(pilot, "t")
        for text in (*fixed, "It opens IMAP."):
            assert text in screen_text(pilot)
        # All of the card can be had, from its first row to its last.
        part, seen = pilot.app.screen.query_one(Card), ""
        for at in range(0, part.max_scroll_y + part.size.height, part.size.height):
            part.scroll_to(y=at, animate=False)
            await pilot.pause()
            seen += sentences(pilot)
        for row in rows:
            assert (row.host or row.url)[:18] in seen
            assert str(row.port or "") in seen


async def test_what_is_out_of_sight_is_told_and_the_arrows_bring_it() -> None:
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(TWELVE))
        assert "↓ 2 more" in screen_text(pilot)
        assert "https://git.example.org/" not in screen_text(pilot)
        await press(pilot, "down", "j")
        assert "↑ 2 more" in screen_text(pilot)
        assert "https://git.example.org/" in screen_text(pilot)
        assert pilot.app.focused is pilot.app.screen.query_one("#copy")
        await press(pilot, "right")
        assert pilot.app.focused is not pilot.app.screen.query_one("#copy")
        await press(pilot, "up", "k")
        assert "You will not see it again" in screen_text(pilot)


async def test_after_a_copy_all_that_is_said_of_it_is_in_sight() -> None:
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(TWELVE))
        await press(pilot, "c")
        for text in ("Sent to your terminal's clipboard.", "Nothing to paste?"):
            assert text in screen_text(pilot)


async def test_where_all_is_in_sight_the_arrows_move_between_the_buttons() -> None:
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(TWELVE[:5]))
        assert " more" not in screen_text(pilot)
        await press(pilot, "down")
        assert pilot.app.focused is pilot.app.screen.query_one("#qr")
        await press(pilot, "up")
        assert pilot.app.focused is pilot.app.screen.query_one("#copy")


# --- Test it ----------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["t", "button"])
async def test_an_app_is_played_with_this_password_and_its_first_service(way: str) -> None:
    asked = Asked(ConnectionTestResult(True, "It opens SMTP."))
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(TWELVE, asked), ("sending",))
        await (press(pilot, "t") if way == "t" else press_button(pilot, "test"))
        assert asked.questions == [(ACCOUNT, symbols(pilot), "smtp")]
        assert said(pilot) == "✓ It opens SMTP."
        assert isinstance(pilot.app.screen, NewAppPasswordDialog)


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
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp((), Asked(ConnectionTestResult(right, "[bold]So[/]."))))
        await press(pilot, "t")
        assert f"{mark} [bold]So[/]." in screen_text(pilot)
        found = pilot.app.screen.query_one("#said").classes
        assert found & {"-bad", "-unsure"} == classes


async def test_while_it_is_tried_a_second_key_does_nothing_and_the_button_says_so() -> None:
    asked = Asked(held=True)
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp((), asked))
        button = pilot.app.screen.query_one("#test", Button)
        await pilot.press("t", "t", "t")
        while str(button.label) != "Testing…":
            await pilot.pause(0.01)
        assert is_busy(button)
        await pilot.press("t", "c")  # the rest goes on
        asked.gate.set()
        await settle(pilot)
        assert len(asked.questions) == 1
        assert str(button.label) == "Test it"
        assert not is_busy(button)


async def test_it_can_be_closed_while_it_is_tried() -> None:
    asked = Asked(held=True)
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp((), asked))
        await pilot.press("t")
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert not isinstance(pilot.app.screen, NewAppPasswordDialog)
        asked.gate.set()
        await settle(pilot)


async def test_where_nobody_can_be_asked_there_is_nothing_to_press() -> None:
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp(TWELVE))
        await press(pilot, "t")
        assert "Test it" not in screen_text(pilot)
        assert said(pilot) == ""


async def test_the_demonstration_decides_for_itself() -> None:
    house = demo_house()
    made = house.demonstration
    assert made is not None
    secret = house.issue("Phone").secret
    opens = made.try_it(ACCOUNT, secret, "imap")
    assert opens == ConnectionTestResult(
        True, f"It opens IMAP, as {ACCOUNT}, in this demonstration."
    )
    house.operator.delete_app_password(ACCOUNT, "Phone")
    assert made.try_it(ACCOUNT, secret, "imap").ok is False


# --- not copied yet ---------------------------------------------------------------------------


@pytest.mark.parametrize("between", [["t"], ["m", "escape"]], ids="".join)
async def test_a_warning_that_one_no_longer_reads_is_given_again(between: list[str]) -> None:
    async with portal_app(House()).run_test() as pilot:
        await reveal(pilot, ConnectionHelp((), Asked()))
        await press(pilot, "escape")
        assert NOT_COPIED in screen_text(pilot)
        await press(pilot, *between, "escape")
        assert isinstance(pilot.app.screen, NewAppPasswordDialog)
        assert NOT_COPIED in screen_text(pilot)
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, NewAppPasswordDialog)


async def test_keys_are_deaf_at_first() -> None:
    asked = Asked()
    app = portal_app(house_with(), connecting=ConnectionHelp((), asked))
    async with app.run_test() as pilot:
        await to_create(pilot)
        await press(pilot, "enter", "t", "m")
        assert on(app, NewAppPasswordDialog)
        assert asked.questions == []


# --- the QR code ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "window"),
    [("dark", (80, 24)), ("light", (80, 24)), ("terminal", (80, 24)), ("dark", (40, 24))],
    ids=str,
)
async def test_a_phone_reads_the_symbols_that_are_shown(
    look: str, window: tuple[int, int], tmp_path: Path
) -> None:
    zbarimg = require_program("zbarimg", "zbar-tools")
    app = portal_app(House())
    async with app.run_test(size=window) as pilot:
        app.theme = APPEARANCES[look]
        await reveal(pilot, ConnectionHelp(TWELVE))
        shown = symbols(pilot)
        await press(pilot, "m")
        assert isinstance(app.screen, PasswordQrDialog)
        for text in ("Point your phone's camera", "phone has it.", "Back"):
            assert text in screen_text(pilot)
        file = tmp_path / "screen.ppm"
        file.write_bytes(picture.picture(app).ppm())
        found = await asyncio.to_thread(
            subprocess.run, [zbarimg, "-q", "--raw", str(file)], stdout=subprocess.PIPE, check=False
        )
        assert found.stdout.decode().removesuffix("\n") == shown
        assert shown[:4] not in screen_text(pilot)


@pytest.mark.parametrize(
    ("window", "needs"), [((40, 12), "29 x 22"), ((80, 12), "57 x 16")], ids=str
)
async def test_where_there_is_no_room_it_says_what_it_needs(
    window: tuple[int, int], needs: str
) -> None:
    app = portal_app(House())
    async with app.run_test(size=window) as pilot:
        await reveal(pilot, ConnectionHelp())
        await press(pilot, "m")
        assert f"this needs {needs}." in sentences(pilot)
        assert "▀" not in screen_text(pilot)
        columns, rows = map(int, needs.split(" x "))
        await pilot.resize_terminal(columns, rows)
        await pilot.pause()
        await pilot.pause()
        assert app.screen.query_one(QrCode).fits
        assert "Back" in screen_text(pilot)


@pytest.mark.parametrize(
    ("way", "key"), [("m", "escape"), ("m", "q"), ("m", "m"), ("button", "enter")]
)
async def test_from_there_one_comes_back_to_the_password(way: str, key: str) -> None:
    app = portal_app(House())
    async with app.run_test() as pilot:
        await reveal(pilot, ConnectionHelp())
        shown = symbols(pilot)
        await (press(pilot, "m") if way == "m" else press_button(pilot, "qr"))
        assert on(app, PasswordQrDialog)
        await press(pilot, key)
        assert on(app, NewAppPasswordDialog)
        assert symbols(pilot) == shown
        # Nobody saw whether it was scanned.
        await press(pilot, "escape")
        assert NOT_COPIED in screen_text(pilot)
        await press(pilot, "escape")
        assert not on(app, NewAppPasswordDialog)


async def test_what_was_shown_as_a_picture_is_gone_with_it() -> None:
    app = portal_app(house_with(), connecting=ConnectionHelp((), Asked()))
    async with app.run_test() as pilot:
        await to_reveal(pilot)
        shown = symbols(pilot)
        await press(pilot, "t", "m")
        held = vars(app.screen)
        assert shown not in repr(held)
        assert not QrCode.ALLOW_SELECT
        await press(pilot, "m", "escape", "escape")
        assert on(app, AppPasswordsScreen)
        assert sent(app) == []
        del held
        gc.collect()
        for kind in (SecretLabel, QrCode, PasswordQrDialog, NewAppPasswordDialog):
            assert not [one for one in gc.get_objects() if isinstance(one, kind)]
        secrets = [one for one in gc.get_objects() if isinstance(one, Secret)]
        assert shown not in [one.reveal() for one in secrets]
