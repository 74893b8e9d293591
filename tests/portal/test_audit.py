"""What people and operators do is written down, and told to whoever it concerns."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import UNKNOWN_UID, ActivityEntry, EventType, describe
from apppw_tui.domain.errors import InvalidCode, SignInRefused, StoreUnusable
from apppw_tui.domain.ssh_key import ProvenKey
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT, VerificationOption
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.portal import RECENT, Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.store.memory_history import MemoryActivityLog
from tests.support import KEY, OTHER_KEY, PASSWORD, House

ADA = "ada@example.org"


@dataclass
class Told:
    """Keeps what people are told."""

    notices: list[tuple[str, ActivityEntry]] = field(default_factory=list)
    room: bool = True

    def notify(self, account: Account, entry: ActivityEntry) -> bool:
        self.notices.append((account.name, entry))
        return self.room

    @property
    def acts(self) -> list[str]:
        return [entry.event for _, entry in self.notices]


class Watched(House):
    """Writes down in memory, and keeps what people are told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told = Told()
        self.book = MemoryActivityLog(self.clock)
        self._wire()

    def _wire(self) -> None:
        self.means = replace(self.means, activity_log=self.book, notifier=self.told)
        self.portal = Portal(self.means)

    def coming_from(self, address: str) -> "Watched":
        """The same person, somewhere else."""
        self.means = replace(self.means, address=address)
        self._wire()
        return self

    @property
    def entries(self) -> list[ActivityEntry]:
        return self.book.read(self.now().uid)

    @property
    def acts(self) -> list[tuple[str, str, str | None]]:
        return [(one.event, one.actor, one.address) for one in self.entries]


@pytest.fixture
def house() -> Watched:
    house = Watched()
    house.add()
    return house


# --- signing in -----------------------------------------------------------------------------


def test_a_sign_in_and_a_failure_are_written_down_and_not_told(house: Watched) -> None:
    with pytest.raises(SignInRefused):
        house.sign_in(password="wrong")
    house.sign_in()
    assert house.acts == [
        (EventType.WRONG_PASSWORD, ADA, "192.0.2.7"),
        (EventType.SIGNED_IN, ADA, "192.0.2.7"),
    ]
    assert house.told.acts == []


def test_of_a_wrong_name_nothing_that_was_typed_is_written_down(house: Watched) -> None:
    with pytest.raises(SignInRefused):
        house.sign_in("ida@example.org", "wrong")
    ((uid, entry),) = house.book.read_all()
    assert (uid, entry.event, entry.actor) == (UNKNOWN_UID, EventType.WRONG_PASSWORD, "(unknown)")
    assert entry.details.keys() == {"address"}


def test_it_is_complete_with_the_code(house: Watched) -> None:
    secret = house.give_authenticator()
    challenge = house.challenge()
    assert house.acts == []
    with pytest.raises(InvalidCode):
        challenge.answer(APP, "000000" if house.app_code(secret) != "000000" else "000001")
    challenge.answer(APP, house.app_code(secret))
    assert [what for what, _, _ in house.acts] == [EventType.WRONG_CODE, EventType.SIGNED_IN]
    assert house.entries[0].details["method"] == "authenticator app"


@pytest.mark.parametrize(
    ("option", "answer", "method"),
    [
        (RECOVERY, "0000 0000 0000", "recovery code"),
        (TEXT, "000001", "authentication phone"),
    ],
)
def test_a_wrong_code_says_of_what(
    house: Watched, option: VerificationOption, answer: str, method: str
) -> None:
    house.give_authenticator()
    house.give_phone()
    house.give_recovery_codes()
    challenge = house.challenge()
    challenge.send(TEXT)
    with pytest.raises(InvalidCode):
        challenge.answer(option, answer)
    assert house.entries[0].details["method"] == method


def test_to_verify_again_is_no_sign_in(house: Watched) -> None:
    secret = house.give_authenticator()
    session = house.session()
    house.portal.verify_again(session).answer(APP, house.app_code(secret))
    assert house.acts == []


def test_a_wrong_password_inside_is_written_down_too(house: Watched) -> None:
    with pytest.raises(SignInRefused):
        house.portal.change_password(house.session(), "wrong", "loom cards remember flowers")
    assert [what for what, _, _ in house.acts] == [EventType.WRONG_PASSWORD]


def test_first_use_of_a_key_from_a_new_network_is_told(house: Watched) -> None:
    house.give_ssh_key()
    house.give_ssh_key(OTHER_KEY, called="YubiKey")

    def by(key: ProvenKey, address: str) -> None:
        proved = replace(key, proved_at=house.clock.monotonic())
        house.means = replace(house.means, proven_key=proved)
        assert isinstance(house.coming_from(address).portal.sign_in(ADA, PASSWORD), Session)

    by(KEY, "192.0.2.7")
    by(OTHER_KEY, "198.51.100.9")
    by(OTHER_KEY, "198.51.100.10")
    by(KEY, "198.51.100.9")
    told = [(entry.event, describe(entry)) for _, entry in house.told.notices]
    assert told == [
        (EventType.SIGNED_IN_NEW, "Signed in from a new address, by the ssh key: YubiKey"),
        (EventType.KEY_USED_NEW, "First use of an ssh key from a new address: Laptop"),
    ]


def test_key_that_is_added_or_removed_is_told(house: Watched) -> None:
    house.give_authenticator()
    proved = replace(KEY, proved_at=house.clock.monotonic())
    house.means = replace(house.means, proven_key=proved)
    house.coming_from("192.0.2.7").portal.ssh_keys.add(house.session(), "Laptop")
    house.portal.ssh_keys.remove(house.session(), KEY.fingerprint)
    house.portal.ssh_keys.add(house.session(), "Laptop")
    Admin(house.means).remove_key(ADA, KEY.fingerprint)
    told = [describe(entry) for _, entry in house.told.notices]
    assert told == ["SSH key added: Laptop", "SSH key removed: Laptop"] * 2
    assert house.entries[-1].actor == "operator"


def test_a_sign_in_from_anywhere_new_is_told(house: Watched) -> None:
    house.sign_in()
    house.coming_from("198.51.100.9").sign_in()
    house.coming_from("192.0.2.99").sign_in()
    house.coming_from("local").sign_in()
    house.coming_from("198.51.100.9").sign_in()
    assert [what for what, _, _ in house.acts] == [
        EventType.SIGNED_IN, EventType.SIGNED_IN_NEW, EventType.SIGNED_IN,
        EventType.SIGNED_IN, EventType.SIGNED_IN,
    ]  # fmt: skip
    ((account, entry),) = house.told.notices
    assert (account, entry.event, entry.address) == (ADA, EventType.SIGNED_IN_NEW, "198.51.100.9")


def test_the_first_of_all_is_nothing_new(house: Watched) -> None:
    house.coming_from("local").sign_in()
    house.coming_from("192.0.2.7").sign_in()
    assert house.told.acts == []


def test_activity_that_cannot_be_read_keeps_nobody_out(
    house: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> list[ActivityEntry]:
        raise StoreUnusable("It cannot be used.")

    monkeypatch.setattr(house.book, "read", fail)
    assert house.sign_in()


# --- what people do -------------------------------------------------------------------------


def test_what_becomes_of_an_app_password_has_its_name(house: Watched) -> None:
    session = house.session()
    id_ = house.portal.create_app_password(session, "Laptop").app_password.id
    house.portal.rename_app_password(session, id_, "Desk")
    house.portal.delete_app_password(session, id_)
    facts = {"id": id_, "address": "192.0.2.7"}
    assert [(one.event, one.actor, dict(one.details)) for one in house.entries] == [
        (EventType.CREATED, ADA, {**facts, "name": "Laptop"}),
        (EventType.RENAMED, ADA, {**facts, "name": "Desk", "before": "Laptop"}),
        (EventType.DELETED, ADA, {**facts, "name": "Desk"}),
    ]
    assert house.told.acts == [EventType.CREATED, EventType.DELETED]


def change_password(house: House) -> object:
    return house.portal.change_password(house.session(), PASSWORD, "loom cards remember flowers")


def set_password(house: House) -> object:
    return house.operator.set_password(ADA, "loom cards recall flowers")


def set_up(house: House) -> object:
    made = house.portal.enrollment.begin_authenticator(house.session())
    return made.confirm(house.session(), house.app_code(made.secret))


def remove(house: House) -> object:
    house.give_authenticator()
    return house.portal.enrollment.remove_authenticator(house.session())


def new_codes(house: House) -> object:
    house.give_authenticator()
    return house.portal.enrollment.new_recovery_codes(house.session())


def use_code(house: House) -> object:
    house.give_authenticator()
    code = house.give_recovery_codes()[0].reveal()
    return house.challenge().answer(RECOVERY, code)


def enable(house: House) -> object:
    house.alter(enabled=False)
    return house.operator.enable(ADA)


@pytest.mark.parametrize(
    ("do", "act"),
    [
        (change_password, EventType.PASSWORD_CHANGED),
        (set_up, EventType.METHOD_SET_UP),
        (remove, EventType.METHOD_REMOVED),
        (new_codes, EventType.RECOVERY_MADE),
        (use_code, EventType.RECOVERY_USED),
        (lambda house: house.operator.create_app_password(ADA, "Car"), EventType.CREATED),
        (lambda house: house.operator.delete_app_passwords(ADA), EventType.ALL_DELETED),
        (
            lambda house: house.operator.set_password(ADA, "loom cards recall flowers"),
            EventType.PASSWORD_SET,
        ),
        (lambda house: house.operator.bypass(ADA, 5), EventType.BYPASS_GIVEN),
        (lambda house: house.operator.disable(ADA), EventType.DISABLED),
        (enable, EventType.ENABLED),
    ],
)
def test_it_is_written_down_and_told(
    house: Watched, do: Callable[[House], object], act: EventType
) -> None:
    do(house)
    assert act in [one.event for one in house.entries]
    assert house.told.acts == [act]
    text = repr(house.entries) + repr([entry for _, entry in house.told.notices])
    assert "argon2" not in text
    assert "loom" not in text


def test_whoever_is_renamed_is_told_under_the_new_name(house: Watched) -> None:
    uid = house.now().uid
    house.operator.rename(ADA, "lovelace@example.org")
    ((account, entry),) = house.told.notices
    assert (account, entry.details["before"]) == ("lovelace@example.org", ADA)
    assert house.book.read(uid) == [entry]


def test_a_removal_is_the_last_line(house: Watched) -> None:
    uid = house.now().uid
    house.operator.remove_account(ADA)
    assert [one.event for one in house.book.read(uid)] == [EventType.ACCOUNT_REMOVED]
    assert house.told.acts == []


@pytest.mark.parametrize(("by", "said"), [(None, "ida@example.org"), ("operator", "operator")])
def test_a_new_account_says_who_made_it(house: Watched, by: str | None, said: str) -> None:
    account = house.portal.add_account("ida@example.org", PASSWORD, by)
    assert [(one.event, one.actor) for one in house.book.read(account.uid)] == [
        (EventType.ACCOUNT_CREATED, said)
    ]


# --- looking --------------------------------------------------------------------------------


def test_ones_own_is_shown_newest_first_and_not_without_end(house: Watched) -> None:
    for number in range(RECENT + 5):
        house.book.record(house.now().uid, str(number), ADA)
        house.clock.advance(1)
    house.book.record("f" * 32, "another's", "ida")
    found = house.portal.activity(house.session())
    assert [one.event for one in found] == [str(number) for number in range(RECENT + 4, 4, -1)]


def test_an_operator_hears_of_a_notice_that_is_left_out() -> None:
    house = Watched()
    house.add(ADA)
    said: list[str] = []
    operator = Admin(house.means, "operator", said.append)
    operator.enforce(ADA)
    assert said == []
    house.told.room = False
    operator.stop_enforcing(ADA)
    assert said == [f"{ADA}: it is done, but no notice of it goes out; the log says why."]


def test_ended_sessions_and_forgotten_addresses_are_written_down(house: Watched) -> None:
    session = house.portal.sign_out_elsewhere(house.session())
    house.portal.forget_trusted_addresses(session)
    assert [describe(entry) for entry in house.entries] == [
        "Signed out everywhere else",
        "Trusted addresses forgotten",
    ]
