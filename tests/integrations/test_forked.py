"""What is opened in a child: its file is here, with its lock, and nothing else of it."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from apppw_tui.integrations.forked import file_from_child


def locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def test_file_of_a_child_keeps_its_lock_until_it_is_closed_here(tmp_path: Path) -> None:
    held = file_from_child(lambda: locked(tmp_path / "place"))
    assert held is not None
    with pytest.raises(BlockingIOError):
        locked(tmp_path / "place")
    os.close(held)
    os.close(locked(tmp_path / "place"))


def test_file_of_a_child_is_closed_where_a_program_is_run(tmp_path: Path) -> None:
    held = file_from_child(lambda: locked(tmp_path / "place"))
    assert held is not None
    assert not os.get_inheritable(held)
    os.close(held)


def test_child_leaves_nothing_of_what_it_loads() -> None:
    def load() -> int:
        import this  # noqa: F401

        return os.open(os.devnull, os.O_RDONLY)

    held = file_from_child(load)
    assert held is not None
    os.close(held)
    assert "this" not in sys.modules


def test_child_that_fails_hands_nothing_over_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert file_from_child(lambda: locked(tmp_path / "none" / "place")) is None
    assert capfd.readouterr() == ("", "")


def test_child_that_is_killed_hands_nothing_over() -> None:
    def end() -> int:
        os.kill(os.getpid(), 9)
        return 0

    assert file_from_child(end) is None


def test_no_child_is_left(tmp_path: Path) -> None:
    before = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    held = file_from_child(lambda: locked(tmp_path / "place"))
    assert held is not None
    os.close(held)
    assert Path(f"/proc/self/task/{os.getpid()}/children").read_text() == before
