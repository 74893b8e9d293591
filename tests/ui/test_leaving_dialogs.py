"""Nobody leaves a dialog while its call goes on: the outcome would never be seen."""

import inspect
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from textual.widgets import Button, Input

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy
from apppw_tui.ui.dialogs.account_password import ChangePasswordDialog, ConfirmPasswordDialog
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.base import ActionButton, Dialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.dialogs.phone_number import PhoneNumberDialog
from apppw_tui.ui.dialogs.security_code import CodeQuestion, SecurityCodeDialog, UntypedDialog
from apppw_tui.ui.dialogs.ssh_keys import AddKeyDialog
from tests.support import KEY, House
from tests.ui.inspection import own_classes
from tests.ui.walks import ACCOUNT, Visit, house_with, opened

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
