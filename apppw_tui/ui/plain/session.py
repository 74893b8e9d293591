"""The signed-in person of the plain portal, and the tables of what they can do."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import GROUP
from apppw_tui.domain.errors import ApppwError, ReverificationRequired, SessionEnded
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.secret import Secret
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.plain.conversation import Conversation, PlainChoice
from apppw_tui.ui.plain.line_input import Back
from apppw_tui.ui.plain.verification import verify_identity

Result = TypeVar("Result")
Subject = TypeVar("Subject")

SCROLL_BACK = (
    "This is not shown again, but stays in the scroll-back of your terminal: clear that when you "
    "are done."
)
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# ICAO Annex 10, volume II, 5.2.1.3: what is heard cannot be taken for another letter.
_LETTERS = (
    "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India", "Juliett",
    "Kilo", "Lima", "Mike", "November", "Oscar", "Papa", "Quebec", "Romeo", "Sierra", "Tango",
    "Uniform", "Victor", "Whiskey", "X-ray", "Yankee", "Zulu",
)  # fmt: skip


@dataclass
class PlainSession:
    """The parts that every verb works with."""

    portal: Portal
    session: Session
    clock: Clock
    options: AppOptions
    talk: Conversation

    def call(self, call: Callable[[], Result]) -> Result:
        """Returns the result of `call`, before which the person may have to verify again.

        `call` must take the session from here, where a new one is put. Raises what `call` does, and
        Back if the person does not verify.
        """
        while True:
            try:
                return call()
            except ReverificationRequired:
                challenge = self.portal.verify_again(self.session)
                self.session = verify_identity(self.talk, challenge, self.options.demo)

    def done(self, sentence: str) -> None:
        """Says the outcome of an act, and what the store has to say of it besides."""
        self.talk.say(self.portal.amended(sentence))

    def unoffered(self, offered: Sequence[bool]) -> str:
        """See formatting."""
        return formatting.unoffered(offered, on_server=self.options.connecting.on_server)

    def account(self) -> Account:
        return self.portal.account(self.session)

    def begin(self) -> Account:
        """The account, once the person is freshly verified: before questions that need it."""
        self.call(lambda: self.portal.check_fresh(self.session))
        return self.account()

    def spell(self, secret: Secret) -> None:
        """Shows one symbol a line, with its name, and an empty line between groups."""
        for place, symbol in enumerate(secret.reveal()):
            if place % GROUP == 0:
                self.talk.say()
            self.talk.say(f"{place + 1}: {symbol}, {symbol_name(symbol)}")


@dataclass(frozen=True)
class PlainVerb(Generic[Subject]):
    """One thing to do with a subject; `reason` says why it cannot be done now."""

    key: str
    label: str
    act: Callable[[PlainSession, Subject], None]
    reason: Callable[[PlainSession, Subject], str | None] = lambda _session, _subject: None


def offer(
    plain: PlainSession,
    subject: Subject,
    verbs: Sequence[PlainVerb[Subject]],
    question: str = "",
    enter: str = "to go back",
    *,
    lists: bool = True,
) -> None:
    """Lets the person choose one of `verbs`, and does it. Raises Back."""
    verb = plain.talk.choose(
        question,
        [PlainChoice(verb, verb.label, verb.key, verb.reason(plain, subject)) for verb in verbs],
        enter,
        lists=lists,
    )
    verb.act(plain, subject)


def offer_repeatedly(
    plain: PlainSession, subject: Subject, verbs: Sequence[PlainVerb[Subject]], enter: str
) -> None:
    """Lets the person do what they want with something that is shown, until it is enough."""
    lists = True
    with suppress(Back):
        while True:
            offer(plain, subject, verbs, "", enter, lists=lists)
            lists = False


def attempt(plain: PlainSession, act: Callable[[], None]) -> None:
    """Does `act`; a refusal is said, and the session goes on. Raises SessionEnded."""
    try:
        act()
    except SessionEnded:
        raise
    except ApppwError as error:
        plain.talk.say(str(error))


def symbol_name(symbol: str) -> str:
    """The name of a symbol, as it is read aloud: `seven`, `Kilo`."""
    if symbol.isdecimal():
        return _DIGITS[int(symbol)]
    return _LETTERS[ord(symbol.lower()) - ord("a")]
