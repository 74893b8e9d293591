"""Where the protocols hand in what they were asked: one counter for each socket."""

from dataclasses import dataclass, field, replace
from typing import Protocol

from apppw_tui.domain import services
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Attempt, Verdict
from apppw_tui.verifier.gate import Gate

_LOOPBACK = "127.0.0.1"


class Usage(Protocol):
    """Told of what was right; writes in batches, in its own time. Never raises, never blocks."""

    def used(self, verdict: Verdict, service: str | None, address: str | None) -> None:
        """An app password was right and good for that service."""

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        """Another password source took a password of `account` for right: a name as it was sent."""


class Hints(Protocol):
    """Told of names that no account has. Never raises, never blocks."""

    def look(self, text: str, socket: str, service: str | None, address: str | None) -> None:
        """Finds out, some time after the answer, which account it nearly was."""


class Record(Protocol):
    """The log. Never raises."""

    def answered(
        self, socket: str, verdict: Verdict, service: str | None, address: str | None
    ) -> None:
        """One line: who, which app password, service, address, answer, why; never a password."""


@dataclass(frozen=True)
class Counter:
    """`allowed` are the services that this socket may speak for (SAFETY 20); None means any.

    A `test` is decided and logged like any attempt, but nobody signs in: usage does not hear of it,
    and it slows nobody down.
    """

    socket: str
    gate: Gate
    usage: Usage
    record: Record
    allowed: frozenset[str] | None = None
    test: bool = field(default=False, kw_only=True)
    hints: Hints | None = field(default=None, kw_only=True)

    async def ask(
        self, account: str, password: Secret, service: str | None, address: str | None
    ) -> Verdict:
        """Decides one attempt and writes it down. Never raises."""
        asked = self._service(service)
        if self.test:
            return await self._try(account, password, asked)
        verdict = await self.gate.decide(Attempt(account, password, asked, address))
        if verdict.answer is Answer.YES:
            self.usage.used(verdict, asked, address)
        self.record.answered(self.socket, verdict, asked, address)
        unknown = verdict.account is None and verdict.answer in (Answer.NO, Answer.NOT_MINE)
        if unknown and self.hints is not None:
            self.hints.look(account, self.socket, asked, address)
        return verdict

    def old_password(self, account: str, service: str | None, address: str | None) -> None:
        """The old password of `account` opened a service; counted for those it may speak for.

        A mere "not mine" tells nothing of whether anybody still relies on it: strangers guess.
        """
        asked = self._service(service)
        if asked != services.PORTAL and (self.allowed is None or asked is not None):
            self.usage.old_password(account, asked, address)

    async def _try(self, account: str, password: Secret, asked: str | None) -> Verdict:
        # The throttle has no bucket for the machine itself.
        verdict = await self.gate.decide(Attempt(account, password, asked, _LOOPBACK))
        told = replace(verdict, reason=f"test: {verdict.reason}")
        self.record.answered(self.socket, told, asked, None)
        return verdict

    def _service(self, named: str | None) -> str | None:
        """A name chooses among what the socket may speak for; where that is one, none is needed."""
        service = services.service(named)
        # The portal's sign-in is nobody's to speak for: it is never a yes.
        if self.allowed is None or service in self.allowed or service == services.PORTAL:
            return service
        return next(iter(self.allowed)) if named is None and len(self.allowed) == 1 else None
