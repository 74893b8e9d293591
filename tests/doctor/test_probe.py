"""How programs are asked: by their own name, for so long, in an empty environment."""

import os
import select
from pathlib import Path

import pytest

from apppw_tui.doctor import probe
from apppw_tui.doctor.finding import Level


def program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    path = folder / "told"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return path.name


def test_a_program_that_is_not_here_is_no_fault() -> None:
    answer = probe.run(["no-such-program-anywhere"])
    assert (answer.here, answer.as_finding().level) == (False, Level.OK)


def test_what_a_program_prints_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = program(tmp_path, 'echo "out $1"; echo err >&2', monkeypatch)
    answer = probe.run([name, "one"])
    assert (answer.out, answer.errors, answer.error) == ("out one\n", "err\n", "")


def test_a_program_that_fails_is_told_without_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    name = program(tmp_path, "echo hunter2; echo hunter2 >&2; exit 7", monkeypatch)
    finding = probe.run([name, "-n"]).as_finding()
    assert finding.level is Level.WARNING
    assert "exit code 7" in finding.what
    assert finding.remedy == "See what it says: told -n"
    assert "hunter2" not in repr(finding)


def test_nothing_of_the_environment_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = program(tmp_path, "env", monkeypatch)
    monkeypatch.setenv("APPPW_STORE", "/elsewhere")
    assert "APPPW" not in probe.run([name]).out


def test_a_program_that_never_ends_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_SECONDS", 0.2)
    pid = tmp_path / "pid"
    name = program(tmp_path, f"echo $$ > {pid}\nexec sleep 600", monkeypatch)
    assert probe.run([name]).error == "time-out after 0.2 s"
    if pid.exists():  # else it was killed before its first line
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


def test_a_program_that_cannot_be_started_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = program(tmp_path, "", monkeypatch)
    (tmp_path / name).write_text("#!/no/such/interpreter\n")
    assert probe.run([name]).error == "no such file or directory"


def test_what_it_leaves_behind_with_its_output_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_SECONDS", 2.0)
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    name = program(tmp_path, f"sleep 1000 9>{tmp_path}/pipe & exit 0", monkeypatch)
    assert probe.run([name]).error == "time-out after 2 s"
    with os.fdopen(reading, "rb") as pipe:  # which is at its end once nobody can write
        os.set_blocking(reading, True)
        assert select.select([pipe], [], [], 10)[0] == [pipe]
        assert pipe.read() == b""
