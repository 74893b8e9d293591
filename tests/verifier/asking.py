"""Asking the verifier, for its tests."""

from dataclasses import dataclass, replace
from typing import Any

from apppw_tui.domain.app_password import SYMBOLS, AppPassword, checksum
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.scopes import parse_service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Attempt, Decision, Verifier
from tests.argon import Spent
from tests.support import NOW, House

ADA = "ada@example.org"
HERE = "198.51.100.9"


def ask(
    house: House,
    password: str | Secret,
    account: str = ADA,
    service: str | None = "imap",
    hasher: Hasher | None = None,
) -> Decision:
    secret = password if isinstance(password, Secret) else Secret(password)
    verifier = Verifier(house.store, hasher or house.hasher, house.clock)
    return verifier.decide(account, secret, parse_service(service), "192.0.2.7")


def wrong(secret: Secret) -> str:
    """A well-formed app password with the same id that is another one."""
    symbols = secret.reveal()
    last = SYMBOLS[(SYMBOLS.index(symbols[-2]) + 1) % 32]
    body = symbols[:-2] + last
    return body + checksum(body)


def older(house: House) -> Secret:
    """An app password of twenty symbols, as earlier versions made them; ada has it."""
    secret = Secret("7kfm2xqd9h3vtw5nc8rw")
    record = AppPassword("7kf", "Old printer", house.hasher.app.make(secret), NOW)
    house.alter(app_passwords=(*house.now().app_passwords, record))
    return secret


def of_unknown_id(house: House) -> str:
    used = house.now().used_ids
    body = next(id_ for id_ in ("000", "001", "002") if id_ not in used) + "0" * 12
    return body + checksum(body)


def change_record(house: House, **fields: Any) -> None:
    """Gives the first app password other fields."""
    first, *others = house.now().app_passwords
    house.alter(app_passwords=(replace(first, **fields), *others))


@dataclass
class Door:
    """A verifier with one thread before a house, and what it costs."""

    house: House
    auth_service: AuthService
    spent: Spent

    async def ask(
        self,
        password: str | Secret,
        account: str = ADA,
        service: str | None = "imap",
        address: str | None = HERE,
    ) -> Decision:
        secret = password if isinstance(password, Secret) else Secret(password)
        domain = self.auth_service.default_domain
        attempt = Attempt.parse(account, secret, parse_service(service), address, domain)
        return await self.auth_service.decide(attempt)

    async def cost(self, password: str | Secret, account: str = ADA) -> tuple[Answer, int]:
        """The answer, and how many hashes it took."""
        self.spent.clear()
        decision = await self.ask(password, account)
        return decision.answer, self.spent.total

    def others(self, count: int) -> list[str]:
        """So many wrong ones, each another."""
        return [wrong(self.house.issue(f"Device {number}").secret) for number in range(count)]
