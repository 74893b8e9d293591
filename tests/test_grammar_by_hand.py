"""The grammar of account names (SAFETY 1) where it stands by hand, in what cannot ask us for it."""

import re
from pathlib import Path

import pytest
from idna.idnadata import codepoint_classes
from idna.intranges import intranges_contain

from apppw_tui.domain.names import is_account_name

ROOT = Path(__file__).parents[1]
# A file, and what stands in it before the classes of characters: of the first, and of all others.
WRITTEN = [
    ("recipes/apache/apppw.lua", '"user": "('),
    ("recipes/dovecot/apppw.lua", '"user": "('),
    ("recipes/dovecot/apppw.lua", 'local pattern = "^'),
    ("recipes/dovecot/apppw-kick", 'grep -Eqx "'),
    ("recipes/dovecot/apppw-enforced", 're.compile(r"'),
    ("docs/output.schema.json", '"^'),
]
ASCII = set(map(chr, range(128)))


@pytest.mark.parametrize(("file", "before"), WRITTEN)
def test_each_character_is_allowed_where_we_allow_it(file: str, before: str) -> None:
    text = (ROOT / file).read_text().replace("\\'", "'")  # Lua's, in quotes of that kind
    found = re.search(re.escape(before) + r"(\[[^]]+\])(\[[^]]+\])", text)
    assert found is not None, f"{file} has no names after {before}"
    first, further = ({sign for sign in ASCII if re.match(one, sign)} for one in found.groups())
    assert first == {sign for sign in ASCII if is_account_name(f"{sign}a")}
    # Where one class is for the rest of a whole name, what parts it from its domain is in it.
    assert further - {"@"} == {sign for sign in ASCII if is_account_name(f"a{sign}")}


def allowed_by(recipe: str) -> set[int]:
    """Dovecot compares bytes."""
    text = (ROOT / "recipes/dovecot" / recipe).read_text()
    (allowed,) = re.findall(r"^auth_username_chars = (.*)$", text, re.MULTILINE)
    return set(allowed.encode())


def test_dovecot_is_told_to_let_each_of_them_through() -> None:
    named = {ord(sign) for sign in ASCII if is_account_name(f"a{sign}")}
    assert named <= allowed_by("99-apppw-auth.conf")


def test_dovecot_lets_each_way_of_writing_them_through_where_it_is_told_the_name() -> None:
    allowed = allowed_by("99-apppw-names.conf")
    ascii_ = {byte for byte in allowed if byte < 128}
    assert ascii_ == allowed_by("99-apppw-auth.conf") | {ord("%")}
    # Each letter of the first plane of which a domain can be made (RFC 5892), and its capital.
    letters = [chr(code) for code in range(0x80, 0x20000) if not 0xD800 <= code < 0xE000]
    bytes_ = {byte for one in letters if is_of_a_domain(one) for byte in one.encode()}
    assert bytes_ <= allowed


def is_of_a_domain(letter: str) -> bool:
    return all(intranges_contain(ord(one), codepoint_classes["PVALID"]) for one in letter.lower())
