"""Six digits, however they come; and a recovery code, which is text."""

from typing import ClassVar

import pytest
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.widgets import Input

from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.widgets.code_input import CheckedInput, CodeInput, RecoveryInput, digits_of
from apppw_tui.ui.widgets.field import Field


class OneField(HardenedApp):
    """A field, and letters that mean something where they are not text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "seen('o')", "Different option", id="option", tooltip="Another option"),
        Binding("question_mark", "seen('?')", "Help", id="help", tooltip="Help"),
        Binding("5", "seen('5')", "Never", id="never", tooltip="Never"),
    ]

    def __init__(self, entry: CheckedInput) -> None:
        super().__init__()
        self.field = Field("Code", entry)
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.field

    def action_seen(self, key: str) -> None:
        self.told.append(f"key {key}")

    def on_code_input_complete(self, event: CodeInput.Complete) -> None:
        self.told.append(event.code)

    def on_code_input_short(self) -> None:
        self.told.append("short")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.told.append(f"submitted {event.value}")


def code_app() -> tuple[OneField, CodeInput]:
    entry = CodeInput(id="code")
    return OneField(entry), entry


async def paste(pilot: Pilot[None], text: str) -> None:
    await pilot.app.on_event(events.Paste(text))
    await pilot.pause()


async def test_the_sixth_digit_completes_it() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press(*"12345")
        assert app.told == []
        await pilot.press("6")
        assert app.told == ["123456"]
        assert entry.value == "123456"


@pytest.mark.parametrize(
    "text",
    [
        "123456",
        "123 456",
        "123-456",
        " 123\N{NO-BREAK SPACE}456\n",
        "Your code is 123456",
        "Your code is\r\n123456\r\n",
        "123456 is your code, valid 5 minutes",
        "2026-11-22: 123456 is your code",
        "Your code of 22 Nov 2026 is 123 456.",
        "123 456 is your code, valid 5 minutes",
        "G-123456",
        "1234567",
        "\N{ARABIC-INDIC DIGIT ONE}\N{ARABIC-INDIC DIGIT TWO}\N{ARABIC-INDIC DIGIT THREE}456",
    ],
)
async def test_a_paste_keeps_the_six_digits(text: str) -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await paste(pilot, text)
        assert entry.value == "123456"
        assert app.told == ["123456"]


@pytest.mark.parametrize(("text", "digits"), [("", ""), ("no code", ""), ("12 3", "123")])
async def test_a_paste_of_less_completes_nothing(text: str, digits: str) -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await paste(pilot, text)
        assert entry.value == digits
        assert app.told == []


async def test_a_whole_code_replaces_what_was_begun_and_a_part_continues_it() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press("9", "9")
        await paste(pilot, "12")
        assert entry.value == "9912"
        await paste(pilot, "123456")
        assert app.told == ["123456"]


async def test_a_part_that_is_too_long_is_not_cut_to_make_six() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press("9", "9")
        await paste(pilot, "12345")
        assert entry.value == "99"
        assert app.told == []


def test_a_megabyte_by_mistake_is_not_read_through() -> None:
    assert digits_of("x" * 2_000_000 + "123456") == ""
    assert digits_of("1 " * 2_000_000) == "111111"


async def test_digits_of_other_scripts_are_digits_and_superscripts_are_not() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        for sign in "\N{ARABIC-INDIC DIGIT SEVEN}\N{SUPERSCRIPT TWO}\N{FULLWIDTH DIGIT EIGHT}":
            await app.on_event(events.Key("x", sign))
        await pilot.pause()
        assert entry.value == "78"


async def test_letters_stay_keys_of_what_is_around_it_and_digits_do_not() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press("1", "o", "question_mark", "x", "space", "5")
        assert app.told == ["key o", "key ?"]
        assert entry.value == "15"
        assert {"o", "question_mark"} <= set(app.screen.active_bindings)
        assert "5" not in app.screen.active_bindings


async def test_enter_before_the_sixth_digit_says_so() -> None:
    app, _ = code_app()
    async with app.run_test() as pilot:
        await pilot.press("enter", "1", "enter")
        assert app.told == ["short", "short"]


async def test_while_it_is_checked_it_takes_nothing() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        # All in one burst: nothing of it may become a second try.
        await pilot.press(*"123456", "enter", "backspace", "7", "ctrl+u", "enter", "delete")
        await paste(pilot, "654321")
        assert app.told == ["123456"]
        assert entry.value == "123456"
        assert entry.busy
        assert entry.has_class("-checking")


async def test_a_refused_code_empties_the_field_and_leaves_the_sentence() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press(*"123456")
        entry.refuse()
        app.field.show_error("Wrong code. Check it, or wait for the next.")
        await pilot.pause()
        assert entry.value == ""
        assert "Wrong code." in str(app.field.query_one(".slot").render())
        # The same digits again are another try; the person typed them anew.
        await pilot.press(*"123456")
        assert app.told == ["123456", "123456"]


async def test_the_same_digits_are_told_once() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press(*"123456")
        entry.busy = False  # a dialog that forgets to say that it is done
        await pilot.press("backspace", "6", "enter")
        assert app.told == ["123456"]
        await pilot.press("backspace", "7")
        assert app.told == ["123456", "123457"]


async def test_when_it_could_not_be_checked_enter_sends_the_same_digits_again() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press(*"123456")
        entry.checking(False)
        await pilot.press("enter")
        assert app.told == ["123456", "123456"]
        assert entry.busy


async def test_a_seventh_digit_changes_nothing_even_in_the_middle() -> None:
    app, entry = code_app()
    async with app.run_test() as pilot:
        await pilot.press(*"123456")
        entry.checking(False)
        await pilot.press("home", "9")
        assert entry.value == "123456"
        await pilot.press("ctrl+shift+a", "9")
        assert entry.value == "9"


async def test_letters_are_text_of_a_recovery_code_and_enter_submits_it() -> None:
    entry = RecoveryInput(id="recovery")
    app = OneField(entry)
    async with app.run_test() as pilot:
        await pilot.press(*"1oR4", "space", "x", "question_mark", "enter")
        assert app.told == ["submitted 1oR4 x?"]
        entry.checking(True)
        await pilot.press("y", "enter")
        assert entry.value == "1oR4 x?"
        assert len(app.told) == 1
        entry.refuse()
        assert entry.value == ""
        await pilot.press("y")
        assert entry.value == "y"
