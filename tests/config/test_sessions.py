"""The section [sessions] of the configuration."""

from pathlib import Path

import pytest

from apppw_tui.config import Config, load
from apppw_tui.domain.errors import ConfigError


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", False),
        ("[sessions]", False),
        ("[sessions]\nend = false", False),
        ("[sessions]\nend = true", True),
    ],
)
def test_sessions_end_only_where_it_is_said(tmp_path: Path, text: str, end: bool) -> None:
    assert loaded(tmp_path, text).end_sessions is end


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[sessions]\nend = "true"', r"sessions\.end: must be true or false\."),
        ("[sessions]\nend = 1", r"sessions\.end: must be true or false\."),
        ("[sessions]\nends = true", r"sessions\.ends: there is no such key\. .*sessions\.end\?"),
        ("sessions = true", "sessions: must be a table"),
    ],
)
def test_a_wrong_one_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        loaded(tmp_path, text)
