"""Limits of trying: what is counted of one account name, as plain values (SAFETY 15).

A try is charged before it is compared, and taken back if it was right. Every delay ends, even if
the clock was set back: a stamp in the future counts as the present.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from apppw_tui.domain.addresses import address_key
from apppw_tui.domain.errors import RateLimited
from apppw_tui.domain.lines import describe_wait

Step = Literal["password", "second"]

FREE_FAILURES = 4
FIRST_DELAY = 5.0  # seconds, after the fifth consecutive failure; doubled by each further one
LONGEST_DELAY = 900.0  # seconds
UNKNOWN_LOCKOUT = 90  # consecutive failures
LOCKED_FOR = timedelta(days=1)  # since the last try that was compared
KNOWN_FOR = timedelta(days=30)
_BEGINNING = datetime.fromtimestamp(0, UTC)
MOST_KNOWN = 32
MAX_UNKNOWN = 16_384  # names that belong to no account
_LONGEST_WINDOW = timedelta(days=1)
_MOST_SENDS = 100  # stamps; more than any limit counts
_LOCKED = (
    "Too many tries from elsewhere: sign in from where you usually do, wait {}, "
    "or ask your administrator."
)


@dataclass(frozen=True)
class FailureCount:
    """Consecutive failures, and when the last of them was charged."""

    failures: int = 0
    last: datetime | None = None

    def wait(self, now: datetime) -> float:
        """Seconds until the next try, 0 to LONGEST_DELAY."""
        if self.last is None or self.failures <= FREE_FAILURES:
            return 0.0
        doublings = min(self.failures - FREE_FAILURES - 1, 16)
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0**doublings)
        return max(0.0, delay - max(0.0, (now - self.last).total_seconds()))

    def with_attempt(self, now: datetime) -> "FailureCount":
        return FailureCount(self.failures + 1, now)

    def without_attempt(self) -> "FailureCount":
        return FailureCount(self.failures - 1, self.last) if self.failures > 1 else FailureCount()

    def as_of(self, now: datetime) -> "FailureCount":
        return self if self.last is None else FailureCount(self.failures, min(self.last, now))


@dataclass(frozen=True)
class FailureCounts:
    """The failures of one kind of addresses; password and second factor are counted apart."""

    password: FailureCount = FailureCount()
    second: FailureCount = FailureCount()

    @property
    def locked(self) -> bool:
        """True if nothing is compared for a day; it is asked of strangers alone."""
        return max(self.password.failures, self.second.failures) >= UNKNOWN_LOCKOUT

    def locked_for(self, now: datetime) -> float:
        """Seconds until it lifts, 0 to LOCKED_FOR; what the lock refuses does not prolong it."""
        stamps = [count.last for count in (self.password, self.second) if count.last is not None]
        if not self.locked or not stamps:
            return 0.0
        return max(0.0, (min(max(stamps), now) + LOCKED_FOR - now).total_seconds())

    def lifted(self, now: datetime) -> "FailureCounts":
        """The same, or an empty one if it was locked for long enough."""
        return FailureCounts() if self.locked and self.locked_for(now) == 0 else self

    def of(self, step: Step) -> FailureCount:
        return self.password if step == "password" else self.second

    def put(self, step: Step, count: FailureCount) -> "FailureCounts":
        return replace(self, **{step: count})

    def as_of(self, now: datetime) -> "FailureCounts":
        return FailureCounts(self.password.as_of(now), self.second.as_of(now))


@dataclass(frozen=True)
class KnownAddress:
    """An address from which the account completed both steps, the last time at `last_success`."""

    bucket: FailureCounts
    last_success: datetime


@dataclass(frozen=True)
class ThrottleState:
    """All that is counted for one account name, whether or not there is such an account.

    `hash_address` turns an address into its key in `known`: a store keeps no address in clear.
    """

    unknown_addresses: FailureCounts = FailureCounts()
    known: Mapping[str, KnownAddress] = field(default_factory=dict)
    sends: tuple[datetime, ...] = ()
    hash_address: Callable[[str], str] = field(default=address_key, repr=False, compare=False)

    @property
    def counts(self) -> tuple[FailureCount, ...]:
        """Everything that is counted here."""
        buckets = [self.unknown_addresses, *(address.bucket for address in self.known.values())]
        return tuple(count for bucket in buckets for count in (bucket.password, bucket.second))

    @property
    def rank(self) -> tuple[int, datetime]:
        """The order in which states are dropped: the fewest failures first, then the oldest."""
        return sum(count.failures for count in self.counts), self.last

    @property
    def last(self) -> datetime:
        """The newest time in it."""
        stamps = [count.last for count in self.counts if count.last is not None]
        successes = [address.last_success for address in self.known.values()]
        return max([*stamps, *successes, *self.sends], default=_BEGINNING)

    @property
    def until(self) -> datetime | None:
        """The time when nothing of it counts any more; None: that never comes by itself."""
        last = self.last
        for span in (LOCKED_FOR, KNOWN_FOR):
            instant = last + span + timedelta(seconds=1)
            if self.as_of(instant) == ThrottleState():
                return instant
        return None

    def as_of(self, now: datetime) -> "ThrottleState":
        """The same as of `now`: no stamp in the future, and nothing that has run out."""
        stamps = sorted(min(stamp, now) for stamp in self.sends)
        addresses = {
            key: KnownAddress(address.bucket.as_of(now), min(address.last_success, now))
            for key, address in self.known.items()
            if now - address.last_success <= KNOWN_FOR
        }
        newest = sorted(addresses, key=lambda key: addresses[key].last_success)[-MOST_KNOWN:]
        return replace(
            self,
            unknown_addresses=self.unknown_addresses.as_of(now).lifted(now),
            known={key: address for key, address in addresses.items() if key in newest},
            sends=tuple(stamp for stamp in stamps if now - stamp < _LONGEST_WINDOW)[-_MOST_SENDS:],
        )

    def record_attempt(self, step: Step, address: str, now: datetime) -> "ThrottleState":
        """One more try, counted as a failure until it is refunded.

        Raises:
            RateLimited: it may not be made now; nothing is charged.
        """
        ledger = self.as_of(now)
        key = self.hash_address(address)
        if key not in ledger.known and ledger.unknown_addresses.locked:
            wait = ledger.unknown_addresses.locked_for(now)
            raise RateLimited(_LOCKED.format(describe_wait(wait)), wait)
        count = ledger._bucket(key).of(step)
        wait = count.wait(now)
        if wait > 0:
            raise RateLimited(f"Too many tries. Wait {describe_wait(wait)}.", wait)
        return ledger._with(key, step, count.with_attempt(now))

    def undo_attempt(self, step: Step, address: str, now: datetime) -> "ThrottleState":
        """The try was right: takes back its one charge, and none of the failures before it."""
        ledger = self.as_of(now)
        key = self.hash_address(address)
        return ledger._with(key, step, ledger._bucket(key).of(step).without_attempt())

    def record_success(self, address: str, now: datetime) -> "ThrottleState":
        """Both steps were right: resets the counts that they used, and makes the address known.

        From an address that was known before, it also unlocks strangers; their counts go on if
        they were not locked out.
        """
        ledger = self.as_of(now)
        key = self.hash_address(address)
        strangers = ledger.unknown_addresses
        if key not in ledger.known or strangers.locked:
            strangers = FailureCounts()
        addresses = {**ledger.known, key: KnownAddress(FailureCounts(), now)}
        if len(addresses) > MOST_KNOWN:
            del addresses[
                min(ledger.known, key=lambda candidate: ledger.known[candidate].last_success)
            ]
        return replace(ledger, unknown_addresses=strangers, known=addresses)

    def record_successes(self, addresses: Iterable[str], now: datetime) -> "ThrottleState":
        """One sign-in that came from several places: from an address, by a key."""
        state = self
        for address in addresses:
            state = state.record_success(address, now)
        return state

    def reset_unknown(self) -> "ThrottleState":
        """After a change of the password: strangers may try again."""
        return replace(self, unknown_addresses=FailureCounts())

    def without_known(self) -> "ThrottleState":
        """No address is known any longer; the most failures of one go on counting."""
        counts = [self.unknown_addresses, *(entry.bucket for entry in self.known.values())]
        strangers = FailureCounts(
            max((bucket.password for bucket in counts), key=lambda count: count.failures),
            max((bucket.second for bucket in counts), key=lambda count: count.failures),
        )
        return replace(self, unknown_addresses=strangers, known={})

    def knows(self, address: str) -> bool:
        """True if the account completed a sign-in from around there in the last KNOWN_FOR."""
        return self.hash_address(address) in self.known

    def unlocked(self) -> "ThrottleState":
        """After `account unlock`: nothing is counted any more; known addresses stay known."""
        addresses = {
            key: KnownAddress(FailureCounts(), entry.last_success)
            for key, entry in self.known.items()
        }
        return replace(self, unknown_addresses=FailureCounts(), known=addresses, sends=())

    def _bucket(self, key: str) -> FailureCounts:
        return self.known[key].bucket if key in self.known else self.unknown_addresses

    def _with(self, key: str, step: Step, count: FailureCount) -> "ThrottleState":
        bucket = self._bucket(key).put(step, count)
        if key not in self.known:
            return replace(self, unknown_addresses=bucket)
        return replace(self, known={**self.known, key: replace(self.known[key], bucket=bucket)})


class Rule(Protocol):
    """Makes the next state of one, as of an instant. Raises RateLimited."""

    def __call__(self, state: ThrottleState, /, *, now: datetime) -> ThrottleState: ...


def applied(
    rule: Rule, state: ThrottleState, now: datetime
) -> tuple[ThrottleState, RateLimited | None]:
    """The state after `rule`, or the refusal, which charges nothing.

    A stamp that is in the future must not stay there even so: a wait that never shrinks would lock
    out.
    """
    state = state.as_of(now)
    try:
        return rule(state, now=now), None
    except RateLimited as refusal:
        return state, refusal


def row(state: ThrottleState) -> tuple[int, float, float | None, str] | None:
    """Rank, end (None: none that comes by itself) and content of a state; None if it is empty."""
    if state == ThrottleState():
        return None
    failures, last = state.rank
    until = None if state.until is None else state.until.timestamp()
    return failures, last.timestamp(), until, dump(state)


def dump(state: ThrottleState) -> str:
    """The state as JSON."""
    addresses = {
        key: {"completed": address.last_success.isoformat(), **_dumped(address.bucket)}
        for key, address in state.known.items()
    }
    sends = [stamp.isoformat() for stamp in state.sends]
    return json.dumps(
        {"strangers": _dumped(state.unknown_addresses), "known": addresses, "sends": sends}
    )


def parse(content: str | bytes) -> ThrottleState:
    """Parses what `dump` wrote; whatever is malformed in it was never counted. Never raises."""
    try:
        fields = _members(json.loads(content))
    except (ValueError, RecursionError):
        fields = {}
    addresses = {}
    for key, address in _members(fields.get("known")).items():
        last_success = _stamp(_members(address).get("completed"))
        if last_success is not None:
            addresses[key] = KnownAddress(_counts(address), last_success)
    sends = fields.get("sends")
    stamps = (_stamp(send) for send in sends) if isinstance(sends, list) else ()
    sent = tuple(stamp for stamp in stamps if stamp is not None)
    return ThrottleState(_counts(fields.get("strangers")), addresses, sent)


def _dumped(counts: FailureCounts) -> dict[str, Any]:
    steps = (("password", counts.password), ("second", counts.second))
    return {step: [count.failures, count.last.isoformat()] for step, count in steps if count.last}


def _counts(document: object) -> FailureCounts:
    fields = _members(document)
    return FailureCounts(_count(fields.get("password")), _count(fields.get("second")))


def _count(document: object) -> FailureCount:
    match document:
        # `type`, since True is an int too.
        case [failures, text] if type(failures) is int and failures > 0 and (last := _stamp(text)):
            return FailureCount(failures, last)
    return FailureCount()


def _stamp(document: object) -> datetime | None:
    try:
        stamp = datetime.fromisoformat(document) if isinstance(document, str) else None
        return None if stamp is None or stamp.tzinfo is None else stamp.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _members(document: object) -> dict[str, Any]:
    return document if isinstance(document, dict) else {}
