"""Signs for terminals that show no UTF-8."""

import pytest

from apppw_tui.ui.glyphs import as_ascii, is_ascii_only


@pytest.mark.parametrize(
    ("sentence", "ascii_only"),
    [
        ({}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),  # which Python makes of it
        ({"LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "C", "LC_CTYPE": "en_GB.UTF-8"}, False),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "de_DE@euro"}, True),
        ({"LC_CTYPE": "UTF-8"}, False),
    ],
)
def test_the_locale_says_whether_there_is_utf8(sentence: dict[str, str], ascii_only: bool) -> None:
    assert is_ascii_only(sentence) is ascii_only


def test_every_sign_keeps_its_columns() -> None:
    assert as_ascii("Zoë’s ☎… 電話 ▼") == "Zoe?s ?. ???? v"  # noqa: RUF001 - a typographic one
