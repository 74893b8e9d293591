"""What looks for faults finds them: each is planted once."""

from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Button, Label, OptionList

from apppw_tui.ui import key_help
from apppw_tui.ui.hardened_app import HardenedApp
from apppw_tui.ui.widgets.footer import KeyFooter
from apppw_tui.ui.widgets.more import MoreLine
from tests.ui import inspection
from tests.ui.inspection import cut_words, faint_focus, keyless_actions, unreached, untold_keys
from tests.ui.walks import house_with, opened


class Faulty(HardenedApp):
    CSS = """
    Label { width: auto; height: auto; }
    #narrow { width: 8; height: 1; }
    #far { width: 100; height: 1; }
    #folded { width: 100%; }
    Button { width: 8; min-width: 3; height: 1; }
    OptionList { width: 12; height: 6; text-wrap: nowrap; }
    VerticalScroll { height: 2; }
    #below { margin-top: 4; }
    """

    def compose(self) -> ComposeResult:
        yield Label("cut in the middle", id="narrow")
        yield Label("folded " * 20, id="folded")
        yield Label("." * 90 + "beyond the edge", id="far")
        yield Button("Press here", id="short", compact=True)
        yield OptionList("fits", "this one does not")
        with VerticalScroll(can_focus=False):
            yield Label("seen")
            yield Label("scrolled out of sight", id="below")


class Told(Faulty):
    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield MoreLine("VerticalScroll")


@pytest.mark.parametrize("kind", [Faulty, Told])
async def test_cut_words_are_found_unless_it_is_said_that_there_is_more(kind: type[Faulty]) -> None:
    async with opened(kind()) as visit:
        await visit.pilot.pause()
        cut = {finding.split(" is cut")[0] for finding in cut_words(visit.screen)}
        told = kind is Told
        below = set() if told else {"Label#below"}
        assert cut == {"Label#narrow", "Label#far", "Button#short", "OptionList"} | below


async def test_what_tab_leaves_out_is_found() -> None:
    async with opened(Faulty()) as visit:
        await visit.pilot.pause()
        reached = [visit.screen.query_one("#short")]
        assert unreached(visit.screen, reached) == ["OptionList is not reached"]


async def test_a_focus_that_looks_like_none_is_found() -> None:
    async with opened(Faulty()) as visit:
        visit.screen.query_one("#short").focus()
        await visit.pilot.pause()
        assert faint_focus(visit.screen) == ["Button#short is faint"]


class Keyless(KeyFooter):
    BINDINGS: ClassVar = [Binding("x", "bound", "Bound", id="bound", tooltip="Is bound")]

    def action_bound(self) -> None:
        """By a key of its own."""

    def action_forgotten(self) -> None:
        """By none."""


def test_an_action_without_a_key_is_found() -> None:
    assert keyless_actions([Keyless]) == ["Keyless.action_forgotten has no key"]


async def test_a_key_without_help_is_found_and_so_is_another_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with opened(house_with("Laptop")) as visit:
        await visit.sign_in()
        assert untold_keys(visit) == []
        rows = key_help.help_keys(visit.app)
        monkeypatch.setattr(inspection, "help_keys", lambda _: rows[1:])
        assert untold_keys(visit)[0] == "enter (Details) is not in the help"
        monkeypatch.setattr(inspection, "help_keys", lambda _: [rows[1], rows[0], *rows[2:]])
        assert "another order" in untold_keys(visit)[0]
        monkeypatch.setattr(inspection, "help_keys", lambda _: [(rows[0][0], ""), *rows[1:]])
        assert untold_keys(visit) == [f"{rows[0][0]} is told of without words"]
