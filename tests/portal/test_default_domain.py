"""SAFETY 1: a name without a domain means the account of that name, if there is one."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import NameTaken, NotFound, RateLimited, SignInRefused, StoreDamaged
from apppw_tui.domain.hashing import CostLimits
from apppw_tui.domain.integration_ports import ExternalPasswords, PasswordReply
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import AccountStore
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import LONGEST_DELAY
from apppw_tui.portal.passwd_import import create_imported, lines
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.store.memory import MemoryStore
from apppw_tui.verifier.decision import Answer, Verifier
from tests.standing import damage, place, standing_house
from tests.store.making import HASH, folder_store
from tests.support import PASSWORD, House, in_database

DOMAIN = "example.org"
WHOLE = "ada@example.org"
STANDING = [(), ("ada",), (WHOLE,), ("ada", WHOLE)]
ENGINES: dict[str, Callable[[Path], AccountStore]] = {
    "folder": folder_store,
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    if in_database():
        return House(default_domain=DOMAIN)
    return House(store=ENGINES[request.param](tmp_path / "store"), default_domain=DOMAIN)


def test_what_is_typed_has_one_or_two_meanings_the_typed_one_first() -> None:
    assert candidates("ada", DOMAIN) == ("ada", WHOLE)
    assert candidates(WHOLE, DOMAIN) == (WHOLE,)
    assert candidates("ada@example.net", DOMAIN) == ("ada@example.net",)
    assert candidates("ada") == ("ada",)
    assert candidates("a" * 64, "b" * 60 + f".{DOMAIN}" * 7) == ("a" * 64,)


@pytest.mark.parametrize("standing", STANDING, ids=repr)
def test_an_account_of_before_the_default_domain_is_not_stranded(
    house: House, standing: tuple[str, ...]
) -> None:
    for name in standing:
        house.add(name)
    verifier = Verifier(house.store, house.hasher, house.clock, DOMAIN)
    for typed, meant in (("ada", standing[:1]), (WHOLE, standing if WHOLE in standing else ())):
        if not meant:
            with pytest.raises(SignInRefused):
                house.portal.sign_in(typed, PASSWORD)
            with pytest.raises(NotFound, match=r"There is no account ada@example\.org\."):
                house.operator.account(typed)
            assert verifier.decide(typed, Secret("old")).account_name is None
            continue
        name = meant[-1] if typed == WHOLE else meant[0]
        assert house.sign_in(typed).account_name == name
        assert house.operator.account(typed).name == name
        secret = house.issue("Phone", name).secret
        decision = verifier.decide(typed, secret)
        assert (decision.answer, decision.account_name) == (Answer.YES, name)
        house.operator.delete_app_password(name, "Phone")


@pytest.mark.parametrize("standing", STANDING, ids=repr)
def test_both_are_read_whichever_there_is(
    house: House, standing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long it takes tells nobody which of the two there is."""
    for name in standing:
        house.add(name)
    read: list[str] = []
    real = house.store.get

    def reading(name: str) -> Account | None:
        read.append(name)
        return real(name)

    monkeypatch.setattr(house.store, "get", reading)
    verifier = Verifier(house.store, house.hasher, house.clock, DOMAIN)
    verifier.decide("ada", Secret("old"))
    assert read == ["ada", WHOLE]
    read.clear()
    with pytest.raises(SignInRefused):
        house.portal.sign_in("ada", "wrong")
    assert read == ["ada", WHOLE]


@pytest.mark.parametrize("standing", STANDING[1:], ids=repr)
def test_nobody_is_made_beside_whom_the_name_means(house: House, standing: tuple[str, ...]) -> None:
    for name in standing:
        house.add(name)
    house.add("grace")
    there = rf"There is already an account {standing[0]}\."
    with pytest.raises(NameTaken, match=there):
        house.portal.add_account("ada", PASSWORD)
    with pytest.raises(NameTaken, match=there):
        house.operator.rename("grace", "ada")
    (line,) = lines(f"ada:{{ARGON2ID}}{HASH}", CostLimits(least=CostLimits().most), DOMAIN)
    line = replace(line, name=WHOLE, names=candidates("ada", DOMAIN), error=None)
    with pytest.raises(NameTaken, match=there):
        create_imported(house.means, line, "operator")
    assert house.store.list_names() == sorted([*standing, "grace"])


def test_an_account_of_before_is_renamed_to_what_it_would_be_now(house: House) -> None:
    house.add("ada")
    assert house.operator.rename("ada", WHOLE).name == WHOLE
    assert house.sign_in("ada").account_name == WHOLE


def test_tries_are_counted_for_the_account_whichever_name_was_typed(house: House) -> None:
    house.add("ada")
    for _ in range(5):
        with pytest.raises(SignInRefused):
            house.portal.sign_in("ada", "wrong")
    with pytest.raises(RateLimited):
        house.portal.sign_in("ada", PASSWORD)
    house.operator.unlock("ada")
    assert house.sign_in("ada")
    house.clock.advance(LONGEST_DELAY)


def test_one_that_cannot_be_read_stands_in_nobodys_way_but_its_own(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store", default_domain=DOMAIN)
    house.add("ada")
    house.add(WHOLE)
    damage(house, WHOLE)
    assert house.operator.account("ada").name == "ada"
    damage(house, "ada")
    with pytest.raises(StoreDamaged, match=re.escape(place(house, "ada"))):
        house.operator.account("ada")
    house.store.remove("ada")
    with pytest.raises(StoreDamaged, match=re.escape(place(house, WHOLE))):
        house.operator.account("ada")


# --- passwords that another source keeps --------------------------------------------------------


class Source:
    """Knows one password, and gives every name the domain; says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def check(self, name: str, password: Secret, _address: str) -> PasswordReply:
        self.asked.append(name)
        whole = name if "@" in name else f"{name}@{DOMAIN}"
        return PasswordReply(password.reveal() == PASSWORD, whole)


@pytest.mark.parametrize(
    ("standing", "asked", "meant"),
    [
        ((), WHOLE, WHOLE),
        (("ada",), "ada", "ada"),
        ((WHOLE,), WHOLE, WHOLE),
        # The source says whose password it is: that of the account which has the domain.
        (("ada", WHOLE), "ada", WHOLE),
    ],
)
def test_a_source_that_adds_the_domain_strands_nobody_either(
    house: House, standing: tuple[str, ...], asked: str, meant: str
) -> None:
    for name in standing:
        house.add(name)
    source = Source()
    means = replace(house.means, source=ExternalPasswords(source, "there"))
    portal = Portal(means)
    session = portal.sign_in("ada", PASSWORD)
    assert isinstance(session, Session)
    assert (session.account_name, source.asked) == (meant, [asked])
    assert house.store.list_names() == sorted({*standing, meant})
    again = portal.verify_again(session)
    assert again.answer_with_password(PASSWORD).account_name == meant
    with pytest.raises(SignInRefused):
        again.answer_with_password("wrong")


def test_where_there_is_no_default_domain_a_source_may_say_what_it_likes(house: House) -> None:
    house.add("ada")
    means = replace(house.means, default_domain=None, source=ExternalPasswords(Source(), "there"))
    session = Portal(means).sign_in("ada", PASSWORD)
    assert isinstance(session, Session)
    assert session.account_name == WHOLE
