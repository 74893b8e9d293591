"""`apppw-tui serve`: the real process, from its start to its end."""

import contextlib
import json
import signal
import stat
from pathlib import Path

import pytest

from apppw_tui.domain.usage import UsageRecord
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.commands.daemon_runs import ALL, configured, refused
from tests.serving import asked, forked, serving
from tests.support import PASSWORD, House, first_quick
from tests.verifier.asking import wrong
from tests.verifier.harness import until


@pytest.mark.parametrize("number", first_quick(signal.SIGTERM, signal.SIGINT))
@pytest.mark.parametrize("abstract", first_quick(True, False))
def test_it_says_that_it_is_ready_and_leaves_nothing_behind(
    tmp_path: Path, right: str, number: signal.Signals, abstract: bool
) -> None:
    with serving(tmp_path, abstract=abstract) as daemon:
        modes = {path.name: path.lstat().st_mode for path in daemon.sockets.iterdir()}
        assert set(modes) == ALL
        assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o660}
        assert all(stat.S_ISSOCK(mode) for mode in modes.values())
        assert stat.S_IMODE(daemon.sockets.stat().st_mode) == 0o755
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end(number) == 0
        assert daemon.notified() == "STOPPING=1"
        assert list(daemon.sockets.iterdir()) == []
        assert daemon.log.splitlines()[-1].endswith("Z stopped")


def test_every_protocol_answers_at_its_socket(tmp_path: Path, right: str) -> None:
    with forked(tmp_path, 0) as daemon:
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
    def health() -> bytes:
        with daemon.connected("http") as asking:
            asking.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: asking.recv(4096), b""))

    with forked(tmp_path, 0) as daemon:
        assert health().startswith(b"HTTP/1.1 200 ")
        (tmp_path / "store").rename(tmp_path / "away")
        reply = health()
        assert reply.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in reply.lower()
        (tmp_path / "away").rename(tmp_path / "store")
        assert health().startswith(b"HTTP/1.1 200 ")
        assert daemon.answers == []


@pytest.mark.slow
def test_idle_connections_do_not_keep_it_from_ending(tmp_path: Path, right: str) -> None:
    with serving(tmp_path) as daemon, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(daemon.connected(name)) for name in sorted(ALL)]
        assert asked(idle[2], "ada", right)["answer"] == "yes"  # so that all are accepted
        assert daemon.end() == 0
        stopping, stopped = daemon.log.splitlines()[-2:]
        assert "stopping" in stopping
        assert "stopped" in stopped
        for connection in idle:
            while connection.recv(4096):
                pass


def test_a_deleted_password_is_refused_at_the_very_next_attempt(
    tmp_path: Path, house: House, right: str
) -> None:
    with forked(tmp_path, 0) as daemon, daemon.connected() as asking:
        for _ in range(3):
            assert asked(asking, "ada", right)["answer"] == "yes"
        house.operator.delete_app_password("ada", "Phone")
        assert asked(asking, "ada", right)["answer"] != "yes"
        house.alter("ada", enabled=False)
        assert asked(asking, "ada", right)["answer"] == "no"
        house.store.remove("ada")
        assert asked(asking, "ada", right)["answer"] == "not mine"


@pytest.mark.slow
def test_what_was_used_is_written_at_the_end_and_a_restart_goes_on(
    tmp_path: Path, house: House, right: str
) -> None:
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", right) == "yes"
        assert daemon.ask("ada", "a stranger's guess") == "not mine"
        assert daemon.end() == 0
    reading = FolderUsageBook(tmp_path / "store", house.clock)
    assert reading.read(house.now("ada").uid).last_legacy_login is None
    with serving(tmp_path) as daemon, daemon.connected() as telling:
        event = {"event": "old-password", "user": "ada", "service": "imap", "rip": "192.0.2.7"}
        telling.sendall(json.dumps(event).encode() + b"\n")
        assert json.loads(telling.makefile("rb").readline()) == {"answer": "noted"}
        assert daemon.end() == 0
    account = house.now("ada")
    used = reading.read(account.uid)
    (phone,) = account.app_passwords
    for last in (used.by_id[phone.id], used.last_legacy_login):
        assert last is not None
        assert (last.service, last.address) == ("imap", "192.0.2.7")


async def test_use_is_seen_by_the_portal_while_the_daemon_runs(
    tmp_path: Path, house: House, right: str
) -> None:
    book, uid = FolderUsageBook(tmp_path / "store", house.clock), house.now("ada").uid
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", right) == "yes"
        await until(lambda: book.read(uid).by_id != {})
        house.operator.remove_account("ada")
        book.forget(uid)
        assert book.read(uid).by_id == {}
        assert daemon.end() == 0
    assert UsageLedger(tmp_path / "store").record(uid) == UsageRecord()


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
    with forked(tmp_path, 0) as daemon:
        assert daemon.ask("Ada@Elsewhere.example", right) == "not mine"
        line = daemon.logged("nearly an account ")
        assert line[20:] == (
            " nearly an account account=ada service=imap address=192.0.2.7 socket=json"
        )
        assert "elsewhere" not in daemon.log.lower()


def test_reading_the_configuration_again_changes_whom_it_trusts(
    tmp_path: Path, house: House, right: str
) -> None:
    config = configured(tmp_path, "")
    stranger = {"rip": "198.51.100.9"}
    secret = house.issue("Car", "ada").secret
    with forked(tmp_path, 0, "--config", config) as daemon:

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
        config.write_text('[serve]\ntrusted = ["198.51.100.9"]\nremember = 0')
        reloaded()
        assert "configuration read again" in daemon.log
        assert daemon.ask("ada", wrong(secret), **stranger) == "not mine"
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end() == 0


@pytest.mark.slow
def test_a_broken_configuration_or_store_does_not_start(tmp_path: Path) -> None:
    reason = refused(tmp_path, "--socket-dir", tmp_path / "run")
    assert reason == f"There is no store at {tmp_path}/store."
    assert list((tmp_path / "run").iterdir()) == []
    config = configured(tmp_path, "[serve]\nremember = -1")
    reason = refused(tmp_path, "--config", config)
    assert reason == f"{config}:2: serve.remember: must be from 0 to 3600 seconds."
    reason = refused(tmp_path, "--socket-dir", tmp_path / "a" / "b")
    assert reason == f"{tmp_path}/a/b cannot be used: no such file or directory."
    reason = refused(tmp_path, "--socket-dir", tmp_path / ("x" * 120))
    assert reason.endswith("cannot be used: af_unix path too long.")


def test_with_standard_error_closed_no_line_goes_astray(tmp_path: Path, right: str) -> None:
    with serving(tmp_path, closed=2) as daemon:
        # Else the next file or connection would be standard error.
        assert Path(f"/proc/{daemon.process.pid}/fd/2").readlink() == Path("/dev/null")
        assert daemon.ask("ada", right) == "yes"
        assert daemon.end() == 0
        assert daemon.log == ""
    ledgers = {path.name: path for path in (tmp_path / "store" / "usage").glob("*.sqlite")}
    assert ledgers.keys() >= {"usage.sqlite"}
    for path in ledgers.values():
        assert path.read_bytes().startswith(b"SQLite format 3\0")
