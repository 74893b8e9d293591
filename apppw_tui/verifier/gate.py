"""Where attempts wait for a processor: a bounded queue before as many threads as there are."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from apppw_tui.domain import app_password
from apppw_tui.verifier.brake import Brake
from apppw_tui.verifier.decision import Answer, Attempt, Verdict, Verifier
from apppw_tui.verifier.memory import Remembered

_PER_THREAD = 16  # attempts that may wait for each; beyond, the answer is "not now"


class Gate:
    """Decides attempts for a server: form, remembered, throttle, hash (SAFETY 19)."""

    def __init__(
        self, verifier: Verifier, remembered: Remembered, brake: Brake, threads: int | None = None
    ) -> None:
        self._verifier = verifier
        self._remembered = remembered
        self._brake = brake
        self._threads = threads or _processors()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="hash")
        self._waiting = 0

    async def decide(self, attempt: Attempt) -> Verdict:
        """Never raises. Costs one Argon2id at most, and none for what is remembered."""
        presented = app_password.read(attempt.password.reveal())
        if presented is None:
            return self._verifier.decide(attempt)  # costs no hash
        known = self._verifier.remembered(attempt, presented, self._remembered)
        if known is not None:
            return known
        wait = self._brake.wait(attempt.address)
        if wait > 0:
            return Verdict(Answer.NOT_NOW, "too many wrong ones from there", retry_after=wait)
        if self._waiting >= self._threads * _PER_THREAD:
            return Verdict(Answer.NOT_NOW, "too many at once", retry_after=1.0)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            verdict = await loop.run_in_executor(self._pool, self._verifier.decide, attempt)
        finally:
            self._waiting -= 1
        if verdict.proved is not None:
            uid, stored_hash = verdict.proved
            self._remembered.remember(uid, presented.secret, stored_hash)
        elif verdict.wrong_for is not None:
            self._brake.wrong(
                attempt.address, verdict.wrong_for, presented.secret, str(verdict.version)
            )
        return verdict

    def remember(self, remembered: Remembered) -> None:
        """From now on with another memory: the configuration was read again."""
        self._remembered = remembered

    def slow_down(self, brake: Brake) -> None:
        """From now on with another throttle: the configuration was read again."""
        self._brake = brake

    def close(self) -> None:
        """Waits for the hashes that are being computed; no further one begins."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and the BSDs
        return os.cpu_count() or 1
