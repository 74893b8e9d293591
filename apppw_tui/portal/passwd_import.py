"""Accounts from a Dovecot passwd-file: their names, and their Argon2id hashes as they are.

Where Dovecot is asked for account passwords, the names are enough, whatever the scheme.

Source: Dovecot's documentation, "Passwd-file" and "Password schemes".
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import EventType
from apppw_tui.domain.errors import ApppwError, NameTaken, Refused
from apppw_tui.domain.hashing import CostLimits
from apppw_tui.domain.lines import lines as lines_of
from apppw_tui.domain.names import AccountName, account_name, candidates, find
from apppw_tui.portal.context import PortalContext

# Without a scheme a field is read as the server's default, which nobody knows here; but what begins
# with its own name is no other.
_UNNAMED = "$argon2id$"
_ARGON2ID = re.compile(r"\{argon2id(?:\.(b64|base64|hex))?\}", re.IGNORECASE | re.ASCII)
_SEPARATOR = re.compile("[:|]")  # the second in docker-mailserver's file
# What may stand between a password and the extra fields: uid, gid, gecos, home, shell.
_BETWEEN = {":": 5, "|": 0}
# Nothing of such a line is repeated, though it may look like a name: it could be a password, or the
# end of one that a line was broken at (SAFETY 29).
_NO_HASH = "It has no : and no hash behind it. To take names alone, use --names."
# Extra fields that keep people out, or let them in as somebody else.
_RESTRICTING = frozenset({
    *("allow_nets", "allow_real_nets", "login_user", "master", "noauthenticate", "nologin"),
    *("proxy", "proxy_maybe", "user"),
})  # fmt: skip


@dataclass(frozen=True)
class PasswdEntry:
    """The plan for one line: an account, or the reason why it cannot be one."""

    number: int
    name: str | None  # None: what stands there is no name, and could be a secret (SAFETY 29)
    password_hash: str | None = field(default=None, repr=False)
    error: str | None = None
    names: tuple[AccountName, ...] = ()  # those that may be meant
    dropped: tuple[str, ...] = ()  # extra fields that restrict, and are not taken over


def lines(
    text: str, bounds: CostLimits | None, default_domain: str | None
) -> Iterator[PasswdEntry]:
    """The lines that name somebody, in their order; blank ones and comments do not.

    Without `bounds` for what hashes may take, the names alone are taken over.
    """
    seen: set[str] = set()
    text = text.removeprefix("\ufeff")  # editors on Windows begin with it
    for number, line in enumerate(lines_of(text), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if bounds is not None and _SEPARATOR.search(line) is None:
            yield PasswdEntry(number, None, error=_NO_HASH)
            continue
        typed, stored, extra = _parted(line)
        name = None
        try:
            name = account_name(typed, default_domain)
            if name in seen:
                raise Refused("It stands in the file twice.")
            seen.add(name)
            names = candidates(typed, default_domain)
            if bounds is None:
                yield PasswdEntry(number, name, names=names)
                continue
            password_hash = _argon2id(stored)
            bounds.check(password_hash)
        except ApppwError as error:
            yield PasswdEntry(number, name, error=str(error))
        else:
            yield PasswdEntry(number, name, password_hash, names=names, dropped=_restricting(extra))


def check_is_free(context: PortalContext, line: PasswdEntry) -> None:
    """Raises NameTaken if there is such an account, be it without the default domain."""
    there = find(context.store, line.names)
    if there is not None:
        raise NameTaken(f"There is already an account {there.name}.")


def create_imported(context: PortalContext, line: PasswdEntry, by: str) -> Account:
    """A new account by that line, which `by` makes. Raises NameTaken, Refused, StoreError."""
    if line.name is None or line.error is not None:
        raise Refused(line.error or "That is not an account name.")
    check_is_free(context, line)
    # Before anybody has it, and the clock tells who.
    context.hasher.account.claim(line.password_hash)
    account = Account.new(
        line.name,
        line.password_hash,
        context.clock.now(),
        lambda size: context.token_bytes(size).hex(),
    )
    with context.store.transaction(line.name, None) as change:
        change.account = account
        change.records.append(context.recording(account, EventType.ACCOUNT_CREATED, by))
    return account


def _parted(line: str) -> tuple[str, str, str]:
    """The name, the password, and what follows as extra fields."""
    match = _SEPARATOR.search(line)
    if match is None:
        return line, "", ""
    between = _BETWEEN[match[0]]
    name, password, *rest = line.split(match[0], maxsplit=2 + between)
    return name, password, rest[between] if len(rest) > between else ""


def _argon2id(stored: str) -> str:
    """The hash that Dovecot would compare. Raises Refused, with nothing of what stands there."""
    if stored.startswith(_UNNAMED):
        return stored
    if not stored:
        raise Refused("It has no password; add it, and set one.")
    scheme = _ARGON2ID.match(stored)
    if scheme is None:
        raise Refused("Its password is no Argon2id hash; add it, and set a password.")
    written, encoding = stored[scheme.end() :], (scheme[1] or "").lower()
    try:
        if encoding == "hex":
            return bytes.fromhex(written).decode()
        return base64.b64decode(written, validate=True).decode() if encoding else written
    except ValueError:
        raise Refused("Its hash is damaged.") from None


def _restricting(extra: str) -> tuple[str, ...]:
    keys = (field.partition("=")[0] for field in extra.split())
    return tuple(key for key in dict.fromkeys(keys) if key in _RESTRICTING)
