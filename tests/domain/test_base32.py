"""SAFETY 4 and 5: what an app password is made of, and what is read as one."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apppw_tui.domain.app_password import (
    LENGTHS,
    SYMBOLS,
    checksum,
    generate,
    grouped,
    parse,
    redacted,
)
from apppw_tui.domain.secret import Secret

RANDOM = Random(4)
GENERATED = [
    generate("".join(RANDOM.choices(SYMBOLS, k=3)), RANDOM.randrange).reveal() for _ in range(20)
]
KNOWN = "7kfm2xqd9h3vtw58"
OLDER = "7kfm2xqd9h3vtw5nc8rw"  # the form of earlier versions
BODIES = st.one_of(*(st.text(SYMBOLS, min_size=size, max_size=size) for size in (15, 19)))


@pytest.mark.parametrize(
    ("body", "check"),
    [
        ("000000000000001", "2"),
        ("7kfm2xqd9h3vtw5", "8"),
        ("zzzzzzzzzzzzzzz", "n"),
        ("0000000000000000001", "2"),
        ("7kfm2xqd9h3vtw5nc8r", "w"),
        ("zzzzzzzzzzzzzzzzzzz", "t"),
    ],
)
def test_the_check_symbol_is_the_one_that_was_agreed(body: str, check: str) -> None:
    assert checksum(body) == check
    presented = parse(body + check)
    assert presented is not None
    assert (presented.id, presented.reveal()) == (body[:3], body + check)


def test_a_generated_one_has_sixteen_symbols_under_its_id_and_reads_back() -> None:
    for text in GENERATED:
        assert len(text) == 16
        assert set(text) <= set(SYMBOLS)
        presented = parse(text)
        assert presented is not None
        assert presented.id == text[:3]
        assert presented.reveal() == text


def test_each_of_the_twelve_random_symbols_is_drawn_from_all_thirty_two() -> None:
    asked: list[int] = []

    def randbelow(limit: int) -> int:
        asked.append(limit)
        return len(asked) % limit

    text = generate("abc", randbelow).reveal()
    assert asked == [32] * 12
    assert text[3:15] == "123456789abc"


def test_two_generated_ones_differ() -> None:
    assert generate("abc").reveal() != generate("abc").reveal()


@pytest.mark.parametrize("text", [*GENERATED, KNOWN, OLDER])
def test_every_single_wrong_symbol_is_caught(text: str) -> None:
    for position in range(len(text)):
        for symbol in SYMBOLS:
            if symbol != text[position]:
                assert parse(text[:position] + symbol + text[position + 1 :]) is None


@pytest.mark.parametrize("text", [*GENERATED, KNOWN, OLDER])
def test_every_swap_of_two_unequal_symbols_is_caught(text: str) -> None:
    for first, second in combinations(range(len(text)), 2):
        if text[first] != text[second]:
            symbols = list(text)
            symbols[first], symbols[second] = symbols[second], symbols[first]
            assert parse("".join(symbols)) is None


@settings(deadline=None, derandomize=True)
@given(BODIES, st.integers(0, 19), st.sampled_from(SYMBOLS))
def test_no_body_lets_a_wrong_symbol_pass(body: str, position: int, symbol: str) -> None:
    text = body + checksum(body)
    position %= len(text)
    wrong = text[:position] + symbol + text[position + 1 :]
    assert (parse(wrong) is None) is (wrong != text)


@settings(deadline=None, derandomize=True)
@given(BODIES, st.integers(0, 19), st.integers(0, 19))
def test_no_body_lets_a_swap_pass(body: str, first: int, second: int) -> None:
    symbols = list(body + checksum(body))
    first, second = first % len(symbols), second % len(symbols)
    symbols[first], symbols[second] = symbols[second], symbols[first]
    swapped = "".join(symbols)
    assert (parse(swapped) is None) is (swapped != body + checksum(body))


LOOKALIKES = {"0": "0oO\uff4f", "1": "1iIlL\uff29", "k": "kK\u212a"}
# Of what pages, notes, word processors and terminals put between the groups.
BETWEEN = [
    *("", "", "", " ", "-", " - ", "\t", "\n", "\r\n", "\0", "\x1b", "\x7f", "\x85"),
    *("\u00a0", "\u2003", "\u2009", "\u202f", "\u3000", "\u00ad", "\u200b", "\u200d", "\u2060"),
    *("\ufeff", "\u200e", "\u202a", "\u2066", "\u2010", "\u2011", "\u2013", "\u2014", "\uff0d"),
    *("\ufe58", "\ufe63", "\u30a0", "\U000e0020"),
]


def written_otherwise(draw: st.DrawFn, text: str) -> str:
    written = ""
    for symbol in text:
        full_width = chr(ord(symbol) + 0xFEE0)
        also = LOOKALIKES.get(symbol, symbol + symbol.upper()) + full_width + full_width.upper()
        written += draw(st.sampled_from(BETWEEN)) + draw(st.sampled_from(also))
    return written


@settings(deadline=None, derandomize=True)
@given(st.data(), BODIES)
def test_what_separates_case_width_and_lookalikes_do_not_matter(
    data: st.DataObject, body: str
) -> None:
    text = body + checksum(body)
    presented = parse(data.draw(st.composite(written_otherwise)(text)))
    assert presented is not None
    assert presented.reveal() == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [(KNOWN, "7kfm 2xqd 9h3v tw58"), (OLDER, "7kfm 2xqd 9h3v tw5n c8rw")],
)
def test_it_is_shown_in_groups_of_four_that_read_back(text: str, shown: str) -> None:
    assert grouped(Secret(text)) == shown
    presented = parse(shown)
    assert presented is not None
    assert presented.reveal() == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" - ", id="only separators"),
        *(
            pytest.param(symbols + checksum(symbols), id=f"{len(symbols) + 1} with a check")
            for symbols in ("0" * (size - 1) for size in range(1, 32) if size not in LENGTHS)
        ),
        pytest.param(KNOWN[:15], id="fifteen"),
        pytest.param(OLDER + "0", id="twenty-one"),
        pytest.param("u000000000000000", id="u"),
        pytest.param("U000000000000000", id="capital u"),
        pytest.param(KNOWN.replace("7", "\u0667"), id="Arabic-Indic digit"),
        pytest.param(KNOWN.replace("k", "\u043a"), id="Cyrillic letter"),
        pytest.param("\u0130" + "0" * 15, id="I with a dot, whose lower case begins with i"),
        pytest.param(KNOWN + "\u0301", id="combining mark at the end"),
        pytest.param(KNOWN + "\ufe0f", id="variation selector"),
        pytest.param(KNOWN + "\u2028", id="line separator"),
        pytest.param(KNOWN + "\u2212", id="minus sign"),
        pytest.param("\udcff" + KNOWN, id="lone surrogate"),
        pytest.param(KNOWN + "\ue000", id="private use"),
        pytest.param(KNOWN + ".", id="full stop"),
        pytest.param("_" + KNOWN, id="underscore"),
        pytest.param("correct horse battery staple", id="an account password"),
        pytest.param(KNOWN * 10_000, id="very long"),
        pytest.param(OLDER + " " * 109, id="a long way to write twenty symbols"),
    ],
)
def test_anything_else_is_no_app_password(text: str) -> None:
    assert parse(text) is None


def test_a_generous_way_to_write_it_is_still_read() -> None:
    assert parse(OLDER + " " * 108) is not None


# --- where it stands in another text -------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, derandomize=True)
@given(st.text(max_size=30), st.text(max_size=30), BODIES, st.data())
def test_wherever_it_stands_by_itself_it_is_found(
    before: str, after: str, body: str, data: st.DataObject
) -> None:
    text = body + checksum(body)
    between = data.draw(st.sampled_from(BETWEEN))
    written = between.join(text[start : start + 4] for start in range(0, len(text), 4))
    assert written not in redacted(f"{before}/{written}/{after}")


@pytest.mark.parametrize("text", [KNOWN, OLDER])
@pytest.mark.parametrize("between", [" ", "-", "\u00a0", "\u2011", "\t", "\u200b", " - "])
def test_it_is_found_in_a_sentence_however_it_is_written(text: str, between: str) -> None:
    for size in (1, 3, 4, 5, 8, 20):
        groups = [text[start : start + size] for start in range(0, len(text), size)]
        for written in (between.join(groups), between.join(groups).upper()):
            assert redacted(f"my phone: {written}, or so") == "my phone: (app password), or so"
    wide = "".join(chr(ord(symbol) + 0xFEE0) for symbol in text)
    assert redacted(f"{wide} {between}{text}") == f"(app password) {between}(app password)"


@pytest.mark.parametrize(
    "text",
    [
        *("a name of twenty symbols", KNOWN[:-1] + "0", OLDER[:-1] + "0", "Ada's iPhone"),
        *(KNOWN + "x", OLDER + "x", "x" + KNOWN, "2026-11-22T12:00:00Z"),
    ],
)
def test_other_words_are_left_as_they_are(text: str) -> None:
    assert redacted(text) == text


def test_nothing_of_it_is_left_where_what_stands_before_it_is_taken_for_a_part() -> None:
    symbols = next(
        symbols
        for symbols in map("{:04}".format, range(10_000))
        if checksum(symbols + KNOWN[:11]) == KNOWN[11]
    )
    assert parse(symbols + KNOWN[:12]) is not None
    assert redacted(f"{symbols} {grouped(Secret(KNOWN))}") == "(app password)"


def test_prose_is_left_as_it_is() -> None:
    """Though each of these has the right check symbol, by chance."""
    for text in ("name file of opened", "an never written is", "be as to was been and"):
        assert parse(text) is not None
        assert redacted(text) == text
        assert redacted(f"one, {text}, two") == f"one, {text}, two"
