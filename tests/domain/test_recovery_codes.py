from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apppw_tui.domain.app_password import SYMBOLS, checksum, grouped
from apppw_tui.domain.errors import InvalidCode
from apppw_tui.domain.recovery_codes import COUNT, NO_CODE, RecoveryCodes, generate, parse
from apppw_tui.domain.secret import Secret
from tests.support import NOW

# Eleven symbols, and the check symbol that follows them.
VECTORS = [("00000000000", "0"), ("0abcdefghjk", "j"), ("97kfm2xqd9h", "8"), ("zzzzzzzzzzz", "k")]


def by_the_book(symbols: str) -> str:
    """SAFETY 4 once more, over logarithms of alpha instead of shifts."""
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    total = 0
    for place, symbol in enumerate(symbols):
        value = SYMBOLS.index(symbol)
        if value:
            total ^= powers[(powers.index(value) + len(symbols) - place) % 31]
    return SYMBOLS[total]


@pytest.mark.parametrize(("body", "check"), VECTORS)
def test_the_check_symbol_is_the_one_that_was_agreed(body: str, check: str) -> None:
    assert checksum(body) == by_the_book(body) == check
    presented = parse(body + check)
    assert presented is not None
    assert (SYMBOLS[presented.index], presented.secret.reveal()) == (body[0], body + check)


def test_there_are_ten_of_twelve_symbols_each_with_its_index_first() -> None:
    codes = generate(Random(1).randrange)
    assert len(codes) == COUNT == 10
    for index, code in enumerate(codes):
        text = code.reveal()
        assert len(text) == 12
        assert text[0] == str(index)
        assert text[-1] == by_the_book(text[:-1])
        presented = parse(text)
        assert presented is not None
        assert presented.index == index
        assert presented.secret.reveal() == text


def test_ten_symbols_of_each_are_drawn_from_all_thirty_two() -> None:
    limits: list[int] = []

    def randbelow(limit: int) -> int:
        limits.append(limit)
        return len(limits) % limit

    codes = generate(randbelow)
    assert limits == [32] * 100
    assert {symbol for code in codes for symbol in code.reveal()[1:-1]} == set(SYMBOLS)


def test_no_code_shows_itself() -> None:
    codes = generate(Random(1).randrange)
    presented = parse(codes[0].reveal())
    assert codes[0].reveal() not in repr(codes) + repr(presented)


@pytest.mark.slow
@given(st.integers(), st.integers(0, 9), st.data())
def test_blanks_dashes_case_and_lookalikes_do_not_matter(
    seed: int, index: int, data: st.DataObject
) -> None:
    text = generate(Random(seed).randrange)[index].reveal()
    written = "".join(
        data.draw(st.sampled_from({"0": "0oO\uff10", "1": "1iIlL"}.get(sign, sign + sign.upper())))
        + data.draw(st.sampled_from(["", " ", "-", " - ", "\u00a0", "\u2011", "\t", "\u200b"]))
        for sign in text
    )
    presented = parse(written)
    assert presented is not None
    assert (presented.index, presented.secret.reveal()) == (index, text)


def test_it_reads_back_as_it_is_shown() -> None:
    code = generate(Random(1).randrange)[3]
    shown = grouped(code)
    assert [len(group) for group in shown.split(" ")] == [4, 4, 4]
    presented = parse(shown)
    assert presented is not None
    assert presented.secret.reveal() == code.reveal()


@given(st.integers(), st.integers(0, 11), st.sampled_from(SYMBOLS))
def test_a_single_wrong_symbol_is_no_recovery_code(seed: int, place: int, symbol: str) -> None:
    text = generate(Random(seed).randrange)[0].reveal()
    other = text[:place] + symbol + text[place + 1 :]
    assert (parse(other) is None) == (other != text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0abcdefghjk",
        "0abcdefghjkmm",
        "0abcdefghjku",
        "0abcdefghj\u043aj",  # Cyrillic
        "0abc.defg.hjkj",
        "0abcdefghjkj\u0301",
        "7kfm2xqd9h3vtw58",
        "7kfm2xqd9h3vtw5nc8rw",
        "123456",
        "0abcdefghjkm" + " " * 200,
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert parse(text) is None


def test_the_example_in_the_sentence_has_the_form_and_works_nowhere() -> None:
    example = NO_CODE.split("like ")[1].rstrip(".")
    assert [len(group) for group in example.split(" ")] == [4, 4, 4]
    assert parse(example) is None


def test_an_index_beyond_the_tenth_reads_but_has_no_hash() -> None:
    codes = RecoveryCodes(tuple("abcdefghij"), NOW)
    body = "z" + "0" * 10
    presented = parse(body + checksum(body))
    assert presented is not None
    assert presented.index == 31
    assert [codes.hash(index) for index in (0, 9, 10, 31)] == ["a", "j", None, None]


def test_a_used_one_leaves_its_place_empty_and_the_others_where_they_were() -> None:
    codes = RecoveryCodes(tuple("abcdefghij"), NOW).consume(3, "d")
    assert codes.hashes == ("a", "b", "c", None, *"efghij")
    assert codes.remaining == 9
    assert codes.since == NOW


@pytest.mark.parametrize(("index", "hash_"), [(3, "d"), (4, "d"), (10, "d"), (31, "d")])
def test_what_is_not_there_any_more_cannot_be_used(index: int, hash_: str) -> None:
    codes = RecoveryCodes(tuple("abcdefghij"), NOW).consume(3, "d")
    with pytest.raises(InvalidCode, match="wrong, or was used before"):
        codes.consume(index, hash_)


def test_a_secret_is_all_that_is_handed_out() -> None:
    assert all(isinstance(code, Secret) for code in generate(Random(1).randrange))
