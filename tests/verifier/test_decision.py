"""SAFETY 5, 6, 17 and 22: what is answered, and what it costs."""

from datetime import timedelta

import pytest

from apppw_tui.domain.scopes import IMAP, OwnService, Service
from apppw_tui.verifier.decision import Answer, Decision, Verifier
from tests.support import NOW, PASSWORD, House
from tests.verifier.asking import ADA, ask, change_record, of_unknown_id, older, wrong


@pytest.fixture
def house(house: House) -> House:
    """Enforced: what is refused is a no, and goes nowhere else."""
    house.alter(enforced_from=NOW - timedelta(days=1))
    return house


def test_the_right_one_is_a_yes_with_the_canonical_account_and_the_record(house: House) -> None:
    issued = house.issue("Phone")
    assert ask(house, issued.secret) == Decision(Answer.YES, "right", ADA, issued.app_password)


def test_it_is_read_however_it_was_typed(house: House) -> None:
    plain = house.issue("Phone").secret.reveal().upper()
    typed = " ".join(plain[start : start + 4] for start in range(0, 16, 4))
    assert ask(house, typed).answer is Answer.YES


def test_one_of_twenty_symbols_opens_as_ever(house: House) -> None:
    secret = older(house)
    for typed in (secret, "7KFM-2XQD 9h3v tw5n c8rw"):
        decision = ask(house, typed)
        assert decision.answer is Answer.YES
        assert decision.app_password is not None
        assert decision.app_password.name == "Old printer"


def test_each_of_several_opens_under_its_own_name(house: House) -> None:
    for number in range(5):
        house.issue(f"Device {number}")
    issued = house.issue("Phone")
    decision = ask(house, issued.secret)
    assert decision.app_password == issued.app_password


def test_a_wrong_one_is_a_no(house: House) -> None:
    issued = house.issue("Phone")
    assert ask(house, wrong(issued.secret)) == Decision(Answer.NO, "wrong or deleted", ADA)
    assert ask(house, of_unknown_id(house)) == Decision(Answer.NO, "wrong or deleted", ADA)


def test_another_accounts_is_a_no(house: House) -> None:
    house.add("grace")
    assert ask(house, house.issue("Phone", "grace").secret).answer is Answer.NO


@pytest.mark.parametrize("name", ["Ada@Example.ORG", "ada%40example.org", "A%64a%40example.org"])
def test_a_name_is_read_as_programs_send_it(house: House, name: str) -> None:
    decision = ask(house, house.issue("Phone").secret, account=name)
    assert (decision.answer, decision.account_name) == (Answer.YES, ADA)


def test_a_default_domain_completes_the_account(house: House) -> None:
    secret = house.issue("Phone").secret
    verifier = Verifier(house.store, house.hasher, house.clock, default_domain="example.org")
    decision = verifier.decide("ada", secret)
    assert (decision.answer, decision.account_name) == (Answer.YES, ADA)


@pytest.mark.parametrize("password", ["", PASSWORD, "7kfm2xqd9h3vtw5nc8rx", "\udcff", "x" * 9999])
def test_what_has_not_the_form_is_a_no(house: House, password: str) -> None:
    house.issue("Phone")
    expected = Decision(Answer.NO, "not in the form of an app password", ADA)
    assert ask(house, password) == expected
    expected = Decision(Answer.NOT_MINE, "unknown account")
    assert ask(house, password, account="unknown") == expected


def test_it_is_refused_from_the_very_instant_of_its_expiry_on(house: House) -> None:
    secret = house.issue("Phone").secret
    change_record(house, expires=NOW + timedelta(seconds=60))
    house.clock.advance(60 - 1e-6)
    assert ask(house, secret).answer is Answer.YES
    house.clock.advance(1e-6)
    decision = ask(house, secret)
    assert (decision.answer, decision.reason) == (Answer.NO, "expired")
    house.clock.advance(1)
    assert ask(house, secret).answer is Answer.NO


@pytest.mark.parametrize(
    ("scope", "service", "answer"),
    [
        (("any",), "imap", Answer.YES),
        (("any",), None, Answer.YES),
        (("imap", "smtp"), "smtp", Answer.YES),
        (("smtp",), "imap", Answer.NO),
        (("smtp",), None, Answer.NO),
        ((), "imap", Answer.NO),
    ],
)
def test_it_opens_what_its_scope_holds(
    house: House, scope: tuple[str, ...], service: str | None, answer: Answer
) -> None:
    secret = house.issue("Phone").secret
    change_record(house, scope=scope)
    decision = ask(house, secret, service=service)
    assert decision.answer is answer
    assert decision.reason == ("right" if answer is Answer.YES else "out of scope")


def test_a_disabled_account_is_refused(house: House) -> None:
    secret = house.issue("Phone").secret
    house.alter(enabled=False)
    decision = ask(house, secret)
    assert (decision.answer, decision.reason) == (Answer.NO, "the account is disabled")


@pytest.mark.parametrize(
    ("scope", "in_any", "answer"),
    [
        (("any",), False, Answer.NO),
        (("any",), True, Answer.YES),
        (("vpn",), False, Answer.YES),
        (("any", "vpn"), False, Answer.YES),
        (("mail",), True, Answer.NO),
    ],
)
def test_own_service_is_opened_by_any_app_only_where_it_is_configured_so(
    house: House, scope: tuple[str, ...], in_any: bool, answer: Answer
) -> None:
    secret = house.issue("Phone").secret
    change_record(house, scope=scope)
    own = (OwnService(Service("vpn"), "VPN", in_any=in_any),)
    verifier = Verifier(house.store, house.hasher, house.clock, own_services=own)
    assert verifier.decide(ADA, secret, Service("vpn")).answer is answer
    assert verifier.decide(ADA, secret, Service("ftp")).answer is (
        Answer.YES if "any" in scope else Answer.NO
    )


@pytest.mark.parametrize(
    ("address", "answer"),
    [("192.0.2.7", Answer.YES), ("192.0.3.7", Answer.NO), (None, Answer.NO), ("", Answer.NO)],
)
def test_limited_one_is_good_from_its_networks_alone(
    house: House, address: str | None, answer: Answer
) -> None:
    secret = house.issue("Phone").secret
    change_record(house, networks=("192.0.2.0/24",))
    verifier = Verifier(house.store, house.hasher, house.clock)
    decision = verifier.decide(ADA, secret, IMAP, address)
    assert decision.answer is answer
    assert decision.reason == ("right" if answer is Answer.YES else "outside its networks")


def test_pause_is_told_before_whatever_else_is_wrong(house: House) -> None:
    secret = house.issue("Phone").secret
    change_record(house, paused=True, expires=NOW, scope=("smtp",), networks=("192.0.2.0/28",))
    assert ask(house, secret).reason == "paused"
    assert ask(house, wrong(secret)).reason == "wrong or deleted"
