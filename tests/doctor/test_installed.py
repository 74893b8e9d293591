"""Program and units of one version, or not."""

from pathlib import Path

import pytest

from apppw_tui.doctor import installed
from apppw_tui.doctor.finding import Level
from tests.doctor.healthy import Server, faults

LIST = """\
# What is put where.
644 kept ssh_config /etc/ssh/apppw_sshd_config
644 ours unit.service /etc/systemd/system/unit.service
644 enabled unit.path /etc/systemd/system/unit.path
"""


@pytest.fixture
def units(server: Server) -> Path:
    recipes = server.places.recipes
    units = server.places.root / "etc/systemd/system"
    for folder in (recipes, units):
        folder.mkdir(parents=True)
    (recipes / "installed").write_text(LIST)
    (recipes / "ssh_config").write_text("Port 2222\n")
    for name in ("unit.service", "unit.path"):
        (recipes / name).write_text(name)
        (units / name).write_text(name)
    return units


def test_recipes_are_those_of_the_debian_package_where_nothing_else_is(server: Server) -> None:
    packaged = server.places.root / "usr/share/apppw-tui/recipes"
    packaged.mkdir(parents=True)
    assert server.places.recipes == packaged
    (server.places.root / "opt/apppw-tui/current/share/apppw-tui/recipes").mkdir(parents=True)
    assert server.places.recipes != packaged


def test_units_of_the_program_are_in_order(server: Server, units: Path) -> None:
    assert units.is_dir()
    assert faults(installed.check(server.places)) == []


def test_unit_of_another_version_is_told(server: Server, units: Path) -> None:
    (units / "unit.service").write_text("older")
    (units / "unit.path").unlink()
    findings = installed.check(server.places)
    assert [(finding.level, Path(finding.where).name) for finding in findings] == [
        (Level.NOTICE, "unit.service"),
        (Level.WARNING, "unit.path"),
    ]


def test_installed_otherwise_it_is_not_looked_at(server: Server) -> None:
    assert installed.check(server.places) == []
