"""Telephone numbers: which can be called, how they are kept, written and masked."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from apppw_tui.domain.errors import InvalidNumber
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

PhoneSlot = Literal["authentication", "office", "alternate"]
PHONES: tuple[PhoneSlot, ...] = ("authentication", "office", "alternate")
_LONGEST_WRITTEN = 40  # characters; bounds the work on what is pasted by mistake
_MOST_DIGITS = 15  # with the code of the country: ITU-T E.164 section 6.2
_SHOWN = 2  # digits at the end
_EXTENSION = ";ext="  # RFC 3966 section 3
_LABEL = re.compile(r"\s*tel[.:/\s]*", re.IGNORECASE)  # RFC 3966, and letterheads
_BEGINS = re.compile(r"[\s(\[]*\+")  # (+49) as on business cards
_PUNCTUATION = "()[]./~\N{MINUS SIGN}\N{KATAKANA-HIRAGANA PROLONGED SOUND MARK}"

# An extension as it is said in many languages. Address books write a pause as p, w, a comma or a
# semicolon: what stands behind it is dialled once somebody has answered.
_EXTENSION_WORDS = (
    "x|ext|extn|xtn|extension|extensión|extensao|extensão|anexo|interno|intern|int|ramal|poste"
    "|durchwahl|dw|apparat|app|nebenstelle|nst|klappe|kl|toestel|tst|anknytning|ankn|lokal|lok"
    "|alanumero|wewnętrzny|wewn|wew|linka|klapka|mellék|dahili|εσωτ|добавочный|доб|внутренний|внутр"
    "|вн|дод|转接|转|轉|分机|分機|内線|內線|내선|교환|שלוחה|تحويلة|داخلی"
)
_EXTENDED = re.compile(
    rf"(?P<number>[^#,;]*?\d[\s)\]]*)"
    rf"[\s,;.(\[-]*(?P<word>{_EXTENSION_WORDS}|[pw]+|#|[,;](?:\s*[,;])*)"
    rf"[\s.:=)]*(?P<extension>\d{{1,9}})[\s#)\]]*",
    re.IGNORECASE,
)
_MOST_AFTER_A_COMMA = 5  # digits of an extension; more are another number, unless a word is there

_OR = re.compile(
    r"[|&]|(?<=\s)(?:or|and|oder|und|ou|et|o|y|e|i|og|och|en|of|и|или)(?=[\s\d+(])",
    re.IGNORECASE,
)
_LISTED = re.compile(r"[,;\n]")
# A slash stands within numbers, too, but then after an area code.
_BETWEEN_TWO = re.compile(r"[,;/\n]")
_BETWEEN_GROUPS = re.compile(r"(?<=\d)\D+(?=\d)")
_FEWEST_OF_TWO = 6  # digits; an area code or an extension has fewer
_FEWEST_OF_SECOND = 4  # digits; fewer were rather typed by mistake
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
    text = _LABEL.sub("", text, count=1) if _LABEL.match(text) else text.strip()
    if not text:
        raise InvalidNumber("Type the number, such as +49 151 23456789.")
    if _is_list(text):
        raise _several()
    if region is None and not _BEGINS.match(text):
        raise InvalidNumber("Start with + and the country code, such as +49.")
    if len(text) > _LONGEST_WRITTEN:
        raise _no_number()
    text, extension = _split_extension(text)
    _require_signs_of_numbers(text)
    if _is_followed_by_another(text, region):
        raise _several()
    number = _parse(text, region)
    if _is_too_long(text, number):
        if _ends_with_another(text, region):
            raise _several()
        raise InvalidNumber("There is no such telephone number: it has too many digits.")
    if number is None:
        raise _no_number()
    if not phonenumbers.is_valid_number(number):
        if _count_of_numbers(_BETWEEN_TWO, text) > 1:
            raise _several()
        raise InvalidNumber("There is no such telephone number. Look for a missing digit.")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Secret(f"{e164}{_EXTENSION}{extension}" if extension else e164)


def _several() -> InvalidNumber:
    return InvalidNumber("That is more than one number. Type one of them.")


def _no_number() -> InvalidNumber:
    return InvalidNumber("That is not a telephone number, such as +49 151 23456789.")


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _count_of_numbers(between: re.Pattern[str], text: str) -> int:
    return sum(_digits(part) >= _FEWEST_OF_TWO for part in between.split(text))


def _is_list(text: str) -> bool:
    """True where somebody typed all of their numbers into one field, whatever they are."""
    joined = sum(_digits(part) > 0 for part in _OR.split(text))
    begun = sum(_digits(part) > 0 for part in text.split("+")[1:])
    return max(joined, begun, _count_of_numbers(_LISTED, text)) > 1


def _split_extension(text: str) -> tuple[str, str]:
    """The number, and the digits of the extension behind it or nothing."""
    match = _EXTENDED.fullmatch(text)
    if match is None:
        return text, ""
    number, word, extension = match.group("number", "word", "extension")
    # Two pauses are meant; one comma separates numbers as well.
    if word in (",", ";") and len(extension) > _MOST_AFTER_A_COMMA:
        return text, ""
    return number, "".join(str(unicodedata.digit(digit)) for digit in extension)


def _require_signs_of_numbers(text: str) -> None:
    """Raises InvalidNumber for what phonenumbers would skip, or read as a key with its letters."""
    kinds = [(sign, unicodedata.category(sign)) for sign in text]
    if any(kind[0] in "LM" for _, kind in kinds):
        raise InvalidNumber("A telephone number has no letters. Write an extension as x12.")
    if not all(
        sign in _PUNCTUATION or kind in ("Nd", "Pd", "Zs") or (sign == "+" and _BEGINS.match(text))
        for sign, kind in kinds
        if not _BETWEEN_TWO.match(sign) and sign != "\t"
    ):
        raise _no_number()


def _parse(text: str, region: str | None) -> "PhoneNumber | None":
    import phonenumbers

    digits = "".join(str(unicodedata.digit(sign)) for sign in text if sign.isdecimal())
    try:
        number = phonenumbers.parse(f"+{digits}" if _BEGINS.match(text) else digits, region)
    except phonenumbers.NumberParseException:
        return None
    if mobile := _MEXICO.fullmatch(f"+{number.country_code}{number.national_number}"):
        number.national_number = int(mobile[1])
    return number


def _is_valid(text: str, region: str | None) -> bool:
    import phonenumbers

    number = _parse(text, region)
    return number is not None and phonenumbers.is_valid_number(number)


def _is_followed_by_another(text: str, region: str | None) -> bool:
    """True where a number is whole before a slash, a comma or a new line, and digits follow."""
    return any(
        _digits(text[between.end() :]) > 0 and _is_valid(text[: between.start()], region)
        for between in _BETWEEN_TWO.finditer(text)
    )


def _is_too_long(text: str, number: "PhoneNumber | None") -> bool:
    import phonenumbers

    if number is None:
        return _digits(text) > _MOST_DIGITS
    reason = phonenumbers.is_possible_number_with_reason(number)
    digits = _digits(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return reason == phonenumbers.ValidationResult.TOO_LONG or digits > _MOST_DIGITS


def _ends_with_another(text: str, region: str | None) -> bool:
    """True where a number is whole before one of its groups, and enough digits follow.

    Asked of what is too long alone: numbers of some countries, as Germany's, have no fixed length,
    and what stands behind the number of an office may be a desk there.
    """
    return any(
        _digits(text[gap.end() :]) >= _FEWEST_OF_SECOND and _is_valid(text[: gap.start()], region)
        for gap in _BETWEEN_GROUPS.finditer(text)
    )


def parted(number: str) -> tuple[str, str]:
    """A number that `parse` made: E.164, and its extension or nothing."""
    e164, _, extension = number.partition(_EXTENSION)
    return e164, extension


def masked(number: Secret, dot: str) -> str:
    """The number as it may be shown: the country's code, `dot`s, the last two digits."""
    import phonenumbers

    e164, extension = parted(number.reveal())
    parsed = phonenumbers.parse(e164)
    international = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    text = phonenumbers.format_number(parsed, international)
    prefix_length = len(str(parsed.country_code)) + 1
    end = len(text) - _SHOWN
    shown = "".join(
        dot if sign.isdigit() and prefix_length <= place < end else sign
        for place, sign in enumerate(text)
    )
    return f"{shown} ext. {dot * len(extension)}" if extension else shown


def last_digits(number: Secret) -> str:
    """The last two digits, for a sentence."""
    return parted(number.reveal())[0][-_SHOWN:]
