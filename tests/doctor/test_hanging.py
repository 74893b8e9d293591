"""A daemon that listens and does not answer is told from one that does not run."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.config import AccountsConfig, ServeConfig, SocketConfig
from apppw_tui.doctor import dovecot, sockets
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.store.engine import SocketFolder
from apppw_tui.store.folder.location import open_store
from tests.doctor.healthy import Programs, Server, faults
from tests.doctor.test_sockets import made
from tests.serving import serving
from tests.unix_sockets import listening


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listens at tmp_path/json, and says nothing to whoever comes."""
    monkeypatch.setattr(sockets, "_SECONDS", 0.1)
    with listening(tmp_path / "json") as silent:
        (tmp_path / "json").chmod(0o660)
        yield silent


def looked_at(folder: Path, programs: Programs | None = None) -> list[Finding]:
    ask = programs or Programs()
    serve = ServeConfig(sockets=(SocketConfig("json", "json"),))
    there = sockets.listening(serve, SocketFolder(folder), ask)
    return faults(sockets.check(serve, SocketFolder(folder), os.geteuid(), ask, there, wanted=True))


@pytest.mark.slow
def test_the_advice_for_a_daemon_that_hangs_makes_it_answer_again(tmp_path: Path) -> None:
    open_store(tmp_path / "store", create=True)
    with serving(tmp_path) as hanging:
        os.kill(hanging.process.pid, signal.SIGSTOP)
        (finding,) = looked_at(hanging.sockets)
        assert (finding.level, "does not answer" in finding.what) == (Level.DANGER, True)
        told = re.search(r"kill -KILL (\d+)\. Start it: apppw-tui serve", finding.remedy)
        assert told is not None
        os.kill(int(told[1]), signal.SIGKILL)
        hanging.process.wait()
    with serving(tmp_path) as again:
        assert looked_at(again.sockets) == []


@pytest.mark.usefixtures("silent")
def test_of_sockets_that_systemd_made_the_service_is_restarted(tmp_path: Path) -> None:
    (finding,) = looked_at(tmp_path, made(tmp_path / "json"))
    assert finding.what.startswith("What listens there does not answer")  # systemd listens there
    assert finding.remedy.startswith("Run: systemctl restart apppw-tui.service")


def test_a_daemon_that_takes_no_more_callers_hangs(tmp_path: Path, silent: socket.socket) -> None:
    silent.listen(0)
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(tmp_path / "json"))
        (finding,) = looked_at(tmp_path)
    assert "does not answer" in finding.what
    assert f"lsof {tmp_path}/json" in finding.remedy


@pytest.mark.usefixtures("silent")
def test_a_dovecot_that_hangs_is_restarted(tmp_path: Path, server: Server) -> None:
    accounts = AccountsConfig(source="dovecot", socket=tmp_path / "json")
    (finding,) = dovecot.check_running(server.programs, server.places, accounts)
    assert (finding.level, finding.remedy.partition(";")[0]) == (
        Level.DANGER,
        "Run: systemctl restart dovecot",
    )
