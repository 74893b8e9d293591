from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apppw_tui.domain import phone
from apppw_tui.domain.errors import InvalidNumber
from apppw_tui.domain.secret import Secret

MOBILE = "+4915123456767"
DOT = "\u2022"


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        (MOBILE, None),
        ("+49 151 23456767", None),
        ("  +49 (151) 2345-6767 ", None),
        ("+49 (0) 151 23456767", None),
        ("+49 151 23456767", "FR"),
        ("0151 23456767", "DE"),
        ("0151/23456767", "DE"),
        ("0049 151 23456767", "DE"),
        ("tel:+49-151-23456767", "DE"),
        ("tel:+49-151-23456767", None),
        ("TEL: +4915123456767", None),
        ("(+49) 151 23456767", None),
        ("( +49 ) 151/23456767", None),
        ("(+49) 151 23456767", "FR"),
    ],
)
def test_however_it_is_written_it_is_read_as_e164(typed: str, region: str | None) -> None:
    assert phone.parse(typed, region).reveal() == MOBILE


@pytest.mark.parametrize(
    "typed",
    [
        "+49 30 1234567 ext. 42",
        "+49301234567;ext=42",
        "+49 30 1234567 x42",
        "tel:+49-30-1234567;ext=42",
    ],
)
def test_an_extension_is_kept(typed: str) -> None:
    number = phone.parse(typed, None)
    assert number.reveal() == "+49301234567;ext=42"
    assert phone.parted(number.reveal()) == ("+49301234567", "42")
    assert phone.masked(number, DOT) == f"+49 {DOT * 2} {DOT * 5}67 ext. {DOT * 2}"
    assert phone.last_digits(number) == "67"


@pytest.mark.parametrize(
    "said",
    [
        *("x12", " X 12", " ext 12", " ext. 12", ", ext. 12", " (ext. 12)", ";ext=12", "#12"),
        *("p12", " p 12", "w12", ",12", ",,12", ", 12", ";12", " pp 12#", "x\u0661\u0662"),
        *(" DW 12", " Durchwahl 12", " App. 12", " poste 12", " ramal: 12", " int. 12"),
        *(" interno 12", " anexo 12", " extensi\u00f3n 12", " extensio\u0301n 12", " wewn. 12"),
        *(" \u0434\u043e\u0431. 12", " \u0412\u041d. 12", " \u8f6c 12", "\u8f6c12"),
        *(" \u5185\u7dda 12", " \u05e9\u05dc\u05d5\u05d7\u05d4 12"),
    ],
)
def test_an_extension_is_known_by_its_word_or_by_a_pause(said: str) -> None:
    assert phone.parse(f"+49 30 901820{said}", None).reveal() == "+4930901820;ext=12"


@pytest.mark.parametrize("typed", ["+52 1 55 1234 5678", "+5215512345678", "+52 55 1234 5678"])
def test_a_mexican_mobile_phone_has_no_one_since_2019(typed: str) -> None:
    assert phone.parse(typed, None).reveal() == "+525512345678"


@pytest.mark.parametrize(
    "typed",
    [
        "+\uff14\uff19 \uff11\uff15\uff11 \uff12\uff13\uff14\uff15\uff16\uff17\uff16\uff17",
        "+\u0664\u0669\u0661\u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0666\u0667",
    ],
)
def test_digits_of_other_scripts_become_ascii(typed: str) -> None:
    assert phone.parse(typed, None).reveal() == MOBILE


@pytest.mark.parametrize("region", [None, "DE"])
@pytest.mark.parametrize("typed", ["", "   "])
def test_nothing_typed_is_asked_for(typed: str, region: str | None) -> None:
    with pytest.raises(InvalidNumber, match="Type the number"):
        phone.parse(typed, region)


@pytest.mark.parametrize("typed", ["0151 23456767", "4915123456767", "hello"])
def test_without_a_region_a_number_begins_with_the_code_of_its_country(typed: str) -> None:
    with pytest.raises(InvalidNumber, match=r"Start with \+ and the country code"):
        phone.parse(typed, None)


@pytest.mark.parametrize(
    ("typed", "region", "reason"),
    [
        ("+", None, "not a telephone number"),
        ("+49", None, "not a telephone number"),
        ("+ada", None, "has no letters"),
        ("hello", "DE", "has no letters"),
        ("+999 151 23456767", None, "not a telephone number"),
        ("0151 23456767", "XX", "not a telephone number"),
        ("+" + "1" * 100, None, "not a telephone number"),
        (f"+49{' ' * 40}15123456767", None, "not a telephone number"),
        ("+49 151 234", None, "no such telephone number"),
        ("+49 151 2345676789012", None, "has too many digits"),
        ("+1 212 555 23688", None, "has too many digits"),
        ("+1 212 555 2368 8", None, "has too many digits"),
        ("+1 800 FLOWERS", None, "has no letters"),
        ("+49 30 901820 ext", None, "has no letters"),
        ("+49 30 901820 ext 1234567890", None, "has no letters"),
        ("+49 3O 901820", None, "has no letters"),
        ("+49 30 9*1820", None, "not a telephone number"),
        ("+1 000 000 0000", None, "no such telephone number"),
        ("110", "DE", "no such telephone number"),
        (f"{MOBILE} call me", None, "has no letters"),
        (f"{MOBILE}\N{SEMICOLON}$(id)", None, "has no letters"),
        (f"{MOBILE}\n+4915123456768", None, "more than one number"),
        (f"{MOBILE} +4915123456768", None, "more than one number"),
        ("+49 151 23456767 / 0151 23456768", None, "more than one number"),
        ("0151 23456767, 030 12345678", "DE", "more than one number"),
        ("0151 23456767; 030 12345678", "DE", "more than one number"),
        ("0151 23456767 or 030 12345678", "DE", "more than one number"),
        (", ".join(["0151 23456767"] * 9), "DE", "more than one number"),
        ("\udcff", "DE", "not a telephone number"),
        ("+\0", None, "not a telephone number"),
    ],
)
def test_what_cannot_be_called_is_refused(
    typed: str, region: str | None, reason: str | None
) -> None:
    with pytest.raises(InvalidNumber, match=reason) as refused:
        phone.parse(typed, region)
    assert refused.value.__cause__ is None
    assert "151" not in str(refused.value).replace("+49 151 23456789", "")


@pytest.mark.parametrize("between", [" / ", "/", " or ", " und ", " ", "\n", ", ", " & ", " | "])
@pytest.mark.parametrize(
    ("first", "second", "region"),
    [
        ("+49 30 901820", "901821", None),
        ("030 901820", "901821", "DE"),
        ("+1 212 555 2368", "212 555 2369", None),
        ("+33 1 23 45 67 89", "90 12 34", None),
    ],
)
def test_two_numbers_do_not_become_one(
    first: str, second: str, region: str | None, between: str
) -> None:
    with pytest.raises(InvalidNumber, match="more than one number"):
        phone.parse(f"{first}{between}{second}", region)


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("+1 212 555 2368 / 2369", None),
        ("+1 212 555 2368 2369", None),
        ("+49 30 901820/21", None),
        ("901820 / 901821", "DE"),
        ("+49 30 901820 ext 12 or 13", None),
    ],
)
def test_a_number_and_the_end_of_another_are_two(typed: str, region: str | None) -> None:
    with pytest.raises(InvalidNumber, match="more than one number"):
        phone.parse(typed, region)


@pytest.mark.parametrize(
    ("typed", "region"),
    [
        ("030/901820", "DE"),
        ("030 / 90 18 20", "DE"),
        ("0 30 / 90 18 20", "DE"),
        ("+49 30/901820", None),
        ("+49 (0)30 / 901820", None),
        ("Tel.: 030 901820", "DE"),
        ("tel://+4930901820", None),
    ],
)
def test_a_slash_after_the_area_code_makes_no_second_number(typed: str, region: str | None) -> None:
    assert phone.parse(typed, region).reveal() == "+4930901820"


def test_a_desk_behind_the_number_of_an_office_is_a_number_where_lengths_are_open() -> None:
    assert phone.parse("+49 30 901820-12", None).reveal() == "+493090182012"
    assert phone.parse("+49 30 901820 1234", None).reveal() == "+49309018201234"


def examples() -> Iterator[tuple[int, str]]:
    """The code of the country and the E.164 form of every kind of number there is."""
    kinds = [kind for kind in vars(phonenumbers.PhoneNumberType).values() if isinstance(kind, int)]
    found = [
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
        if 0 <= kind <= 10
    ]
    found += [
        phonenumbers.example_number_for_non_geo_entity(code)
        for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    ]
    for number in found:
        if number is not None:
            e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            yield number.country_code or 0, e164


def shows_its_ends_alone(code: int, e164: str) -> None:
    """All of its digits but the country's and the last two have become dots."""
    number = phone.parse(e164, None)
    assert number.reveal() == e164
    shown = phone.masked(number, DOT)
    assert "".join(sign for sign in shown if sign.isdigit()) == f"{code}{e164[-2:]}"
    assert shown.startswith(f"+{code}")
    assert shown.endswith(e164[-2:])
    assert shown.count(DOT) == len(e164) - len(f"+{code}") - 2
    assert phone.last_digits(number) == e164[-2:]


@pytest.mark.slow
def test_everywhere_the_mask_shows_the_country_and_the_last_two_digits() -> None:
    numbers = set(examples())
    assert len(numbers) > 900
    for code, e164 in numbers:
        shows_its_ends_alone(code, e164)


@given(st.sampled_from(sorted(set(examples()))), st.text("0123456789", min_size=4, max_size=4))
def test_whatever_the_last_digits_are_they_alone_are_shown(
    example: tuple[int, str], end: str
) -> None:
    code, e164 = example
    e164 = e164[:-4] + end
    try:
        phone.parse(e164, None)
    except InvalidNumber:
        return  # no such number: nothing to show
    shows_its_ends_alone(code, e164)


def test_a_masked_number_keeps_the_shape_in_which_it_is_written() -> None:
    assert phone.masked(Secret(MOBILE), DOT) == f"+49 {DOT * 4} {DOT * 5}67"
    assert phone.masked(Secret("+12015550123"), "*") == "+1 ***-***-**23"


def test_a_phone_names_the_field_under_which_it_is_sealed() -> None:
    assert [phone.secret_name(which) for which in phone.PHONES] == [
        "phone authentication",
        "phone office",
        "phone alternate",
    ]
