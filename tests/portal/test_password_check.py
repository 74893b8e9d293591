"""Account passwords that another source keeps: what it is asked, what is made of its answers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from apppw_tui.domain.errors import (
    PasswordBackendDown,
    RateLimited,
    Refused,
    ReverificationRequired,
    SignInRefused,
    StoreDamaged,
    WeakPassword,
)
from apppw_tui.domain.integration_ports import ExternalPasswords, PasswordReply
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import Rule, ThrottleState
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import VERIFIED_FOR, Session
from apppw_tui.store.memory import MemoryThrottleStore
from tests.standing import damage, document, put_document, standing_house
from tests.support import OTHER_KEY, PASSWORD, FixedClock, House

ADA, GRACE = "ada@example.org", "grace@example.org"
OLD = "the one of the mail"
FREE = 5  # tries that are wrong before one has to wait
WHERE = "The account password is not kept here. Change it at https://mail.example.org/password."


@dataclass
class Source:
    """Everybody has the password OLD, under names that it may know better."""

    canonical: Callable[[str], str | None] = lambda name: name
    down: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    def check(self, name: str, password: Secret, address: str) -> PasswordReply:
        assert address == "192.0.2.7"
        self.asked.append((name, password.reveal()))
        if self.down:
            raise PasswordBackendDown("Passwords cannot be checked now. Try again in a moment.")
        return PasswordReply(password.reveal() == OLD, self.canonical(name))


@dataclass
class Elsewhere:
    """A house whose account passwords are in `source`."""

    house: House
    source: Source = field(default_factory=Source)
    require_add: bool = False

    def __post_init__(self) -> None:
        place = "at https://mail.example.org/password"
        source = ExternalPasswords(self.source, place, self.require_add)
        self.means = replace(self.house.means, source=source)
        self.portal = Portal(self.means)

    def signed_in(self, name: str = ADA, password: str = OLD) -> Session:
        session = self.portal.sign_in(name, password)
        assert isinstance(session, Session)
        return session

    def refuses(self, name: str = ADA, password: str = OLD) -> str:
        with pytest.raises(SignInRefused) as refused:
            self.portal.sign_in(name, password)
        return str(refused.value)


@pytest.fixture
def elsewhere() -> Elsewhere:
    """Nobody has an account yet."""
    return Elsewhere(House())


# --- signing in -----------------------------------------------------------------------------


def test_the_first_right_password_makes_the_account(elsewhere: Elsewhere) -> None:
    session = elsewhere.signed_in()
    account = elsewhere.house.now(ADA)
    assert (account.uid, account.password_hash) == (session.uid, None)
    assert elsewhere.house.notebook.acts == [
        (account.uid, what, ADA, {"address": "192.0.2.7"})
        for what in ("account created", "signed in")
    ]
    assert elsewhere.signed_in().uid == account.uid


def test_a_second_factor_is_set_up_as_the_policy_says() -> None:
    elsewhere = Elsewhere(House(policy=Policy()))
    assert elsewhere.signed_in().restriction == "none yet"
    elsewhere.house.give_authenticator()
    assert not isinstance(elsewhere.portal.sign_in(ADA, OLD), Session)


def test_a_wrong_password_is_refused_alike_for_known_and_unknown(elsewhere: Elsewhere) -> None:
    elsewhere.house.add(GRACE)
    assert elsewhere.refuses(GRACE, "wrong") == elsewhere.refuses(ADA, "wrong")
    assert elsewhere.house.store.list_names() == [GRACE]


def test_who_has_an_account_is_not_looked_up_for_a_wrong_password(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere.house.add(ADA)
    monkeypatch.setattr(elsewhere.house.store, "get", None)
    elsewhere.refuses(ADA, "wrong")


def test_the_source_gets_the_password_as_it_was_typed(elsewhere: Elsewhere) -> None:
    elsewhere.refuses(password="e\u0301 ")
    assert elsewhere.source.asked == [(ADA, "e\u0301 ")]


def test_a_default_domain_completes_the_name() -> None:
    elsewhere = Elsewhere(House(default_domain="example.org"))
    assert elsewhere.signed_in("ada").account_name == ADA
    assert elsewhere.source.asked == [(ADA, OLD)]


def test_an_app_password_is_refused_before_the_source_is_asked(elsewhere: Elsewhere) -> None:
    elsewhere.house.add(ADA)
    secret = elsewhere.house.issue("Laptop").secret.reveal()
    wrong = elsewhere.refuses(password="wrong")
    elsewhere.source.asked.clear()
    for typed in (secret, secret.upper(), " ".join(secret)):
        assert elsewhere.refuses(password=typed) == wrong
    assert elsewhere.source.asked == []


@pytest.mark.parametrize("name", ["No Account", "", "a\tb", "ada ", "ad\u00e4@example.org"])
def test_a_name_that_no_account_can_have_opens_nothing(name: str) -> None:
    elsewhere = Elsewhere(House(), Source(lambda _: name or "\udcff"))
    elsewhere.refuses()
    assert elsewhere.house.store.list_names() == []


def test_the_source_may_write_the_name_otherwise(elsewhere: Elsewhere) -> None:
    elsewhere.source.canonical = str.upper
    assert elsewhere.signed_in(ADA.title()).account_name == ADA
    assert elsewhere.house.store.list_names() == [ADA]
    assert elsewhere.source.asked == [(ADA, OLD)]


def test_the_account_is_whom_the_source_names(elsewhere: Elsewhere) -> None:
    elsewhere.source.canonical = lambda _: GRACE
    assert elsewhere.signed_in(ADA).account_name == GRACE
    assert elsewhere.house.store.list_names() == [GRACE]


def test_an_account_that_was_made_a_moment_ago_elsewhere_is_the_one(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = elsewhere.house.add(ADA)
    store = elsewhere.house.store
    answers = iter([None, made, made])
    monkeypatch.setattr(store, "get", lambda _: next(answers))
    assert elsewhere.signed_in().uid == made.uid


def test_a_damaged_account_is_not_made_anew(tmp_path: Path) -> None:
    elsewhere = Elsewhere(standing_house(tmp_path / "store"))
    elsewhere.signed_in()
    damage(elsewhere.house, ADA)
    damaged = document(elsewhere.house, ADA)
    elsewhere.refuses()
    assert document(elsewhere.house, ADA) == damaged
    assert elsewhere.house.notebook.errors[-1][0] == "account damaged"


# --- refused though it is right ---------------------------------------------------------------


def disabled(house: House) -> Elsewhere:
    house.add(ADA)
    house.operator.disable(ADA)
    return Elsewhere(house)


def to_be_added(house: House) -> Elsewhere:
    return Elsewhere(house, require_add=True)


def of_no_name(house: House) -> Elsewhere:
    return Elsewhere(house, Source(lambda _: "No Account"))


@pytest.mark.parametrize("made", [disabled, to_be_added, of_no_name])
def test_the_clock_does_not_tell_that_the_password_was_right(
    made: Callable[[House], Elsewhere],
) -> None:
    elsewhere = made(House())
    right = elsewhere.refuses()
    (first, decoy) = elsewhere.source.asked
    assert first == (ADA, OLD)
    assert (decoy[0], len(decoy[1])) == (ADA, 48)
    assert elsewhere.refuses(password="wrong") == right
    assert elsewhere.source.asked[2:] == [(ADA, "wrong")]
    # It was counted, too: what is right is not told by what it costs.
    for _ in range(FREE - 2):
        elsewhere.refuses()
    with pytest.raises(RateLimited):
        elsewhere.portal.sign_in(ADA, OLD)


def test_whoever_was_added_gets_in() -> None:
    elsewhere = Elsewhere(House(), require_add=True)
    elsewhere.refuses()
    assert elsewhere.portal.add_account(ADA, None).password_hash is None
    assert elsewhere.signed_in().account_name == ADA


# --- what is counted --------------------------------------------------------------------------


def test_a_try_is_charged_before_the_source_is_asked(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(elsewhere.source, "check", None)
        for _ in range(FREE):
            with pytest.raises(TypeError):
                elsewhere.portal.sign_in(ADA, OLD)
    with pytest.raises(RateLimited):
        elsewhere.portal.sign_in(ADA, OLD)
    assert elsewhere.source.asked == []


def test_nothing_is_counted_while_the_source_is_down(elsewhere: Elsewhere) -> None:
    elsewhere.source.down = True
    for _ in range(FREE + 1):
        with pytest.raises(PasswordBackendDown, match=r"^Passwords cannot be checked now\. "):
            elsewhere.portal.sign_in(ADA, OLD)
    elsewhere.source.down = False
    assert elsewhere.signed_in()


@dataclass
class Watched:
    """Counters that note who is said to be an account."""

    counters: MemoryThrottleStore
    kept: set[str] = field(default_factory=set)

    def change(self, rules: Mapping[str, Rule], *, keep: bool) -> Mapping[str, ThrottleState]:
        self.kept |= {*rules} if keep else set()
        return self.counters.change(rules, keep=keep)


def test_nobody_is_taken_for_an_account_unless_it_is_one() -> None:
    clock = FixedClock()
    watched = Watched(MemoryThrottleStore(clock))
    elsewhere = Elsewhere(House(clock=clock, counters=watched), Source(lambda _: ADA))
    elsewhere.refuses("one", "wrong")
    elsewhere.source.down = True
    with pytest.raises(PasswordBackendDown):
        elsewhere.portal.sign_in("two", OLD)
    elsewhere.source.down = False
    elsewhere.signed_in("three")
    assert watched.kept - {"door:192.0.2.7"} == {f"account:{ADA}"}


def test_other_names_of_one_account_give_no_further_tries(elsewhere: Elsewhere) -> None:
    elsewhere.source.canonical = lambda _: ADA
    for number in range(FREE):
        elsewhere.refuses(f"ada+{number}@example.org", "wrong")
    elsewhere.source.asked.clear()
    with pytest.raises(RateLimited):
        elsewhere.portal.sign_in("ada+x@example.org", "wrong")
    with pytest.raises(RateLimited):
        elsewhere.portal.sign_in("ada+y@example.org", OLD)
    # Right or wrong, the last is a refusal that the source held back.
    assert [password == OLD for _, password in elsewhere.source.asked] == [False, True, False]


def test_a_right_password_under_another_name_is_counted_for_neither(elsewhere: Elsewhere) -> None:
    elsewhere.source.canonical = lambda _: ADA
    elsewhere.signed_in(GRACE)
    elsewhere.house.give_authenticator()  # so that the password completes nothing
    for _ in range(FREE + 1):
        assert not isinstance(elsewhere.portal.sign_in(GRACE, OLD), Session)
    elsewhere.refuses(GRACE, "wrong")


# --- within a session -------------------------------------------------------------------------


def test_verifying_again_asks_the_source(elsewhere: Elsewhere) -> None:
    session = elsewhere.signed_in()
    elsewhere.house.clock.advance(VERIFIED_FOR)
    with pytest.raises(ReverificationRequired):
        elsewhere.portal.check_fresh(session)
    challenge = elsewhere.portal.verify_again(session)
    secret = elsewhere.house.issue("Laptop").secret.reveal()
    for wrong in ("wrong", PASSWORD, secret):
        with pytest.raises(SignInRefused):
            challenge.answer_with_password(wrong)
    assert secret not in str(elsewhere.source.asked)
    elsewhere.source.canonical = lambda _: GRACE
    with pytest.raises(SignInRefused):
        challenge.answer_with_password(OLD)
    elsewhere.source.canonical = lambda name: name
    elsewhere.portal.check_fresh(challenge.answer_with_password(OLD))


def test_verifying_again_is_not_counted_while_the_source_is_down(elsewhere: Elsewhere) -> None:
    challenge = elsewhere.portal.verify_again(elsewhere.signed_in())
    elsewhere.source.down = True
    for _ in range(FREE + 1):
        with pytest.raises(PasswordBackendDown):
            challenge.answer_with_password(OLD)


def test_where_a_password_is_changed_is_said_wherever_one_would_be(elsewhere: Elsewhere) -> None:
    session, portal = elsewhere.signed_in(), elsewhere.portal
    acts: list[Callable[[], object]] = [
        lambda: portal.change_password(session, OLD, PASSWORD),
        lambda: portal.add_account(GRACE, PASSWORD),
        lambda: portal.create_first_account(GRACE, PASSWORD),
        lambda: Admin(elsewhere.means).set_password(ADA, PASSWORD),
        Admin(elsewhere.means).check_passwords_kept,
    ]
    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert str(refused.value) == portal.external_passwords_hint == WHERE
    assert not portal.creates_accounts
    assert elsewhere.house.store.list_names() == [ADA]
    assert elsewhere.house.now(ADA).password_hash is None


@pytest.mark.parametrize(("require_add", "told"), [(False, True), (True, False)])
def test_whether_anybody_could_sign_in(require_add: bool, told: bool) -> None:
    assert Elsewhere(House(), require_add=require_add).portal.has_accounts() is told


# --- the store's own hashes -------------------------------------------------------------------


def test_a_hash_is_kept_and_not_looked_at_while_the_source_is_another(house: House) -> None:
    before = house.now()
    elsewhere = Elsewhere(house)
    elsewhere.refuses(password=PASSWORD)
    assert elsewhere.signed_in().uid == before.uid
    assert house.now().password_hash == before.password_hash
    assert house.sign_in().uid == before.uid


@pytest.mark.parametrize("password", ["", OLD, PASSWORD, "None"])
def test_an_account_without_a_hash_is_opened_by_nothing_in_the_store(password: str) -> None:
    elsewhere = Elsewhere(House())
    session = elsewhere.signed_in()
    house = elsewhere.house
    with pytest.raises(SignInRefused):
        house.portal.sign_in(ADA, password)
    with pytest.raises(SignInRefused):
        house.portal.verify_again(session).answer_with_password(password)
    with pytest.raises(SignInRefused):
        house.portal.change_password(session, password, "loom cards remember flowers")
    house.operator.set_password(ADA, PASSWORD)
    assert house.sign_in().uid == session.uid


def test_an_account_of_the_stores_own_is_not_made_without_a_password() -> None:
    house = House()
    with pytest.raises(WeakPassword):
        house.portal.add_account(ADA, None)


def test_that_there_is_no_hash_is_written_and_read(tmp_path: Path) -> None:
    house = standing_house(tmp_path / "store")
    Elsewhere(house).signed_in()
    again = house.store.get(ADA)
    assert again is not None
    assert again.password_hash is None
    # A document that lost it is damaged, and belongs to nobody.
    content = json.loads(document(house, ADA))
    del content["account"]["1"]["password_hash"]
    put_document(house, ADA, json.dumps(content).encode())
    with pytest.raises(StoreDamaged):
        house.store.get(ADA)


def test_known_key_is_counted_by_itself_there_too(elsewhere: Elsewhere) -> None:
    elsewhere.house.add(ADA)
    elsewhere.house.give_ssh_key()
    by_key = Elsewhere(elsewhere.house.by_key(), elsewhere.source)
    by_key.signed_in()
    stranger = Elsewhere(elsewhere.house.by_key(OTHER_KEY), elsewhere.source)
    elsewhere.means.throttle.forget_known(ADA)
    by_key.signed_in()  # the key is known again, and the address
    for _ in range(FREE):
        by_key.refuses(password="wrong")
    with pytest.raises(RateLimited):
        by_key.portal.sign_in(ADA, OLD)
    assert isinstance(stranger.portal.sign_in(ADA, OLD), Challenge)  # from the same address
    by_key.source.down = True
    with pytest.raises((PasswordBackendDown, RateLimited)):
        by_key.portal.sign_in(ADA, OLD)
