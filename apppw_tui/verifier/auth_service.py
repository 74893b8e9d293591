"""The verifier as its sockets ask it: one attempt from the question to the log (SAFETY 18, 19).

Each attempt is parsed once, looked up, remembered or hashed, looked up again and decided; then it
is counted, logged and answered. Hashes are bounded in seconds, before their threads.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from apppw_tui.domain import scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.ports import Accounts, Clock
from apppw_tui.domain.scopes import OwnService, Service
from apppw_tui.domain.secret import Secret
from apppw_tui.integrations.process_limits import processors
from apppw_tui.verifier.attempt_memory import AddressRateLimiter, VerifiedCache
from apppw_tui.verifier.decision import (
    PAUSED,
    PORTALS,
    Answer,
    Attempt,
    Decision,
    decide,
    decide_malformed,
)
from apppw_tui.verifier.metrics import OTHER, Gauges, Metrics
from apppw_tui.verifier.ports import AttemptLog, Hints, Usage
from apppw_tui.verifier.protocols import framing
from apppw_tui.verifier.reading import StoreReader

LONGEST_QUEUE = 6.0  # seconds; an answer may take 8, since Postfix gives up after ten
_TOO_MANY = "too many at once"
_SMOOTHED = 1 / 8  # how much of one hash's time counts in the mean
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class ServiceSocket:
    """A socket, and the services that it may speak for (SAFETY 20); None means any.

    A `test` is decided and logged like any attempt, but nobody signs in: usage does not hear of it,
    and it slows nobody down.
    """

    name: str
    allowed: frozenset[Service] | None = None
    test: bool = False

    def service(self, asked: str | None) -> Service | None:
        """A name chooses among what the socket may speak for; where that is one, none is needed."""
        if self.allowed is not None and asked in self.allowed:
            return Service(asked)
        service = scopes.parse_service(asked)
        # The portal's sign-in is nobody's to speak for: it is never a yes.
        if self.allowed is None or service in self.allowed or service == scopes.PORTAL:
            return service
        return next(iter(self.allowed)) if asked is None and len(self.allowed) == 1 else None

    def label(self, service: Service | None, own: Collection[Service]) -> str:
        """The service as it is counted: one that is known, since anything may be typed."""
        is_known = service in scopes.SERVICES or service in own or service in (self.allowed or ())
        return service if service is not None and is_known else OTHER


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


@dataclass
class _HashTimes:
    """Times of one hash, measured by a thread, for the loop to add up."""

    waited: float | None = None  # seconds until it was its turn; None: it never was
    taken: float | None = None  # seconds; None: it was not computed


class AuthService:
    """Answers the attempts of all sockets over accounts that it only reads.

    `default_domain`, `cache` and `hints` may be replaced between two attempts.
    """

    def __init__(
        self,
        accounts: Accounts,
        hasher: Hasher,
        clock: Clock,
        usage: Usage,
        log: AttemptLog,
        *,
        cache: VerifiedCache | None = None,
        rate_limiter: AddressRateLimiter | None = None,
        default_domain: str | None = None,
        own_services: Collection[OwnService] = (),
        threads: int | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        reader: StoreReader | None = None,
    ) -> None:
        """`monotonic` measures hashes, in seconds; `clock` judges what expires."""
        self._accounts = accounts
        self._hasher = hasher
        self._clock = clock
        self._usage = usage
        self._log = log
        self.cache = cache or VerifiedCache(clock.monotonic)
        self.rate_limiter = rate_limiter or AddressRateLimiter(clock.monotonic)
        self.default_domain = default_domain
        self.set_own_services(own_services)
        self.hints: Hints | None = None
        self.metrics = Metrics(clock)
        self.reader = reader or StoreReader()
        self._monotonic = monotonic
        self._threads = threads or processors()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="hash")
        self._under_way: dict[bytes, _UnderWay] = {}
        self._mean = 0.0  # seconds for one hash; 0 until there was one
        self._asked: set[asyncio.Task[Decision]] = set()  # kept from being collected

    def set_own_services(self, own: Collection[OwnService]) -> None:
        """The services of this server's own, from the next attempt on."""
        self._own = frozenset(service.id for service in own)
        self._not_in_any = frozenset(service.id for service in own if not service.in_any)

    def ask(
        self,
        source: ServiceSocket,
        account_name: str,
        password: Secret,
        service: str | None,
        address: str | None,
        *,
        within: float,
    ) -> "asyncio.Future[Decision]":
        """Decides one attempt and writes it down; "not now" if it takes longer than `within`.

        `within` is in seconds, `address` in its normal form. To be awaited; never raises, and who
        is cancelled asks no longer.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Decision] = loop.create_future()
        asked = source.service(service)
        task = loop.create_task(self._ask(source, account_name, password, asked, address))

        def answer(decision: Decision) -> None:
            if answered.done():
                return
            answered.set_result(decision)
            if not source.test:
                label = source.label(asked, self._own)
                paused = decision.reason == PAUSED
                self.metrics.answers[label, PAUSED if paused else decision.answer.value] += 1

        # The task goes on, so that it is still counted by the throttle and written down.
        timer = loop.call_later(within, answer, Decision(Answer.NOT_NOW, "took too long"))
        self._asked.add(task)

        def decided(task: asyncio.Task[Decision]) -> None:
            timer.cancel()
            self._asked.discard(task)
            answer(_result(task))

        task.add_done_callback(decided)
        answered.add_done_callback(lambda answered: answered.cancelled() and task.cancel())
        return answered

    def old_password(
        self, source: ServiceSocket, account_name: str, service: str | None, address: str | None
    ) -> None:
        """The old password of `account_name` opened a service; counted for those it may speak for.

        A mere "not mine" tells nothing of whether anybody still relies on it: strangers guess.
        """
        asked = source.service(service)
        if asked != scopes.PORTAL and (source.allowed is None or asked is not None):
            self._usage.old_password(account_name, asked, address)

    def gauges(self) -> Gauges:
        """The queue, and what is remembered, at this moment."""
        waiting = max(0, len(self._under_way) - self._threads)
        return Gauges(waiting, self._threads, self.cache.size())

    def close(self) -> None:
        """Waits for the hashes that are being computed; no further one begins."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.reader.close()

    async def _ask(
        self,
        source: ServiceSocket,
        account_name: str,
        password: Secret,
        asked: Service | None,
        address: str | None,
    ) -> Decision:
        # The throttle has no bucket for the machine itself.
        counted = _LOOPBACK if source.test else address
        attempt = Attempt.parse(
            *(account_name, password, asked, counted, self.default_domain),
            in_any=asked not in self._not_in_any,
        )
        decision = await self.decide(attempt)
        if source.test:
            tested = replace(decision, reason=f"test: {decision.reason}")
            self._log.attempt(source.name, tested, asked, None)
            return decision
        if decision.answer is Answer.YES:
            self._usage.used(decision, asked, address)
        self._log.attempt(source.name, decision, asked, address)
        if decision.answer in (Answer.NO, Answer.NOT_MINE) and self.hints is not None:
            is_known = decision.account_name is not None
            self.hints.look(account_name, source.name, asked, address, is_known=is_known)
        return decision

    async def decide(self, attempt: Attempt) -> Decision:
        """Never raises. Costs one Argon2id at most, and none for what is remembered."""
        try:
            return await self._decide(attempt)
        except _NotNow as refused:
            return Decision(Answer.NOT_NOW, str(refused), retry_after=refused.retry_after)
        except StoreError as error:
            return Decision(Answer.NOT_NOW, str(error))

    async def _decide(self, attempt: Attempt) -> Decision:
        """Raises StoreError: there is no answer now."""
        if attempt.service == scopes.PORTAL:
            return PORTALS
        before = await self._find(attempt.names)
        if attempt.password is None:
            return decide_malformed(before, self._clock.now())
        secret = attempt.password
        record = None if before is None else before.app_passwords_by_id.get(secret.id)
        stored = None if record is None else record.hash
        name = attempt.counted_name if before is None else before.name
        key = self.cache.key(name if before is None else before.uid, secret, stored or "")
        # Only the hash's result is remembered: all else is taken from the present document.
        if stored is not None and self.cache.contains(key):
            self.metrics.remembered_hits += 1
            return decide(attempt, before, before, self._clock.now(), right=True)
        # Mail programs open ten connections at once, each with the same password. The stored hash
        # is part of what is equal: one that was replaced meanwhile is another question.
        under_way = self._under_way.get(key)
        if under_way is None or under_way.right.cancelled():
            wait = self.rate_limiter.delay(attempt.address, name)
            if wait > 0:
                self.metrics.throttled += 1
                raise _NotNow("too many wrong ones from there", wait)
            under_way = self._begin_hash(key, secret, stored)
        right = await self._shared(under_way)
        if not right:
            is_account = before is not None
            self.rate_limiter.record_failure(attempt.address, name, secret, known=is_account)
        elif stored is not None:
            self.cache.add(key)
        # Read again: while the hash was computed, the account may have changed; for a name that is
        # nobody's as well, so that the time tells nothing.
        current = await self.reader.find(self._accounts, (name,))
        return decide(attempt, before, current, self._clock.now(), right=right)

    def _find(self, names: tuple[str, ...]) -> "asyncio.Future[Account | None]":
        return self.reader.find(self._accounts, names)

    def _begin_hash(self, key: bytes, secret: Secret, stored: str | None) -> _UnderWay:
        """Raises _NotNow: it would take too long until it is its turn."""
        if len(self._under_way) * self._mean / self._threads > LONGEST_QUEUE:
            raise _NotNow(_TOO_MANY, 1.0)
        asked, times = self._monotonic(), _HashTimes()

        def hashed() -> bool:
            begun = self._monotonic()
            times.waited = begun - asked
            if times.waited > LONGEST_QUEUE:  # the mean was too low; nobody waits for it any more
                raise _NotNow(_TOO_MANY, 1.0)
            right = self._hasher.app.check(stored, secret)
            times.taken = self._monotonic() - begun
            self._mean += (times.taken - self._mean) * (_SMOOTHED if self._mean else 1)
            return right

        under_way = _UnderWay(asyncio.get_running_loop().run_in_executor(self._pool, hashed))
        self._under_way[key] = under_way

        def over(right: "asyncio.Future[bool]") -> None:
            if self._under_way.get(key) is under_way:
                del self._under_way[key]
            if not right.cancelled():
                right.exception()  # seen, though nobody waits for it any more
            self._count(times)

        under_way.right.add_done_callback(over)
        return under_way

    def _count(self, times: _HashTimes) -> None:
        """On the loop: a thread's addition could undo another's."""
        metrics = self.metrics
        if times.waited is not None:
            metrics.queued += 1
            metrics.queue_seconds += times.waited
        if times.taken is not None:
            metrics.hashes += 1
            metrics.hash_seconds += times.taken

    async def _shared(self, under_way: _UnderWay) -> bool:
        """Raises HashingFailed, _NotNow."""
        under_way.waiting += 1
        try:
            return await asyncio.shield(under_way.right)
        finally:
            under_way.waiting -= 1
            if not under_way.waiting:
                under_way.right.cancel()  # the place is somebody else's, unless it is computed


def _result(task: "asyncio.Task[Decision]") -> Decision:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        framing.report(error)
    if task.cancelled() or error is not None:
        return Decision(Answer.NOT_NOW, "a fault of its own")
    return task.result()
