"""A machine as it serves: its portal, and its daemon in the daemon's role."""

from pathlib import Path

from apppw_tui.domain.scopes import parse_service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Attempt
from tests.store.engines import in_postgresql
from tests.support import FixedClock, House
from tests.verifier.harness import Book


class ServedMachine:
    """One of several on a database; `dsns` are those of the portal and of the daemon."""

    def __init__(
        self,
        dsns: tuple[str, str],
        folder: Path,
        clock: FixedClock,
        seed: int,
        timeout: float | None = None,
    ) -> None:
        engine, _ = in_postgresql(dsns[0], folder, clock, timeout=timeout)
        daemon, _ = in_postgresql(dsns[1], folder, clock, by_daemon=True, timeout=timeout)
        self.house = House(store=engine.accounts, clock=clock, seed=seed)
        self.service = AuthService(
            daemon.cached_accounts(), self.house.hasher, clock, Book(), Book(), threads=1
        )
        self.confirmation = engine.confirmation
        self._engines = engine, daemon

    async def answer(self, account_name: str, secret: Secret) -> Answer:
        attempt = Attempt.parse(account_name, secret, parse_service("imap"), "127.0.0.1", None)
        return (await self.service.decide(attempt)).answer

    def close(self) -> None:
        self.service.close()
        for engine in self._engines:
            engine.close()
