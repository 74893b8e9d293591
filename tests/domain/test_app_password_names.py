"""SAFETY 3: names of app passwords are text that can be seen, and told apart."""

import sys
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import InvalidName, NameTaken
from apppw_tui.domain.names import app_password_name, escaped, name_key
from tests.support import NOW

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
PHONES = "\u06af\u0648\u0634\u06cc\u200c\u0647\u0627"  # Persian
ALL_CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1)]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Phone", "Phone"),
        ("  Phone \t\n", "Phone"),
        ("\u2003Phone\u00a0", "Phone"),
        ("\u3000\u96fb\u8a71\u3000\u516d\u3000", "\u96fb\u8a71 \u516d"),
        ("my\u00a0old\u202fphone\u2007", "my old phone"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("\u1100\u1161", "\uac00"),
        ("two  blanks", "two  blanks"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("[/x]", "[/x]"),
        ('it\'s "quoted" \\ $HOME `id`', 'it\'s "quoted" \\ $HOME `id`'),
        ("\U0001f4f1 phone", "\U0001f4f1 phone"),
        ("\u2709\ufe0f", "\u2709\ufe0f"),
        ("q\u0323\u0307", "q\u0323\u0307"),
        ("\u05d8\u05dc\u05e4\u05d5\u05df", "\u05d8\u05dc\u05e4\u05d5\u05df"),
        ("\u0647\u0627\u062a\u0641", "\u0647\u0627\u062a\u0641"),
        ("\u624b\u673a", "\u624b\u673a"),
        (
            "\u06af\u0648\u0634\u06cc\u200c\u0647\u0627",
            "\u06af\u0648\u0634\u06cc\u200c\u0647\u0627",
        ),
        # Malayalam with chillus of before Unicode 5.1, at the end of a word; Hindi, half a letter
        ("\u0d2b\u0d4b\u0d23\u0d4d\u200d", "\u0d2b\u0d4b\u0d23\u0d4d\u200d"),
        ("\u0d05\u0d35\u0d28\u0d4d\u200d \u0d2b", "\u0d05\u0d35\u0d28\u0d4d\u200d \u0d2b"),
        (
            "\u0915\u094d\u200d\u0937 \u0930\u094d\u200c\u092f",
            "\u0915\u094d\u200d\u0937 \u0930\u094d\u200c\u092f",
        ),
        (FAMILY, FAMILY),
        ("\U0001f469\U0001f3fd\u200d\U0001f4bb", "\U0001f469\U0001f3fd\u200d\U0001f4bb"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"),
        ("\U0001f3c3\u200d\u2642\ufe0f", "\U0001f3c3\u200d\u2642\ufe0f"),
        ("\U0001f642\u200d\u2194\ufe0f", "\U0001f642\u200d\u2194\ufe0f"),
        ("x" * 64, "x" * 64),
        (" " + "x" * 64 + " ", "x" * 64),
        ("e\u0301" * 64, "\u00e9" * 64),
    ],
)
def test_a_good_name_is_trimmed_and_composed_and_otherwise_kept(typed: str, kept: str) -> None:
    assert app_password_name(typed) == kept


@pytest.mark.parametrize("typed", ["", " ", "\t\n", "\u3000", "\u00a0 \u2003"])
def test_an_empty_name_asks_for_one(typed: str) -> None:
    with pytest.raises(InvalidName, match="Give it a name"):
        app_password_name(typed)


def test_a_name_that_is_too_long_says_how_long_it_is() -> None:
    with pytest.raises(InvalidName, match=r"at most 64 characters; this one has 65\."):
        app_password_name("x" * 65)


@pytest.mark.parametrize(
    "character",
    [
        *map(chr, range(0x20)),  # C0
        *map(chr, range(0x7F, 0xA0)),  # DEL and C1
        *map(chr, range(0x202A, 0x202F)),  # bidi embeddings and overrides
        *map(chr, range(0x2066, 0x206A)),  # bidi isolates
        *"\u200e\u200f\u061c",  # bidi marks
        *"\u200b\u2060\ufeff",  # zero width
        *"\u00ad\u034f\u115f\u1160\u3164\uffa0\u17b4\u17b5\u180b\u180e\u2800\ufe00\ufe0e",
        *"\u2028\u2029",
        *"\U000e0001\U000e0041\U000e0100\U000e01ef\ue000\ud800\uffff",
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_a_character_that_acts_or_hides_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(InvalidName, match=rf"^A name cannot have U\+{ord(character):04X}[ .]"):
        app_password_name(f"a{character}b")


def test_a_byte_of_another_encoding_is_called_what_it_is() -> None:
    with pytest.raises(InvalidName, match=r"^A name cannot have a byte that is no UTF-8\.$"):
        app_password_name("a\udcffb")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("a\u202eb", "A name cannot have U+202E (right-to-left override)."),
        ("a\u200bb", "A name cannot have U+200B (zero width space)."),
        ("a\x07b", "A name cannot have U+0007."),
        ("\u0301x", "A name cannot begin with U+0301 (combining acute accent)."),
        ("1\u200d", "A name can have U+200D (zero width joiner) only between letters."),
        ("a \u200c b", "A name can have U+200C (zero width non-joiner) only between letters."),
    ],
)
def test_the_refusal_says_which_character(typed: str, said: str) -> None:
    with pytest.raises(InvalidName) as refused:
        app_password_name(typed)
    assert str(refused.value) == said


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
@pytest.mark.parametrize(
    "around", ["{}a", "a{}", "a{} b", "a {}b", "1{}2", "a{}{}b", "a{}-b", "{}"]
)
def test_a_joiner_that_joins_nothing_is_refused(joiner: str, around: str) -> None:
    with pytest.raises(InvalidName, match="only between letters"):
        app_password_name(around.format(joiner, joiner))


@pytest.mark.slow
def test_of_all_characters_none_that_acts_or_hides_is_let_in() -> None:
    let_in = [
        character for character in ALL_CHARACTERS if character == _kept_inside_a_name(character)
    ]
    assert len(let_in) > 100_000
    for character in let_in:
        # Other: controls, formats, surrogates, private, unassigned. Separators but the blank.
        category = unicodedata.category(character)
        assert category[0] != "Z" or character == " "
        assert character in "\u200c\u200d" or category[0] != "C"
        assert unicodedata.bidirectional(character) not in {
            *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
        }


def _kept_inside_a_name(character: str) -> str | None:
    try:
        return app_password_name(f"a{character}b")[1:-1]
    except InvalidName:
        return None


@pytest.mark.parametrize("name", ["\u0301x", "\u0301", "\ufe0f", "\u20dd"])
def test_a_mark_without_a_letter_before_it_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match=rf"cannot begin with U\+{ord(name[0]):04X}"):
        app_password_name(name)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.text(max_size=70))
def test_a_name_that_was_accepted_is_accepted_unchanged_again(text: str) -> None:
    try:
        name = app_password_name(text)
    except InvalidName:
        return
    assert app_password_name(name) == name
    assert escaped(escaped(name)) == escaped(name)
    assert all(sign.isprintable() or sign in "\u200c\u200d" for sign in escaped(name))


def account_with(*names: str) -> Account:
    account = Account.new("ada", "$argon2id$", NOW)
    for number, name in enumerate(names):
        account = account.with_app_password(
            AppPassword(f"00{number}", name, "$argon2id$", NOW), limit=40
        )
    return account


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Phone", "Phone"),
        ("Phone", "pHONE"),
        ("Stra\u00dfe", "STRASSE"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
            "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3",
        ),
        ("Caf\u00e9", "CAF\u00c9"),
        (PHONES, PHONES.replace("\u200c", "")),
        (FAMILY, FAMILY.replace("\u200d", "")),
        ("\u2709\ufe0f", "\u2709"),
    ],
)
def test_names_that_look_the_same_are_the_same(first: str, second: str) -> None:
    assert name_key(first) == name_key(second)
    with pytest.raises(NameTaken, match=f"already have one called {first}"):
        account_with(first, second)


def test_names_that_differ_in_more_are_different() -> None:
    assert len(account_with("Phone", "Phones", "Ph\u00f6ne", "Pho ne").app_passwords) == 4


def test_one_may_be_renamed_into_another_case_of_its_own_name() -> None:
    renamed = account_with("Phone", "Car").with_app_password_changed(
        replace(account_with("Phone", "Car").existing_app_password("000"), name="PHONE")
    )
    assert [password.name for password in renamed.app_passwords] == ["PHONE", "Car"]
    with pytest.raises(NameTaken):
        renamed.with_app_password_changed(
            replace(renamed.existing_app_password("001"), name="phone")
        )


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("Phone", "Phone"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\0", "a\\nb\\tc\\x00"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202eevil", "\\u202eevil"),
        ("\udcff", "\\udcff"),
        ("\u624b\u673a", "\u624b\u673a"),
        ("\u06cc\u200c\u0647", "\u06cc\u200c\u0647"),
        ("a\u200c", "a\\u200c"),
        (f"{FAMILY} tablet", "\U0001f468\U0001f469\U0001f467\U0001f466 tablet"),
        ("\U0001f469\U0001f3fd\u200d\U0001f4bb", "\U0001f469\U0001f4bb"),
        ("\u2764\ufe0f\u200d\U0001f525", "\u2764\U0001f525"),
    ],
)
def test_what_is_shown_cannot_act(text: str, visible: str) -> None:
    assert escaped(text) == visible
