"""An app password: its record, its symbols, how it is made and how it is read (SAFETY 4-6)."""

import re
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from apppw_tui.domain import scopes
from apppw_tui.domain.base32 import GROUP, SEPARATING, SYMBOLS, RandomBelow, normalized, random_code
from apppw_tui.domain.errors import LimitReached
from apppw_tui.domain.expiry import KEEP_EXPIRED_FOR
from apppw_tui.domain.secret import Secret

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

    def is_expired(self, now: datetime) -> bool:
        """Judged at every attempt: `now >= expires` refuses (SAFETY 22)."""
        return self.expires is not None and now >= self.expires

    def is_purgeable(self, now: datetime) -> bool:
        """True once it has been seen as expired for long enough."""
        return self.expires is not None and now >= self.expires + KEEP_EXPIRED_FOR

    def allows(self, service: str | None) -> bool:
        """True if its scope holds `service`; a missing service fits only `Any app`."""
        return scopes.scope_allows(self.scope, service)


@dataclass(frozen=True)
class ParsedAppPassword:
    """A well-formed app password that somebody presented: which record it names, and the whole."""

    id: str
    secret: Secret


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
    return None if symbols is None else ParsedAppPassword(symbols[:ID_LENGTH], Secret(symbols))


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
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 1 and plain.isascii():
        return plain
    return " " if unicodedata.category(plain[0]) in SEPARATING else "."


def _is_no_prose(shaped: str) -> bool:
    groups = re.split(_BETWEEN.replace("*", "+"), shaped)
    return (
        len(groups) == 1
        or all(len(group) == GROUP for group in groups)
        or any(sign.isdigit() for sign in shaped)
    )
