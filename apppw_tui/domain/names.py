"""Names of accounts and of app passwords: read and checked once, here."""

import re
import string
import unicodedata
from urllib.parse import unquote

from apppw_tui.domain.errors import InvalidName

# SAFETY 1. A-labels: RFC 5890 section 2.3.2.1, lengths from RFC 1035 section 2.3.4.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_FIRST = "a-z0-9_'"
_FURTHER = _FIRST + ".+&=~-"
_LOCAL_CHARACTERS = 64
_ACCOUNT = re.compile(
    rf"[{_FIRST}][{_FURTHER}]{{0,{_LOCAL_CHARACTERS - 1}}}(?:@{_LABEL}(?:\.{_LABEL})*)?", re.ASCII
)
ACCOUNT_BYTES = 200
# ASCII alone: of others, str.lower() makes the Kelvin sign somebody else's k.
_FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}", re.ASCII)  # RFC 3986 section 2.1
_MOST_TYPED = 3 * ACCOUNT_BYTES  # characters, each of them percent-encoded
_UNDECODED = range(0xDC80, 0xDD00)  # bytes that were no UTF-8, as Python keeps them (PEP 383)

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


def check_account_name(name: str) -> None:
    """Raises InvalidName unless `name` is an account name in its one accepted form."""
    if not is_account_name(name):
        raise InvalidName(_why_not(name))


def candidates(text: str, default_domain: str | None = None) -> tuple[str, ...]:
    """The one or two names that may be meant by what was typed or sent, as it was typed first.

    The first of which there is an account is meant: so one that was added before there was a
    default domain is not stranded by it.

    Raises:
        InvalidName: as `account_name`.
    """
    name = _read(text)
    whole = _completed(name, default_domain)
    return (name, whole) if whole != name and is_account_name(whole) else (name,)


def account_name(text: str, default_domain: str | None = None) -> str:
    """The name of an account that is made, by what was typed for it.

    Raises:
        InvalidName: `text` cannot be read as one; says which character is not allowed.
    """
    name = _completed(_read(text), default_domain)
    check_account_name(name)
    return name


def nearly(text: str, default_domain: str | None = None) -> tuple[str, ...]:
    """The names that `text` could have been meant for: a handful, for a hint and nothing else."""
    try:
        name = _read(text)
    except InvalidName:
        return ()
    found = (name, _completed(name, default_domain), name.partition("@")[0])
    return tuple(dict.fromkeys(one for one in found if is_account_name(one)))


def character_named(character: str) -> str:
    """One character, as a sentence can name it whatever it looks like."""
    if character == " ":
        return "a blank"
    if ord(character) in _UNDECODED:
        return "a byte that is no UTF-8"
    # Marks join what stands before them, be it a quote.
    if character.isprintable() and unicodedata.category(character)[0] != "M":
        return f"'{character}'" if character == '"' else f'"{character}"'
    return f"U+{ord(character):04X}"


def _read(text: str) -> str:
    """The name that people or programs mean by `text`, which is read at the border, once.

    Phones write the first letter large, and some programs percent-encode what they send. Nothing
    else is repaired. Raises InvalidName.
    """
    name = _formed(text)
    if not is_account_name(name) and len(text) <= _MOST_TYPED and _ENCODED.search(name):
        try:
            name = _formed(unquote(text, errors="strict"))  # not "+", which is a character of names
        except UnicodeDecodeError:
            raise InvalidName(_why_not(name)) from None
    check_account_name(name)
    return name


def _formed(text: str) -> str:
    """ASCII capitals folded, and U-labels of the domain as A-labels (IDNA 2008)."""
    folded = text.translate(_FOLDED)
    local, _, domain = folded.partition("@")
    if domain.isascii() or len(domain) > ACCOUNT_BYTES:
        return folded
    import idna  # 28 ms, wanted by few

    try:
        # What is ASCII already is judged as all names are.
        labels = [
            label if label.isascii() else idna.alabel(label).decode() for label in domain.split(".")
        ]
    except UnicodeError:  # IDNAError among them
        return folded
    return f"{local}@{'.'.join(labels)}"


def _why_not(name: str) -> str:
    """The sentence that refuses it. No more of it than one character: it could be a password."""
    return f"{_fault(*name.partition('@'))} One looks like ada or ada@example.org."


def _fault(local: str, at: str, domain: str) -> str:
    bad = re.search(rf"[^{_FURTHER}]", local)
    bad_in_domain = _bad_in_domain(domain)
    if bad is not None:
        fault = f"An account name cannot have {character_named(bad[0])} in it."
    elif local and re.match(f"[{_FIRST}]", local) is None:
        fault = f"An account name cannot begin with {character_named(local[0])}."
    elif bad_in_domain is not None:
        named = character_named(bad_in_domain)
        fault = f"The domain of an account name cannot have {named} in it."
    elif len(local) > _LOCAL_CHARACTERS:
        fault = f"An account name has at most {_LOCAL_CHARACTERS} characters before the @."
    elif len(local) + len(domain) >= ACCOUNT_BYTES:
        fault = f"An account name has at most {ACCOUNT_BYTES} characters."
    else:
        what = "no domain of an account name" if local and at else "not an account name"
        fault = f"That is {what}."
    return fault


def _bad_in_domain(domain: str) -> str | None:
    """The first character that no domain has."""
    for character in domain[:ACCOUNT_BYTES]:
        if not character.isascii():
            import idna

            try:
                idna.alabel(character)
            except idna.InvalidCodepoint:
                return character
            except UnicodeError:
                pass  # not by itself
        elif re.match(r"[a-z0-9.-]", character) is None:
            return character
    return None


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
