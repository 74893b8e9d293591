"""Symbols typed by hand from a screen: Crockford's base32 with a check symbol (SAFETY 4, 5)."""

from collections.abc import Callable, Container
from unicodedata import category, normalize

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
