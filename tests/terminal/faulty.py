"""The program with one fault put into it: `python -m tests.terminal.faulty KIND ARGUMENT…`.

F1 sets it off, except where the fault is in opening the portal, or in one of its steps. Every fault
has the password that stands in the field, or the secrets of its step, both among its variables and
in what it says.
"""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from textual.app import App, ComposeResult
from textual.widgets import Input, Label

from apppw_tui import cli
from apppw_tui.domain import totp
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import VerificationOption
from apppw_tui.integrations.code_delivery import CommandCodeSender
from apppw_tui.portal.enrollment import AuthenticatorEnrollment, Enrollment
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.screens.login import LoginScreen

KEPT: list[object] = []  # until the very end


class Fault(Exception):
    """No error that the program expects."""


class Talkative(Fault):
    """Rich would let it write its own report."""

    def __rich__(self) -> str:
        return str(self)


class Unprintable:
    """Fails where nobody can catch it."""

    def __init__(self, password: str) -> None:
        self.password = password

    def __del__(self) -> None:
        raise Fault(self.password)


class Faulty(Label):
    """Fails when it is drawn."""

    def __init__(self, password: str) -> None:
        super().__init__(password)
        self.password = password

    def render(self) -> NoReturn:
        raise Fault(self.password)


def typed(app: App[None]) -> str:
    """The password that stands in the field."""
    password = app.screen.query_one("#password", Input).value
    assert password, "nothing was typed"
    return password


def fail(app: App[None]) -> NoReturn:
    password = typed(app)
    raise Fault(password)


def talk(app: App[None]) -> NoReturn:
    raise Talkative(typed(app))


def in_a_timer(app: App[None]) -> None:
    app.set_timer(0.01, lambda: fail(app))


def in_a_worker(app: App[None]) -> None:
    async def work() -> None:
        fail(app)

    app.run_worker(work())


def in_a_thread_worker(app: App[None]) -> None:
    app.run_worker(lambda: fail(app), thread=True)


def in_drawing(app: App[None]) -> None:
    app.screen.mount(Faulty(typed(app)))


def in_a_thread(app: App[None]) -> None:
    threading.Thread(target=fail, args=[app]).start()


def in_a_late_thread(app: App[None]) -> None:
    """Once the screens are gone, and Textual no longer catches what is printed."""
    password = typed(app)

    def wait() -> None:
        threading.main_thread().join()
        raise Fault(password)

    threading.Thread(target=wait).start()


def in_a_task(app: App[None]) -> None:
    async def work() -> None:
        fail(app)

    asyncio.create_task(work())  # noqa: RUF006 - nobody ever asks how it ended


def in_a_task_that_is_kept(app: App[None]) -> None:
    async def work() -> None:
        fail(app)

    KEPT.append(asyncio.create_task(work()))


def in_a_callback(app: App[None]) -> None:
    asyncio.get_running_loop().call_soon(fail, app)


def in_a_finalizer(app: App[None]) -> None:
    Unprintable(typed(app))


SET_OFF: dict[str, Callable[[App[None]], None]] = {
    "handler": fail,
    "own-report": talk,
    "timer": in_a_timer,
    "worker": in_a_worker,
    "thread-worker": in_a_thread_worker,
    "drawing": in_drawing,
    "thread": in_a_thread,
    "late-thread": in_a_late_thread,
    "task": in_a_task,
    "kept-task": in_a_task_that_is_kept,
    "callback": in_a_callback,
    "finalizer": in_a_finalizer,
}


# What Python itself would only report.
SURVIVED = ("thread", "late-thread", "task", "kept-task", "callback", "finalizer")


def sign_in(self: Portal, name: str, password: str) -> Session:
    raise Fault(name, password)


def answer(self: Challenge, option: VerificationOption, text: str) -> Session:
    raise Fault(self.account, option, text)


def confirm(self: AuthenticatorEnrollment, session: Session, digits: str) -> Session:
    key = self.secret.reveal()
    raise Fault(session, key, digits)


def accepted_step(secret: Secret, digits: str, *_: object, **__: object) -> int:
    key = secret.reveal()
    raise Fault(key, digits)


def deliver(self: CommandCodeSender, kind: DeliveryMethod, number: str, message: Secret) -> None:
    text = message.reveal()
    raise Fault(self, kind, number, text)


def new_recovery_codes(self: Enrollment, session: Session) -> list[Secret]:
    codes = [code.reveal() for code in made(self, session)]
    raise Fault(*codes)


made = Enrollment.new_recovery_codes


def compose(self: LoginScreen) -> ComposeResult:
    raise Fault("engine no. 1 weaves algebra")


STEPS: dict[str, tuple[object, str, Callable[..., object]]] = {
    "sign-in": (Portal, "sign_in", sign_in),
    "opening": (LoginScreen, "compose", compose),
    "answer": (Challenge, "answer", answer),
    "confirm": (AuthenticatorEnrollment, "confirm", confirm),
    "accepted-step": (totp, "verify", accepted_step),
    "deliver": (CommandCodeSender, "send", deliver),
    "recovery-codes": (Enrollment, "new_recovery_codes", new_recovery_codes),
}


def main(kind: str, arguments: list[str]) -> int:
    if kind in STEPS:
        setattr(*STEPS[kind])
    else:
        PortalApp.action_help = SET_OFF[kind]  # type: ignore[assignment, method-assign]
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
