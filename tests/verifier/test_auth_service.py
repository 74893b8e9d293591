"""SAFETY 20: which service counts, and who is told of an answer."""

from collections.abc import Iterator

import pytest

from apppw_tui.domain import app_password
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FREE
from apppw_tui.verifier.decision import Answer
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, change_record, wrong
from tests.verifier.harness import Desk

HERE = "198.51.100.9"


@pytest.fixture
def desk(house: House) -> Iterator[Desk]:
    desk = Desk(house)
    yield desk
    desk.close()


@pytest.mark.parametrize(
    ("allowed", "asked", "counted"),
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
async def test_service_name_only_chooses_among_what_the_socket_may_speak_for(
    house: House, desk: Desk, allowed: set[Service] | None, asked: str | None, counted: str | None
) -> None:
    secret = house.issue("Phone").secret
    desk.allowed = None if allowed is None else frozenset(allowed)
    await desk.ask(ADA, secret, asked, HERE)
    assert desk.book.uses == [(ADA, counted, HERE)]
    (answered,) = desk.book.answers
    assert answered[2:] == (counted, HERE)
    assert (answered.socket, answered.decision.answer) == (desk.socket, Answer.YES)
    change_record(house, scope=("imap", "smtp"))
    right = (await desk.ask(ADA, secret, asked, HERE)).answer is Answer.YES
    assert right is (counted in ("imap", "smtp"))


async def test_attempt_of_a_test_is_logged_as_one_and_usage_never_hears_of_it(
    house: House, desk: Desk
) -> None:
    secret = house.issue("Phone").secret
    for password in (secret, Secret(wrong(secret)), Secret(PASSWORD)):
        await desk.ask(ADA, password, "imaps", HERE, test=True)
    answers = [decision.answer for decision in desk.book.decisions]
    assert answers == [Answer.YES, Answer.NOT_MINE, Answer.NOT_MINE]
    assert desk.book.asked == [("imap", None)] * 3
    assert desk.book.uses == []
    reasons = [decision.reason for decision in desk.book.decisions]
    assert reasons[0] == "test: right"
    assert all(reason.startswith("test: ") for reason in reasons)


async def test_attempt_of_a_test_slows_nobody(house: House, desk: Desk) -> None:
    secret = house.issue("Phone").secret
    for number in range(FREE + 5):
        wrong_one = app_password.generate(f"{number:03}", house.random.randrange)
        await desk.ask(ADA, wrong_one, "imap", None, test=True)
    for address in (None, HERE):
        assert (await desk.ask(ADA, secret, "imap", address)).answer is Answer.YES
    for number in range(FREE + 5):
        wrong_one = app_password.generate(f"{number:03}", house.random.randrange)
        await desk.ask(ADA, wrong_one, "imap", None)
    another = house.issue("Tablet").secret
    assert (await desk.ask(ADA, another, "imap", None)).answer is Answer.NOT_NOW
    decision = await desk.ask(ADA, another, "imap", None, test=True)
    assert decision.answer is Answer.YES


async def test_each_answer_is_written_down_and_usage_hears_of_what_it_counts(
    house: House, desk: Desk
) -> None:
    secret = house.issue("Phone").secret
    for account, password in (
        (ADA, secret),
        (ADA, Secret(wrong(secret))),
        (ADA, Secret(PASSWORD)),
        ("grace", secret),
    ):
        await desk.ask(account, password, "imap", None)
    house.alter(enforced_from=NOW)
    await desk.ask(ADA, Secret(PASSWORD), "imap", None)
    answers = [decision.answer for decision in desk.book.decisions]
    assert answers == [Answer.YES, *[Answer.NOT_MINE] * 3, Answer.NO]
    assert desk.book.uses == [(ADA, "imap", None)]
    assert desk.book.old_passwords == []  # whatever was not ours was a guess, for all that is known


@pytest.mark.parametrize(
    ("allowed", "asked", "counted"),
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
def test_old_password_counts_where_the_socket_may_speak_for_the_service(
    desk: Desk, allowed: set[Service] | None, asked: str | None, counted: list[str | None]
) -> None:
    desk.allowed = None if allowed is None else frozenset(allowed)
    desk.auth_service.old_password(desk.source, "ada", asked, HERE)
    assert desk.book.old_passwords == [("ada", service, HERE) for service in counted]
    assert (desk.book.uses, desk.book.answers) == ([], [])
