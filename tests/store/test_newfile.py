"""A file that somebody named outside the store: whole or not there, and never over another."""

import errno
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.domain.errors import Refused, SaveUncertain
from apppw_tui.store.newfile import new_file
from tests.store.test_killed import forked, killed


@pytest.fixture(params=["nameless", "links", "no links"])
def path(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is to be, on a file system with files without a name, second names, or neither."""

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param != "nameless":
        no_nameless_files(monkeypatch)
    if request.param == "no links":
        monkeypatch.setattr(os, "link", no_links)
    return tmp_path / "file"


def no_nameless_files(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def opening(path: str, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", opening)


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


def begin_and_be_killed(path: Path) -> None:
    """In a process of its own, which has written but not finished."""

    def work() -> None:
        with new_file(path) as file:
            file.write(b"the key")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    assert killed(forked(work))


def test_who_is_killed_leaves_nothing_that_could_hold_the_key(tmp_path: Path) -> None:
    begin_and_be_killed(tmp_path / "file")
    assert [*tmp_path.iterdir()] == []


def test_without_nameless_files_the_next_one_takes_away_what_a_killed_one_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_nameless_files(monkeypatch)
    begin_and_be_killed(tmp_path / "file")
    (left,) = tmp_path.iterdir()
    with new_file(tmp_path / "other"), new_file(tmp_path / "third"):  # nor that of one at work
        assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "third"]


def test_what_the_disk_did_not_confirm_is_not_called_unwritten(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def no_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", no_folders)
    with pytest.raises(SaveUncertain, match="is written, but the disk did not confirm"):
        written(path, lambda: None)
    assert path.read_bytes() == b"mine"
