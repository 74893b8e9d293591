"""The common part of the line and frame protocols: limits, a bounded line, an answer in time."""

import asyncio
from dataclasses import dataclass

from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols import streams


@dataclass(frozen=True)
class Limits:
    """The limits of one connection.

    `max_bytes` is in bytes: of a line, or of the strings of a frame together. `max_pending` counts
    attempts that are being decided and, apart, challenges that wait for a response. `idle_timeout`,
    `answer_timeout` and `write_timeout` are in seconds: for the next line or frame to be complete,
    for a decision, and for what was answered to be taken.
    """

    max_bytes: int = 8192
    max_pending: int = 32
    idle_timeout: float = 600.0
    answer_timeout: float = 8.0  # Postfix gives up after ten
    # Apart from the idle one: who takes no answers holds room, and memory.
    write_timeout: float = 8.0


async def next_line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
) -> bytes | None:
    """The next line without its end; None if it is too long, does not come, or is cut off."""
    try:
        # Whoever does not read is not listened to.
        await streams.drain(writer, limits.write_timeout)
        async with asyncio.timeout(limits.idle_timeout):
            line = await reader.readuntil(b"\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None  # TimeoutError is an OSError
    line = line.removesuffix(b"\n")
    return line.removesuffix(b"\r") if len(line) <= limits.max_bytes else None


class PendingAnswers:
    """Asks a counter, and waits only so long."""

    def __init__(self, auth_service: AuthService, limits: Limits) -> None:
        self._auth_service = auth_service
        self._limits = limits
        self._late: set[asyncio.Task[Decision]] = set()

    async def ask(
        self, account_name: str, password: Secret, service: str | None, address: str | None
    ) -> Decision:
        """The decision; "not now" if it takes longer than the limit, or fails. Never raises."""
        task = asyncio.create_task(self._auth_service.ask(account_name, password, service, address))
        try:
            await asyncio.wait({task}, timeout=self._limits.answer_timeout)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not task.done():
            # It goes on, so that it is still counted by the throttle and written down.
            self._late.add(task)
            task.add_done_callback(self._came_late)
            return Decision(Answer.NOT_NOW, "took too long")
        return _result(task)

    def _came_late(self, task: asyncio.Task[Decision]) -> None:
        self._late.discard(task)
        _result(task)


def _result(task: asyncio.Task[Decision]) -> Decision:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, Exception):
        streams.report(error)
    if task.cancelled() or error is not None:
        return Decision(Answer.NOT_NOW, "a fault of its own")
    return task.result()
