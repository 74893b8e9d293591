"""The grammar of account names (SAFETY 1) where it stands by hand, in what cannot ask us for it."""

import re
from pathlib import Path

import pytest

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


def test_dovecot_is_told_to_let_each_of_them_through() -> None:
    text = (ROOT / "recipes/dovecot/99-apppw-auth.conf").read_text()
    (allowed,) = re.findall(r"^auth_username_chars = (.*)$", text, re.MULTILINE)
    assert {sign for sign in ASCII if is_account_name(f"a{sign}")} <= set(allowed)
