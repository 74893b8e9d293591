"""Nobody leaves a dialog while its call goes on: the outcome would never be seen."""

import inspect
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.security_code import CodeQuestion, SecurityCodeDialog, UntypedDialog
from apppw_tui.ui.dialogs.ssh_keys import AddKeyDialog
from apppw_tui.ui.portal_calls import STILL_AT_WORK
from tests.support import KEY, House, first_quick
from tests.ui.inspection import own_classes
from tests.ui.states_of_verification import protected
from tests.ui.walks import ACCOUNT, Visit, gated, house_with, opened

Call = Callable[..., Any]
QUESTION = ("A question", "Its sentence.")


def authenticator(house: House, call: Call) -> Dialog[Any]:
    begun = house.portal.enrollment.begin_authenticator(house.session(ACCOUNT))
    return AuthenticatorDialog("Set up", begun, call, call, step=True)


def editing(house: House, call: Call) -> Dialog[Any]:
    [present] = house.now(ACCOUNT).app_passwords
    return EditDialog(present, call, house.clock.now, Policy())


DIALOGS: dict[type[Dialog[Any]], Callable[[House, Call], Dialog[Any]]] = {
    AddKeyDialog: lambda _, call: AddKeyDialog("Add a key", KEY, call, step=True),
    AuthenticatorDialog: authenticator,
    ChangePasswordDialog: lambda _, call: ChangePasswordDialog(ACCOUNT, 1, call),
    ConfirmPasswordDialog: lambda _, call: ConfirmPasswordDialog(call),
    CreateDialog: lambda house, call: CreateDialog(call, house.clock.now, Policy(), step=True),
    EditDialog: editing,
    PhoneNumberDialog: lambda _, call: PhoneNumberDialog("A phone", ["text"], call, step=True),
    SecurityCodeDialog: lambda _, call: SecurityCodeDialog(
        CodeQuestion(*QUESTION, call, alternatives=("different", "back"))
    ),
    UntypedDialog: lambda _, call: UntypedDialog(*QUESTION, "Use it", call),
}


def test_every_dialog_that_calls_is_tried() -> None:
    calls = ("self.ask(", "self.call(", "call_portal(")
    found = {
        kind
        for kind in own_classes()
        if issubclass(kind, Dialog) and any(call in inspect.getsource(kind) for call in calls)
    }
    # A test of an app password changes nothing, and its outcome is of use to nobody who leaves.
    assert found - {Dialog, NewAppPasswordDialog} == DIALOGS.keys()


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in (UntypedDialog, AddKeyDialog) else pytest.mark.slow)
        for kind in DIALOGS
    ],
    ids=lambda kind: kind.__name__,
)
async def test_no_key_and_no_button_leaves_it(kind: type[Dialog[Any]]) -> None:
    begun, goes_on = Event(), Event()

    def call(*_: object) -> None:
        begun.set()
        assert goes_on.wait(120)
        raise Refused("Not so.")

    house, answers = house_with("Laptop"), list[object]()
    async with opened(house) as visit:
        dialog = DIALOGS[kind](house, call)
        await visit.app.push_screen(dialog, answers.append)
        await begin(visit, begun)
        try:
            for key, active in dialog.active_bindings.items():
                if active.node is dialog and not active.binding.action.startswith("app."):
                    await visit.pilot.press(key)
            for button in dialog.query(Button):
                button.press()
                await visit.pilot.pause()
            assert visit.screen is dialog
            assert answers == []
        finally:
            goes_on.set()
        await visit.settle()


@pytest.mark.parametrize("size", first_quick((40, 12), (80, 24)))
async def test_quitting_from_it_needs_the_key_twice(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(monkeypatch, Portal, "create_app_password")
    async with opened(house_with(), size=size) as visit:
        await visit.to_create()
        await visit.pilot.press("enter")
        await visit.see("Creating…")
        await visit.pilot.press("ctrl+q")
        await visit.see(STILL_AT_WORK)
        gate.set()
        await visit.settle()
        assert visit.on(NewAppPasswordDialog)


@pytest.mark.slow
async def test_quitting_while_a_code_is_checked_needs_the_key_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = gated(monkeypatch, Challenge, "answer")
    async with opened(protected()) as visit:
        await visit.enter_password()
        for digit in "000000":
            await visit.pilot.press(digit)
        await visit.see("Checking…")
        await visit.pilot.press("ctrl+q")
        await visit.see(STILL_AT_WORK)
        gate.set()
        await visit.settle()
        assert "Wrong code." in visit.sentences()
        assert STILL_AT_WORK not in visit.sentences()
        await visit.press("ctrl+q")
        assert not visit.app.is_running


@pytest.mark.slow
@pytest.mark.parametrize("over", [(), ("f1",)], ids=["seen", "under help"])
async def test_a_call_that_hangs_holds_nobody(
    over: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gated(monkeypatch, Portal, "create_app_password")
    async with opened(house_with()) as visit:
        await visit.to_create()
        await visit.pilot.press("enter")
        await visit.see("Creating…")
        await visit.pilot.press(*over, "ctrl+q")
        await visit.see("Not done yet. ^q again to quit." if over else STILL_AT_WORK)
        await visit.pilot.press("ctrl+q")
        await visit.pilot.pause()
        gate.set()
        await visit.settle()
        assert not visit.app.is_running


@pytest.mark.slow
async def test_while_it_is_asked_who_one_is_nothing_is_done_yet() -> None:
    """The button is busy under the question, and quitting loses nothing."""
    async with opened(protected()) as visit:
        await visit.to_create()
        visit.later(601)
        await visit.press("enter")
        assert visit.on(SecurityCodeDialog)
        await visit.press("ctrl+q")
        assert not visit.app.is_running


async def begin(visit: Visit, begun: Event) -> None:
    """Fills in whatever is asked; six digits submit themselves, the rest is sent by its button."""
    await visit.settle()
    for entry in visit.screen.query(Input):
        entry.value = "123456"
    await visit.pilot.pause()
    buttons = [each for each in visit.screen.query(Button) if not isinstance(each, ActionButton)]
    if not begun.is_set() and buttons:
        buttons[0].press()
    for _ in range(400):
        if begun.is_set():
            return
        await visit.pilot.pause()
    raise AssertionError("nothing was called")
