"""The configuration read again by a daemon that runs: what it takes over, and what it cannot."""

import grp
import os
import signal
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from apppw_tui.verifier.systemd import ConfigStatus
from tests.running import CommandLine
from tests.serving import Serving, asked, forked, serving
from tests.support import House
from tests.unix_sockets import listening
from tests.verifier.protocols.http_client import UnixHttp


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    house.add("grace@example.org")
    return house


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("")
    return path


def reload(daemon: Serving) -> str:
    """What the log says of it; what systemd is told must end with READY=1."""
    before = len(daemon.log)
    daemon.process.send_signal(signal.SIGHUP)
    notified = [daemon.notified()]
    assert notified[0].startswith("RELOADING=1\n")
    while not notified[-1].startswith("READY=1"):
        notified.append(daemon.notified())
    return f"{daemon.log[before:]}\n{notified[-1]}"


def test_the_default_domain_is_taken_over(tmp_path: Path, house: House, config: Path) -> None:
    whole = house.issue("Phone", "grace@example.org").secret.reveal()
    with forked(tmp_path, 0, "--config", config) as daemon:
        assert daemon.ask("grace", whole) == "not mine"
        config.write_text('default_domain = "example.org"')
        assert "configuration read again" in reload(daemon)
        assert daemon.ask("grace", whole) == "yes"


def test_a_service_of_ones_own_is_taken_over(tmp_path: Path, house: House, config: Path) -> None:
    secret = house.issue("Phone", "ada").secret.reveal()
    with forked(tmp_path, 0, "--config", config) as daemon:
        assert daemon.ask("ada", secret, service="vpn") == "yes"
        config.write_text('[[service]]\nid = "vpn"\nlabel = "VPN"')
        reload(daemon)
        assert daemon.ask("ada", secret, service="vpn") == "not mine"
        assert daemon.ask("ada", secret) == "yes"
    with forked(tmp_path, 0, "--config", config) as daemon:  # and from the beginning
        assert daemon.ask("ada", secret, service="vpn") == "not mine"


def test_whether_people_are_told_is_taken_over(tmp_path: Path, house: House, config: Path) -> None:
    secret = house.issue("Phone", "ada").secret.reveal()
    notices = tmp_path / "store" / "notices"
    with serving(tmp_path) as daemon:
        assert daemon.ask("ada", secret, rip="192.0.2.7") == "yes"
        assert daemon.end() == 0
    with forked(tmp_path, 0, "--config", config) as daemon:
        config.write_text('[notices]\ncommand = ["/bin/true"]')
        reload(daemon)
        assert daemon.ask("ada", secret, rip="198.51.100.7") == "yes"
        assert daemon.end() == 0
    assert [path.name for path in notices.iterdir() if not path.name.startswith(".")] != []


def test_what_a_socket_speaks_for_is_taken_over_at_once(
    tmp_path: Path, house: House, config: Path
) -> None:
    secret = house.issue("Phone", "ada").secret.reveal()
    with forked(tmp_path, 0, "--config", config) as daemon, daemon.connected() as before:
        asked(before, "ada", secret)
        config.write_text('[[serve.socket]]\nname = "json"\nservices = ["pop3", "smtp"]')
        reload(daemon)
        assert before.recv(1) == b""  # who is connected connects again
        daemon.ask("ada", secret)
        assert [line.split("service=")[1].split()[0] for line in daemon.answers] == ["imap", "-"]


def test_metrics_are_told_once_they_are_configured(tmp_path: Path, config: Path) -> None:
    open_store(tmp_path / "store", create=True)
    with forked(tmp_path, 0, "--config", config) as daemon:
        statuses = []
        for text in ("", '[[serve.socket]]\nname = "http"\nmetrics = true', ""):
            config.write_text(text)
            reload(daemon)
            client = UnixHttp(daemon.sockets / "http")
            statuses.append(client.ask("GET", "/metrics", {}, None).status)
            client.close()
    assert statuses == [404, 200, 404]


def test_a_socket_that_systemd_passed_is_served_once_it_is_named(
    tmp_path: Path, house: House, config: Path
) -> None:
    secret = house.issue("Phone", "ada").secret.reveal()
    (tmp_path / "run").mkdir()
    with (
        listening(tmp_path / "run" / "json") as made,
        serving(tmp_path, "--config", config, passed={"calendars": made}) as daemon,
    ):
        with daemon.connected() as asking:
            assert asking.recv(1) == b""
        config.write_text('[[serve.socket]]\nname = "calendars"\nprotocol = "json"')
        reload(daemon)
        assert daemon.ask("ada", secret) == "yes"


@pytest.mark.parametrize(
    ("before", "after", "settings"),
    [
        ("", 'store = "/srv/other"', ""),  # --store goes before it
        ("", '[[serve.socket]]\nname = "radicale"', "[[serve.socket]] radicale"),
        ('[[serve.socket]]\nname = "radicale"', "", "[[serve.socket]] radicale"),
        ("", '[[serve.socket]]\nname = "mux"\nmode = "0600"', "mode of [[serve.socket]] mux"),
        (
            "",
            '[[serve.socket]]\nname = "mux"\ngroup = "{group}"\nmode = "0600"',
            "group of [[serve.socket]] mux, mode of [[serve.socket]] mux",
        ),
        ("", '[[serve.socket]]\nname = "mux"\nprotocol = "json"', ""),
    ],
)
@pytest.mark.usefixtures("house")
def test_what_a_restart_alone_can_do_is_named(
    tmp_path: Path, config: Path, before: str, after: str, settings: str
) -> None:
    config.write_text(before)
    with forked(tmp_path, 0, "--config", config) as daemon:
        config.write_text(after.format(group=grp.getgrgid(os.getgid()).gr_name))
        log = reload(daemon)
        assert "configuration read again" in log
        if not settings:
            assert "needs a restart" not in log
            return
        assert f'needs a restart settings="{settings}"' in log
        assert log.endswith(f"\nSTATUS={ConfigStatus.of(config, settings)}")
        config.write_text(before)
        log = reload(daemon)
        assert "needs a restart" not in log
        assert log.endswith(f"\nSTATUS={ConfigStatus.of(config)}")


@pytest.mark.slow
def test_another_store_needs_a_restart(
    tmp_path: Path, house: House, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"APPPW_STORE": str(tmp_path / "store")}
    line_without_store = ("--config", config)
    with serving(tmp_path, *line_without_store, more=variables, store=False) as daemon:
        assert "needs a restart" not in reload(daemon)
    config.write_text(f'store = "{tmp_path}/store"')
    with serving(tmp_path, *line_without_store, store=False) as daemon:
        config.write_text('store = "/srv/other"')
        assert "needs a restart settings=store" in reload(daemon)
        config.write_text(f'store = "{tmp_path}/store"')
        assert "needs a restart" not in reload(daemon)
        table = f'[store]\nengine = "postgresql"\nfolder = "{tmp_path}/store"\n'
        config.write_text(f'{table}dsn = "dbname=apppw"')
        assert "needs a restart settings=store" in reload(daemon)


def test_a_broken_file_changes_nothing_and_the_check_fails(
    tmp_path: Path,
    house: House,
    config: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = house.issue("Phone", "grace@example.org").secret.reveal()
    run = CommandLine(tmp_path, monkeypatch, capsys)
    config.write_text('default_domain = "example.org"')
    assert run("config", "check", "--file-alone", "--config", config).code == 0
    with forked(tmp_path, 0, "--config", config) as daemon:
        config.write_text('default_domain = "example.org"\n[[serve.socket]]\nname = "a"')
        assert run("config", "check", "--file-alone", "--config", config).code == 3
        log = reload(daemon)
        assert "serve.socket[1].protocol: is missing." in log
        assert "configuration not changed" in log
        assert daemon.ask("grace", whole) == "yes"


def test_the_file_alone_is_no_matter_of_what_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = CommandLine(tmp_path, monkeypatch, capsys)
    config = tmp_path / "c.toml"
    (tmp_path / "occupied").write_text("no store")
    config.write_text(f'store = "{tmp_path}/occupied"')
    assert run("config", "check", config).code == 1
    assert run("config", "check", "--file-alone", config).code == 0
