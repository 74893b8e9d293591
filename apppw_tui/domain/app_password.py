"""An app password: its record, its symbols, how it is made and how it is read (SAFETY 4-6).

The symbols are Crockford's base32 with one that checks the others; recovery codes have the same.
"""

import re
import secrets
from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Literal
from unicodedata import category, normalize

from apppw_tui.domain import scopes
from apppw_tui.domain.addresses import Networks, networks_within
from apppw_tui.domain.errors import LimitReached
from apppw_tui.domain.expiry import KEEP_EXPIRED_FOR
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret

# https://www.crockford.com/base32.html, in lower case.
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {symbol: value for value, symbol in enumerate(SYMBOLS)}
# Blanks of any width, hyphens and dashes, what is invisible, controls: whatever a page, a note or a
# terminal puts between the groups of what was copied from it.
SEPARATING = frozenset({"Zs", "Pd", "Cf", "Cc"})
_LOOKALIKES = str.maketrans(
    "oil", "011", "".join(sign for sign in map(chr, range(128)) if category(sign) in SEPARATING)
)
# Longer than any way to write twenty symbols; bounds the work on what a stranger sends.
_LONGEST_WRITTEN = 128
GROUP = 4  # symbols that are shown together
RandomBelow = Callable[[int], int]

ID_LENGTH = 3
LENGTH = 16  # 3 id, 12 random (60 bits, behind Argon2id), 1 check
LENGTHS = (LENGTH, 20)  # the longer form is one of earlier versions, and stays valid for ever

_INSTEAD = "(app password)"
_SIGN = "[0-9A-Za-z]"
_BETWEEN = r"[\x00-\x20\x7f-]*"
# So many symbols that stand by themselves, however they are grouped; where one may begin.
_SHAPED = tuple(
    re.compile(rf"(?<!{_SIGN})(?=({_SIGN}(?:{_BETWEEN}{_SIGN}){{{length - 1}}})(?!{_SIGN}))")
    for length in LENGTHS
)


@dataclass(frozen=True)
class AppPassword:
    """One app password as it is kept: never its plaintext."""

    id: str
    name: str
    hash: str
    created: datetime
    scope: tuple[str, ...] = (scopes.ANY_APP,)
    expires: datetime | None = None
    created_by_admin: bool = False
    paused: bool = False  # refused as if deleted, until it is resumed
    networks: tuple[str, ...] = ()  # that it is limited to; none: good from anywhere

    def is_expired(self, now: datetime) -> bool:
        """Judged at every attempt: `now >= expires` refuses (SAFETY 22)."""
        return self.expires is not None and now >= self.expires

    def is_purgeable(self, now: datetime) -> bool:
        """True once it has been seen as expired for long enough."""
        return self.expires is not None and now >= self.expires + KEEP_EXPIRED_FOR

    @cached_property
    def _services(self) -> frozenset[Service]:
        return scopes.services_of(self.scope)

    @cached_property
    def _networks(self) -> Networks:
        return Networks(self.networks)

    def allows(self, service: Service | None, *, in_any: bool = True) -> bool:
        """As scopes.scope_allows, for what is asked at every attempt."""
        if service == scopes.PORTAL:
            return False
        return (in_any and scopes.ANY_APP in self.scope) or service in self._services

    def allows_from(self, address: str | None) -> bool:
        """False outside its networks, and where it is limited and nobody tells the address."""
        return not self.networks or self._networks.holds(address)

    def edited(self, edit: "AppPasswordEdit") -> "AppPassword":
        """As it is to be."""
        return replace(
            self,
            name=self.name if edit.name is None else edit.name,
            scope=self.scope if edit.scope is None else edit.scope,
            networks=self.networks if edit.networks is None else edit.networks,
            expires=self.expires if edit.expires is None else edit.expires_at,
        )

    def widens(self, other: "AppPassword", own: Iterable[scopes.OwnService] = ()) -> bool:
        """True if it opens anything, from anywhere or at any time, that `other` does not."""
        return (
            (other.paused and not self.paused)
            or not scopes.is_within(self.scope, other.scope, own)
            or not networks_within(self.networks, other.networks)
            or self.outlasts(other)
        )

    def outlasts(self, other: "AppPassword") -> bool:
        if self.expires is None or other.expires is None:
            return other.expires is not None
        return self.expires > other.expires


@dataclass(frozen=True)
class AppPasswordEdit:
    """The wishes for an app password that is there already; None leaves a part as it is."""

    name: str | None = None
    scope: tuple[str, ...] | None = None
    expires: datetime | Literal["never"] | None = None
    networks: tuple[str, ...] | None = None  # empty: good from anywhere

    @property
    def expires_at(self) -> datetime | None:
        return None if self.expires == "never" else self.expires


class ParsedAppPassword(Secret):
    """A well-formed app password that somebody presented; `id` is of the record that it names."""

    __slots__ = ("id",)

    def __init__(self, symbols: str) -> None:
        self._text = symbols
        self.id = symbols[:ID_LENGTH]


def generate(id_: str, randbelow: RandomBelow = secrets.randbelow) -> Secret:
    """A new plaintext under `id_`: 12 random symbols, 60 bits."""
    return random_code(id_, LENGTH, randbelow)


def unused_id(used: Collection[str], randbelow: RandomBelow = secrets.randbelow) -> str:
    """A random id that is not in `used`.

    Raises:
        LimitReached: all 32,768 ids of the account have been used up.
    """
    space = 32**ID_LENGTH
    start = randbelow(space)
    for step in range(space):
        number = (start + step) % space
        id_ = SYMBOLS[number >> 10] + SYMBOLS[number >> 5 & 31] + SYMBOLS[number & 31]
        if id_ not in used:
            return id_
    raise LimitReached("This account has used up all its app passwords. Ask your administrator.")


def parse(text: str) -> ParsedAppPassword | None:
    """Parses what was presented into its canonical form; None if it cannot be an app password.

    Forgives what `base32.normalized` forgives. Costs no hash.
    """
    symbols = normalized(text, LENGTHS)
    return None if symbols is None else ParsedAppPassword(symbols)


def redacted(text: str) -> str:
    """`text` with whatever must be taken for an app password replaced: somebody mistook the field.

    Of sixteen letters in a sentence one in thirty has the check symbol by chance. So words are
    left alone where they are words: letters without a digit, grouped as nobody groups symbols.
    """
    if len(text) < LENGTH:
        return text  # as most of what is logged; each character is read as one symbol at most
    folded = text if text.isascii() else "".join(map(_folded, text))
    parts, end = [], 0
    for start, stop in _places(folded):
        if start >= end:  # else it is one with the one before it
            parts += [text[end:start], _INSTEAD]
        end = max(end, stop)
    return "".join([*parts, text[end:]])


def _places(folded: str) -> list[tuple[int, int]]:
    matches = (match for shaped in _SHAPED for match in shaped.finditer(folded))
    return sorted(
        match.span(1) for match in matches if _is_no_prose(match[1]) and parse(match[1]) is not None
    )


def _folded(character: str) -> str:
    """The one ASCII character that it is read as; a full stop for what ends an app password."""
    plain = normalize("NFKC", character)
    if len(plain) == 1 and plain.isascii():
        return plain
    return " " if category(plain[0]) in SEPARATING else "."


def _is_no_prose(shaped: str) -> bool:
    groups = re.split(_BETWEEN.replace("*", "+"), shaped)
    return (
        len(groups) == 1
        or all(len(group) == GROUP for group in groups)
        or any(sign.isdigit() for sign in shaped)
    )


def checksum(symbols: str) -> str:
    """The check symbol for what stands before it: a weighted sum in GF(2^5), x^5+x^2+1, alpha = 2.

    The weights are distinct powers of alpha, so every single substitution and every swap of two
    unequal symbols changes the sum.
    """
    total = 0
    for symbol in symbols:
        total = (total ^ _VALUE[symbol]) << 1
        if total & 0b100000:
            total ^= 0b100101
    return SYMBOLS[total]


def random_code(head: str, length: int, randbelow: RandomBelow) -> Secret:
    """`head`, then random symbols, then the check symbol: `length` in all."""
    body = head + "".join(SYMBOLS[randbelow(32)] for _ in range(length - len(head) - 1))
    return Secret(body + checksum(body))


def normalized(text: str, lengths: Container[int]) -> str | None:
    """The symbols that were meant, as many as one of `lengths`; None if `text` cannot be that.

    It is judged by its form and its check symbol. Case, the usual lookalikes, full width, and
    whatever separates or is invisible are forgiven. Costs no hash.
    """
    if len(text) > _LONGEST_WRITTEN:
        return None
    symbols = plain(text)
    if len(symbols) not in lengths or any(symbol not in _VALUE for symbol in symbols):
        return None
    return symbols if checksum(symbols[:-1]) == symbols[-1] else None


def plain(text: str) -> str:
    """`text` less what may stand between symbols, with each symbol in its one form (SAFETY 5)."""
    folded = normalize("NFKC", text)
    if not folded.isascii():
        folded = "".join(sign for sign in folded if category(sign) not in SEPARATING)
    # Only ASCII is folded: a letter of another alphabet never becomes a symbol by that.
    return folded.lower().translate(_LOOKALIKES) if folded.isascii() else folded


def grouped(secret: Secret) -> str:
    """The symbols as they are shown, in groups."""
    text = secret.reveal()
    return " ".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))
