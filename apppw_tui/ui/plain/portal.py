"""The plain portal: signs in, and offers everything that a person can do, line by line."""

import sys
from contextlib import suppress
from functools import partial
from typing import NoReturn

from apppw_tui.domain import account_password
from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import ActivityEntry, actor_label, describe
from apppw_tui.domain.errors import (
    ApppwError,
    SessionEnded,
    SignInRefused,
    StoreError,
)
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations.process_limits import bound_memory, keep_out_of_dumps
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.plain.app_passwords import create, list_app_passwords
from apppw_tui.ui.plain.conversation import LIST_AGAIN, Conversation, PlainChoice
from apppw_tui.ui.plain.line_input import Back, Ended
from apppw_tui.ui.plain.methods import set_up_first
from apppw_tui.ui.plain.security import open_security
from apppw_tui.ui.plain.session import PlainSession, PlainVerb, attempt, offer
from apppw_tui.ui.plain.verification import verify_identity
from apppw_tui.ui.terminal import IdleClock

_HOW = (
    "Type what is asked for, then Enter. Enter alone goes back, ^D leaves. "
    "Choose by number, or type how a line begins. ? shows a list again, with its keys."
)
_ADD = "There are no accounts yet. Add one with: apppw-tui account add NAME"
_ASK = "There are no accounts yet. Ask your administrator."
_PAGE = 10  # lines of activity that are listened to at a time


class PlainPortal:
    """`last_words` are for the shell, or ssh's client, once it has ended."""

    def __init__(
        self,
        portal: Portal,
        clock: Clock,
        options: AppOptions,
        talk: Conversation | None = None,
    ) -> None:
        self._portal = portal
        self._clock = clock
        self._options = options
        kiosk = options.kiosk
        door = None if kiosk is None else kiosk.sign_in_timeout
        presence = IdleClock(clock.monotonic, portal.policy.sign_out_after, door)
        self._talk = talk or Conversation(presence, kiosk, sys.stdout)
        self.last_words: str | None = None

    def run(self) -> int:
        """Runs until the person leaves, or something makes it; the exit code."""
        keep_out_of_dumps()
        kiosk = self._options.kiosk
        if kiosk is not None:
            bound_memory()
        try:
            with self._talk.input.at_terminal(stoppable=kiosk is None):
                self.serve()
        except Ended as end:
            self.last_words = end.reason
            return end.code
        return 0

    def serve(self) -> None:
        """Signs people in, one after the other. Raises Ended."""
        talk, options = self._talk, self._options
        talk.say(f"App passwords, {options.host_name}")
        talk.say(_HOW)
        while True:
            reason = self._serve_one()
            if options.kiosk is not None:
                raise Ended(0, reason)
            talk.head(reason)
            talk.presence.signed_out()

    def _serve_one(self) -> str:
        """Returns the reason why the session ended."""
        options = self._options
        session = self._signed_in()
        self._talk.presence.signed_in()
        if options.kiosk is not None:
            options.kiosk.on_signed_in()
        plain = PlainSession(self._portal, session, self._clock, options, self._talk)
        try:
            self._talk.head(f"You are signed in as {session.account_name}.")
            if session.restriction is None:
                attempt(plain, lambda: _welcome(plain))
            else:
                set_up_first(plain)
            _main_menu(plain)
        except Back:
            return "You are signed out."
        except (SessionEnded, StoreError) as error:
            return str(error)

    # --- the door ---------------------------------------------------------------------------------

    def _signed_in(self) -> Session:
        """Asks until somebody has signed in. Raises Ended."""
        while True:
            try:
                return self._enter()
            except Back:
                continue
            except SignInRefused as error:
                self._talk.say(str(error))
                self._talk.record_failure()
            except ApppwError as error:
                self._talk.say(str(error))

    def _enter(self) -> Session:
        portal, options = self._portal, self._options
        if portal.has_accounts():
            return self._sign_in()
        if options.may_create_first and portal.creates_accounts:
            return self._create_first()
        self._talk.say(_ADD if options.kiosk is None else _ASK)
        return self._sign_in()

    def _sign_in(self) -> Session:
        talk, demo = self._talk, self._options.demo
        talk.head("Sign in")
        if demo is None:
            name, password = self._ask_account(), talk.ask_secret("Password")
        else:
            talk.say("A demonstration; nothing is kept.")
            talk.show(f"Account: {demo.account_name}")
            talk.show(f"Password: {demo.password}\n")
            name = talk.ask("Account, or Enter for this one", demo.account_name)
            password = talk.ask_secret("Password, or Enter for this one", Secret(demo.password))
        answer = self._portal.sign_in(name, password.reveal())
        return answer if isinstance(answer, Session) else verify_identity(talk, answer, demo)

    def _ask_account(self) -> str:
        """The account that is meant; one that the ssh key of this session tells is at hand."""
        talk = self._talk
        seen = self._portal.ssh_keys.seen() if self._options.shows_key else None
        if seen is not None:
            talk.say(str(seen))
        if seen is None or seen.account_name is None:
            return talk.ask("Account")
        return talk.ask(f"Account, or Enter for {seen.account_name}", seen.account_name)

    def _create_first(self) -> Session:
        options = self._options
        self._talk.head(f"There are no accounts in {options.place} yet.")
        if options.demonstration is not None:
            self._talk.say("To look around in a demonstration: ^D, then apppw-tui --plain --demo")
        self._talk.head("Create the first account")
        name = self._talk.ask("Account, such as ada or ada@example.org")
        password = _ask_new_password(self._talk, "Password", name)
        return self._portal.create_first_account(name, password.reveal())


def _ask_new_password(talk: Conversation, question: str, account_name: str) -> Secret:
    """Asks twice for a password that is good enough. Raises Back."""
    while True:
        password = talk.ask_secret(question).normalized()
        strength = account_password.strength(password, account_name)
        talk.say(str(strength) if strength.good_enough else strength.refusal)
        if not strength.good_enough:
            continue
        again = talk.ask_secret("Repeat password").normalized()
        if again.reveal() == password.reveal():
            return password
        talk.say("The two passwords differ.")


# --- what a signed-in person can do ---------------------------------------------------------------


def _welcome(plain: PlainSession) -> None:
    account = plain.portal.after_sign_in(plain.session)
    numbers = plain.portal.enrollment.numbers(plain.session, account)
    plain.talk.say(formatting.sign_in_summary(account, numbers))


def _main_menu(plain: PlainSession) -> NoReturn:
    """Does what is chosen, one after the other. Raises SessionEnded."""
    choices = [PlainChoice(verb, verb.label, verb.key) for verb in VERBS]
    lists = True
    while True:
        account = plain.account()
        try:
            verb = plain.talk.choose("What would you like to do?", choices, LIST_AGAIN, lists=lists)
        except Back:
            lists = True
            continue
        lists = False
        with suppress(Back):
            attempt(plain, partial(verb.act, plain, account))
        plain.talk.say()


def _change_password(plain: PlainSession, account: Account) -> None:
    portal, talk = plain.portal, plain.talk
    if portal.external_passwords_hint is not None:
        talk.say(portal.external_passwords_hint)
        return
    plain.begin()
    talk.head("Change the account password")
    current = talk.ask_secret("Current password")
    new = _ask_new_password(talk, "New password", account.name)
    count = len(account.app_passwords)
    words = "the one app password" if count == 1 else f"all {count} app passwords"
    too = bool(count) and talk.confirm(f"Delete {words} too?")
    plain.session = plain.call(
        lambda: portal.change_password(
            plain.session, current.reveal(), new.reveal(), delete_app_passwords=too
        )
    )
    besides = portal.besides
    deleted = _deleted(plain, count)
    plain.done(f"Password changed{deleted}. Other sessions were signed out.{besides}")


def _deleted(plain: PlainSession, before: int) -> str:
    """The words on app passwords that went with the old password; none where nobody can tell.

    The password is another by now, whatever can be read: that has to be said.
    """
    try:
        gone = before - len(plain.account().app_passwords)
    except ApppwError:
        return ""
    return f"; {gone} app password{'' if gone == 1 else 's'} deleted" if gone > 0 else ""


def _show_activity(plain: PlainSession, _account: Account) -> None:
    """Shows the newest first, some at a time. Raises Back."""
    entries = plain.portal.activity(plain.session)
    plain.talk.head("Recent activity")
    if not entries:
        plain.talk.say("Nothing yet.")
    for start in range(0, len(entries), _PAGE):
        if start:
            plain.talk.choose("", [PlainChoice(value=True, label="Older", key="o")])
        for entry in entries[start : start + _PAGE]:
            plain.talk.say(_told(entry, plain.session.account_name), indent=2)


def _told(entry: ActivityEntry, account_name: str) -> str:
    mark = "! " if entry.is_suspicious else ""
    place = f" from {escaped(entry.address)}" if entry.address else ""
    by = actor_label(entry, account_name)
    return f"{mark}{formatting.exactly(entry.time)}: {describe(entry)}. By {by}{place}."


def _open_sessions(plain: PlainSession, account: Account) -> None:
    """Says which addresses are trusted, and what can be done about sessions. Raises Back."""
    trusted = plain.portal.trusted_addresses(plain.session)
    plain.talk.head("Sessions")
    plain.talk.say(formatting.trusted_addresses(trusted))
    offer(plain, account, SESSION_VERBS)


def _sign_out_elsewhere(plain: PlainSession, _account: Account) -> None:
    plain.session = plain.portal.sign_out_elsewhere(plain.session)
    plain.done("Every other session here was signed out.")


def _forget_trusted(plain: PlainSession, _account: Account) -> None:
    plain.portal.forget_trusted_addresses(plain.session)
    plain.done("No address is trusted now.")


def _sign_out(_plain: PlainSession, _account: Account) -> NoReturn:
    raise SessionEnded("You are signed out.")


SESSION_VERBS: tuple[PlainVerb[Account], ...] = (
    PlainVerb("e", "Sign out everywhere else", _sign_out_elsewhere),
    PlainVerb("f", "Forget the trusted addresses", _forget_trusted),
)
VERBS: tuple[PlainVerb[Account], ...] = (
    PlainVerb("p", "App passwords", list_app_passwords),
    PlainVerb("c", "Create an app password", create),
    PlainVerb("v", "Additional security verification", open_security),
    PlainVerb("w", "Change the account password", _change_password),
    PlainVerb("a", "Recent activity", _show_activity),
    PlainVerb("s", "Sessions", _open_sessions),
    PlainVerb("o", "Sign out", _sign_out),
)
