"""Setting up one verification method, and proving it."""

from functools import partial
from typing import Literal

from apppw_tui.domain.phone import PhoneSlot, last_digits
from apppw_tui.domain.recovery_codes import RecoveryCodes
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.authenticator import AuthenticatorDialog
from apppw_tui.ui.dialogs.phone_number import PhoneChoice, PhoneNumberDialog
from apppw_tui.ui.dialogs.recovery_codes import RecoveryCodesDialog
from apppw_tui.ui.dialogs.security_code import CodeQuestion, SecurityCodeDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.screens.base import PortalScreen

SetUpOutcome = Literal["done", "back"] | None

MAKING_CODES = f"Making your recovery codes{GLYPHS.more}"  # which takes a second or two


async def set_up_authenticator(
    screen: PortalScreen, title: str, *, step: bool = False
) -> SetUpOutcome:
    """Done once a code from the app was accepted."""
    context = screen.context
    set_up = await screen.ask(
        lambda: context.portal.enrollment.begin_authenticator(context.session)
    )
    if set_up is None:
        return None
    answer = await screen.app.push_screen_wait(
        AuthenticatorDialog(
            title,
            set_up,
            lambda digits: set_up.confirm(context.session, digits),
            context.copy,
            peek=partial(context.demo.shown_for, set_up.secret) if context.demo else None,
            step=step,
        )
    )
    return outcome_of(screen, answer)


async def set_up_phone(
    screen: PortalScreen, which: PhoneSlot, title: str, *, step: bool = False
) -> SetUpOutcome:
    """Done once a code that was sent to the number came back."""
    context = screen.context
    kinds = context.portal.enrollment.delivery_methods(which)
    typed = ""
    while True:
        numbered = await screen.app.push_screen_wait(
            PhoneNumberDialog(
                title,
                kinds,
                lambda text: context.portal.enrollment.begin_phone(context.session, which, text),
                typed,
                step=step,
            )
        )
        if not isinstance(numbered, PhoneChoice):
            return numbered
        typed = numbered.set_up.number.reveal()
        answer = await screen.app.push_screen_wait(
            SecurityCodeDialog(_question(screen, title, numbered))
        )
        if answer != "back":
            return outcome_of(screen, answer)


def _question(screen: PortalScreen, title: str, numbered: PhoneChoice) -> CodeQuestion:
    context, set_up, kind = screen.context, numbered.set_up, numbered.kind

    def send(again: bool) -> str:  # noqa: ARG001 - a new dialog always sends a new code
        set_up.send(context.session, kind)
        return formatting.sent_message(kind, last_digits(set_up.number))

    return CodeQuestion(
        title,
        "A code is on its way.",
        lambda digits: set_up.confirm(context.session, digits),
        send,
        alternatives=("back",),
        demo_code=context.demo.sent if context.demo else None,
    )


def outcome_of(screen: PortalScreen, answer: Session | str | None) -> SetUpOutcome:
    """The outcome for the flow, which goes on with the session if there is one."""
    if isinstance(answer, Session):
        screen.context.session = answer
        return "done"
    return "back" if answer == "back" else None


async def make_recovery_codes(
    screen: PortalScreen,
) -> tuple[list[Secret], RecoveryCodes | None] | None:
    """New ones, and what the account keeps of them; None if there are none, which has been said."""
    context = screen.context
    make = context.portal.enrollment.new_recovery_codes
    with screen.making_once():
        codes = await screen.ask(lambda: make(context.session))
        account = await screen.read_account() if codes is not None else None
    return None if codes is None else (codes, account.recovery if account else None)


async def give_recovery_codes(screen: PortalScreen) -> None:
    """Makes new ones, says so for as long as it takes, and shows them."""
    screen.say(MAKING_CODES)
    made = await make_recovery_codes(screen)
    if made is not None:
        screen.say("")
        await show_recovery_codes(screen, "Your recovery codes", made[0])


async def show_recovery_codes(
    screen: PortalScreen, title: str, codes: list[Secret], *, step: bool = False
) -> Literal["on", "back"] | None:
    context = screen.context
    made = context.clock.now()
    save = context.save and partial(
        context.save, context.host_name, context.session.account_name, made
    )
    return await screen.app.push_screen_wait(
        RecoveryCodesDialog(title, codes, context.copy, save, context.clock.monotonic, step=step)
    )
