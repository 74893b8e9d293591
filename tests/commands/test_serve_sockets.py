"""The sockets of `apppw-tui serve`: its own, other people's, and those that systemd passes."""

import contextlib
import grp
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from apppw_tui.store.engine import SocketFolder
from tests.commands.daemon_runs import ALL, closed, configured, refused
from tests.serving import asked, command, forked, serving
from tests.support import House, first_quick
from tests.unix_sockets import listening


def test_a_killed_daemons_sockets_are_replaced(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon:
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
        assert {path.name for path in daemon.sockets.iterdir()} == ALL
    with forked(tmp_path, 0) as daemon:
        assert daemon.ask("ada", right) == "yes"


@pytest.mark.parametrize("kind", first_quick("file", "link", "folder", "pipe"))
def test_what_is_no_socket_is_left_alone(tmp_path: Path, house: House, kind: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    path = run / "mux"
    if kind == "file":
        path.write_text("mine")
    elif kind == "link":
        path.symlink_to("elsewhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    before = path.lstat()
    assert refused(tmp_path, "--socket-dir", run) == f"{path} is no socket; it was left alone."
    assert os.path.samestat(path.lstat(), before)
    assert [entry.name for entry in run.iterdir()] == ["mux"]  # those made before it are removed


def test_a_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path, right: str) -> None:
    with forked(tmp_path, 0) as daemon:
        reason = refused(tmp_path, "--socket-dir", daemon.sockets)
        assert reason == (
            f"{daemon.sockets}/auth-client: another daemon listens there; "
            "stop it, or choose another --socket-dir."
        )
        assert {path.name for path in daemon.sockets.iterdir()} == ALL
        assert daemon.ask("ada", right) == "yes"


def test_a_socket_that_another_daemon_made_meanwhile_stays(tmp_path: Path, house: House) -> None:
    with forked(tmp_path, 0) as daemon, socket.socket(socket.AF_UNIX) as other:
        (daemon.sockets / "json").unlink()
        other.bind(str(daemon.sockets / "json"))
        assert daemon.end() == 0
        assert [path.name for path in daemon.sockets.iterdir()] == ["json"]


def test_the_configuration_names_the_sockets_and_their_services(
    tmp_path: Path, house: House, right: str
) -> None:
    group = grp.getgrgid(os.getgid()).gr_name
    config = configured(
        tmp_path,
        '[[serve.socket]]\nname = "sending"\nprotocol = "json"\nservices = ["submission"]\n'
        f'mode = "0600"\ngroup = "{group}"\n',
    )
    (phone,) = house.now("ada").app_passwords
    assert phone.scope == ("any",)
    with forked(tmp_path, 0, "--config", config) as daemon:
        assert {path.name for path in daemon.sockets.iterdir()} == ALL | {"sending"}
        assert stat.S_IMODE((daemon.sockets / "sending").lstat().st_mode) == 0o600
        with daemon.connected("sending") as asking:
            asked(asking, "ada", right, service="imap")
            asked(asking, "ada", right, service="")
        daemon.ask("ada", right, service="imap")
        assert [line.split("service=")[1].split()[0] for line in daemon.answers] == [
            *("-", "smtp", "imap")
        ]


def test_a_group_that_is_missing_is_said(tmp_path: Path, house: House) -> None:
    config = configured(
        tmp_path, '[[serve.socket]]\nname = "a"\nprotocol = "mux"\ngroup = "no-such-group"'
    )
    reason = refused(tmp_path, "--config", config, "--socket-dir", tmp_path / "run")
    assert reason == f"{tmp_path}/run/a: there is no group no-such-group."


def test_sockets_that_systemd_passes_are_served_and_stay(tmp_path: Path, right: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    config = configured(tmp_path, '[[serve.socket]]\nname = "web"\nprotocol = "http"\n')
    with listening(run / "json") as first, listening(run / "other") as second:
        passed = {"json": first, "mux": second}
        for _ in range(2):  # systemd keeps them, and starts the daemon again
            with serving(tmp_path, "--config", config, passed=passed) as daemon:
                assert daemon.ask("ada", right) == "yes"
                assert {path.name for path in run.iterdir()} == {"json", "other"}
                assert daemon.end() == 0
                assert "not served socket=web why=" in daemon.log
                assert "not served socket=http" not in daemon.log  # nobody asked for it
        assert {path.name for path in run.iterdir()} == {"json", "other"}


@pytest.mark.slow
def test_what_is_strange_of_what_systemd_passes_is_named_and_the_rest_is_served(
    tmp_path: Path, right: str
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with (
        listening(run / "json") as json_,
        listening(run / "radicale") as radicale,
        listening(run / "strange") as strange,
        socket.socket(socket.AF_UNIX) as deaf,
        socket.socket(socket.AF_INET) as reachable,
    ):
        reachable.bind(("127.0.0.1", 0))
        reachable.listen()
        passed = {"a": deaf, "b": reachable, "im\x1bap": strange, "radicale": radicale}
        with serving(tmp_path, passed={**passed, "json": json_}) as daemon:
            assert daemon.ask("ada", right) == "yes"
            with daemon.connected("radicale") as asking:
                assert asking.recv(1024).startswith(b"VERSION\t1\t2\n")
            with daemon.connected("strange") as asking:
                assert closed(asking)  # rather than let somebody wait for an answer
            for name in ("a", "b"):
                why = '"systemd passed what is no listening Unix stream socket"'
                assert f"not served socket={name} why={why}" in daemon.log
            assert 'not served socket="im\\x1bap" why="no [[serve.socket]] is called so"' in (
                daemon.log
            )
            assert daemon.end() == 0


def test_a_group_and_a_mode_that_the_sockets_unit_decides_are_named(
    tmp_path: Path, right: str
) -> None:
    config = configured(
        tmp_path, '[[serve.socket]]\nname = "json"\nmode = "0666"\ngroup = "no-such-group"\n'
    )
    (tmp_path / "run").mkdir()
    with (
        listening(tmp_path / "run" / "json") as made,
        serving(tmp_path, "--config", config, passed={"json": made}) as daemon,
    ):
        assert daemon.ask("ada", right) == "yes"
        for key, setting in (("group", "SocketGroup="), ("mode", "SocketMode=")):
            why = f'"the socket\'s unit decides: {setting}"'
            assert f"ignored socket=json key={key} why={why}" in daemon.log


def test_under_systemd_without_a_socket_it_says_how_to_have_one(
    tmp_path: Path, house: House
) -> None:
    reason = refused(tmp_path, "--socket-dir", "/proc/apppw-tui", NOTIFY_SOCKET="/nowhere")
    assert reason == (
        "/proc/apppw-tui cannot be used: no such file or directory. systemd passed no socket. "
        "Enable one: systemctl enable apppw-tui-json.socket && systemctl restart apppw-tui"
    )


def test_sockets_meant_for_another_process_are_not_touched(tmp_path: Path, right: str) -> None:
    variables = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "json"}
    with serving(tmp_path, more=variables) as daemon:
        assert daemon.ask("ada", right) == "yes"
        assert {path.name for path in daemon.sockets.iterdir()} == ALL


def test_beyond_the_most_connections_further_ones_are_closed_at_once(
    tmp_path: Path, right: str
) -> None:
    # So many files leave room for 20 connections at each of four sockets.
    with serving(tmp_path, files=512 + 64 + 80) as daemon, contextlib.ExitStack() as stack:
        held = [stack.enter_context(daemon.connected()) for _ in range(20)]
        assert asked(held[-1], "ada", right)["answer"] == "yes"
        for _ in range(3):
            with daemon.connected() as further:
                assert closed(further)
        with daemon.connected("mux") as mux:
            for text in ("ada", right, "", ""):
                mux.sendall(len(text).to_bytes(2, "big") + text.encode())
            assert mux.recv(4) == b"\0\2OK"
        assert daemon.log.count("too many connections socket=json most=20 uid=") == 1
        held[0].shutdown(socket.SHUT_WR)
        assert closed(held[0])
        assert daemon.ask("ada", right) == "yes"


def test_the_socket_folder_is_what_systemd_says(tmp_path: Path, right: str) -> None:
    line = command(tmp_path / "store")
    variables = {"RUNTIME_DIRECTORY": f"{tmp_path}/run:{tmp_path}/else"}
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "json").write_text("")
    (tmp_path / "run" / "auth-client").write_text("")
    assert line[-1] == "serve"
    assert refused(tmp_path, **variables).startswith(f"{tmp_path}/run/auth-client is no socket")


@pytest.mark.parametrize(
    ("uid", "runtime", "own", "wanted"),
    [
        (0, "", "/run/user/7", "/run/apppw-tui"),
        (7, "", "/run/user/7", "/run/user/7/apppw-tui"),
        (7, "", "relative", "/run/apppw-tui"),
        (7, "", "", "/run/apppw-tui"),
        (7, "/run/a:/run/b", "/run/user/7", "/run/a"),
    ],
)
def test_without_an_option_the_surroundings_say_where(
    monkeypatch: pytest.MonkeyPatch, uid: int, runtime: str, own: str, wanted: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("RUNTIME_DIRECTORY", runtime)
    monkeypatch.setenv("XDG_RUNTIME_DIR", own)
    assert SocketFolder.of().path == Path(wanted)
    assert SocketFolder.of(Path("/o")).path == Path("/o")
    monkeypatch.setattr(os, "access", lambda *_: True)
    assert SocketFolder.of().path == Path(runtime.partition(":")[0] or "/run/apppw-tui")
