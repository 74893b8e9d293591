"""The section [policy]: each key right, and wrong."""

from pathlib import Path

import pytest

from apppw_tui.config import load
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.policy import Policy


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.mark.parametrize(
    ("line", "policy"),
    [
        ('create = "administrator"', Policy(people_create=False)),
        ('create = "everyone"', Policy()),
        ('scopes = ["mail", "CalDAV"]', Policy(scopes=("mail", "caldav"))),
        ('scopes = ["mail", "any"]', Policy()),
        ("longest_expiry = 365", Policy(longest_expiry=365)),
        ("sign_out_after = 1", Policy(sign_out_after=60.0)),
        ("verify_again_after = 60", Policy(verify_again_after=3600.0)),
    ],
)
def test_each_key_is_read(file: Path, line: str, policy: Policy) -> None:
    file.write_text(f"[policy]\n{line}")
    assert load(file).policy == policy


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('create = "nobody"', 'create: must be "everyone" or "administrator".'),
        ("create = true", 'create: must be "everyone" or "administrator".'),
        ("scopes = []", "scopes: must be a list of texts, and not an empty one."),
        ('scopes = "mail"', "scopes: must be a list of texts, and not an empty one."),
        ('scopes = ["post"]', 'scopes: must be some of "any", "mail", '),
        ("longest_expiry = 0", "longest_expiry: must be from 1 to 3660."),
        ('longest_expiry = "never"', "longest_expiry: must be a whole number."),
        ("sign_out_after = 0", "sign_out_after: must be from 1 to 60."),
        ("sign_out_after = 61", "sign_out_after: must be from 1 to 60."),
        ("verify_again_after = 2.5", "verify_again_after: must be a whole number."),
        ("sign_out = 5", "sign_out: there is no such key. Did you mean policy.sign_out_after?"),
    ],
)
def test_a_wrong_one_is_named(file: Path, line: str, reason: str) -> None:
    file.write_text(f"[policy]\n{line}")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value).startswith(f"{file}: policy.{reason}")
