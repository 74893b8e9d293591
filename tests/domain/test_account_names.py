"""SAFETY 1: which account names there are, and what is read as one. Nothing else is repaired."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.errors import InvalidName
from apppw_tui.domain.names import (
    account_name,
    candidates,
    check_account_name,
    is_account_name,
    is_domain,
)

LABEL_63 = "a" * 63
DOMAIN_135 = f"{LABEL_63}.{LABEL_63}.example"

GOOD = [
    "ada",
    "a",
    "0",
    "ada@example.org",
    "ada@localhost",
    "ada.lovelace+mail_2-x@mail.example.org",
    "ada-",
    "ada.",
    "a" * 64,
    f"{'a' * 64}@{DOMAIN_135}",
    "ada@xn--bcher-kva.example",
    "ada@3com.example",
    "o'brien@example.org",
    "_scanner@example.org",
    "'",
    "a&b=c~d@example.org",
    f"ada@{LABEL_63}",
]

BAD = [
    "",
    " ada",
    "ada ",
    "ada\n",
    "\nada",
    "ada\0",
    "ada lovelace",
    "ad\u00e4",
    "\u0430da",  # Cyrillic a
    "\uff41da",
    "ada\u200b",
    "\u0661da",  # Arabic-Indic one
    "ada\udcff",
    ".ada",
    "-ada",
    "+ada",
    "&ada",
    "~ada",
    "=ada",
    "a!b",
    "ada%2540example.org",  # decoded once
    "ada%ff",
    "%40" * 300,
    "../x",
    "..",
    ".",
    "a/b",
    "a\\b",
    "a%b",
    "a:b",
    "a" * 65,
    f"{'a' * 65}@example.org",
    f"{'a' * 64}@{DOMAIN_135}a",
    "ada@",
    "@example.org",
    "ada@@example.org",
    "ada@example@org",
    "ada@exa_mple.org",
    "ada@example..org",
    "ada@.example.org",
    "ada@example.org.",
    "ada@example.org\n",
    "ada@-example.org",
    "ada@example-.org",
    "ada@\u212aaffee.example",  # the Kelvin sign, which lower case would make a k
    "ada@b\u00fccher.\u212aaffee.example",
    "ada@\uff42.example",
    "ada@b\u3002example",
    "ada@" + "\u00fc" * 300,
    f"ada@{LABEL_63}a",
    "ada@exam ple.org",
    "ada@[127.0.0.1]",
]


@pytest.mark.parametrize("name", GOOD)
def test_good_names_are_taken_as_they_are(name: str) -> None:
    assert is_account_name(name)
    assert account_name(name) == name


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("domain", [None, "example.org"])
def test_bad_names_are_refused_with_an_example(name: str, domain: str | None) -> None:
    assert not is_account_name(name)
    with pytest.raises(InvalidName, match=r"ada or ada@example\.org"):
        account_name(name, domain)


def test_the_longest_name_has_two_hundred_characters() -> None:
    assert len(f"{'a' * 64}@{DOMAIN_135}") == 200


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Ada", "ada"),
        ("ADA@Example.ORG", "ada@example.org"),
        ("ada%40example.org", "ada@example.org"),
        ("Ada%40Example.org", "ada@example.org"),
        ("%41da", "ada"),
        ("ada+x%40example.org", "ada+x@example.org"),  # "+" is no blank
        ("O%27Brien", "o'brien"),
        ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("ada@B\u00fccher.Example", "ada@xn--bcher-kva.example"),
        ("ada%40b%C3%BCcher.example", "ada@xn--bcher-kva.example"),
        ("ADA@B\u00dcCHER.example", "ada@xn--bcher-kva.example"),
        ("ADA@BU\u0308CHER.EXAMPLE", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada%40B%C3%9CCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@\u041f\u041e\u0427\u0422\u0410.example", "ada@xn--80a1acny.example"),
        ("ada@\u039f\u0394\u039f\u03a3.example", "ada@xn--pxavbq.example"),
        ("ada@fa\u00df.example", "ada@xn--fa-hia.example"),  # IDNA 2008; 2003 makes it another
        ("ada@\u4f8b\u3048.example", "ada@xn--r8jz45g.example"),
    ],
)
def test_what_is_typed_or_sent_is_read_as_the_name_that_it_means(sent: str, name: str) -> None:
    assert candidates(sent) == (name,)
    assert account_name(sent) == name
    assert not is_account_name(sent)
    with pytest.raises(InvalidName):
        check_account_name(sent)


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("ad\u00e4", 'have "\u00e4" in it'),
        ("ada lovelace", "have a blank in it"),
        ('"ada"', "have '\"' in it"),
        ("ada%2540x", 'have "%" in it'),
        ("ada\u200b", r"have U\+200B in it"),
        ("a\u0308da", r"have U\+0308 in it"),
        ("ada\n", r"have U\+000A in it"),
        ("ada\udcff", "have a byte that is no UTF-8 in it"),
        ("-ada", 'begin with "-"'),
        ("ada@exa_mple.org", 'domain of an account name cannot have "_" in it'),
        (
            "ada@b\u00fc\U0001f4a9.example",
            'domain of an account name cannot have "\U0001f4a9" in it',
        ),
        ("a" * 65, "at most 64 characters"),
        (f"{'a' * 64}@{DOMAIN_135}a", "at most 200 characters"),
        ("ada@", "no domain"),
        ("ada@EXAMPLE.org.", r'domain of an account name cannot end with "\."'),
        ("ada@.example.org", r'domain of an account name cannot begin with "\."'),
        ("ada@example..org", r'domain of an account name cannot have "\.\." in it'),
        ("ada@-example.org", 'domain of an account name cannot begin with "-"'),
        ("ada@example-.org", r'domain of an account name cannot have "-\." in it'),
        ("ada@B\u00dcCHER_.example", 'domain of an account name cannot have "_" in it'),
        (f"ada@{LABEL_63}a", "at most 63 characters between two dots"),
        ("@example.org", "not an account name"),
    ],
)
def test_the_refusal_says_which_character_is_not_allowed(typed: str, named: str) -> None:
    with pytest.raises(InvalidName, match=named):
        account_name(typed)


def test_the_refusal_does_not_repeat_what_was_typed() -> None:
    with pytest.raises(InvalidName) as refusal:
        account_name("hunter2 is my password")
    assert "hunter2" not in str(refusal.value)


def test_a_default_domain_completes_a_short_name_and_no_other() -> None:
    assert account_name("ada", "example.org") == "ada@example.org"
    assert account_name("ada@example.net", "example.org") == "ada@example.net"
    assert account_name("ada") == "ada"


def test_a_default_domain_cannot_make_a_name_too_long() -> None:
    with pytest.raises(InvalidName):
        account_name("a" * 64, f"{DOMAIN_135}a")
    assert account_name("a" * 64, DOMAIN_135)


@pytest.mark.slow
@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from("aA0.@-_/\n %\u00fc"), max_size=12))
def test_whatever_is_accepted_is_one_plain_file_name_in_lower_case(text: str) -> None:
    if is_account_name(text):
        assert text.isascii()
        assert text == text.lower().strip()
        assert not set(text) & set("/\\\0\n\r\t :%")
        assert text[0] not in ".-"
        assert candidates(text) == (text,)
        return
    with pytest.raises(InvalidName):
        check_account_name(text)
    with suppress(InvalidName):
        (read,) = candidates(text)
        assert is_account_name(read)
        assert candidates(read) == (read,)


@pytest.mark.parametrize("text", ["example.org", "localhost", "a.b.c", LABEL_63])
def test_domains_of_a_labels_are_domains(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    "text", ["", "Example.org", "@example.org", ".org", "org.", "a..b", "a_b", "a\n", "\u00fc.org"]
)
def test_anything_else_is_no_domain(text: str) -> None:
    assert not is_domain(text)
