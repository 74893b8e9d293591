"""Names of accounts and of app passwords: checked once, here, and never repaired."""

import contextlib
import re
import unicodedata
from urllib.parse import unquote

from apppw_tui.domain.errors import InvalidName

# SAFETY 1. A-labels: RFC 5890 section 2.3.2.1, lengths from RFC 1035 section 2.3.4.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_ACCOUNT = re.compile(rf"[a-z0-9][a-z0-9._+-]{{0,63}}(?:@{_LABEL}(?:\.{_LABEL})*)?", re.ASCII)
ACCOUNT_BYTES = 200
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}", re.ASCII)  # RFC 3986 section 2.1
_MOST_TYPED = 3 * ACCOUNT_BYTES  # characters, each of them percent-encoded

APP_PASSWORD_NAME_CHARACTERS = 64

# Characters that Python calls printable although they show nothing: a name made of them, or
# differing from another only in them, could not be told apart by the person who reads the list.
# Unicode 15 DerivedCoreProperties, Default_Ignorable_Code_Point, and the blank Braille pattern.
# U+FE0F stays allowed: it is what makes a character an emoji.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef]"
)


def is_account_name(text: str) -> bool:
    """True if `text` is an account name in its one accepted form."""
    return len(text) <= ACCOUNT_BYTES and _ACCOUNT.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """True if `text` is a lower-case domain of A-labels."""
    return len(text) <= ACCOUNT_BYTES and _DOMAIN.fullmatch(text) is not None


def candidates(text: str, default_domain: str | None = None) -> tuple[str, ...]:
    """The one or two names that may be meant by what was typed or sent, as it was typed first.

    The first of which there is an account is meant: so one that was added before there was a
    default domain is not stranded by it.

    Raises:
        InvalidName: as `account_name`.
    """
    if not is_account_name(text):
        return (account_name(text),)
    whole = _completed(text, default_domain)
    return (text, whole) if whole != text and is_account_name(whole) else (text,)


def account_name(text: str, default_domain: str | None = None) -> str:
    """The name of an account that is made, by what was typed for it.

    Raises:
        InvalidName: `text` is not an account name. It is never repaired: another program may go
            on with the name as it was sent, and `Ada` would then be somebody else than `ada`.
    """
    name = _completed(text, default_domain)
    if is_account_name(text) and is_account_name(name):
        return name
    if is_account_name(text.strip().lower()):
        raise InvalidName(
            "Account names are lower case, without spaces, like ada or ada@example.org."
        )
    raise InvalidName("That is not an account name. One looks like ada or ada@example.org.")


def nearly(text: str, default_domain: str | None = None) -> tuple[str, ...]:
    """The names that `text` could have been meant for: a handful, for a hint and nothing else.

    Folded, percent-decoded once, with and without a domain.
    """
    written = [text]
    if len(text) <= _MOST_TYPED and _ENCODED.search(text):
        with contextlib.suppress(UnicodeDecodeError):
            written.append(unquote(text, errors="strict"))
    found = []
    for one in written:
        folded = one.lower() if one.isascii() else ""
        found += [folded, _completed(folded, default_domain), folded.partition("@")[0]]
    return tuple(dict.fromkeys(name for name in found if is_account_name(name)))


def _completed(text: str, default_domain: str | None) -> str:
    return f"{text}@{default_domain}" if default_domain and "@" not in text else text


def app_password_name(text: str) -> str:
    """The name of an app password: trimmed, NFC, 1-64 visible characters (SAFETY 3).

    Raises:
        InvalidName: with the reason, for the person who typed it.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not name:
        raise InvalidName("Give it a name, such as the device or program that will use it.")
    if len(name) > APP_PASSWORD_NAME_CHARACTERS:
        most = APP_PASSWORD_NAME_CHARACTERS
        raise InvalidName(f"A name has at most {most} characters; this one has {len(name)}.")
    if not name.isprintable() or _INVISIBLE.search(name) or unicodedata.category(name[0])[0] == "M":
        raise InvalidName(
            "That name has a character that cannot be shown. Type it again without it."
        )
    return name


def same_name_key(name: str) -> str:
    """Two app password names with the same key count as the same name."""
    return unicodedata.normalize("NFC", name.casefold())


def shown(text: str) -> str:
    """`text` from people, files or services as it may be shown or logged: nothing in it acts."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
