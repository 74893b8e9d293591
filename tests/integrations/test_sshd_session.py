"""Whom the kiosk believes which ssh key was proved: its own session's sshd, and nobody else."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apppw_tui.integrations import sshd_session
from apppw_tui.integrations.sshd_session import proven_key
from tests.kiosk.keys import generate

USER = 1000


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file as sshd makes it, for a session that has just begun, where no other process is.

    Other tests start sshd as the same user, who would be told apart by nothing.
    """
    (tmp_path / "proc").mkdir()
    monkeypatch.setattr(sshd_session, "_PROC", tmp_path / "proc")
    generate(tmp_path, "key")
    path = Path(f"/tmp/sshauth.{os.getpid()}AbCdEf{time.monotonic_ns()}")
    path.touch(0o600)
    path.write_text(f"publickey {(tmp_path / 'key.pub').read_text()}")
    began = sshd_session._now() - 0.5
    monkeypatch.setattr(sshd_session, "_beginning_of_session", lambda: began)
    yield path
    path.unlink(missing_ok=True)


def test_file_of_this_sessions_sshd_is_believed(path: Path) -> None:
    key = proven_key(str(path))
    assert key is not None
    assert key.type == "ssh-ed25519"
    assert time.monotonic() - key.proved_at >= 0.5
    assert key.is_recent(time.monotonic())


def test_file_itself_proves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # here it is no sshd that has started the program
    assert proven_key(str(path)) is None


def older(path: Path) -> None:
    os.utime(path, (time.time() - 60, time.time() - 60))


def just_before(path: Path) -> None:
    """Of a session that began a second ago, while this one did half a second ago."""
    os.utime(path, (time.time() - 1, time.time() - 1))


def newer(path: Path) -> None:
    os.utime(path, (time.time() + 60, time.time() + 60))


def other_mode(path: Path) -> None:
    path.chmod(0o644)


def other_owner(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives a file away")
    os.chown(path, USER, USER)


def linked(path: Path) -> None:
    other = path.with_name(f"{path.name}x")
    path.rename(other)
    path.symlink_to(other)


def hard_linked(path: Path) -> None:
    other = path.with_name(f"{path.name}x")
    other.hardlink_to(path)


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def without_a_key(path: Path) -> None:
    path.write_text("keyboard-interactive/pam\n")


def weak(path: Path) -> None:
    path.write_text("publickey ssh-dss AAAAB3NzaC1kc3M=\n")


def large(path: Path) -> None:
    path.write_text("x" * 100_000 + "\n" + path.read_text())


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff" + path.read_bytes())


@pytest.mark.parametrize(
    "spoil",
    [
        *(
            older,
            just_before,
            newer,
            other_mode,
            other_owner,
            linked,
            hard_linked,
            fifo,
            without_a_key,
            weak,
        ),
        *(large, no_text),
    ],
)
def test_any_other_file_is_not_believed(path: Path, spoil: Callable[[Path], None]) -> None:
    try:
        spoil(path)
        assert proven_key(str(path)) is None
    finally:
        path.with_name(f"{path.name}x").unlink(missing_ok=True)


@pytest.mark.parametrize(
    "form", ["{}/../{}", "/var{}", "{}\n", " {}", "/tmp/../tmp/{}", "", "/tmp/sshauth."]
)
def test_no_other_place_is_looked_at(path: Path, form: str) -> None:
    assert proven_key(form.format(str(path), path.name)) is None


@contextmanager
def another_session(folder: Path) -> Iterator[None]:
    """One that begins now, of the same user: what is known of it is how its process is called."""
    program = folder / "sshd-session"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "600"]) as process:
        (folder / "proc" / str(process.pid)).symlink_to(f"/proc/{process.pid}")
        try:
            yield
        finally:
            process.kill()


def test_who_waits_for_somebody_elses_session_does_not_get_its_file(
    path: Path, tmp_path: Path
) -> None:
    made = time.time() - 0.3
    with another_session(tmp_path):
        os.utime(path, (made, made))
        assert proven_key(str(path)) is not None, "it was made before that session"
        os.utime(path)
        assert proven_key(str(path)) is None
    assert proven_key(str(path)) is not None


# --- whose session it is ------------------------------------------------------------------------

Process = sshd_session._Process
SESSION = Process("sshd-session", 10, USER, 2.0)
MONITOR = Process("sshd-session", 1, 0, 1.0)


def beginning(monkeypatch: pytest.MonkeyPatch, session: Process, monitor: Process) -> float:
    processes = {os.getppid(): session, session.parent: monitor}
    monkeypatch.setattr(sshd_session, "_process", processes.__getitem__)
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    return sshd_session._beginning_of_session()


@pytest.mark.parametrize("command", ["sshd", "sshd-session", "apppw-sshd"])
def test_session_began_with_the_sshd_that_serves_it(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, monitor = Process(command, 10, USER, 2.0), Process(command, 1, 0, 1.0)
    assert beginning(monkeypatch, session, monitor) == 2.0


@pytest.mark.parametrize(
    ("session", "monitor"),
    [
        (Process("sudo", 10, 0, 2.0), MONITOR),
        (Process("bash", 10, USER, 2.0), MONITOR),
        (Process("sshd", 10, USER + 1, 2.0), MONITOR),
        (SESSION, Process("sshd", 1, USER, 1.0)),  # made by the user, and called so
        (SESSION, Process("su", 1, 0, 1.0)),
        (Process("sshd", 10, 0, 2.0), MONITOR),
    ],
)
def test_portal_that_is_started_otherwise_believes_nothing(
    session: Process, monitor: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="not started by sshd"):
        beginning(monkeypatch, session, monitor)


def test_process_is_read_as_the_kernel_tells_it() -> None:
    before = sshd_session._now()
    sleeping = "import sys; print(flush=True); sys.stdin.read()"
    line = [sys.executable, "-c", sleeping]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(line, **pipes) as child:  # type: ignore[call-overload]
        child.stdout.readline()
        process = sshd_session._process(child.pid)
        child.stdin.close()
    assert (process.parent, process.uid) == (os.getpid(), os.geteuid())
    assert process.command.startswith("python")
    assert before <= process.began + 0.01 <= sshd_session._now() + 0.01
