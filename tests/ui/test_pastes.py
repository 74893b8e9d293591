"""What is pasted into a field stands there, or the field's line says what became of it."""

import pytest
from textual import events

from tests.support import first_quick
from tests.ui.walks import Visit, house_with, opened

_TOO_LONG = "What was pasted is too long"
_FIRST_LINE = "Only the first line of what was pasted"
_MANY_LINES = "What was pasted has several lines"


async def paste(visit: Visit, text: str) -> str:
    """Pastes `text` into what has the focus; the screen after it."""
    visit.app.post_message(events.Paste(text))
    await visit.settle()
    return " ".join(visit.screen_text().split())


def value(visit: Visit) -> str:
    return str(getattr(visit.focused, "value", None))


@pytest.mark.slow
@pytest.mark.parametrize("length", first_quick(1_101, 5_000, 65_536))
async def test_a_paste_that_is_too_long_for_a_name_is_told_and_not_dropped(length: int) -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("c")
        assert _TOO_LONG in await paste(visit, "x" * length)
        assert value(visit) == ""
        assert _TOO_LONG not in await paste(visit, "Phone")
        assert value(visit) == "Phone"


@pytest.mark.slow
async def test_of_several_lines_the_first_stands_in_the_field_and_that_is_told() -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.to_app_passwords()
        await visit.press("slash")
        assert _FIRST_LINE in await paste(visit, "Lap\ntop")
        assert value(visit) == "Lap"
        await visit.press("escape", "c")
        assert _FIRST_LINE in await paste(visit, "\n\r\ntwo\r\nlines")
        assert value(visit) == "two"
        await visit.press("backspace")
        assert _FIRST_LINE not in visit.screen_text()
        assert _FIRST_LINE not in await paste(visit, "ice\n")
        assert value(visit) == "twice"


async def test_a_masked_field_takes_one_whole_line_or_nothing() -> None:
    async with opened(house_with()) as visit:
        assert _FIRST_LINE in await paste(visit, "ada\nsecret")
        await visit.press("tab")
        assert _MANY_LINES in await paste(visit, "one\rtwo")  # as xterm sends an end of line
        assert value(visit) == ""
        assert _TOO_LONG in await paste(visit, "x" * 2_000)
        assert value(visit) == ""
        seen = await paste(visit, "correct horse\n")
        assert _TOO_LONG not in seen
        assert value(visit) == "correct horse"
