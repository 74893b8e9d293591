"""Calls of the portal: in a thread, verified where need be, and with all that is said besides."""

import asyncio
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Button, Static

import apppw_tui.ui
from apppw_tui.domain.errors import (
    ApppwError,
    NameTaken,
    ReverificationRequired,
    SessionEnded,
    StoreBusy,
)
from apppw_tui.ui.messages import SignedOut
from apppw_tui.ui.portal_calls import call_portal, is_busy

ROOM = Path(apppw_tui.ui.__file__).parent


class Caller(App[None]):
    """An app with a button, in which nothing but calls happens."""

    def __init__(self, *, verifies: bool = True) -> None:
        super().__init__()
        self.verifies = verifies
        self.verified = 0
        self.refusals: list[ApppwError] = []
        self.ended: list[str] = []

    def compose(self) -> ComposeResult:
        yield Button("Create")

    @property
    def button(self) -> Button:
        return self.query_one(Button)

    async def verify_again(self) -> bool:
        self.verified += self.verifies
        return self.verifies

    @on(SignedOut)
    def end(self, event: SignedOut) -> None:
        self.ended.append(event.reason)


async def test_the_result_comes_from_a_thread_of_its_own() -> None:
    async with (app := Caller()).run_test():
        thread = await call_portal(app, threading.get_ident, app.refusals.append)
    assert thread not in (None, threading.get_ident())
    assert app.refusals == []


@pytest.mark.parametrize("error", [NameTaken("It is taken."), StoreBusy("It is busy.")])
async def test_a_refusal_goes_to_the_caller(error: ApppwError) -> None:
    def call() -> str:
        raise error

    async with (app := Caller()).run_test():
        assert await call_portal(app, call, app.refusals.append) is None
    assert app.refusals == [error]


async def test_a_session_that_ended_is_the_apps_to_tell() -> None:
    def call() -> str:
        raise SessionEnded("You were signed out.")

    async with (app := Caller()).run_test() as pilot:
        assert await call_portal(app, call, app.refusals.append) is None
        await pilot.pause()
        assert app.ended == ["You were signed out."]
    assert app.refusals == []


@pytest.mark.parametrize("verifies", [True, False])
async def test_what_needs_a_fresh_verification_is_called_again_after_it(*, verifies: bool) -> None:
    app = Caller(verifies=verifies)

    def call() -> str:
        if not app.verified:
            raise ReverificationRequired("It is a while ago.")
        return "done"

    async with app.run_test():
        result = await call_portal(app, call, app.refusals.append)
    assert result == ("done" if verifies else None)
    assert [str(error) for error in app.refusals] == ([] if verifies else ["It is a while ago."])


async def test_a_button_is_busy_as_long_as_its_call_and_calls_nothing_else() -> None:
    calls: list[bool] = []
    async with (app := Caller()).run_test():
        button = app.button

        def call() -> str:
            calls.append(is_busy(button))
            raise NameTaken("It is taken.")

        assert await call_portal(app, call, app.refusals.append, button, "Creating…") is None
        assert not is_busy(button)
        button.add_class("-busy")
        assert await call_portal(app, call, app.refusals.append, button, "Creating…") is None
    assert calls == [True]
    assert len(app.refusals) == 1


async def test_a_button_says_that_it_takes_a_while() -> None:
    labels: list[str] = []
    async with (app := Caller()).run_test() as pilot:
        button = app.button
        waits, goes_on = threading.Event(), threading.Event()

        def call() -> str:
            waits.set()
            goes_on.wait()
            return "done"

        async def press() -> None:
            labels.append(await call_portal(app, call, app.refusals.append, button, "Wait…") or "")

        app.run_worker(press())
        while str(button.label) != "Wait…":
            await pilot.pause(0.01)
        assert waits.is_set()
        goes_on.set()
        await app.workers.wait_for_complete()
        assert str(button.label) == "Create"
    assert labels == ["done"]


class Line(Static):
    """A widget at whose end the portal answers, and which goes once the worker has ended."""

    answers: threading.Event
    asking: asyncio.Task[None]

    async def on_unmount(self) -> None:
        self.answers.set()
        await asyncio.wait([self.asking])


class Asking(Screen[None]):
    """Shows in its line what the portal says."""

    def compose(self) -> ComposeResult:
        yield Line()

    async def ask(self, call: Callable[[], str]) -> None:
        answer = await call_portal(self, call, lambda _: None)
        self.query_one(Line).update(answer or "")


@pytest.mark.parametrize("ended", ["screen", "app"])
async def test_an_answer_for_a_screen_that_is_being_left_is_dropped(ended: str) -> None:
    """Its widgets go first, its workers last: between, there is nothing to show the answer in."""
    async with (app := Caller()).run_test() as pilot:
        screen = Asking()
        await app.push_screen(screen)
        line = screen.query_one(Line)
        line.answers, called = threading.Event(), threading.Event()

        def call() -> str:
            called.set()
            line.answers.wait()
            return "done"

        line.asking = asyncio.create_task(screen.ask(call))
        while not called.is_set():
            await pilot.pause(0.01)
        if ended == "screen":
            await app.pop_screen()
        else:
            app.exit()
    assert line.asking.cancelled()


def test_no_screen_dialog_or_flow_has_a_way_of_its_own() -> None:
    """Only the app itself knows when a session has ended; only one module verifies again.

    The plain portal has neither: its questions follow each other, and end where they were asked.
    """
    paths = [path for path in ROOM.rglob("*.py") if path.parent.name != "plain"]
    files = {str(path.relative_to(ROOM)): path.read_text() for path in paths}
    handled = re.compile(r"except .*\b(SessionEnded|ReverificationRequired)\b")
    assert {name for name, text in files.items() if handled.search(text)} == {"portal_calls.py"}
    threads = {name for name, text in files.items() if re.search("to_thread|thread=True", text)}
    assert threads == {
        "app.py",  # the app itself, before a screen is there
        "hardened_app.py",  # the clipboard
        "portal_calls.py",
        # The demonstration's codes, and zxcvbn: neither is the portal.
        "widgets/code_input.py",
        "widgets/new_password.py",
    }
