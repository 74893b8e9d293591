"""SAFETY 4 and 5: what an app password is made of, and what is read as one."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.app_password import (
    LENGTH,
    generate,
    read,
)
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.symbols import SYMBOLS, check_symbol, grouped

RANDOM = Random(4)
GENERATED = [
    generate("".join(RANDOM.choices(SYMBOLS, k=3)), RANDOM.randrange).reveal() for _ in range(20)
]
KNOWN = "7kfm2xqd9h3vtw5nc8rw"
BODIES = st.text(SYMBOLS, min_size=LENGTH - 1, max_size=LENGTH - 1)


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("0000000000000000001", "2"),
        ("7kfm2xqd9h3vtw5nc8r", "w"),
        ("zzzzzzzzzzzzzzzzzzz", "t"),
    ],
)
def test_the_check_symbol_is_the_one_that_was_agreed(body: str, check: str) -> None:
    assert check_symbol(body) == check


def test_a_generated_one_has_twenty_symbols_under_its_id_and_reads_back() -> None:
    for text in GENERATED:
        assert len(text) == 20
        assert set(text) <= set(SYMBOLS)
        presented = read(text)
        assert presented is not None
        assert presented.id == text[:3]
        assert presented.secret.reveal() == text


def test_each_of_the_sixteen_random_symbols_is_drawn_from_all_thirty_two() -> None:
    asked: list[int] = []

    def randbelow(limit: int) -> int:
        asked.append(limit)
        return len(asked) % limit

    text = generate("abc", randbelow).reveal()
    assert asked == [32] * 16
    assert text[3:19] == "123456789abcdefg"


def test_two_generated_ones_differ() -> None:
    assert generate("abc").reveal() != generate("abc").reveal()


@pytest.mark.parametrize("text", [*GENERATED, KNOWN])
def test_every_single_wrong_symbol_is_caught(text: str) -> None:
    for position in range(LENGTH):
        for symbol in SYMBOLS:
            if symbol != text[position]:
                assert read(text[:position] + symbol + text[position + 1 :]) is None


@pytest.mark.parametrize("text", [*GENERATED, KNOWN])
def test_every_swap_of_two_unequal_symbols_is_caught(text: str) -> None:
    for first, second in combinations(range(LENGTH), 2):
        if text[first] != text[second]:
            symbols = list(text)
            symbols[first], symbols[second] = symbols[second], symbols[first]
            assert read("".join(symbols)) is None


@settings(deadline=None, derandomize=True)
@given(BODIES, st.integers(0, LENGTH - 1), st.sampled_from(SYMBOLS))
def test_no_body_lets_a_wrong_symbol_pass(body: str, position: int, symbol: str) -> None:
    text = body + check_symbol(body)
    wrong = text[:position] + symbol + text[position + 1 :]
    assert (read(wrong) is None) is (wrong != text)


@settings(deadline=None, derandomize=True)
@given(BODIES, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_no_body_lets_a_swap_pass(body: str, first: int, second: int) -> None:
    symbols = list(body + check_symbol(body))
    symbols[first], symbols[second] = symbols[second], symbols[first]
    swapped = "".join(symbols)
    assert (read(swapped) is None) is (swapped != body + check_symbol(body))


LOOKALIKES = {"0": "0oO", "1": "1iIlL"}


@settings(deadline=None, derandomize=True)
@given(st.data(), BODIES)
def test_blanks_dashes_case_and_lookalikes_do_not_matter(data: st.DataObject, body: str) -> None:
    text = body + check_symbol(body)
    written = ""
    for symbol in text:
        written += data.draw(st.sampled_from(["", "", " ", "-", " - "]))
        written += data.draw(st.sampled_from(LOOKALIKES.get(symbol, symbol + symbol.upper())))
    presented = read(written)
    assert presented is not None
    assert presented.secret.reveal() == text


def test_it_is_shown_in_five_groups_of_four_that_read_back() -> None:
    shown = grouped(Secret(KNOWN))
    assert shown == "7kfm 2xqd 9h3v tw5n c8rw"
    presented = read(shown)
    assert presented is not None
    assert presented.secret.reveal() == KNOWN


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" - ", id="only separators"),
        pytest.param(KNOWN[:19], id="nineteen"),
        pytest.param(KNOWN + "0", id="twenty-one"),
        pytest.param("u" + KNOWN[1:], id="u"),
        pytest.param("U" + KNOWN[1:], id="capital u"),
        pytest.param(KNOWN.replace("k", "\u212a"), id="Kelvin sign, whose lower case is k"),
        pytest.param(KNOWN.replace("7", "\uff17"), id="full-width digit"),
        pytest.param(KNOWN.replace("7", "\u0667"), id="Arabic-Indic digit"),
        pytest.param(KNOWN.replace("k", "\u043a"), id="Cyrillic letter"),
        pytest.param(KNOWN + "\u0301", id="combining mark at the end"),
        pytest.param(KNOWN + "\u00a0", id="no-break space"),
        pytest.param(KNOWN + "\n", id="newline"),
        pytest.param(KNOWN + "\t", id="tab"),
        pytest.param(KNOWN + "\0", id="NUL"),
        pytest.param("\udcff" + KNOWN[1:], id="lone surrogate"),
        pytest.param("_" + KNOWN[1:], id="underscore"),
        pytest.param("correct horse battery staple", id="an account password"),
        pytest.param(KNOWN * 10_000, id="very long"),
        pytest.param(KNOWN + " " * 109, id="a long way to write twenty symbols"),
    ],
)
def test_anything_else_is_no_app_password(text: str) -> None:
    assert read(text) is None


def test_a_generous_way_to_write_it_is_still_read() -> None:
    assert read(KNOWN + " " * 108) is not None
