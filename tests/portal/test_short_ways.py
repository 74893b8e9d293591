"""The ways of two acts through the package: whoever reads them has to follow them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.bootstrap import build
from apppw_tui.config import Config
from apppw_tui.domain import names
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.store.engine import StoreLocation
from apppw_tui.store.folder.activity import FROM_DAEMON, FolderActivityLog
from tests.support import PASSWORD, FixedClock, House
from tests.tracing import Way, traced

ADA = "ada@example.org"
HOME = "192.0.2.7"
MOST_FILES, MOST_CHANGES = {"sign-in": 29, "create": 23}, {"sign-in": 90, "create": 48}


@dataclass
class Person:
    """One person at a portal over files, at the real cost of a hash."""

    house: House
    secret: Secret

    @classmethod
    def of(cls, folder: Path) -> "Person":
        clock = FixedClock()
        parts = build(
            StoreLocation(folder, folder / "key"), Config(), clock, create=True, address=HOME
        )
        hasher, seals = parts.context.hasher, parts.engine.keyring
        house = House(store=parts.engine.accounts, clock=clock, hasher=hasher, seals=seals)
        house.means = parts.context
        house.portal = Portal(parts.context)
        uid = house.add().uid
        FolderActivityLog(folder, clock, FROM_DAEMON).record(uid, EventType.USED_NEW, "the server")
        return cls(house, house.give_authenticator())

    @classmethod
    def practised(cls, folder: Path) -> "Person":
        """One for whom all is there that is made and opened once."""
        person = cls.of(folder)
        for name in ("One", "Two"):
            person.house.portal.create_app_password(person.sign_in(person.next_code()), name)
        person.sign_in(person.next_code())
        return person

    def next_code(self) -> str:
        """The authenticator app's; one is good once."""
        self.house.clock.advance(60)
        return self.house.app_code(self.secret)

    def sign_in(self, code: str) -> Session:
        challenge = self.house.portal.sign_in(ADA, PASSWORD)
        assert isinstance(challenge, Challenge)
        return challenge.answer(APP, code)


@pytest.fixture
def ada(tmp_path: Path) -> Person:
    return Person.practised(tmp_path / "store")


def way_of_sign_in(person: Person) -> Way:
    code = person.next_code()
    with traced() as way:
        person.sign_in(code)
    return way


def way_of_creation(person: Person) -> Way:
    session = person.sign_in(person.next_code())
    with traced() as way:
        person.house.portal.create_app_password(session, "Three")
    return way


def assert_short(way: Way, act: str) -> None:
    assert len(way.files) <= MOST_FILES[act], way.files
    assert way.changes <= MOST_CHANGES[act], way.calls


def test_sign_in_enters_few_files_and_changes_seldom(ada: Person) -> None:
    assert_short(way_of_sign_in(ada), "sign-in")


def test_created_app_password_enters_few_files_and_changes_seldom(ada: Person) -> None:
    assert_short(way_of_creation(ada), "create")


@pytest.mark.slow
def test_name_of_the_account_is_parsed_once(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    read = names._read

    def counted(text: str) -> str:
        parsed.append(text)
        return read(text)

    monkeypatch.setattr(names, "_read", counted)
    session = ada.sign_in(ada.next_code())
    assert parsed == [ADA]
    ada.house.portal.create_app_password(session, "Three")
    assert parsed == [ADA]
