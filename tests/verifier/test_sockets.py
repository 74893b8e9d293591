"""Making sockets, where that does not go well."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import ConfigError
from apppw_tui.verifier.sockets import Owner, folder_locked, from_systemd, listen


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EPERM, ": only root, or a member of the group root, can give it to that group."),
        (errno.EROFS, " cannot be used: read-only file system."),
    ],
)
def test_a_socket_that_cannot_be_given_away_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "chown", fail)
    with pytest.raises(ConfigError) as error:
        listen(tmp_path / "json", 0o660, "root", None)
    assert str(error.value) == f"{tmp_path}/json{reason}"
    assert list(tmp_path.iterdir()) == []


def test_the_mask_is_the_same_afterwards(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        listen(tmp_path / "json", 0o666, None, None).close()
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)


def test_in_a_folder_of_a_group_its_sockets_stay_the_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda _, uid, gid, **__: given.append((uid, gid)))
    listen(tmp_path / "a", 0o660, None, Owner(7, 8)).close()
    tmp_path.chmod(0o2755)
    listen(tmp_path / "b", 0o660, None, Owner(7, 8)).close()
    listen(tmp_path / "c", 0o660, None, None).close()
    assert given == [(7, 8), (7, -1)]


def test_two_that_start_at_once_do_not_replace_each_others(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(ConfigError) as error, folder_locked(tmp_path):
        pass
    os.close(descriptor)
    reason = f"{tmp_path}: another daemon is starting there; try again."
    assert str(error.value) == reason
    with folder_locked(tmp_path):
        pass


def test_a_socket_whose_queue_is_full_is_somebodys(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(tmp_path / "json"))
        busy.listen(0)
        waiting.connect(str(tmp_path / "json"))
        with pytest.raises(ConfigError, match="another daemon listens there"):
            listen(tmp_path / "json", 0o660, None, None)


@pytest.mark.parametrize("count", ["", "-1", "x", "\u0663x", "0"])
def test_what_systemd_tells_is_read_once_and_taken_away(count: str) -> None:
    variables = {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": count,
        "LISTEN_FDNAMES": "json",
        "A": "b",
    }
    assert from_systemd(variables) == []
    assert variables == {"A": "b"}
