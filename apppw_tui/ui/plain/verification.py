"""Proving who one is, line by line: the preferred option, or a different one."""

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import InvalidCode, Refused, SessionEnded
from apppw_tui.domain.names import escaped
from apppw_tui.domain.verification_options import VerificationOption
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import Demo
from apppw_tui.ui.plain.conversation import Conversation, PlainChoice
from apppw_tui.ui.plain.line_input import Back

CODE = "Code"
_BYPASS = VerificationOption("bypass", "Set up a new method, as your administrator allows")
_OTHER = "Enter alone: a different verification option."


def verify_identity(talk: Conversation, challenge: Challenge, demo: Demo | None) -> Session:
    """Returns the session that the right answer gives. Raises Back if the person gave up."""
    talk.head("Additional security verification")
    if challenge.uses_password:
        return _by_password(talk, challenge)
    option = challenge.preferred if challenge.bypass_until is None else _BYPASS
    sent: VerificationOption | None = None
    while True:
        option = option or _choose(talk, challenge, sent)
        try:
            if option == _BYPASS:
                return _by_bypass(talk, challenge)
            if option == verification_options.SSH_KEY:
                return _by_key(talk, challenge)
            if option.kind is not None:
                challenge.send(option, again=option == sent)
                sent = option
                talk.say(formatting.sent_message(option.kind, challenge.ending(option)))
            return _by_code(talk, challenge, option, demo)
        except Back:
            option = None
        except SessionEnded:
            raise
        except Refused as error:
            talk.say(str(error))
            option = None


def say_demo_code(talk: Conversation, code: str) -> None:
    talk.show(f"The demonstration's code: {code}")


def _by_password(talk: Conversation, challenge: Challenge) -> Session:
    talk.say("It has been a while since you signed in.")
    while True:
        password = talk.ask_secret("Account password")
        try:
            return challenge.answer_with_password(password.reveal())
        except SessionEnded:
            raise
        except Refused as error:
            talk.say(str(error))


def _by_bypass(talk: Conversation, challenge: Challenge) -> Session:
    until = challenge.bypass_until
    end = "" if until is None else f" until {formatting.exactly(until)}"
    talk.say(
        f"Your administrator lets you in once without a code{end}. "
        "Set up a new verification method first."
    )
    if not talk.confirm("Set it up now?"):
        raise Back
    return challenge.use_bypass()


def _by_key(talk: Conversation, challenge: Challenge) -> Session:
    key = challenge.key
    name = "" if key is None else f' "{escaped(key.name)}"'
    talk.say(f"ssh has verified your key{name} for this session.")
    if not talk.confirm("Use it?"):
        raise Back
    return challenge.answer_with_key()


def _by_code(
    talk: Conversation, challenge: Challenge, option: VerificationOption, demo: Demo | None
) -> Session:
    """Asks until a code is right. Raises Back, and Refused where no other code can help."""
    if option == verification_options.APP:
        talk.say("Enter the six digits that your authenticator app shows now.")
    elif option == verification_options.RECOVERY:
        talk.say("Enter one of your recovery codes. Each of them works once.")
        if challenge.lacks_key:
            talk.say("Or connect with your ssh key.")
    talk.say(_OTHER)
    while True:
        if demo is not None and option != verification_options.RECOVERY:
            by_app = option == verification_options.APP
            say_demo_code(talk, demo.shown_by_app(challenge.account) if by_app else demo.sent())
        try:
            return challenge.answer(option, _typed_code(talk, option))
        except InvalidCode as error:
            talk.say(str(error))
            talk.record_failure()


def _typed_code(talk: Conversation, option: VerificationOption) -> str:
    if option == verification_options.RECOVERY:  # one that was mistyped is good for another time
        return talk.ask_secret("Recovery code").reveal()
    return without_blanks(talk.ask(CODE))


def without_blanks(text: str) -> str:
    """The digits of a code that was pasted as `123 456`."""
    return "".join(text.split())


def _choose(
    talk: Conversation, challenge: Challenge, sent: VerificationOption | None
) -> VerificationOption:
    ways = challenge.choices()
    choices = [
        PlainChoice(
            choice.option,
            choice.option.label + (", once more" if choice.option == sent else ""),
            reason=choice.unavailable_reason,
        )
        for choice in ways
        if choice.offered
    ]
    if challenge.bypass_until is not None:
        choices.insert(0, PlainChoice(_BYPASS, _BYPASS.label))
    question = "How would you like to verify that it is you?"
    if all(choice.reason for choice in choices):
        question = "None of these can be used now. Ask your administrator for help."
    remark = formatting.unoffered(formatting.phone_ways(ways))
    return talk.choose(question, choices, "to give up", remark=remark)
