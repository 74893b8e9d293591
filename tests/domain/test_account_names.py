"""SAFETY 1: which account names there are. Nothing else is ever repaired into one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.errors import InvalidName
from apppw_tui.domain.names import account_name, is_account_name, is_domain

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
    f"ada@{LABEL_63}",
]

BAD = [
    "",
    "Ada",
    "ADA",
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
    "_ada",
    "+ada",
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
    "ada@Example.org",
    "ada@exa_mple.org",
    "ada@example..org",
    "ada@.example.org",
    "ada@example.org.",
    "ada@example.org\n",
    "ada@-example.org",
    "ada@example-.org",
    "ada@b\u00fccher.example",
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


def test_a_name_with_capitals_is_told_what_is_wrong_and_not_repaired() -> None:
    with pytest.raises(InvalidName, match="lower case"):
        account_name("Ada")
    with pytest.raises(InvalidName, match="lower case"):
        account_name(" ada@example.org")


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


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.text(st.characters(codec="utf-8") | st.sampled_from("aA0.@-_/\n "), max_size=12))
def test_whatever_is_accepted_is_one_plain_file_name_in_lower_case(text: str) -> None:
    if is_account_name(text):
        assert text.isascii()
        assert text == text.lower().strip()
        assert not set(text) & set("/\\\0\n\r\t :%")
        assert text[0] not in ".-"
    else:
        with pytest.raises(InvalidName):
            account_name(text)


@pytest.mark.parametrize("text", ["example.org", "localhost", "a.b.c", LABEL_63])
def test_domains_of_a_labels_are_domains(text: str) -> None:
    assert is_domain(text)


@pytest.mark.parametrize(
    "text", ["", "Example.org", "@example.org", ".org", "org.", "a..b", "a_b", "a\n", "\u00fc.org"]
)
def test_anything_else_is_no_domain(text: str) -> None:
    assert not is_domain(text)
