"""The daemon's sockets, with the real daemon behind them."""

import grp
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.config import ServeConfig, SocketConfig
from apppw_tui.doctor import sockets
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.store.engine import SocketFolder
from apppw_tui.store.folder.location import open_store
from tests.doctor.healthy import Programs, Server, faults
from tests.serving import Serving, serving
from tests.unix_sockets import abandoned, listening

UNIT = "apppw-tui-json.socket"
NAMES = ("auth-client", "mux", "http", "json")
EXPLICIT = ServeConfig(
    sockets=(*ServeConfig().sockets, SocketConfig("postfix", "auth-client")),
    configured=frozenset({"postfix"}),
)
SERVICE = (
    "Id=apppw-tui.service\nLoadState=loaded\nWatchdogUSec=20s\nExecReload={ config check }\n"
    "TriggeredBy="
)


def made(
    path: Path, called: str = "json", group: str = "", mode: str = "0660", state: str = "enabled"
) -> Programs:
    """What systemctl prints of one socket that systemd has made."""
    unit = f"apppw-tui-{called}.socket"
    told = (
        f"Id={unit}\nFileDescriptorName={called}\nListen={path} (Stream)\nSocketGroup={group}\n"
        f"SocketMode={mode}\nUnitFileState={state}\nActiveState=active\n"
    )
    out = {
        "systemctl show --property=Id,LoadState": f"{SERVICE}{unit}\n",
        "systemctl show --property=Id,FileDescriptorName": told,
        "systemctl list-unit-files": f"{unit} {state} enabled\n",
    }
    return Programs(out=out)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    home = tmp_path_factory.mktemp("daemon")
    open_store(home / "store", create=True)
    with serving(home) as running:
        yield running


@pytest.fixture
def folder(daemon: Serving) -> Iterator[Path]:
    """The sockets' folder; what a test does to it is undone."""
    made = {path: path.stat().st_mode & 0o777 for path in daemon.sockets.iterdir()}
    yield daemon.sockets
    for path in daemon.sockets.iterdir():
        if path in made:
            path.chmod(made[path])
        else:
            path.unlink()
    daemon.sockets.chmod(0o755)


def looked_at(
    folder: Path,
    serve: ServeConfig | None = None,
    programs: Programs | None = None,
    *,
    owner: int | None = None,
    lua: bool = False,
) -> list[Finding]:
    uid = os.geteuid() if owner is None else owner
    ask = programs or Programs()
    config = serve or ServeConfig()
    there = sockets.listening(config, SocketFolder(folder), ask)
    return faults(
        sockets.check(config, SocketFolder(folder), uid, ask, there, wanted=True, lua=lua)
    )


def test_nothing_is_wrong_with_a_daemon_that_answers(folder: Path) -> None:
    assert looked_at(folder) == []


def test_asking_is_nobodys_attempt_to_sign_in(folder: Path, daemon: Serving) -> None:
    looked_at(folder)
    assert daemon.answers == []


def test_a_daemon_that_does_not_run_is_told_where_one_is_wanted(server: Server) -> None:
    assert server.faults() == []
    server.daemon_wanted = True
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.DANGER, str(server.home / "run"))
    assert "does not run" in finding.what


FRESH = (
    "apppw-tui.service            disabled enabled\napppw-tui-json.socket        disabled enabled\n"
)
ENABLED = FRESH.replace("json.socket        disabled", "json.socket        enabled")


@pytest.mark.parametrize(
    ("files", "level"), [(FRESH, Level.NOTICE), (ENABLED, Level.DANGER), ("", Level.DANGER)]
)
def test_where_no_socket_is_enabled_yet_nothing_is_wrong(
    tmp_path: Path, files: str, level: Level
) -> None:
    names = " ".join(line.split()[0] for line in files.splitlines() if "socket" in line)
    state = "enabled" if files == ENABLED else "disabled"
    told = f"Id={names}\nFileDescriptorName=json\nUnitFileState={state}\nActiveState=inactive\n"
    out = {
        "systemctl show --property=Id,LoadState": f"{SERVICE}{names}\n",
        "systemctl show --property=Id,FileDescriptorName": told,
        "systemctl list-unit-files": "".join(files.splitlines(keepends=True)[1:]),
    }
    *more, found = looked_at(tmp_path, programs=Programs(out=out))
    assert [one.where for one in more] == (["apppw-tui-json.socket"] if files == ENABLED else [])
    assert (found.level, found.where) == (level, str(tmp_path))


@pytest.mark.parametrize("files", [FRESH, ENABLED])
def test_where_dovecot_is_to_ask_a_socket_has_to_listen(tmp_path: Path, files: str) -> None:
    state = "enabled" if files == ENABLED else "disabled"
    told = f"Id={UNIT}\nFileDescriptorName=json\nUnitFileState={state}\nActiveState=inactive\n"
    out = {
        "systemctl show --property=Id,LoadState": f"{SERVICE}{UNIT}\n",
        "systemctl show --property=Id,FileDescriptorName": told,
        "systemctl list-unit-files": f"{UNIT} {state} enabled\n",
    }
    *_, found = looked_at(tmp_path, programs=Programs(out=out), lua=True)
    assert (found.level, found.where) == (Level.DANGER, str(tmp_path))
    # Old passwords go on where the Lua is told nothing.
    assert "every service" not in found.what
    assert "enforced accounts have to wait in Dovecot" in found.what


def test_a_daemon_that_hangs_is_waited_for_once(
    folder: Path, daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []

    class Recorded(socket.socket):
        def settimeout(self, seconds: float | None) -> None:
            waits.append(seconds)
            super().settimeout(0.2)

    monkeypatch.setattr(socket, "socket", Recorded)
    started = threading.Barrier(len(NAMES), timeout=30)  # all of them ask before any has waited
    first_answer = sockets.first_answer

    def together(path: Path, question: bytes, *, hang_up: bool) -> bytes:
        started.wait()
        return first_answer(path, question, hang_up=hang_up)

    monkeypatch.setattr(sockets, "first_answer", together)
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        findings = looked_at(folder)
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)
    assert {Path(finding.where).name for finding in findings} == {*NAMES}
    assert all("does not answer" in finding.what for finding in findings)
    assert all(
        wait is not None and wait > 8 for wait in waits
    )  # docs/reference.md: no answer within eight seconds


@pytest.mark.parametrize(
    ("mode", "level"), [(0o666, Level.DANGER), (0o662, Level.DANGER), (0o600, Level.WARNING)]
)
def test_a_socket_that_is_open_to_more_or_fewer_is_found(
    folder: Path, mode: int, level: Level
) -> None:
    (folder / "mux").chmod(mode)
    (finding,) = looked_at(folder)
    assert (finding.level, finding.where) == (level, str(folder / "mux"))
    assert "chmod" not in finding.remedy  # which the next start would undo


def test_a_folder_that_others_can_write_is_found(folder: Path) -> None:
    folder.chmod(0o777)
    (finding,) = looked_at(folder)
    assert (finding.level, finding.where) == (Level.DANGER, str(folder))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_sockets_that_belong_to_another_are_found(folder: Path) -> None:
    os.chown(folder / "json", 65534, -1)
    try:
        (finding,) = looked_at(folder)
    finally:
        os.chown(folder / "json", 0, -1)
    assert (finding.level, "belongs to uid 65534" in finding.what) == (Level.DANGER, True)


def test_a_socket_that_the_configuration_names_is_missed(folder: Path) -> None:
    (finding,) = looked_at(folder, EXPLICIT)
    assert (finding.level, finding.where) == (Level.WARNING, str(folder / "postfix"))


def test_of_the_sockets_that_nobody_named_some_will_do(folder: Path) -> None:
    (folder / "http").rename(folder.parent / "http")
    try:
        assert looked_at(folder) == []
    finally:
        (folder.parent / "http").rename(folder / "http")


def test_a_socket_that_systemd_made_is_looked_for_there(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "apppw"
    (finding,) = looked_at(folder, EXPLICIT, made(elsewhere, "postfix"))
    assert (finding.level, finding.where) == (Level.DANGER, str(elsewhere))
    assert finding.remedy == "Run: systemctl restart apppw-tui-postfix.socket"
    elsewhere.symlink_to("/dev/null")
    (finding,) = looked_at(folder, EXPLICIT, made(elsewhere, "postfix"))
    assert (finding.level, "no socket" in finding.what) == (Level.DANGER, True)


@pytest.mark.parametrize(
    ("mode", "unit", "level", "remedy"),
    [
        (0o660, "0660", None, ""),
        (0o600, "0660", Level.WARNING, "Run: systemctl restart apppw-tui-json.socket"),
        (0o666, "0660", Level.DANGER, "Run: systemctl restart apppw-tui-json.socket"),
        (0o666, "0666", Level.DANGER, "Run: systemctl edit apppw-tui-json.socket, for SocketMode="),
    ],
)
def test_what_systemd_undoes_is_not_advised(
    folder: Path, mode: int, unit: str, level: Level | None, remedy: str
) -> None:
    (folder / "json").chmod(mode)
    findings = looked_at(folder, programs=made(folder / "json", mode=unit))
    assert [finding.level for finding in findings] == ([] if level is None else [level])
    assert all(finding.remedy.startswith(remedy) for finding in findings)


def test_a_group_that_is_not_the_units_is_found(folder: Path) -> None:
    group = next(one.gr_name for one in grp.getgrall() if one.gr_gid != os.getegid())
    (finding,) = looked_at(folder, programs=made(folder / "json", group=group))
    assert finding.remedy == "Run: systemctl restart apppw-tui-json.socket"
    assert f"Its group is not {group}, as apppw-tui-json.socket says" in finding.what


def test_a_group_that_the_configuration_names_is_checked(folder: Path) -> None:
    right = grp.getgrgid((folder / "json").stat().st_gid).gr_name
    other = next(one.gr_name for one in grp.getgrall() if one.gr_name != right)
    for group, level in ((right, None), (other, Level.WARNING), ("no-such-group", Level.WARNING)):
        serve = ServeConfig(sockets=(SocketConfig("json", "json", group=group),))
        findings = looked_at(folder, serve)
        assert [finding.level for finding in findings] == ([] if level is None else [level])
        assert all("chgrp" not in finding.remedy for finding in findings)


def test_a_socket_on_which_nobody_listens_is_found(folder: Path) -> None:
    abandoned(folder / "postfix")
    (folder / "postfix").chmod(0o660)
    (finding,) = looked_at(folder, EXPLICIT)
    assert (finding.level, finding.where) == (Level.DANGER, str(folder / "postfix"))
    assert "Nobody answers" in finding.what


def test_what_speaks_another_protocol_is_found(folder: Path) -> None:
    serve = ServeConfig(sockets=(SocketConfig("json", "http"),))
    (finding,) = looked_at(folder, serve)
    assert (finding.level, "is not apppw-tui's http" in finding.what) == (Level.DANGER, True)


def test_metrics_that_the_daemon_does_not_tell_are_missed(folder: Path) -> None:
    serve = ServeConfig(sockets=(SocketConfig("http", "http", metrics=True),))
    (finding,) = looked_at(folder, serve)
    assert (finding.level, "no GET /metrics" in finding.what) == (Level.WARNING, True)


def test_a_store_out_of_the_daemons_reach_is_found(folder: Path) -> None:
    store = folder.parent / "store"
    store.rename(folder.parent / "away")
    try:
        findings = looked_at(folder)
    finally:
        (folder.parent / "away").rename(store)
    (finding,) = findings
    assert (finding.where, finding.level) == (str(folder / "http"), Level.DANGER)
    assert "store is out of its reach" in finding.what
    assert "KILL" not in finding.remedy


def test_a_daemon_that_hangs_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_SECONDS", 0.2)
    with listening(folder / "postfix"):
        (folder / "postfix").chmod(0o660)
        for protocol in NAMES:
            serve = ServeConfig(sockets=(SocketConfig("postfix", protocol),))
            (finding,) = looked_at(folder, serve)
            assert f"process {os.getpid()}, does not answer" in finding.what
