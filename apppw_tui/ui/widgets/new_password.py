"""A new account password, typed twice, with its strength in words as it is typed."""

import asyncio
from collections.abc import Callable

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from apppw_tui.domain import account_password
from apppw_tui.domain.errors import ApppwError
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import AdvancingInput, PasswordInput


class AdvancingPasswordInput(AdvancingInput, PasswordInput):
    """A masked field before another one."""


class NewPassword(Vertical):
    """Two masked fields that have to agree."""

    class Submitted(Message):
        """Enter was pressed in the second field."""

    def __init__(self, account: Callable[[], str], label: str) -> None:
        super().__init__()
        self._account = account
        self._first = Field(label, AdvancingPasswordInput(id="new"), hint=account_password.HINT)
        self._second = Field("Repeat password", PasswordInput(id="again"))

    def compose(self) -> ComposeResult:
        yield self._first
        yield self._second

    @property
    def value(self) -> str:
        return self._first.value

    def show_error(self, reason: str | ApppwError) -> None:
        self._first.show_error(reason)

    def is_valid(self) -> bool:
        """True if something was typed, twice the same; otherwise it says what is missing."""
        if not self._first.value:
            self._first.show_error("Choose a password.")
        elif self._first.value != self._second.value:
            self._second.refuse("The two passwords differ.")
        else:
            return True
        return False

    @on(Input.Changed, "#new")
    @work(exclusive=True)
    async def judge(self) -> None:
        text = self._first.value
        if not text:
            self._first.clear()
            return
        password, account = Secret(text).normalized(), self._account()
        strength = await asyncio.to_thread(account_password.strength, password, account)
        self._first.show_hint(str(strength), good=strength.good_enough)

    @on(Input.Submitted, "#again")
    def submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted())
