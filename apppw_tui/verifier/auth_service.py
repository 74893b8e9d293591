"""The queue of attempts for a processor: bounded in seconds, before its threads."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from apppw_tui.domain import app_password, scopes
from apppw_tui.domain.app_password import ParsedAppPassword
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Attempt, Decision, LookedUp, Verifier
from apppw_tui.verifier.digests import KEY_BYTES, digest
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.rate_limit import AddressRateLimiter
from apppw_tui.verifier.reading import StoreReader

LONGEST_QUEUE = 6.0  # seconds; Limits.answer is 8, since Postfix gives up after ten
_TOO_MANY = "too many at once"
_SMOOTHED = 1 / 8  # how much of one hash's time counts in the mean


_LOOPBACK = "127.0.0.1"


class _NotNow(StoreError):
    """No hash is to be computed for it now; `retry_after` is in seconds."""

    def __init__(self, why: str, retry_after: float) -> None:
        super().__init__(why)
        self.retry_after = retry_after


@dataclass
class _UnderWay:
    """One hash, and how many attempts wait for it."""

    right: "asyncio.Future[bool]"
    waiting: int = 0


class DecisionQueue:
    """Decides attempts for a server: form, remembered, shared, throttle, hash (SAFETY 19)."""

    def __init__(
        self,
        verifier: Verifier,
        remembered: VerifiedCache,
        rate_limiter: AddressRateLimiter,
        threads: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        reading: StoreReader | None = None,
    ) -> None:
        self._verifier = verifier
        self.reading = reading or StoreReader()
        self._remembered = remembered
        self.rate_limiter = rate_limiter
        self._threads = threads or _processors()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="hash")
        self._monotonic = monotonic
        self._key = secrets.token_bytes(KEY_BYTES)
        self._under_way: dict[bytes, _UnderWay] = {}
        self._mean = 0.0  # seconds for one hash; 0 until there was one

    async def decide(self, attempt: Attempt) -> Decision:
        """Never raises. Costs one Argon2id at most, and none for what is remembered."""
        try:
            return await self._decided(attempt)
        except _NotNow as refused:
            return Decision(Answer.NOT_NOW, str(refused), retry_after=refused.retry_after)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))

    async def _decided(self, attempt: Attempt) -> Decision:
        """Raises StoreError: there is no answer now."""
        presented = app_password.parse(attempt.password.reveal())
        if presented is None:
            return await self.reading(partial(self._verifier.malformed, attempt))
        looked = await self.reading(partial(self._verifier.look, attempt, presented))
        if isinstance(looked, Decision):
            return looked
        remembered = self._verifier.remembered(attempt, looked, presented, self._remembered)
        if remembered is not None:
            return remembered
        right = await self._shared(self._under_way_for(attempt, looked, presented))
        self._learn(attempt, looked, presented, right=right)
        return await self.reading(partial(self._verifier.judge, attempt, looked, right=right))

    def remember(self, remembered: VerifiedCache) -> None:
        """From now on with another memory: the configuration was read again."""
        self._remembered = remembered

    def close(self) -> None:
        """Waits for the hashes that are being computed; no further one begins."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.reading.close()

    def _under_way_for(
        self, attempt: Attempt, looked: LookedUp, presented: ParsedAppPassword
    ) -> _UnderWay:
        """The hash of equal attempts, or one that begins for this one. Raises _NotNow."""
        # Mail programs open ten connections at once, each with the same password. The stored hash
        # is part of what is equal: one that was replaced meanwhile is another question.
        key = digest(self._key, looked.name, presented.secret.reveal(), looked.stored or "")
        under_way = self._under_way.get(key)
        if under_way is not None and not under_way.right.cancelled():
            return under_way
        wait = self.rate_limiter.delay(attempt.address, looked.name)
        if wait > 0:
            raise _NotNow("too many wrong ones from there", wait)
        if len(self._under_way) * self._mean / self._threads > LONGEST_QUEUE:
            raise _NotNow(_TOO_MANY, 1.0)
        return self._begun(key, looked, presented)

    def _begun(self, key: bytes, looked: LookedUp, presented: ParsedAppPassword) -> _UnderWay:
        asked = self._monotonic()

        def hashed() -> bool:
            begun = self._monotonic()
            if begun - asked > LONGEST_QUEUE:  # the mean was too low; nobody waits for it any more
                raise _NotNow(_TOO_MANY, 1.0)
            right = self._verifier.check(looked, presented)
            taken = self._monotonic() - begun
            self._mean += (taken - self._mean) * (_SMOOTHED if self._mean else 1)
            return right

        under_way = _UnderWay(asyncio.get_running_loop().run_in_executor(self._pool, hashed))
        self._under_way[key] = under_way

        def over(right: "asyncio.Future[bool]") -> None:
            if self._under_way.get(key) is under_way:
                del self._under_way[key]
            if not right.cancelled():
                right.exception()  # seen, though nobody waits for it any more

        under_way.right.add_done_callback(over)
        return under_way

    async def _shared(self, under_way: _UnderWay) -> bool:
        """Raises HashingFailed, _NotNow."""
        under_way.waiting += 1
        try:
            return await asyncio.shield(under_way.right)
        finally:
            under_way.waiting -= 1
            if not under_way.waiting:
                under_way.right.cancel()  # the place is somebody else's, unless it is computed

    def _learn(
        self, attempt: Attempt, looked: LookedUp, presented: ParsedAppPassword, *, right: bool
    ) -> None:
        account, stored = looked.account, looked.stored
        if not right:
            is_known = account is not None
            self.rate_limiter.record_failure(
                attempt.address, looked.name, presented.secret, known=is_known
            )
        elif account is not None and stored is not None:
            self._remembered.add(account.uid, presented.secret, stored)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and the BSDs
        return os.cpu_count() or 1


class Usage(Protocol):
    """Told of what was right; writes in batches, in its own time. Never raises, never blocks."""

    def used(self, decision: Decision, service: str | None, address: str | None) -> None:
        """An app password was right and good for that service."""

    def old_password(self, account_name: str, service: str | None, address: str | None) -> None:
        """Another source took a password of that account for right: a name as it was sent."""


class Hints(Protocol):
    """Told of names that no account has. Never raises, never blocks."""

    def look(self, text: str, socket: str, service: str | None, address: str | None) -> None:
        """Finds out, some time after the answer, which account it nearly was."""


class Record(Protocol):
    """The log. Never raises."""

    def attempt(
        self, socket: str, decision: Decision, service: str | None, address: str | None
    ) -> None:
        """One line: who, which app password, service, address, answer, why; never a password."""


@dataclass(frozen=True)
class AuthService:
    """`allowed` are the services that this socket may speak for (SAFETY 20); None means any.

    A `test` is decided and logged like any attempt, but nobody signs in: usage does not hear of it,
    and it slows nobody down.
    """

    socket: str
    queue: DecisionQueue
    usage: Usage
    record: Record
    allowed: frozenset[str] | None = None
    test: bool = field(default=False, kw_only=True)
    hints: Hints | None = field(default=None, kw_only=True)

    async def ask(
        self, account_name: str, password: Secret, service: str | None, address: str | None
    ) -> Decision:
        """Decides one attempt and writes it down. Never raises."""
        asked = self._service(service)
        if self.test:
            return await self._try(account_name, password, asked)
        decision = await self.queue.decide(Attempt(account_name, password, asked, address))
        if decision.answer is Answer.YES:
            self.usage.used(decision, asked, address)
        self.record.attempt(self.socket, decision, asked, address)
        unknown = decision.account_name is None and decision.answer in (Answer.NO, Answer.NOT_MINE)
        if unknown and self.hints is not None:
            self.hints.look(account_name, self.socket, asked, address)
        return decision

    def old_password(self, account_name: str, service: str | None, address: str | None) -> None:
        """The old password of `account_name` opened a service; counted for those it may speak for.

        A mere "not mine" tells nothing of whether anybody still relies on it: strangers guess.
        """
        asked = self._service(service)
        if asked != scopes.PORTAL and (self.allowed is None or asked is not None):
            self.usage.old_password(account_name, asked, address)

    async def _try(self, account_name: str, password: Secret, asked: str | None) -> Decision:
        # The throttle has no bucket for the machine itself.
        decision = await self.queue.decide(Attempt(account_name, password, asked, _LOOPBACK))
        tested = replace(decision, reason=f"test: {decision.reason}")
        self.record.attempt(self.socket, tested, asked, None)
        return decision

    def _service(self, named: str | None) -> str | None:
        """A name chooses among what the socket may speak for; where that is one, none is needed."""
        service = scopes.normalize_service(named)
        # The portal's sign-in is nobody's to speak for: it is never a yes.
        if self.allowed is None or service in self.allowed or service == scopes.PORTAL:
            return service
        return next(iter(self.allowed)) if named is None and len(self.allowed) == 1 else None
