"""SAFETY 20: which service counts, and who is told of an answer."""

from dataclasses import dataclass, field, replace

import pytest

from apppw_tui.domain import app_password
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService, DecisionQueue
from apppw_tui.verifier.decision import Answer, Decision, Verifier
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.rate_limit import FREE, AddressRateLimiter
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, change_record, wrong

HERE = "198.51.100.9"
Told = tuple[str, Answer, str | None, str | None]


@dataclass
class Book:
    """Keeps what it is told: by which call, the answer, the service and the address."""

    told: list[Told] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    old: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def used(self, decision: Decision, service: str | None, address: str | None) -> None:
        self.told.append(("used", decision.answer, service, address))

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        self.old.append((account, service, address))

    def attempt(
        self, socket: str, decision: Decision, service: str | None, address: str | None
    ) -> None:
        self.told.append((socket, decision.answer, service, address))
        self.reasons.append(decision.reason)


def auth_service(house: House, book: Book, allowed: frozenset[str] | None = None) -> AuthService:
    monotonic = house.clock.monotonic
    verifier = Verifier(house.store, house.hasher, house.clock)
    queue = DecisionQueue(
        verifier, VerifiedCache(monotonic), AddressRateLimiter(monotonic), threads=1
    )
    return AuthService("mail", queue, book, book, allowed)


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
    here = auth_service(house, book, None if allowed is None else frozenset(allowed))
    await here.ask(ADA, secret, named, HERE)
    assert book.told == [
        ("used", Answer.YES, counted, HERE),
        ("mail", Answer.YES, counted, HERE),
    ]
    change_record(house, scope=("imap", "smtp"))
    right = (await here.ask(ADA, secret, named, HERE)).answer is Answer.YES
    assert right is (counted in ("imap", "smtp"))


async def test_a_test_is_logged_as_one_and_usage_never_hears_of_it(house: House) -> None:
    secret, book = house.issue("Phone").secret, Book()
    here = replace(auth_service(house, book), test=True)
    for password in (secret, Secret(wrong(secret)), Secret(PASSWORD)):
        await here.ask(ADA, password, "imaps", HERE)
    assert book.told == [
        ("mail", Answer.YES, "imap", None),
        *[("mail", Answer.NOT_MINE, "imap", None)] * 2,
    ]
    assert book.reasons[0] == "test: right"
    assert all(reason.startswith("test: ") for reason in book.reasons)


async def test_a_test_slows_nobody(house: House) -> None:
    secret, book = house.issue("Phone").secret, Book()
    here = auth_service(house, book)
    for number in range(FREE + 5):
        wrong_one = app_password.generate(f"{number:03}", house.random.randrange)
        await replace(here, test=True).ask(ADA, wrong_one, "imap", None)
    for address in (None, HERE):
        assert (await here.ask(ADA, secret, "imap", address)).answer is Answer.YES
    for number in range(FREE + 5):
        wrong_one = app_password.generate(f"{number:03}", house.random.randrange)
        await here.ask(ADA, wrong_one, "imap", None)
    another = house.issue("Tablet").secret
    assert (await here.ask(ADA, another, "imap", None)).answer is Answer.NOT_NOW
    decision = await replace(here, test=True).ask(ADA, another, "imap", None)
    assert decision.answer is Answer.YES


async def test_each_answer_is_written_down_and_usage_hears_of_what_it_counts(
    house: House,
) -> None:
    secret, book = house.issue("Phone").secret, Book()
    here = auth_service(house, book)
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
        ("mail", Answer.NOT_MINE),
        ("mail", Answer.NOT_MINE),
        ("mail", Answer.NOT_MINE),
        ("mail", Answer.NO),
    ]
    assert book.old == []  # whatever was not ours was a guess, for all that is known


@pytest.mark.parametrize(
    ("allowed", "named", "counted"),
    [
        (None, "imaps", ["imap"]),
        (None, None, [None]),
        (None, "apppw-portal", []),
        ({"imap", "smtp"}, "IMAP", ["imap"]),
        ({"imap", "smtp"}, "webdav", []),
        ({"imap", "smtp"}, None, []),
        ({"smtp"}, None, ["smtp"]),
        ({"smtp"}, "apppw-portal", []),
    ],
)
def test_an_old_password_counts_where_the_socket_may_speak_for_the_service(
    house: House, allowed: set[str] | None, named: str | None, counted: list[str | None]
) -> None:
    book = Book()
    here = auth_service(house, book, None if allowed is None else frozenset(allowed))
    here.old_password("ada", named, HERE)
    assert book.old == [("ada", service, HERE) for service in counted]
    assert book.told == []
