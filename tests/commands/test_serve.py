"""`apppw-tui serve`: the real process, from its start to its end."""

import contextlib
import grp
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.integrations.daemon import socket_folder
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.usage import FolderUsage
from tests.running import ROOT, environment
from tests.serving import SECONDS, asked, command, forked, serving
from tests.store.other_uid import OTHER, only_root
from tests.support import PASSWORD, House
from tests.verifier.asking import wrong

ALL = {"auth-client", "mux", "http", "json"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """The store that is served, with ada in it."""
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    return house


@pytest.fixture
def right(house: House) -> str:
    return house.issue("Phone", "ada").secret.reveal()


def refused(home: Path, *arguments: str | Path, **more: str) -> str:
    """What a daemon said that could not start."""
    done = subprocess.run(
        command(home / "store", *arguments),
        env=environment(home, **more),
        cwd=ROOT,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, b"")
    return done.stderr.decode().splitlines()[-1].removeprefix("apppw-tui: ")


def configured(home: Path, content: str) -> Path:
    path = home / "config.toml"
    path.write_text(content)
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_that_it_is_ready_and_leaves_nothing_behind(
    tmp_path: Path, right: str, number: signal.Signals, abstract: bool
) -> None:
    with serving(tmp_path, abstract=abstract) as daemon:
        found = {path.name: path.lstat().st_mode for path in daemon.sockets.iterdir()}
        assert set(found) == ALL
        assert {stat.S_IMODE(mode) for mode in found.values()} == {0o660}
        assert all(stat.S_ISSOCK(mode) for mode in found.values())
        assert stat.S_IMODE(daemon.sockets.stat().st_mode) == 0o755
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end(number) == 0
        assert daemon.notified() == "STOPPING=1"
        assert list(daemon.sockets.iterdir()) == []
        assert daemon.log.splitlines()[-1].endswith("Z stopped")


def test_every_protocol_answers_at_its_socket(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon:
        with daemon.connected("mux") as asking:
            for text in ("ada", right, "imap", ""):
                asking.sendall(len(text).to_bytes(2, "big") + text.encode())
            assert asking.recv(4) == b"\0\2OK"
        with daemon.connected("auth-client") as asking:
            assert asking.recv(1024).startswith(b"VERSION\t1\t2\n")
        with daemon.connected("http") as asking:
            asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert asking.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert daemon.ask("ada", right) == "yes"


def test_its_health_is_told_to_whoever_may_connect(tmp_path: Path, house: House) -> None:
    def health(method: str = "GET") -> bytes:
        with daemon.connected("http") as asking:
            head = f"{method} /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            asking.sendall(head.encode())
            return b"".join(iter(lambda: asking.recv(4096), b""))

    with serving(tmp_path) as daemon:
        assert health().startswith(b"HTTP/1.1 200 ")
        assert health().endswith(b"\r\n\r\nok\n")
        assert health("HEAD").startswith(b"HTTP/1.1 200 ")
        assert health("POST").startswith(b"HTTP/1.1 405 ")
        (tmp_path / "store").rename(tmp_path / "away")
        said = health()
        assert said.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in said.lower()
        (tmp_path / "away").rename(tmp_path / "store")
        assert health().startswith(b"HTTP/1.1 200 ")
        assert daemon.answers == []


def test_idle_connections_do_not_keep_it_from_ending(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(daemon.connected(name)) for name in sorted(ALL)]
        assert asked(idle[2], "ada", right)["answer"] == "yes"  # so that all are accepted
        assert daemon.end() == 0
        stopping, stopped = daemon.log.splitlines()[-2:]
        assert "stopping" in stopping
        assert "stopped" in stopped
        for one in idle:
            while one.recv(4096):
                pass


def test_a_deleted_password_is_refused_at_the_very_next_attempt(
    tmp_path: Path, house: House, right: str
) -> None:
    with serving(tmp_path) as daemon, daemon.connected() as asking:
        for _ in range(3):
            assert asked(asking, "ada", right)["answer"] == "yes"
        house.operator.delete_app_password("ada", "Phone")
        assert asked(asking, "ada", right)["answer"] != "yes"
        house.alter("ada", enabled=False)
        assert asked(asking, "ada", right)["answer"] == "no"
        house.store.remove("ada")
        assert asked(asking, "ada", right)["answer"] == "not mine"


def test_what_was_used_is_written_at_the_end_and_a_restart_goes_on(
    tmp_path: Path, house: House, right: str
) -> None:
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", right) == "yes"
        assert daemon.ask("ada", "a stranger's guess") == "not mine"
        assert not (tmp_path / "store" / "usage").exists()
        assert daemon.end() == 0
    reading = FolderUsage(tmp_path / "store", house.store, house.clock)
    assert reading.read(house.now("ada").uid).last_legacy_login is None
    with serving(tmp_path) as daemon, daemon.connected() as telling:
        told = {"event": "old-password", "user": "ada", "service": "imap", "rip": "192.0.2.7"}
        telling.sendall(json.dumps(told).encode() + b"\n")
        assert json.loads(telling.makefile("rb").readline()) == {"answer": "noted"}
        assert daemon.end() == 0
    account = house.now("ada")
    used = reading.read(account.uid)
    (phone,) = account.app_passwords
    for last in (used.by_id[phone.id], used.last_legacy_login):
        assert last is not None
        assert (last.service, last.address) == ("imap", "192.0.2.7")


def test_the_log_names_who_and_why_and_no_password(
    tmp_path: Path, house: House, right: str
) -> None:
    grouped = "-".join(right[start : start + 4] for start in range(0, 16, 4))
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", right) == "yes"
        assert daemon.ask("ada", PASSWORD) == "not mine"
        assert daemon.ask(right, right) == "not mine"
        assert daemon.ask("eve-hunter2", "x") == "not mine"
        assert daemon.ask("ada", right, service=grouped, rip=grouped) == "yes"
        assert daemon.end() == 0
        (phone,) = house.now("ada").app_passwords
        line = daemon.answers[0]
        assert line[20:] == (
            f" answer=yes account=ada app_password={phone.id} name=Phone service=imap"
            " address=192.0.2.7 socket=json why=right"
        )
        assert daemon.answers[2][20:] == (
            ' answer="not mine" account=(unknown) app_password=- name=- service=imap'
            ' address=192.0.2.7 socket=json why="unknown account"'
        )
        assert "account=(unknown)" in daemon.answers[3]
        assert 'service="(app password)" address=- ' in daemon.answers[4]
        for secret in (right, grouped, PASSWORD, "hunter2"):
            assert secret not in daemon.log
            written = [path.read_bytes() for path in (tmp_path / "store" / "usage").iterdir()]
            assert all(secret.encode() not in content for content in written)


def test_the_log_says_later_which_account_a_name_nearly_was(
    tmp_path: Path, house: House, right: str
) -> None:
    with serving(tmp_path) as daemon:
        assert daemon.ask("Ada@Elsewhere.example", right) == "not mine"
        line = daemon.logged("nearly an account ")
        assert line[20:] == (
            " nearly an account account=ada service=imap address=192.0.2.7 socket=json"
        )
        assert "elsewhere" not in daemon.log.lower()


def test_a_killed_daemons_sockets_are_replaced(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon:
        assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
        assert {path.name for path in daemon.sockets.iterdir()} == ALL
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", right) == "yes"


@pytest.mark.parametrize("kind", ["file", "link", "folder", "pipe"])
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
    assert [one.name for one in run.iterdir()] == ["mux"]  # those made before it are removed


def test_a_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon:
        said = refused(tmp_path, "--socket-dir", daemon.sockets)
        assert said == (
            f"{daemon.sockets}/auth-client: another daemon listens there; "
            "stop it, or choose another --socket-dir."
        )
        assert {path.name for path in daemon.sockets.iterdir()} == ALL
        assert daemon.ask("ada", right) == "yes"


def test_a_socket_that_another_daemon_made_meanwhile_stays(tmp_path: Path, house: House) -> None:
    with serving(tmp_path) as daemon, socket.socket(socket.AF_UNIX) as other:
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
    with serving(tmp_path, "--config", config) as daemon:
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
    said = refused(tmp_path, "--config", config, "--socket-dir", tmp_path / "run")
    assert said == f"{tmp_path}/run/a: there is no group no-such-group."


def test_reading_the_configuration_again_changes_whom_it_trusts(
    tmp_path: Path, house: House, right: str
) -> None:
    config = configured(tmp_path, "")
    stranger = {"rip": "198.51.100.9"}
    secret = house.issue("Car", "ada").secret
    with serving(tmp_path, "--config", config) as daemon:

        def reloaded() -> None:
            daemon.process.send_signal(signal.SIGHUP)
            first, _, when = daemon.notified().partition("\n")
            assert first == "RELOADING=1"
            assert when.partition("=")[0] == "MONOTONIC_USEC"
            assert int(when.partition("=")[2]) > 0
            assert daemon.notified().partition("\n")[0] == "READY=1"

        others = [house.issue(f"App {number}", "ada").secret for number in range(20)]
        for other in others:
            assert daemon.ask("ada", wrong(other), **stranger) == "not mine"
        assert daemon.ask("ada", wrong(secret), **stranger) == "not now"
        config.write_text('[serve]\ntrusted = ["nonsense"]')
        reloaded()
        assert (
            f'{config}: serve.trusted: \\"nonsense\\" must be an address or a network' in daemon.log
        )
        assert daemon.ask("ada", wrong(secret), **stranger) == "not now"
        config.write_text('[serve]\ntrusted = ["198.51.100.9"]\nremember = 0')
        reloaded()
        assert "configuration read again" in daemon.log
        assert daemon.ask("ada", wrong(secret), **stranger) == "not mine"
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end() == 0


def test_a_broken_configuration_or_store_does_not_start(tmp_path: Path) -> None:
    said = refused(tmp_path, "--socket-dir", tmp_path / "run")
    assert said == f"There is no store at {tmp_path}/store."
    assert list((tmp_path / "run").iterdir()) == []
    config = configured(tmp_path, "[serve]\nremember = -1")
    said = refused(tmp_path, "--config", config)
    assert said == f"{config}: serve.remember: must be from 0 to 3600 seconds."
    said = refused(tmp_path, "--socket-dir", tmp_path / "a" / "b")
    assert said == f"{tmp_path}/a/b cannot be used: no such file or directory."
    said = refused(tmp_path, "--socket-dir", tmp_path / ("x" * 120))
    assert said.endswith("cannot be used: af_unix path too long.")


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
        made.listen()
        yield made


def test_sockets_that_systemd_passes_are_served_and_stay(tmp_path: Path, right: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    config = configured(tmp_path, '[[serve.socket]]\nname = "web"\nprotocol = "http"\n')
    with listening(run / "json") as one, listening(run / "other") as two:
        passed = {"json": one, "mux": two}
        for _ in range(2):  # systemd keeps them, and starts the daemon again
            with serving(tmp_path, "--config", config, passed=passed) as daemon:
                assert daemon.ask("ada", right) == "yes"
                assert {path.name for path in run.iterdir()} == {"json", "other"}
                assert daemon.end() == 0
                assert "not served socket=web why=" in daemon.log
                assert "not served socket=http" not in daemon.log  # nobody asked for it
        assert {path.name for path in run.iterdir()} == {"json", "other"}


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
        listening(tmp_path / "run" / "json") as one,
        serving(tmp_path, "--config", config, passed={"json": one}) as daemon,
    ):
        assert daemon.ask("ada", right) == "yes"
        for key, setting in (("group", "SocketGroup="), ("mode", "SocketMode=")):
            why = f'"the socket\'s unit decides: {setting}"'
            assert f"ignored socket=json key={key} why={why}" in daemon.log


def test_under_systemd_without_a_socket_it_says_how_to_have_one(
    tmp_path: Path, house: House
) -> None:
    said = refused(tmp_path, "--socket-dir", "/proc/apppw-tui", NOTIFY_SOCKET="/nowhere")
    assert said == (
        "/proc/apppw-tui cannot be used: no such file or directory. systemd passed no socket. "
        "Enable one: systemctl enable apppw-tui-json.socket && systemctl restart apppw-tui"
    )


def test_sockets_meant_for_another_process_are_not_touched(tmp_path: Path, right: str) -> None:
    more = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "json"}
    with serving(tmp_path, more=more) as daemon:
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
            with daemon.connected() as more:
                assert closed(more)
        with daemon.connected("mux") as mux:
            for text in ("ada", right, "", ""):
                mux.sendall(len(text).to_bytes(2, "big") + text.encode())
            assert mux.recv(4) == b"\0\2OK"
        assert daemon.log.count("too many connections socket=json most=20 uid=") == 1
        held[0].shutdown(socket.SHUT_WR)
        assert closed(held[0])
        assert daemon.ask("ada", right) == "yes"


def closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except ConnectionResetError:
        return True


def test_with_standard_error_closed_no_line_goes_astray(tmp_path: Path, right: str) -> None:
    with serving(tmp_path, closed=2) as daemon:
        # Else the next file or connection would be standard error.
        assert Path(f"/proc/{daemon.process.pid}/fd/2").readlink() == Path("/dev/null")
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end() == 0
        assert daemon.log == ""
    (written,) = (tmp_path / "store" / "usage").glob("*.json")
    assert set(json.loads(written.read_bytes())) == {"used", "networks"}


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
    assert socket_folder(None) == Path(wanted)
    assert socket_folder(Path("/o")) == Path("/o")
    monkeypatch.setattr(os, "access", lambda *_: True)
    assert socket_folder(None) == Path(runtime.partition(":")[0] or "/run/apppw-tui")


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that everybody may enter, with a store that is somebody else's."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def others_store(ground: Path) -> str:
    """Gives the store to another uid; returns ada's app password."""
    house = House(store=open_store(ground / "store", create=True))
    house.add("ada")
    secret = house.issue("Phone", "ada").secret.reveal()
    for path in (ground / "store", *(ground / "store").rglob("*")):
        os.chown(path, OTHER, OTHER)
    return secret


@only_root
@pytest.mark.parametrize("uid", [0, OTHER])
def test_root_becomes_the_stores_owner_and_an_ordinary_user_does_as_well(
    ground: Path, uid: int
) -> None:
    secret = others_store(ground)
    if uid != 0:
        (ground / "run").mkdir()
        os.chown(ground / "run", uid, uid)
    group = grp.getgrgid(OTHER).gr_name if uid else "daemon"
    config = configured(
        ground, f'[[serve.socket]]\nname = "json"\nprotocol = "json"\ngroup = "{group}"'
    )
    with forked(ground, uid, "--config", config) as daemon:
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        assert f"\nUid:\t{OTHER}\t{OTHER}\t{OTHER}\t{OTHER}\n" in status
        made = (daemon.sockets / "json").lstat()
        assert (made.st_uid, made.st_gid) == (OTHER, grp.getgrnam(group).gr_gid)
        assert stat.S_IMODE(made.st_mode) == 0o660
        assert daemon.ask("ada", secret) == "yes"
        assert daemon.end() == 0
        assert list(daemon.sockets.iterdir()) == []
    for written in (ground / "store" / "usage").iterdir():
        assert written.stat().st_uid == OTHER


@only_root
def test_root_gives_the_sockets_to_the_owner_where_no_group_is_told(ground: Path) -> None:
    others_store(ground)
    with forked(ground, 0) as daemon:
        for path in (daemon.sockets, *daemon.sockets.iterdir()):
            assert (path.lstat().st_uid, path.lstat().st_gid) == (OTHER, OTHER)
