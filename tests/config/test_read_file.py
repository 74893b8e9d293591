"""The configuration's file is read whole, and only if it is one."""

import os
from pathlib import Path

import pytest

from apppw_tui.config import Config, load, salvaged
from apppw_tui.config.reader import LARGEST
from apppw_tui.domain.errors import ConfigError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "/dev/tty"])
def test_what_is_no_file_is_refused_without_waiting_for_it(file: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to(kind)
    with pytest.raises(ConfigError, match=rf"^{file}: (is no ordinary file|no such device.*)\.$"):
        load(file)
    config, broken = salvaged(file)
    assert (config, broken is None) == (Config(), False)


def test_a_link_is_as_good_as_the_file_and_nothing_is_an_empty_one(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    elsewhere.write_text('host_name = "mail.example.org"')
    file.symlink_to(elsewhere)
    assert load(file).host_name == "mail.example.org"
    assert load(Path("/dev/null")) == Config()


def test_a_file_may_have_a_mebibyte(file: Path) -> None:
    file.write_bytes(b"#" * LARGEST)
    assert load(file) == Config()
    file.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(ConfigError, match=r"is larger than a configuration may be"):
        load(file)
