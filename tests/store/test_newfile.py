"""A file that somebody named outside the store: whole or not there, and never over another."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.store.newfile import new_file


@pytest.fixture(params=[True, False], ids=["links", "no links"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is to be, on a file system that has second names for a file, or has none."""

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not request.param:
        monkeypatch.setattr(os, "link", no_links)
    return tmp_path / "file"


def test_it_is_there_once_it_is_whole_and_for_its_owner_alone(path: Path) -> None:
    with new_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [*path.parent.iterdir()] == [path]


def test_where_something_is_already_nothing_is_begun(path: Path) -> None:
    path.symlink_to("nowhere")
    with pytest.raises(Refused, match="is there already; name another file"), new_file(path):
        pytest.fail("the work would have been for nothing")
    assert path.is_symlink()


def written(path: Path, meanwhile: Callable[[], object]) -> None:
    with new_file(path) as file:
        file.write(b"mine")
        meanwhile()


def test_what_came_there_meanwhile_stays(path: Path) -> None:
    with pytest.raises(Refused, match="is there already"):
        written(path, lambda: path.write_bytes(b"theirs"))
    assert path.read_bytes() == b"theirs"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
def test_what_could_not_be_finished_is_not_there(path: Path, error: BaseException) -> None:
    def stop() -> None:
        raise error

    with pytest.raises((KeyboardInterrupt, Refused)):
        written(path, stop)
    assert [*path.parent.iterdir()] == []
