"""Units that tell people and end sessions, as systemctl tells of them; and what lies waiting."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.config import DeliveryConfig, NoticesConfig
from apppw_tui.doctor import outgoing
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.domain.activity import ActivityEntry
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from tests.doctor.healthy import Server, faults

KIOSK = "Id=apppw-sshd.service\nLoadState=loaded\nNoNewPrivileges=yes\n"


def block(unit: str, **changed: str) -> str:
    told = {"Id": unit, "LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}
    return "".join(f"{key}={value}\n" for key, value in (told | changed).items())


def units(server: Server, name: str, folder: str, **changed: str) -> str:
    watched = f"{server.store}/{folder} (PathChanged)"
    path = block(f"{name}.path", **({"Paths": watched} | changed))
    return f"{path}\n{block(f'{name}.timer')}\n"


@pytest.fixture
def told(server: Server) -> Server:
    server.places.systemd.mkdir(parents=True)
    server.config = replace(server.config, notices=NoticesConfig(("/bin/true",)), end_sessions=True)
    return server


def looked_at(server: Server, said: str) -> list[Finding]:
    server.programs.out["systemctl show"] = said
    findings = outgoing.check(server.store, server.config, server.programs, server.places)
    return faults(findings)


def test_units_at_work_are_in_order(told: Server) -> None:
    said = units(told, "apppw-notices", "notices") + units(told, "apppw-kick", "ended")
    assert looked_at(told, said + KIOSK) == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"LoadState": "not-found", "ActiveState": "inactive"}, "not installed: nobody is told"),
        ({"ActiveState": "inactive", "UnitFileState": "disabled"}, "not started: nobody is told"),
        ({"UnitFileState": "disabled"}, "From the next start of the machine on, nobody is told"),
        ({"Paths": "/elsewhere/notices (PathChanged)"}, "does not watch"),
    ],
)
def test_a_unit_that_does_not_send_is_told(
    told: Server, changed: dict[str, str], what: str
) -> None:
    said = units(told, "apppw-notices", "notices", **changed) + units(told, "apppw-kick", "ended")
    (finding,) = looked_at(told, said + KIOSK)
    assert (finding.level, finding.where) == (Level.WARNING, "apppw-notices.path")
    assert what in finding.what
    assert "apppw-notices.path" in finding.remedy or "PathChanged=" in finding.remedy


def test_what_nobody_configured_is_not_missed(server: Server) -> None:
    server.places.systemd.mkdir(parents=True)
    assert outgoing.check(server.store, server.config, server.programs, server.places) == []


def test_without_systemd_its_units_are_not_missed(told: Server) -> None:
    told.places.systemd.rmdir()
    assert looked_at(told, "") == []


@pytest.mark.parametrize(("gives_up", "bad"), [("yes", True), ("no", False)])
def test_a_program_that_becomes_another_cannot_send_codes(
    server: Server, gives_up: str, bad: bool
) -> None:
    server.places.systemd.mkdir(parents=True)
    program = server.home / "sudo"
    program.touch()
    program.chmod(0o4755)
    delivery = DeliveryConfig((str(program), "{number}"), frozenset({"text"}))
    server.config = replace(server.config, delivery=delivery)
    findings = looked_at(server, KIOSK.replace("=yes", f"={gives_up}"))
    assert [(finding.level, finding.where) for finding in findings] == [
        (Level.DANGER, str(program))
    ] * bad


def test_postfix_sendmail_cannot_send_codes(server: Server) -> None:
    server.places.systemd.mkdir(parents=True)
    postdrop = server.places.root / "usr/sbin/postdrop"
    postdrop.parent.mkdir(parents=True, exist_ok=True)
    postdrop.touch()
    postdrop.chmod(0o2755)
    delivery = DeliveryConfig(("/usr/sbin/sendmail", "{number}"), frozenset({"text"}))
    server.config = replace(server.config, delivery=delivery)
    (finding,) = looked_at(server, KIOSK)
    assert finding.where == str(postdrop)


# --- what waits -------------------------------------------------------------------------------


def lay(server: Server) -> Path:
    now = server.clock.now()
    file = FolderNoticeQueue(server.store).put(
        server.house.now("ada"), ActivityEntry(now, "x", "y")
    )
    return server.store / "notices" / file


def test_what_was_just_laid_is_in_order(server: Server) -> None:
    lay(server)
    assert list(outgoing.waiting(server.store, server.clock.now())) == []


def test_what_nobody_takes_away_is_told(server: Server) -> None:
    before = server.clock.now().timestamp() - 3600
    os.utime(lay(server), (before, before))
    (finding,) = outgoing.waiting(server.store, server.clock.now())
    assert "One message waits, and nobody takes messages away" in finding.what
    assert "cron" in finding.remedy


def test_what_is_not_taken_is_told_with_its_reason(server: Server) -> None:
    file, outbox, now = lay(server).name, FolderNoticeQueue(server.store), server.clock.now()
    message = outbox.read(file)
    assert message is not None
    outbox.keep(replace(message.tried(now, timedelta(0)), how="exit code 75: \x1b[no room"))
    (finding,) = outgoing.waiting(server.store, now)
    assert "was tried once: exit code 75: \\x1b[no room." in finding.what
