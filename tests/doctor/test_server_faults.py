"""The configuration's file, the delivery's program, and the machine's clock."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.config import DeliveryConfig, NoticesConfig
from apppw_tui.doctor.finding import Level
from tests.doctor.healthy import Server

ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def configured(server: Server) -> Server:
    """With a configuration file, and programs that send codes and notices."""
    folder = server.home / "etc"
    folder.mkdir(mode=0o755)
    server.config_file = folder / "config.toml"
    server.config_file.write_text("")
    server.config_file.chmod(0o644)
    for name in ("send", "tell"):
        (server.home / name).write_text("#!/bin/sh\n")
        (server.home / name).chmod(0o755)
    delivery = DeliveryConfig((str(server.home / "send"), "{number}"), frozenset())
    notices = NoticesConfig((str(server.home / "tell"), "{account}"))
    server.config = replace(server.config, delivery=delivery, notices=notices)
    return server


def test_nothing_is_wrong_with_a_file_that_others_can_read(configured: Server) -> None:
    assert configured.faults() == []


def test_a_folder_in_which_each_keeps_their_own_is_no_fault(configured: Server) -> None:
    (configured.home / "etc").chmod(0o1777)
    assert configured.faults() == []


def gone(path: Path) -> None:
    path.unlink()


def chmod(mode: int) -> Callable[[Path], None]:
    return lambda path: path.chmod(mode)


def given_away(path: Path) -> None:
    os.chown(path, 65534, -1)


@pytest.mark.parametrize(
    ("name", "break_it", "what"),
    [
        ("etc/config.toml", chmod(0o664), "can change what apppw-tui does"),
        ("etc", chmod(0o777), "can change what apppw-tui does"),
        ("send", chmod(0o644), "no program: nobody gets a code"),
        ("send", gone, "no program: nobody gets a code"),
        ("send", chmod(0o757), "can read every security code"),
        ("tell", gone, "no program: nobody is told what happens"),
        ("tell", chmod(0o757), "can read every notice"),
        pytest.param("etc/config.toml", given_away, "belongs to uid 65534", marks=ONLY_ROOT),
        pytest.param("send", given_away, "belongs to uid 65534", marks=ONLY_ROOT),
    ],
    ids=[
        *("file", "folder", "no-program", "gone", "program"),
        *("no-notices", "notices", "owner", "program-owner"),
    ],
)
def test_a_fault_of_the_configuration_is_found_alone(
    configured: Server, name: str, break_it: Callable[[Path], None], what: str
) -> None:
    path = configured.home / name
    break_it(path)
    finding = configured.fault()
    assert (finding.level, finding.where, what in finding.what) == (
        Level.DANGER,
        str(path),
        True,
    ), finding


@pytest.mark.parametrize(
    ("line", "instead", "what"),
    [
        ("NTPSynchronized=yes", "NTPSynchronized=no", "is not synchronized"),
        ("LocalRTC=no", "LocalRTC=yes", "kept in local time"),
    ],
)
def test_a_fault_of_the_clock_is_found_alone(
    server: Server, line: str, instead: str, what: str
) -> None:
    told = server.programs.out["timedatectl"]
    server.programs.out["timedatectl"] = told.replace(line, instead)
    finding = server.fault()
    assert (finding.level, finding.where, what in finding.what) == (
        Level.NOTICE,
        "the clock",
        True,
    )


def test_a_machine_that_tells_nothing_of_its_clock_is_no_fault(server: Server) -> None:
    del server.programs.out["timedatectl"]
    server.programs.how["timedatectl"] = "exit code 1"
    assert server.faults() == []
