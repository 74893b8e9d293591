"""Telephone numbers: which can be called, how they are kept, written and masked."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from apppw_tui.domain.errors import InvalidNumber
from apppw_tui.domain.secret import Secret

Which = Literal["authentication", "office", "alternate"]
PHONES: tuple[Which, ...] = ("authentication", "office", "alternate")
_LONGEST_WRITTEN = 40  # characters; bounds the work on what is pasted by mistake
_SHOWN = 2  # digits at the end


@dataclass(frozen=True)
class Phone:
    """A number that proved itself: a code sent to it came back. The number is sealed."""

    which: Which
    sealed: str
    since: datetime

    @property
    def field(self) -> str:
        return field(self.which)


def field(which: Which) -> str:
    """The name under which a number is sealed."""
    return f"phone {which}"


def read(text: str, region: str | None) -> Secret:
    """The number that was typed, in E.164; `region` (ISO 3166) is for numbers without +code.

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
    if region is None and not text.lstrip().startswith("+"):
        raise InvalidNumber("Begin with + and the code of the country, such as +49.")
    try:
        if len(text) > _LONGEST_WRITTEN:
            raise phonenumbers.NumberParseException(0, "")
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise InvalidNumber("That is not a telephone number, such as +49 151 23456789.") from None
    if not phonenumbers.is_valid_number(number) or number.extension:
        raise InvalidNumber("There is no such telephone number. Look for a missing digit.")
    return Secret(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def masked(number: Secret, dot: str) -> str:
    """The number as it may be shown: the country's code, `dot`s, the last two digits."""
    import phonenumbers

    parsed = phonenumbers.parse(number.reveal())
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    text = phonenumbers.format_number(parsed, international)
    kept = len(str(parsed.country_code)) + 1
    end = len(text) - _SHOWN
    return "".join(
        dot if sign.isdigit() and kept <= place < end else sign for place, sign in enumerate(text)
    )


def ending(number: Secret) -> str:
    """The last two digits, for a sentence."""
    return number.reveal()[-_SHOWN:]
