"""The section [notices] of the configuration."""

from pathlib import Path

import pytest

from apppw_tui.config import Config, NoticesConfig, load
from apppw_tui.domain.errors import ConfigError

DELIVERY = '[delivery]\ncommand = ["/bin/send", "{number}"]\nkinds = ["text"]\n'


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize(
    ("text", "notices"),
    [
        ("", None),
        (
            '[notices]\ncommand = ["/usr/sbin/sendmail", "-i", "{account}"]',
            NoticesConfig(("/usr/sbin/sendmail", "-i", "{account}"), "mail", 20),
        ),
        (
            '[notices]\ncommand = ["/bin/x"]\nformat = "plain"\ntimeout = 5',
            NoticesConfig(("/bin/x",), "plain", 5),
        ),
        (f'{DELIVERY}[notices]\nby = "delivery"', NoticesConfig(None)),
    ],
)
def test_people_are_told_as_it_says(
    tmp_path: Path, text: str, notices: NoticesConfig | None
) -> None:
    assert loaded(tmp_path, text).notices == notices


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("notices = true", "notices: must be a table"),
        ("[notices]", r"notices\.command: is missing"),
        ('[notices]\nformat = "plain"', r"notices\.command: is missing"),
        ('[notices]\ncommand = ["sendmail"]', r"notices\.command: must begin with the absolute"),
        ('[notices]\ncommand = ["/x", "--to={account}"]', "must be an element by itself"),
        (
            '[notices]\ncommand = ["/x", "{number}"]',
            r'no "{number}" here, only "{account}"',
        ),
        ('[notices]\ncommand = ["/x"]\nformat = "html"', r'notices\.format: must be "mail" or'),
        ('[notices]\ncommand = ["/x"]\ntimeout = 0', r"notices\.timeout: must be from 1 to 120"),
        ('[notices]\nby = "delivery"', r'notices\.by: is "delivery", but there is no \[delivery\]'),
        (f'{DELIVERY}[notices]\nby = "mail"', r'notices\.by: must be "delivery"'),
        (f'{DELIVERY}[notices]\nby = "delivery"\ntimeout = 5', r"notices\.by: stands by itself"),
        ("[notices]\ncommands = 1", r"notices\.commands: there is no such key\. Did you mean"),
    ],
)
def test_a_wrong_one_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        loaded(tmp_path, text)
