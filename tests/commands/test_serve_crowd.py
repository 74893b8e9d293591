"""A crowd of mail programs after a restart: each gets its answer, be there but one processor.

What the hashes really cost is left to bench/serve.py; here they are cheap, on any machine.
"""

import base64
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.commands import serve
from apppw_tui.domain.hashing import Hasher, Profile
from apppw_tui.store.folder.location import open_store
from tests.serving import Serving, forked
from tests.support import House

PROFILE = Profile(memory=256, time_cost=1, parallelism=1)
HASHER = Hasher(PROFILE, PROFILE)
DEVICES = 20
NAMES = [f"user{number}" for number in range(4)]


@pytest.fixture
def passwords(tmp_path: Path) -> list[tuple[str, str]]:
    """Of twenty devices of four accounts."""
    house = House(store=open_store(tmp_path / "store", create=True), hasher=HASHER)
    for name in NAMES:
        house.add(name)
    return [
        (name, house.issue(f"Device {number}", name).secret.reveal())
        for number in range(DEVICES)
        for name in [NAMES[number % len(NAMES)]]
    ]


@pytest.fixture
def daemon(
    tmp_path: Path, passwords: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Serving]:
    """Just started, on one processor."""
    monkeypatch.setattr(serve, "Hasher", lambda: HASHER)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(allowed)])  # which the daemon inherits
    try:
        with forked(tmp_path, 0) as daemon:
            os.sched_setaffinity(0, allowed)
            yield daemon
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("connections", [10, 20])
def test_all_connections_of_all_devices_right_after_a_restart_get_yes(
    daemon: Serving, passwords: list[tuple[str, str]], connections: int
) -> None:
    held = [(daemon.connected(), one) for _ in range(connections) for one in passwords]
    for made, (name, password) in held:
        question = f'{{"user":"{name}","password":"{password}","service":"imap","rip":"192.0.2.7"}}'
        made.sendall(question.encode() + b"\n")
    answers = [made.makefile("rb").readline() for made, _ in held]
    yes = [f'{{"answer": "yes", "user": "{name}"}}\n'.encode() for _, (name, _) in held]
    assert answers == yes
    for made, _ in held:
        made.close()


def test_so_do_all_attempts_of_one_connection(
    daemon: Serving, passwords: list[tuple[str, str]]
) -> None:
    with daemon.connected("auth-client") as made:
        lines = ["VERSION\t1\t2", "CPID\t1"]
        for number, (name, password) in enumerate(passwords * 10, 1):
            response = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
            lines.append(f"AUTH\t{number}\tPLAIN\tservice=imap\trip=192.0.2.7\tresp={response}")
        made.sendall("".join(f"{line}\n" for line in lines).encode())
        made.shutdown(socket.SHUT_WR)
        answers = made.makefile("rb").read().decode().splitlines()
    assert len([line for line in answers if line.startswith("OK\t")]) == 10 * DEVICES
