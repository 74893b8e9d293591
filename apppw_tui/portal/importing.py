"""Accounts from a Dovecot passwd-file: their names, and their Argon2id hashes as they are.

Where Dovecot is asked for account passwords, the names are enough, whatever the scheme.

Source: Dovecot's documentation, "Passwd-file" and "Password schemes".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import Act
from apppw_tui.domain.errors import ApppwError, NameTaken, Refused
from apppw_tui.domain.hashing import Bounds
from apppw_tui.domain.names import account_name, candidates
from apppw_tui.domain.seam import find
from apppw_tui.portal.acting import note
from apppw_tui.portal.means import Means

# Without a scheme a field is read as the server's default, which nobody knows here.
_SCHEME = "{ARGON2ID}"
_SEPARATOR = re.compile("[:|]")  # the second in docker-mailserver's file


@dataclass(frozen=True)
class Line:
    """What is to become of one line: an account, or the reason why it cannot be one."""

    number: int
    name: str
    password_hash: str | None = field(default=None, repr=False)
    why_not: str | None = None
    names: tuple[str, ...] = ()  # those that may be meant; empty: `name` alone


def lines(text: str, bounds: Bounds | None, default_domain: str | None) -> Iterator[Line]:
    """The lines that name somebody, in their order; blank ones and comments do not.

    Without `bounds` for what hashes may take, the names alone are taken over.
    """
    seen: set[str] = set()
    # Not str.splitlines: it ends lines within a full name, too, whose rest would be an account.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        typed, stored = (*_SEPARATOR.split(line.removesuffix("\r"), maxsplit=2), "")[:2]
        try:
            name = account_name(typed, default_domain)
            if name in seen:
                raise Refused("It stands in the file twice.")
            seen.add(name)
            if bounds is None:
                yield Line(number, name)
                continue
            if not stored.startswith(_SCHEME):
                raise Refused("Its password is no Argon2id hash; add it, and set a password.")
            stored = stored.removeprefix(_SCHEME)
            bounds.check(stored)
        except ApppwError as error:
            yield Line(number, typed, why_not=str(error))
        else:
            yield Line(number, name, stored, names=candidates(typed, default_domain))


def check_is_free(means: Means, line: Line) -> None:
    """Raises NameTaken if there is such an account, be it without the default domain."""
    there = find(means.store, line.names or (line.name,))
    if there is not None:
        raise NameTaken(f"There is already an account {there.name}.")


def bring_in(means: Means, line: Line, by: str) -> Account:
    """A new account by that line, which `by` makes. Raises NameTaken, Refused, StoreError."""
    check_is_free(means, line)
    # Before anybody has it, and the clock tells who.
    means.hasher.account.claim(line.password_hash)
    account = Account.new(
        line.name, line.password_hash, means.clock.now(), lambda size: means.token_bytes(size).hex()
    )
    with means.store.change(line.name, None) as change:
        change.account = account
    note(means, account, Act.ACCOUNT_CREATED, by)
    return account
