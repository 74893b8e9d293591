"""What the configuration, systemd's units and what is enabled say otherwise than each other."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.config import ServeConfig, SocketConfig
from apppw_tui.doctor import units
from apppw_tui.doctor.finding import Level
from apppw_tui.doctor.units import Unit
from apppw_tui.verifier.systemd import ConfigStatus
from tests.doctor.healthy import Programs, printed

PRINTED = printed("systemctl-252-sockets.txt")
NAMES = " ".join(line[3:] for line in PRINTED.splitlines() if line.startswith("Id="))
SERVICE = "Id=apppw-tui.service\nLoadState={}\nTriggeredBy={}\n"
JSON = Unit("apppw-tui-json.socket", "json", (Path("/run/apppw-tui/json"),), "apppw-json", 0o660,
            enabled=True, active=True)  # fmt: skip
HTTP = replace(JSON, name="apppw-tui-http.socket", called="http", group="apppw-http")
OFF = replace(HTTP, enabled=False, active=False)
OTHER = replace(JSON, name="apppw-tui-calendars.socket", called="calendars")
RESTART = "systemctl restart apppw-tui.service"


def programs(state: str = "loaded", triggered: str = NAMES, out: str = PRINTED) -> Programs:
    return Programs(
        out={
            "systemctl show --property=Id,LoadState": SERVICE.format(state, triggered),
            "systemctl show --property=Id,FileDescriptorName": out,
            "systemctl list-unit-files": "apppw-tui-json.socket enabled enabled\n",
        }
    )


def test_what_systemd_says_of_its_sockets_is_read() -> None:
    findings = {unit.called: unit for unit in units.units(programs())}
    assert set(findings) == {
        *("auth-client", "http", "json", "mux"),
        *("apache", "cyrus", "postfix", "radicale"),
    }
    assert findings["json"] == replace(JSON, paths=(Path("/run/apppw-tui/json"),))
    assert (findings["apache"].enabled, findings["apache"].active) == (False, False)
    radicale = findings["radicale"]
    assert (radicale.enabled, radicale.active, radicale.failed) == (True, False, True)
    assert findings["postfix"].paths == (Path("/var/spool/postfix/private/apppw"),)


def test_several_paths_of_a_unit_are_all_read() -> None:
    out = PRINTED.replace(
        "Listen=/run/apppw-tui/json (Stream)",
        "Listen=/run/apppw-tui/json (Stream)\nListen=/run/more (Stream)\nListen=7 (Datagram)",
    )
    (finding,) = (unit for unit in units.units(programs(out=out)) if unit.called == "json")
    assert finding.paths == (Path("/run/apppw-tui/json"), Path("/run/more"))


@pytest.mark.parametrize(
    "asked",
    [
        Programs(),  # no systemctl
        Programs(how={"systemctl": "exit code 1"}),  # it has not been booted with systemd
        Programs(how={"systemctl": "time-out after 2 s"}),
        programs("not-found", ""),
    ],
)
def test_where_systemd_does_not_run_there_are_none(asked: Programs) -> None:
    assert units.units(asked) == []


def daemon(status: str = "", watchdog: str = "20s", reload: str = "config check") -> Programs:
    told = (
        f"StatusText={status}\nActiveState=active\nWatchdogUSec={watchdog}\nExecReload={reload}\n"
    )
    out = {"systemctl show --property=Id,LoadState": SERVICE.format("loaded", "") + told}
    return Programs(out=out)


@pytest.mark.parametrize(
    ("watchdog", "reload"), [("0", "config check"), ("infinity", "config check"), ("20s", "kill")]
)
def test_a_unit_that_is_older_than_the_program_is_found(watchdog: str, reload: str) -> None:
    (finding,) = units.service(daemon("", watchdog, reload))
    assert (finding.level, finding.where) == (Level.WARNING, "apppw-tui.service")
    assert [*units.service(daemon())] == [*units.service(Programs())] == []


def test_a_unit_that_was_not_started_yet_is_no_older_than_the_program() -> None:
    """Until then systemd says of each that it has no watchdog."""
    told = "ActiveState=inactive\nWatchdogUSec=infinity\nExecReload=config check\n"
    out = {"systemctl show --property=Id,LoadState": SERVICE.format("loaded", "") + told}
    assert [*units.service(Programs(out=out))] == []


def test_a_configuration_that_the_daemon_has_not_read_is_found(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    status = ConfigStatus.of(file)
    assert status is not None
    assert [*units.service(daemon(str(status)))] == []
    (finding,) = units.service(daemon(str(replace(status, later="store"))))
    assert (finding.where, finding.remedy) == (str(file), f"Run: {RESTART}")
    assert "needs a restart for: store" in finding.what
    os.utime(file, (0, 0))
    (finding,) = units.service(daemon(str(status)))
    assert finding.remedy == "Run: systemctl try-reload-or-restart apppw-tui.service"
    file.unlink()
    assert [*units.service(daemon(str(status)))] == []


def named(*sockets: SocketConfig) -> ServeConfig:
    findings = {one.name: one for one in (*ServeConfig().sockets, *sockets)}
    return ServeConfig(
        sockets=tuple(findings.values()), configured=frozenset(one.name for one in sockets)
    )


CALENDARS = SocketConfig("calendars", "auth-client")
IN_GROUP = SocketConfig("http", "http", group="www-data")
OPEN = SocketConfig("http", "http", mode=0o666)


@pytest.mark.parametrize(
    ("serve", "there", "where", "what", "remedy"),
    [
        (named(CALENDARS), [JSON], "[[serve.socket]] calendars", "has no unit", "Write one like"),
        (
            *(named(SocketConfig("http", "http")), [JSON, OFF], "[[serve.socket]] http"),
            *("apppw-tui-http.socket is not enabled", f"http.socket && {RESTART}"),
        ),
        (
            *(named(), [JSON, OTHER], OTHER.name, "no [[serve.socket]] called calendars"),
            f"Write one, and: {RESTART}. Or: systemctl disable --now {OTHER.name}",
        ),
        (
            *(named(IN_GROUP), [JSON, HTTP], "[[serve.socket]] http"),
            *("Its group is not www-data", "Take group out"),
        ),
        (
            *(named(OPEN), [JSON, HTTP], "[[serve.socket]] http"),
            *("Its mode is not 0666", "Take mode out"),
        ),
        (
            *(named(), [JSON, replace(HTTP, active=False)], HTTP.name),
            *("is enabled and does not listen", f"Run: {RESTART}"),
        ),
        (
            *(named(), [JSON, replace(HTTP, active=False, failed=True)], HTTP.name),
            *("is enabled and does not listen", f"systemctl status {HTTP.name}"),
        ),
        (
            *(named(), [JSON, replace(HTTP, enabled=False)], HTTP.name),
            *("after the next start of the machine", f"Run: systemctl enable {HTTP.name}"),
        ),
    ],
)
def test_each_contradiction_is_told_and_how_to_end_it(
    serve: ServeConfig, there: Sequence[Unit], where: str, what: str, remedy: str
) -> None:
    (finding,) = units.compared(serve, there)
    assert (finding.level, finding.where) == (Level.WARNING, where)
    assert what in finding.what
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    ("serve", "there"),
    [
        (named(), []),
        (named(CALENDARS), []),  # the daemon makes it itself
        (named(CALENDARS), [OFF]),
        (named(), [JSON, HTTP, OFF]),
        (named(CALENDARS), [JSON, OTHER]),
        (named(IN_GROUP._replace(group="apppw-http")), [JSON, HTTP]),
        (named(), [JSON, replace(OTHER, called="radicale")]),  # the daemon knows it by its name
    ],
)
def test_what_goes_together_is_not_told(serve: ServeConfig, there: Sequence[Unit]) -> None:
    assert units.compared(serve, there) == []
