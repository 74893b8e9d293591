"""Proving who one is: the preferred method, or a different one."""

from functools import partial

from textual.app import App

from apppw_tui.domain import verification_options
from apppw_tui.domain.verification_options import VerificationOption
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import Demo
from apppw_tui.ui.dialogs.account_password import ConfirmPasswordDialog
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.security_code import BypassDialog, CodeQuestion, SecurityCodeDialog
from apppw_tui.ui.widgets.lists import Choice

TITLE = "Additional security verification"
_DIFFERENT = "Use a different verification option"
_BYPASS = "bypass"
_FROM_APP = "Enter the six digits that your authenticator app shows now."
_OR_KEY = " Or connect with your ssh key."
_FROM_PAPER = "Enter one of your recovery codes. Each of them works once."


async def verify_identity(
    app: App[None], challenge: Challenge, demo: Demo | None
) -> Session | None:
    """The session that the right answer gives; None if the person gave up.

    Only within a worker: it waits for dialogs.
    """
    if challenge.uses_password:
        return await app.push_screen_wait(ConfirmPasswordDialog(challenge.answer_with_password))
    first = challenge.preferred
    option_id: str | None = first.id if first else None
    if challenge.bypass_until is not None:
        option_id = _BYPASS
    while True:
        if option_id is None:
            option_id = await _choose(app, challenge, None)
            if option_id is None:
                return None
        answer = await _ask(app, challenge, option_id, demo)
        if answer != "different":
            return answer if isinstance(answer, Session) else None
        option_id = await _choose(app, challenge, option_id) or option_id


async def _ask(
    app: App[None], challenge: Challenge, option_id: str, demo: Demo | None
) -> Session | str | None:
    option = verification_options.by_id(option_id)
    if option == verification_options.SSH_KEY:
        from apppw_tui.ui.dialogs.ssh_keys import KeyDialog  # few have one

        return await app.push_screen_wait(KeyDialog(challenge))
    if option is None:
        return await app.push_screen_wait(BypassDialog(challenge))
    return await app.push_screen_wait(SecurityCodeDialog(question(challenge, option, demo)))


async def _choose(app: App[None], challenge: Challenge, present: str | None) -> str | None:
    choices = challenge.choices()
    rows = [
        Choice(
            choice.option.id,
            choice.option.label,
            choice.unavailable_reason,
            choice.option.id == present,
        )
        for choice in choices
        if choice.offered
    ]
    if challenge.bypass_until is not None:
        allowed = "Set up a new method, as your administrator allows"
        rows.insert(0, Choice(_BYPASS, allowed, None, present == _BYPASS))
    sentence = "How would you like to verify that it is you?"
    if all(row.disabled_reason for row in rows):
        sentence = "None of these can be used now. Ask your administrator for help."
    remark = formatting.unoffered(formatting.phone_ways(choices))
    return await app.push_screen_wait(ChooseDialog(_DIFFERENT, sentence, rows, remark=remark))


def question(challenge: Challenge, option: VerificationOption, demo: Demo | None) -> CodeQuestion:
    """The question for a code of that kind."""
    check = partial(challenge.answer, option)
    if option == verification_options.APP:
        peek = None if demo is None else partial(demo.shown_by_app, challenge.account)
        return CodeQuestion(TITLE, _FROM_APP, check, demo_code=peek)
    if option == verification_options.RECOVERY:
        besides = _OR_KEY if challenge.lacks_key else ""
        return CodeQuestion(TITLE, f"{_FROM_PAPER}{besides}", check, recovery=True)

    def send(again: bool) -> str:
        challenge.send(option, again=again)
        return formatting.sent_message(option.kind or "", challenge.ending(option))

    sent = None if demo is None else demo.sent
    return CodeQuestion(TITLE, f"{option.label}.", check, send, demo_code=sent)
