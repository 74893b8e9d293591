"""The key of a store: gone, open, damaged, another, or left over from a rotation."""

import os
from collections.abc import Callable

import pytest

from apppw_tui.doctor.finding import Level
from apppw_tui.store.key_rotation import rotate
from tests.doctor.healthy import Server


def chmod(mode: int) -> Callable[[Server], None]:
    return lambda server: server.key.chmod(mode)


def written(content: str) -> Callable[[Server], None]:
    def write(server: Server) -> None:
        server.key.write_text(content)
        server.key.chmod(0o600)

    return write


def another_key(server: Server) -> None:
    server.key.unlink()
    written("A" * 43 + "=\n")(server)


KEY_FAULTS = [
    ("gone", lambda server: server.key.unlink(), Level.DANGER, "is missing, and 1 of"),
    ("open", chmod(0o644), Level.DANGER, "open to others"),
    ("group", chmod(0o640), Level.WARNING, "0640"),
    ("none", written("\n"), Level.DANGER, "holds no key"),
    ("broken", written("what\n"), Level.DANGER, "no key"),
    ("another", another_key, Level.DANGER, "does not open what is sealed of ada"),
]


@pytest.mark.parametrize(
    ("break_it", "level", "what"),
    [row[1:] for row in KEY_FAULTS],
    ids=[row[0] for row in KEY_FAULTS],
)
def test_a_fault_of_the_key_is_found_alone(
    server: Server, break_it: Callable[[Server], object], level: Level, what: str
) -> None:
    break_it(server)
    finding = server.fault()
    assert (finding.level, finding.where, what in finding.what) == (
        level,
        str(server.key),
        True,
    ), finding


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_key_that_belongs_to_another_is_found(server: Server) -> None:
    os.chown(server.key, 65534, -1)
    finding = server.fault()
    assert (finding.level, "belongs to uid 65534" in finding.what) == (Level.DANGER, True)


def test_an_old_key_that_was_left_is_found_until_it_is_dropped(server: Server) -> None:
    keyring = server.keyring()
    rotate(keyring, server.house.store)
    finding = server.fault()
    assert (finding.level, "older one is still there" in finding.what) == (Level.WARNING, True)
    assert "--finish" in finding.remedy


def test_a_rotation_that_was_cut_off_is_found(server: Server) -> None:
    keyring = server.keyring()
    with keyring.locked():
        keyring.write(keyring.require().with_new_primary(keyring.new_key()))
    finding = server.fault()
    assert "1 of the accounts still need an older one" in finding.what
    assert finding.remedy == "Run: apppw-tui key rotate"


def test_no_key_is_missed_where_nothing_is_sealed(server: Server) -> None:
    server.house.store.remove("ada")
    server.key.unlink()
    assert server.faults() == []


def test_no_secret_is_told(server: Server) -> None:
    secret = server.key.read_text().strip()
    written(f"{secret}\nwhat\n")(server)
    assert secret not in repr(server.faults())
