"""What is typed by hand from a screen: Crockford's base32 with a check symbol (SAFETY 4, 5)."""

from collections.abc import Callable

from apppw_tui.domain.secret import Secret

# https://www.crockford.com/base32.html, in lower case.
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {symbol: value for value, symbol in enumerate(SYMBOLS)}
_LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1", " ": None, "-": None})
# Longer than any way to write twenty symbols; bounds the work on what a stranger sends.
_LONGEST_WRITTEN = 128

RandomBelow = Callable[[int], int]


def check_symbol(symbols: str) -> str:
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


def drawn(head: str, length: int, randbelow: RandomBelow) -> Secret:
    """`head`, then random symbols, then the check symbol: `length` in all."""
    body = head + "".join(SYMBOLS[randbelow(32)] for _ in range(length - len(head) - 1))
    return Secret(body + check_symbol(body))


def canonical(text: str, length: int) -> str | None:
    """The `length` symbols that were meant; None if `text` cannot be that, by form or by check.

    Spaces, dashes, case and the usual lookalikes are forgiven. Costs no hash.
    """
    # ASCII first: str.lower() would turn the Kelvin sign into a k.
    if len(text) > _LONGEST_WRITTEN or not text.isascii():
        return None
    symbols = text.lower().translate(_LOOKALIKES)
    if len(symbols) != length or any(symbol not in _VALUE for symbol in symbols):
        return None
    return symbols if check_symbol(symbols[:-1]) == symbols[-1] else None


def grouped(secret: Secret) -> str:
    """How it is shown: in groups of four."""
    text = secret.reveal()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
