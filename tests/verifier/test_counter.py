"""SAFETY 20: which service counts, and who is told of an answer."""

from dataclasses import dataclass, field

import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.brake import Brake
from apppw_tui.verifier.counter import Counter
from apppw_tui.verifier.decision import Answer, Verdict, Verifier
from apppw_tui.verifier.gate import Gate
from apppw_tui.verifier.memory import Remembered
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, change_record, wrong

HERE = "198.51.100.9"
Told = tuple[str, Answer, str | None, str | None]


@dataclass
class Book:
    """Keeps what it is told: by which call, the answer, the service and the address."""

    told: list[Told] = field(default_factory=list)

    def used(self, verdict: Verdict, service: str | None, address: str | None) -> None:
        self.told.append(("used", verdict.answer, service, address))

    def passed_on(self, verdict: Verdict, service: str | None, address: str | None) -> None:
        self.told.append(("passed on", verdict.answer, service, address))

    def answered(
        self, socket: str, verdict: Verdict, service: str | None, address: str | None
    ) -> None:
        self.told.append((socket, verdict.answer, service, address))


def counter(house: House, book: Book, allowed: frozenset[str] | None = None) -> Counter:
    monotonic = house.clock.monotonic
    verifier = Verifier(house.store, house.hasher, house.clock)
    gate = Gate(verifier, Remembered(monotonic), Brake(monotonic), threads=1)
    return Counter("mail", gate, book, book, allowed)


@pytest.mark.parametrize(
    ("allowed", "named", "counted"),
    [
        (None, "imaps", "imap"),
        (None, "IMAP", "imap"),
        (None, "ftp", "ftp"),
        (None, None, None),
        (None, "no service", None),
        ({"imap", "smtp"}, "submission", "smtp"),
        ({"imap", "smtp"}, "webdav", None),
        ({"imap", "smtp"}, None, None),
        ({"smtp"}, None, "smtp"),
        ({"smtp"}, "", None),
        ({"smtp"}, "imap", None),
        ({"smtp"}, "no service", None),
        (set(), "imap", None),
        (set(), None, None),
    ],
)
async def test_a_name_only_chooses_among_what_the_socket_may_speak_for(
    house: House, allowed: set[str] | None, named: str | None, counted: str | None
) -> None:
    secret, book = house.issue("Phone").secret, Book()
    here = counter(house, book, None if allowed is None else frozenset(allowed))
    await here.ask(ADA, secret, named, HERE)
    assert book.told == [
        ("used", Answer.YES, counted, HERE),
        ("mail", Answer.YES, counted, HERE),
    ]
    change_record(house, scope=("imap", "smtp"))
    right = (await here.ask(ADA, secret, named, HERE)).answer is Answer.YES
    assert right is (counted in ("imap", "smtp"))


async def test_each_answer_is_written_down_and_usage_hears_of_what_it_counts(
    house: House,
) -> None:
    secret, book = house.issue("Phone").secret, Book()
    here = counter(house, book)
    for account, password in (
        (ADA, secret),
        (ADA, Secret(wrong(secret))),
        (ADA, Secret(PASSWORD)),
        ("grace", secret),
    ):
        await here.ask(account, password, "imap", None)
    house.alter(enforced_from=NOW)
    await here.ask(ADA, Secret(PASSWORD), "imap", None)
    assert [(what, answer) for what, answer, _, _ in book.told] == [
        ("used", Answer.YES),
        ("mail", Answer.YES),
        ("passed on", Answer.NOT_MINE),
        ("mail", Answer.NOT_MINE),
        ("passed on", Answer.NOT_MINE),
        ("mail", Answer.NOT_MINE),
        ("mail", Answer.NOT_MINE),
        ("mail", Answer.NO),
    ]
