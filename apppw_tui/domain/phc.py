"""How an Argon2id hash is written down.

The PHC string format, https://github.com/P-H-C/phc-string-format; lengths from RFC 9106, 3.1.
"""

import re

_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=[1-9]\d{0,9},t=[1-9]\d{0,9},p=[1-9]\d{0,7}"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{6,172})",
    re.ASCII,
)
_ALONE = 1  # base64 has no group of one symbol


def is_argon2id(text: str) -> bool:
    """True for what Argon2 can compute again, and nothing else."""
    found = _ARGON2ID.fullmatch(text)
    return found is not None and all(len(field) % 4 != _ALONE for field in found.groups())
