"""Names of accounts and of app passwords: read and checked once, here."""

import re
import string
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NewType, TypeVar
from urllib.parse import unquote

from apppw_tui.domain.errors import InvalidName, StoreError

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.domain.ports import Accounts

# An account name in its one accepted form: made here alone, so that inside nobody checks it again.
AccountName = NewType("AccountName", str)
Name = TypeVar("Name", bound=str)

# SAFETY 1. A-labels: RFC 5890 section 2.3.2.1, lengths from RFC 1035 section 2.3.4.
_LABEL_CHARACTERS = 63
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"(?a){_LABEL}(?:\.{_LABEL})*"
_FIRST = "a-z0-9_'"
_FURTHER = _FIRST + ".+&=~-"
_LOCAL_CHARACTERS = 64
_ACCOUNT = rf"(?a)[{_FIRST}][{_FURTHER}]{{0,{_LOCAL_CHARACTERS - 1}}}(?:@{_LABEL}(?:\.{_LABEL})*)?"
ACCOUNT_BYTES = 200
# ASCII alone: of others, str.lower() makes the Kelvin sign somebody else's k.
_FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# What lower case or NFC makes ASCII of.
_BECOMES_ASCII = "[\u037e\u1fef\u212a]"
_A_LABEL = "xn--"  # RFC 5890, section 2.3.2.1
_ENCODED = r"(?a)%[0-9A-Fa-f]{2}"  # RFC 3986 section 2.1
_CHECKED = 256  # names that were checked lately: a store's doors ask of the same one again
_MOST_TYPED = 3 * ACCOUNT_BYTES  # characters, each of them percent-encoded
_UNDECODED = range(0xDC80, 0xDD00)  # bytes that were no UTF-8, as Python keeps them (PEP 383)

APP_PASSWORD_NAME_CHARACTERS = 64

# Characters that Python calls printable although they show nothing: a name made of them, or
# differing from another only in them, could not be told apart by the person who reads the list.
# Unicode 15 DerivedCoreProperties, Default_Ignorable_Code_Point, and the blank Braille pattern.
# U+FE0F stays allowed: it is what makes a character an emoji.
_INVISIBLE = (
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164"
    "\ufe00-\ufe0e\uffa0\U000e0100-\U000e01ef]"
)
_SPACES = "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"  # Unicode's Zs but the blank
# Persian needs the first within words, Malayalam both, and a family of emoji the second.
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_EMOJI_STYLE = "\ufe0f"
_TONES = "[\U0001f3fb-\U0001f3ff]"  # of skin
_VIRAMA = 9  # its canonical combining class


@lru_cache(_CHECKED)
def is_account_name(text: str) -> bool:
    """True if `text` is an account name in its one accepted form."""
    return len(text) <= ACCOUNT_BYTES and re.fullmatch(_ACCOUNT, text) is not None


def is_domain(text: str) -> bool:
    """True if `text` is a lower-case domain of A-labels."""
    return len(text) <= ACCOUNT_BYTES and re.fullmatch(_DOMAIN, text) is not None


@lru_cache(_CHECKED)
def check_account_name(name: str) -> None:
    """Raises InvalidName unless `name` is an account name in its one accepted form."""
    if not is_account_name(name):
        raise InvalidName(_why_not(name))


def candidates(text: str, default_domain: str | None = None) -> tuple[AccountName, ...]:
    """The one or two names that may be meant by what was typed or sent, as it was typed first.

    The first of which there is an account is meant: so one that was added before there was a
    default domain is not stranded by it.

    Raises:
        InvalidName: as `account_name`.
    """
    name = _read(text)
    whole = _completed(name, default_domain)
    names = (name, whole) if whole != name and is_account_name(whole) else (name,)
    return tuple(AccountName(candidate) for candidate in names)


def find(accounts: "Accounts", names: Iterable[str]) -> "Account | None":
    """The account of the first name that has one; all are read, whichever that is (SAFETY 1).

    Raises:
        StoreError: one cannot be read, and none before it is an account's.
    """
    read: list[Account | StoreError | None] = []
    for name in names:
        try:
            read.append(accounts.get(name))
        except StoreError as error:
            read.append(error)
    for result in read:
        if isinstance(result, StoreError):
            raise result
        if result is not None:
            return result
    return None


def account_name(text: str, default_domain: str | None = None) -> AccountName:
    """The name of an account that is made, by what was typed for it.

    Raises:
        InvalidName: `text` cannot be read as one; says which character is not allowed.
    """
    name = _completed(_read(text), default_domain)
    check_account_name(name)
    return AccountName(name)


def nearly(text: str, default_domain: str | None = None) -> tuple[AccountName, ...]:
    """The names that `text` could have been meant for: a handful, for a hint and nothing else."""
    try:
        name = _read(text)
    except InvalidName:
        return ()
    meant = (name, _completed(name, default_domain), name.partition("@")[0])
    names = dict.fromkeys(candidate for candidate in meant if is_account_name(candidate))
    return tuple(map(AccountName, names))


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
    if not is_account_name(name) and len(text) <= _MOST_TYPED and re.search(_ENCODED, name):
        try:
            name = _formed(unquote(text, errors="strict"))  # not "+", which is a character of names
        except UnicodeDecodeError:
            raise InvalidName(_why_not(name)) from None
    check_account_name(name)
    return AccountName(name)


def _formed(text: str) -> str:
    """ASCII capitals folded, and the domain in A-labels."""
    local, at, domain = text.translate(_FOLDED).partition("@")
    return f"{local}{at}{_encoded(domain)}"


def domain_encoded(text: str) -> str:
    """The domain that people mean by `text`, in lower case and A-labels; `is_domain` judges it."""
    return _encoded(text.translate(_FOLDED))


def _encoded(domain: str) -> str:
    """U-labels as A-labels (IDNA 2008), whatever their case and however they are put together.

    Of a Mac, ü comes as u and its two dots: RFC 5895 section 2 has the mapping, of which full
    width and other dots are left out.
    """
    # The Kelvin sign, as nothing else does, would become a letter of ASCII, and a domain of others.
    if domain.isascii() or len(domain) > ACCOUNT_BYTES or re.search(_BECOMES_ASCII, domain):
        return domain
    # Each by itself: a sigma at the end of a word is in domains what it is elsewhere.
    mapped = unicodedata.normalize("NFC", "".join(sign.lower() for sign in domain))
    import idna  # 28 ms, wanted by few

    try:
        # What is ASCII already is judged as all names are.
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode() for label in mapped.split(".")
        )
    except UnicodeError:  # IDNAError among them
        return mapped


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
        character = character_named(bad_in_domain)
        fault = f"The domain of an account name cannot have {character} in it."
    elif len(local) > _LOCAL_CHARACTERS:
        fault = f"An account name has at most {_LOCAL_CHARACTERS} characters before the @."
    elif len(local) + len(domain) >= ACCOUNT_BYTES:
        fault = f"An account name has at most {ACCOUNT_BYTES} characters."
    else:
        what = "no domain of an account name" if local and at else "not an account name"
        fault = (_fault_of_labels(domain) if local else None) or f"That is {what}."
    return fault


def _fault_of_labels(domain: str) -> str | None:
    """The reason why these characters are no domain."""
    whose = "The domain of an account name"
    for sign in ".-" if domain else "":
        if domain.startswith(sign):
            return f"{whose} cannot begin with {character_named(sign)}."
        if domain.endswith(sign):
            return f"{whose} cannot end with {character_named(sign)}."
    between = re.search(r"\.\.|-\.|\.-", domain)
    if between is not None:
        return f'{whose} cannot have "{between[0]}" in it.'
    if any(len(label) > _LABEL_CHARACTERS for label in domain.split(".")):
        return f"{whose} has at most {_LABEL_CHARACTERS} characters between two dots."
    return None


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
    name = re.sub(_SPACES, " ", unicodedata.normalize("NFC", text)).strip()
    if not name:
        raise InvalidName("Give it a name, such as the device or program that will use it.")
    if len(name) > APP_PASSWORD_NAME_CHARACTERS:
        most = APP_PASSWORD_NAME_CHARACTERS
        raise InvalidName(f"A name has at most {most} characters; this one has {len(name)}.")
    if unicodedata.category(name[0])[0] == "M":
        raise InvalidName(f"A name cannot begin with {_named(name[0])}.")
    for place, character in enumerate(name):
        if character in (_NON_JOINER, _JOINER):
            if not _joins(name, place):
                raise InvalidName(f"A name can have {_named(character)} only between letters.")
        elif not character.isprintable() or re.match(_INVISIBLE, character):
            raise InvalidName(f"A name cannot have {_named(character)}.")
    return name


def _named(character: str) -> str:
    if ord(character) in _UNDECODED:
        return character_named(character)
    name = unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def _joins(text: str, place: int) -> bool:
    """True if the joiner at `place` stands between letters, marks or emoji.

    Or behind a virama, whose shape it chooses, at the end of a word as well: RFC 5892, appendix A.
    """
    before, after = text[:place][-1:], text[place + 1 :][:1]
    if before and unicodedata.combining(before) == _VIRAMA:
        return True
    return all(_can_be_joined(beside) for beside in (before, after))


def _can_be_joined(character: str) -> bool:
    kind = unicodedata.category(character) if character else ""
    return kind[:1] in ("L", "M") or _is_emoji(character)


def _is_emoji(character: str) -> bool:
    """True for what can be part of an emoji: symbols, skin tones, and one arrow."""
    return character != "" and (
        unicodedata.category(character) == "So"
        or character == "\u2194"
        or bool(re.match(_TONES, character))
    )


@lru_cache(_CHECKED)
def name_key(name: str) -> str:
    """Two app password names with the same key count as the same name.

    What `escaped` leaves out does not count, nor do joiners: with or without one, many a word looks
    the same.
    """
    bare = "".join(sign for sign in escaped(name) if sign not in (_NON_JOINER, _JOINER))
    return unicodedata.normalize("NFC", bare.casefold())


def escaped(text: str) -> str:
    """`text` from people, files or services as it may be shown or logged: nothing in it acts.

    Terminals differ in how wide they draw an emoji that is put together of several: so its parts
    are shown, without a skin tone, which all draw alike.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text, place) for place in range(len(text)))


def _shown(text: str, place: int) -> str:
    character = text[place]
    if character == _EMOJI_STYLE or (re.match(_TONES, character) and _is_emoji(text[:place][-1:])):
        return ""
    if character in (_NON_JOINER, _JOINER) and _joins(text, place):
        return "" if _is_emoji(text[place + 1 :][:1]) else character
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def domain_decoded(name: str) -> str:
    """The account name with its domain as people write it: RFC 5891 section 5.4, U-labels."""
    if _A_LABEL not in name:
        return name
    import idna  # 28 ms, wanted by few

    local, _, domain = name.partition("@")
    try:
        return f"{local}@{idna.decode(domain)}"
    except UnicodeError:  # IDNAError among them
        return name
