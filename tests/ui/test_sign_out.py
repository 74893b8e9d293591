"""Signed out, one sees Login at once, whatever the store takes to say whether there are accounts.

What was shown goes first: a secret does not wait for a database.
"""

from collections.abc import Iterator
from threading import Event

import pytest
from textual.widgets import Input

from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.portal.portal import Portal
from apppw_tui.ui import app
from apppw_tui.ui.dialogs.details import HelpDialog
from apppw_tui.ui.dialogs.new_app_password import SecretLabel
from apppw_tui.ui.screens.login import LoginScreen
from tests.support import PASSWORD
from tests.ui.walks import ACCOUNT, Visit, gated, house_with, opened, portal_app, send

OUT = "You are signed out."
SILENT = "The database does not answer."


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """The store says whether there are accounts once this is set; in the end it always does."""
    welcome = gated(monkeypatch, Portal, "has_accounts")
    welcome.set()
    yield welcome
    welcome.set()


async def sign_out(visit: Visit, answer: Event) -> None:
    """Until Login is seen, while the store is silent."""
    answer.clear()
    visit.app.sign_out()
    await visit.see(OUT)
    assert visit.on(LoginScreen)


async def burst(visit: Visit, text: str) -> None:
    """All at once, and as far as it goes while the store is silent: nothing comes to rest."""
    send(visit, *text)
    for _ in range(5):
        await visit.pilot.pause()


async def test_a_secret_goes_from_the_screen_before_the_store_answers(answer: Event) -> None:
    async with opened(house_with()) as visit:
        await visit.to_reveal()
        secret = str(visit.screen.query_one(SecretLabel).content)
        assert secret in visit.screen_text()
        await sign_out(visit, answer)
        assert secret not in visit.screen_text()
        answer.set()
        await visit.settle()
        assert visit.on(LoginScreen)
        assert OUT in visit.screen_text()


async def test_one_can_quit_before_the_store_answers(answer: Event) -> None:
    app = portal_app(house_with())
    async with opened(app) as visit:
        await visit.to_reveal()
        answer.clear()
        app.sign_out()
        await visit.pilot.pause()
        send(visit, "ctrl+q")
        await visit.until(lambda: app._exit)  # nothing tells sooner
        answer.set()
    assert app.return_code == 0


async def test_what_is_typed_until_the_store_answers_is_for_the_password(
    monkeypatch: pytest.MonkeyPatch, answer: Event
) -> None:
    monkeypatch.setattr(app, "_LOOKING", 600.0)
    async with opened(house_with()) as visit:
        await visit.sign_in()
        await sign_out(visit, answer)
        await burst(visit, "word")
        assert visit.app.typed_ahead == 4
        answer.set()
        await visit.settle()
        assert [field.value for field in visit.screen.query(Input)] == [ACCOUNT, "word"]


async def test_it_is_for_the_first_account_where_there_is_none_any_more(
    monkeypatch: pytest.MonkeyPatch, answer: Event
) -> None:
    monkeypatch.setattr(app, "_LOOKING", 600.0)
    house = house_with()
    async with opened(house, may_create_first=True) as visit:
        await visit.sign_in()
        house.store.remove(ACCOUNT)
        await sign_out(visit, answer)
        await burst(visit, "9")
        answer.set()
        await visit.settle()
        assert "Create the first account" in visit.screen_text()
        assert visit.screen.query(Input).first().value == "9"


async def test_whoever_has_waited_long_enough_types_into_login_and_stays_there(
    answer: Event,
) -> None:
    house = house_with()
    async with opened(house, may_create_first=True) as visit:
        await visit.sign_in()
        house.store.remove(ACCOUNT)
        await sign_out(visit, answer)
        await visit.app.flush_keys()  # the second is over
        await burst(visit, "word")
        assert visit.screen.query_one("#password", Input).value == "word"
        answer.set()
        await visit.settle()
        assert visit.screen.query_one("#password", Input).value == "word"


@pytest.mark.slow
async def test_an_answer_ends_no_hold_for_what_comes_after_the_password(
    monkeypatch: pytest.MonkeyPatch, answer: Event
) -> None:
    checked = gated(monkeypatch, Portal, "sign_in")
    async with opened(house_with()) as visit:
        await visit.sign_in()
        await sign_out(visit, answer)
        await visit.app.flush_keys()  # the second is over
        await burst(visit, PASSWORD)
        await visit.pilot.press("enter")
        await burst(visit, "c")
        assert visit.app.typed_ahead == 1
        answer.set()
        for _ in range(20):
            await visit.pilot.pause(0.001)
        assert visit.app.typed_ahead == 1
        checked.set()
        await visit.settle()
        await visit.see("Create an app password")


@pytest.mark.slow
async def test_help_over_login_is_left_alone(answer: Event) -> None:
    house = house_with()
    async with opened(house, may_create_first=True) as visit:
        await visit.sign_in()
        house.store.remove(ACCOUNT)
        await sign_out(visit, answer)
        await visit.app.flush_keys()  # the second is over
        visit.app.action_help()
        await visit.pilot.pause()
        answer.set()
        await visit.settle()
        assert visit.on(HelpDialog)


async def test_a_store_that_fails_is_told_on_login(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(house_with()) as visit:
        await visit.sign_in()

        def fail(_portal: Portal) -> bool:
            raise StoreUnusable(SILENT)

        monkeypatch.setattr(Portal, "has_accounts", fail)
        visit.app.sign_out()
        await visit.settle()
        assert visit.on(LoginScreen)
        assert SILENT in visit.screen_text()
