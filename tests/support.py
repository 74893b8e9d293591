"""What many tests need: a clock that stands still, cheap hashes, a store with an account in it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from apppw_tui.domain import phone, recovery_codes, totp
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.activity import ActivityEntry
from apppw_tui.domain.errors import DeliveryFailed
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher
from apppw_tui.domain.phone import PhoneSlot
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import (
    DELIVERY_METHODS,
    AccountStore,
    DeliveryMethod,
    KeyIndex,
    Sealer,
    ThrottleStore,
    UsageBook,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.ssh_key import ProvenKey, SshKey
from apppw_tui.domain.throttle import ThrottleState
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.app_passwords import AppPasswordIssuer, IssuedAppPassword
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session, new_session
from apppw_tui.store.engine import Engine
from apppw_tui.store.memory_engine import MemoryEngine

Result = TypeVar("Result")

PASSWORD = "engine no. 1 weaves algebra"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = ProvenKey("SHA256:XuwNxBmqgze/cl8Cb9qceMHLHGQu6v+dbhES83eD6UI", "ssh-ed25519", 1000.0)
OTHER_KEY = ProvenKey(
    "SHA256:caX5eUQIjJFYrS0O8jqb3smpN+MlCvp1gOKdXcEbXro", "sk-ssh-ed25519@openssh.com", 1000.0
)


@dataclass
class FixedClock:
    """Moves only when it is told to."""

    instant: datetime = NOW
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)
        self.seconds += seconds


def first_quick(*values: object) -> list[Any]:
    """Parameters of which the first is tried in every run, and the others where there is time."""
    import pytest

    return [values[0], *(pytest.param(value, marks=pytest.mark.slow) for value in values[1:])]


def first_row_quick(*rows: tuple[object, ...]) -> list[Any]:
    """As `first_quick`, where each is a value for each of several parameters."""
    import pytest

    return [rows[0], *(pytest.param(*row, marks=pytest.mark.slow) for row in rows[1:])]


def cheap_hasher() -> Hasher:
    return Hasher(CHEAP_PROFILE, CHEAP_PROFILE)


def sampled(quick: object, slow: object, long: object) -> list[Any]:
    """Parameters of one test by how much they try: in every run, in CI, and on request."""
    import pytest

    return [
        quick,
        pytest.param(slow, marks=pytest.mark.slow),
        pytest.param(long, marks=pytest.mark.long),
    ]


@dataclass
class Outbox:
    """A delivery that keeps what was sent, or fails when it is told to."""

    kinds: frozenset[DeliveryMethod] = frozenset(DELIVERY_METHODS)
    extensions: bool = False
    sent: list[tuple[DeliveryMethod, str, str]] = field(default_factory=list)
    broken: bool = False

    def send(self, kind: DeliveryMethod, number: str, message: Secret) -> None:
        if self.broken:
            raise DeliveryFailed("The code could not be sent.")
        self.sent.append((kind, number, message.reveal()))

    @property
    def code(self) -> str:
        """The code in the newest message."""
        return "".join(sign for sign in self.sent[-1][2] if sign.isdigit())[:6]


@dataclass
class Notebook:
    """Both logs, kept in memory; nothing is read from the activity."""

    acts: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    errors: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def record(self, uid: str, what: str, by: str, **facts: str) -> None:
        self.acts.append((uid, what, by, facts))

    def read(self, _uid: str) -> list[ActivityEntry]:
        return []

    def forget_old(self, uid: str) -> None:
        """There is nothing."""

    def error(self, event: str, **facts: str) -> None:
        self.errors.append((event, facts))


def in_database() -> bool:
    """The switch: True if houses stand in a database."""
    return os.environ.get("APPPW_TEST_ENGINE") == "postgresql"


def _engine(clock: FixedClock, randbytes: Callable[[int], bytes]) -> Engine:
    """One in memory, or, by a switch, the one that several machines share."""
    if not in_database():
        return MemoryEngine(clock, randbytes)
    from tests.store.postgres.house import engine_in_database

    return engine_in_database(clock)


@dataclass
class House:
    """A portal over an engine in memory, or parts of another; a seed draws all that is random.

    No second factor is asked for unless the account has one, or the policy says so.
    """

    store: AccountStore = None  # type: ignore[assignment]  # the engine's
    clock: FixedClock = field(default_factory=FixedClock)
    policy: Policy = field(default_factory=lambda: Policy(second_factor_required=False))
    seed: int = 1
    hasher: Hasher = field(default_factory=cheap_hasher)
    outbox: Outbox = field(default_factory=Outbox)
    notebook: Notebook = field(default_factory=Notebook)
    counters: ThrottleStore | None = None
    seals: Sealer | None = None
    usage: UsageBook | None = None
    address: str = "192.0.2.7"
    region: str | None = None
    default_domain: str | None = None
    proven_key: ProvenKey | None = None
    key_index: KeyIndex | None = None

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        engine = _engine(self.clock, os.urandom if self.seals else self.random.randbytes)
        self.store = self.store or engine.accounts
        self.counters = self.counters or engine.throttle
        self.seals = self.seals or engine.keyring
        self.usage = self.usage or engine.usage
        self.key_index = self.key_index or engine.key_index
        self.means = PortalContext(
            self.store,
            self.hasher,
            self.clock,
            self.policy,
            self.seals,
            self.counters,
            self.outbox,
            self.notebook,
            self.notebook,
            self.usage,
            address=self.address,
            region=self.region,
            default_domain=self.default_domain,
            host_name="mail.example.org",
            randbelow=self.random.randrange,
            token_bytes=self.random.randbytes,
            key_index=self.key_index,
            proven_key=self.proven_key,
        )
        self.portal = Portal(self.means)

    def elsewhere(self, address: str) -> "House":
        """The same rooms, as somebody meets them who comes from another address."""
        return replace(self, address=address, seed=self.seed + 1)

    def by_key(self, key: ProvenKey | None = None) -> "House":
        """The same rooms, as somebody meets them whose ssh key was verified just now."""
        key = key or KEY
        proved = replace(key, proved_at=self.clock.monotonic())
        return replace(self, proven_key=proved, seed=self.seed + 1)

    def add(self, name: str = "ada@example.org", password: str = PASSWORD) -> Account:
        """An account; its password is not judged, which would cost each test a dictionary."""

        account = Account.new(
            name,
            self.hasher.account.make(Secret(password)),
            self.clock.now(),
            lambda size: self.random.randbytes(size).hex(),
        )
        with self.store.transaction(name, None) as change:
            change.account = account
        return account

    @property
    def issuer(self) -> AppPasswordIssuer:
        return AppPasswordIssuer(
            self.store, self.hasher, self.clock, self.policy, self.random.randrange
        )

    @property
    def operator(self) -> Admin:
        return Admin(self.means)

    def sign_in(self, name: str = "ada@example.org", password: str = PASSWORD) -> Session:
        """Signs in an account that has no second factor."""
        session = self.portal.sign_in(name, password)
        assert isinstance(session, Session)
        return session

    def challenge(self, name: str = "ada@example.org", password: str = PASSWORD) -> Challenge:
        """The second question of an account that has a second factor."""
        challenge = self.portal.sign_in(name, password)
        assert isinstance(challenge, Challenge)
        return challenge

    def session(self, name: str = "ada@example.org") -> Session:
        """The account's session, verified just now, without the cost of signing in."""
        return new_session(self.now(name)).reverified(self.clock)

    # --- verification methods, without the cost of setting them up ---------------------------

    def give_authenticator(self, name: str = "ada@example.org") -> Secret:
        """An authenticator app for the account; returns its secret."""
        account = self.now(name)
        secret = totp.new_secret(self.random.randbytes)
        sealed = self.means.sealer.encrypt(account.uid, AUTHENTICATOR, secret)
        app = totp.Authenticator(sealed, self.clock.now(), last_step=0)
        self.alter(name, authenticator=app)
        return secret

    def give_phone(
        self,
        which: PhoneSlot = "authentication",
        number: str = "+4915123456767",
        name: str = "ada@example.org",
    ) -> None:
        account = self.now(name)
        sealed = self.means.sealer.encrypt(account.uid, phone.secret_name(which), Secret(number))
        record = phone.Phone(which, sealed, self.clock.now())
        self.alter(name, phones=account.with_phone(record).phones)

    def give_ssh_key(
        self, key: ProvenKey | None = None, name: str = "ada@example.org", called: str = "Laptop"
    ) -> SshKey:
        key = key or KEY
        own = SshKey(key.fingerprint, key.type, called, self.clock.now())
        account = self.now(name)
        self.alter(name, ssh_keys=(*account.ssh_keys, own))
        assert self.key_index is not None
        self.key_index.put(own.fingerprint, name)
        return own

    def give_recovery_codes(self, name: str = "ada@example.org") -> list[Secret]:
        codes = recovery_codes.generate(self.random.randrange)
        hashes = tuple(self.hasher.app.make(code) for code in codes)
        self.alter(name, recovery=recovery_codes.RecoveryCodes(hashes, self.clock.now()))
        return codes

    def app_code(self, secret: Secret, steps: int = 0) -> str:
        """What an authenticator app with that secret shows now, or some steps from now."""
        return totp.code(secret, totp.step_at(self.clock.now()) + steps)

    def now(self, name: str = "ada@example.org") -> Account:
        """The account as the store has it now."""
        account = self.store.get(name)
        assert account is not None
        return account

    def issue(self, name: str, account: str = "ada@example.org") -> IssuedAppPassword:
        return self.operator.create_app_password(account, name)

    def alter(self, name: str = "ada@example.org", **fields: Any) -> None:
        """Changes fields of the account as no room may."""
        with self.store.transaction(name, self.now(name).uid) as change:
            change.account = replace(change.existing, **fields)


def while_counted(house: House, act: Callable[[], Result]) -> Result:
    """The result of `act`, while somebody else changes a counter."""
    results: list[Result] = []

    def rule(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        results.append(act())
        return state

    house.means.throttle_store.change({"account:somebody": rule}, keep=True)
    return results[0]
