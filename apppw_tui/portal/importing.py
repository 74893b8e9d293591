"""Accounts from a Dovecot passwd-file: their names, and their Argon2id hashes as they are.

Source: Dovecot's documentation, "Passwd-file" and "Password schemes".
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError, Refused
from apppw_tui.domain.hashing import Bounds
from apppw_tui.domain.names import account_name
from apppw_tui.portal.means import Means

# Without a scheme a field is read as the server's default, which nobody knows here.
_SCHEME = "{ARGON2ID}"


@dataclass(frozen=True)
class Line:
    """What is to become of one line: an account, or the reason why it cannot be one."""

    number: int
    name: str
    password_hash: str = field(default="", repr=False)
    why_not: str | None = None


def lines(text: str, bounds: Bounds, default_domain: str | None) -> Iterator[Line]:
    """The lines that name somebody, in their order; blank ones and comments do not."""
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        typed, _, rest = line.partition(":")
        stored = rest.partition(":")[0]
        try:
            name = account_name(typed, default_domain)
            if name in seen:
                raise Refused("It stands in the file twice.")
            seen.add(name)
            if not stored.startswith(_SCHEME):
                raise Refused("Its password is no Argon2id hash; add it, and set a password.")
            stored = stored.removeprefix(_SCHEME)
            bounds.check(stored)
        except ApppwError as error:
            yield Line(number, typed, why_not=str(error))
        else:
            yield Line(number, name, stored)


def bring_in(means: Means, line: Line) -> Account:
    """A new account with the hash of that line. Raises NameTaken, StoreError."""
    account = Account.new(
        line.name, line.password_hash, means.clock.now(), lambda size: means.token_bytes(size).hex()
    )
    with means.store.change(line.name, None) as change:
        change.account = account
    return account
