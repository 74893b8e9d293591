"""Telephone numbers: which can be called, how they are kept, written and masked."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from apppw_tui.domain.errors import InvalidNumber
from apppw_tui.domain.secret import Secret

PhoneSlot = Literal["authentication", "office", "alternate"]
PHONES: tuple[PhoneSlot, ...] = ("authentication", "office", "alternate")
_LONGEST_WRITTEN = 40  # characters; bounds the work on what is pasted by mistake
_SHOWN = 2  # digits at the end
_EXTENSION = ";ext="  # RFC 3966 section 3
_BEGINS = re.compile(r"(?:tel:)?[\s(]*\+", re.IGNORECASE)  # RFC 3966; (+49) as on business cards
# A slash stands within numbers, too, but then after an area code.
_PARTS = re.compile(r"[,;|\n]|/| (?:or|and|oder|und|ou|et|o|y) ")
_FEWEST_OF_TWO = 7  # digits; an area code or an extension has fewer
_MEXICO = re.compile(r"\+521(\d{10})")  # for mobile phones until 2019; address books still have it


@dataclass(frozen=True)
class Phone:
    """A number that proved itself: a code sent to it came back. The number is sealed."""

    which: PhoneSlot
    sealed: str
    verified_at: datetime

    @property
    def secret_name(self) -> str:
        return secret_name(self.which)


def secret_name(which: PhoneSlot) -> str:
    """The name under which a number is sealed."""
    return f"phone {which}"


def is_region(text: str) -> bool:
    """True for a country whose numbers are known: ISO 3166, two capitals."""
    from phonenumbers import SUPPORTED_REGIONS  # 15 ms, wanted only where one is configured

    return text in SUPPORTED_REGIONS


def parse(text: str, region: str | None) -> Secret:
    """The number that was typed, in E.164, and `;ext=` with its extension if it has one.

    `region` (ISO 3166) is for numbers without +code.

    Raises:
        InvalidNumber: with the reason.
    """
    import phonenumbers  # 15 ms, wanted only where a number is typed or shown

    # Address books hand over numbers with marks for their direction, and plus signs of full width.
    text = "".join(
        sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf"
    )
    if not text.strip():
        raise InvalidNumber("Type the number, such as +49 151 23456789.")
    if _are_several(text):
        raise InvalidNumber("That is more than one number. Type one of them.")
    if region is None and not _BEGINS.match(text.strip()):
        raise InvalidNumber("Begin with + and the code of the country, such as +49.")
    try:
        if len(text) > _LONGEST_WRITTEN:
            raise phonenumbers.NumberParseException(0, "")
        number = phonenumbers.parse(text, region)
        if mobile := _MEXICO.fullmatch(f"+{number.country_code}{number.national_number}"):
            number.national_number = int(mobile[1])
    except phonenumbers.NumberParseException:
        raise InvalidNumber("That is not a telephone number, such as +49 151 23456789.") from None
    if not phonenumbers.is_valid_number(number):
        raise InvalidNumber("There is no such telephone number. Look for a missing digit.")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Secret(f"{e164}{_EXTENSION}{number.extension}" if number.extension else e164)


def _are_several(text: str) -> bool:
    """True where somebody typed all of their numbers into one field."""
    digits = (sum(map(str.isdigit, part)) for part in _PARTS.split(text))
    return text.count("+") > 1 or sum(count >= _FEWEST_OF_TWO for count in digits) > 1


def parted(number: str) -> tuple[str, str]:
    """A number that `read` made: E.164, and its extension or nothing."""
    e164, _, extension = number.partition(_EXTENSION)
    return e164, extension


def masked(number: Secret, dot: str) -> str:
    """The number as it may be shown: the country's code, `dot`s, the last two digits."""
    import phonenumbers

    e164, extension = parted(number.reveal())
    parsed = phonenumbers.parse(e164)
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    text = phonenumbers.format_number(parsed, international)
    kept = len(str(parsed.country_code)) + 1
    end = len(text) - _SHOWN
    shown = "".join(
        dot if sign.isdigit() and kept <= place < end else sign for place, sign in enumerate(text)
    )
    return f"{shown} ext. {dot * len(extension)}" if extension else shown


def last_digits(number: Secret) -> str:
    """The last two digits, for a sentence."""
    return parted(number.reveal())[0][-_SHOWN:]
