"""Setting up a verification method and proving it, line by line; recovery codes; the first time."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from apppw_tui.domain.app_password import grouped
from apppw_tui.domain.errors import (
    InvalidCode,
    InvalidName,
    InvalidNumber,
    NameTaken,
    Refused,
    SessionEnded,
)
from apppw_tui.domain.names import escaped
from apppw_tui.domain.phone import PhoneSlot, last_digits
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import phone_name
from apppw_tui.portal.enrollment import AuthenticatorEnrollment, PhoneEnrollment
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.plain.app_passwords import create
from apppw_tui.ui.plain.conversation import PlainChoice
from apppw_tui.ui.plain.line_input import Back
from apppw_tui.ui.plain.session import (
    SCROLL_BACK,
    PlainSession,
    PlainVerb,
    attempt,
    offer_repeatedly,
)
from apppw_tui.ui.plain.verification import CODE, say_demo_code, without_blanks

_ROUTES: dict[DeliveryMethod, str] = {
    "text": "Text me a code",
    "call": "Call me",
    "notify": "Notify me",
}
_NONE_YET = "Protect your account with a second step. It takes a minute."
_BYPASS = "Your administrator let you in once without a code. Set up a new verification method now."


def set_up_authenticator(plain: PlainSession) -> None:
    """Returns once a code from the app was accepted. Raises Back."""
    set_up = plain.call(lambda: plain.portal.enrollment.begin_authenticator(plain.session))
    talk = plain.talk
    talk.head("Set up Authenticator app")
    talk.say("Type this key into your authenticator app:")
    talk.show(f"\n{grouped(set_up.secret)}\n")
    talk.say(f"It is of the usual kind: by time, six digits. {SCROLL_BACK}")
    while True:
        if plain.options.demo is not None:
            say_demo_code(talk, plain.options.demo.shown_for(set_up.secret))
        digits = without_blanks(talk.ask("The code that it shows, or s to spell the key"))
        if digits.lower() == "s":
            plain.spell(set_up.secret)
            continue
        try:
            plain.session = plain.call(partial(_confirm, plain, set_up, digits))
            return
        except InvalidCode as error:
            talk.say(str(error))


def set_up_phone(plain: PlainSession, which: PhoneSlot) -> None:
    """Returns once a code that was sent to the number came back. Raises Back."""
    talk = plain.talk
    talk.head(phone_name(which).capitalize())
    talk.say(
        "A code is sent there, to make sure that the number is yours. "
        "Start with + and the country code, such as +49 151 23456789."
    )
    while True:
        typed = talk.ask("Number")
        try:
            set_up = plain.call(partial(_begin_phone, plain, which, typed))
            break
        except InvalidNumber as error:
            talk.say(str(error))
    kinds = plain.portal.enrollment.delivery_methods(which)
    choices = [PlainChoice(kind, _ROUTES[kind]) for kind in kinds]
    kind = kinds[0]
    if len(kinds) > 1:
        kind = talk.choose("How?", choices, f"for {choices[0].label}", kind)
    _prove_phone(plain, set_up, kind)


def _prove_phone(plain: PlainSession, set_up: PhoneEnrollment, kind: DeliveryMethod) -> None:
    talk, demo = plain.talk, plain.options.demo
    set_up.send(plain.session, kind)
    talk.say(formatting.sent_message(kind, last_digits(set_up.number)))
    while True:
        if demo is not None:
            say_demo_code(talk, demo.sent())
        digits = without_blanks(talk.ask(f"{CODE}, or s to send a new one"))
        try:
            if digits.lower() == "s":
                set_up.send(plain.session, kind)
                talk.say("Sent again.")
                continue
            plain.session = plain.call(partial(_confirm, plain, set_up, digits))
            return
        except SessionEnded:
            raise
        except Refused as error:
            talk.say(str(error))


def _begin_phone(plain: PlainSession, which: PhoneSlot, typed: str) -> PhoneEnrollment:
    return plain.portal.enrollment.begin_phone(plain.session, which, typed)


def _confirm(
    plain: PlainSession, set_up: AuthenticatorEnrollment | PhoneEnrollment, digits: str
) -> Session:
    return set_up.confirm(plain.session, digits)


def add_ssh_key(plain: PlainSession) -> None:
    """Returns once the key of this session is the account's. Raises Back."""
    talk, keys = plain.talk, plain.portal.ssh_keys
    key = keys.present
    if key is None:
        raise Back
    talk.head("The ssh key of this session")
    talk.say(f"{key.type_label}, {key.fingerprint}")
    talk.say("With it, your password is enough to sign in.")
    while True:
        name = talk.ask("Name: where is this key? Such as Laptop or YubiKey")
        try:
            plain.session = plain.call(partial(_add_key, plain, name))
            return
        except (InvalidName, NameTaken) as error:
            talk.say(str(error))


def _add_key(plain: PlainSession, name: str) -> Session:
    return plain.portal.ssh_keys.add(plain.session, name)


def show_new_codes(plain: PlainSession) -> None:
    """Makes ten recovery codes and shows them this once."""
    talk = plain.talk
    codes = plain.call(lambda: plain.portal.enrollment.new_recovery_codes(plain.session))
    talk.head("Your recovery codes")
    talk.say("Lost your phone? Each code signs you in once. Keep them where your phone is not.\n")
    for code in codes:
        talk.show(grouped(code))
    talk.say(f"\n{SCROLL_BACK}")
    talk.say()
    verbs = [SPELL_CODES] if plain.options.save is None else [SPELL_CODES, SAVE_CODES]
    offer_repeatedly(plain, codes, verbs, "when you have them")


def _spell_codes(plain: PlainSession, codes: list[Secret]) -> None:
    for number, code in enumerate(codes, 1):
        plain.talk.head(f"Code {number}")
        plain.spell(code)


def _save_codes(plain: PlainSession, codes: list[Secret]) -> None:
    save, talk = plain.options.save, plain.talk
    if save is None:
        return
    text = Secret("".join(f"{grouped(code)}\n" for code in codes))
    name = plain.session.account_name
    try:
        path = save(plain.options.host_name, name, plain.clock.now(), text)
    except OSError as error:
        talk.say(f"The codes could not be saved: {(error.strerror or 'unknown reason').lower()}.")
    else:
        talk.say(f"Saved to {escaped(str(path))}, for you alone to read.")


SPELL_CODES = PlainVerb("s", "Spell them, symbol by symbol", _spell_codes)
# Not at the kiosk, where a file would stay on the server.
SAVE_CODES = PlainVerb("w", "Write them to a file of your own", _save_codes)


def set_up_first(plain: PlainSession) -> None:
    """Leads an account without a method through setting one up; then it may do everything.

    Raises:
        Back: the person leaves.
    """
    plain.talk.head("Additional security verification")
    plain.talk.say(_BYPASS if plain.session.restriction == "bypass" else _NONE_YET)
    methods: list[PlainChoice[Callable[[PlainSession], None]]] = [
        PlainChoice(set_up_authenticator, "Authenticator app on a phone or computer")
    ]
    has_delivery = bool(plain.portal.enrollment.delivery_methods("authentication"))
    if has_delivery:
        by_phone = partial(set_up_phone, which="authentication")
        methods.append(PlainChoice(by_phone, "Authentication phone: a code by text or call"))
    key = plain.portal.ssh_keys.present
    if key is not None:
        reason = plain.portal.ssh_keys.addable_reason(plain.account())
        label = f"The ssh key of this session: {key.type_label}"
        methods.append(PlainChoice(add_ssh_key, label, reason=reason))
    remark = plain.unoffered([has_delivery])
    while plain.session.verified_at is None:
        method = plain.talk.choose("How will you verify?", methods, "to sign out", remark=remark)
        with suppress(Back):
            attempt(plain, partial(method, plain))
    attempt(plain, partial(show_new_codes, plain))
    plain.session = plain.portal.enrollment.finish(plain.session)
    account = plain.account()
    may_create = plain.portal.policy.people_create and not account.app_passwords
    if may_create and plain.talk.confirm("Create a first app password now?"):
        with suppress(Back):
            attempt(plain, partial(create, plain, account))
