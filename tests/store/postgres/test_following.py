"""`store follow` as it is run: on two machines, in processes of their own, on one database."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.running import ROOT, CommandLine, environment
from tests.serving import SECONDS
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.postgres.test_two_daemons import config
from tests.support import PASSWORD

pytestmark = ONE_CLUSTER


@pytest.fixture
def configs(database: Cluster, tmp_path: Path) -> tuple[Path, Path]:
    first, second = (config(database, tmp_path / name) for name in ("mail1", "mail2"))
    for path in (first, second):
        path.write_text(f"[sessions]\nend = true\n{path.read_text()}")
    return first, second


@contextmanager
def following(
    config: Path, *, before: Callable[[list[str]], list[str]] | None = None, **more: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """`store follow`, in a process of its own; `before` makes another command line of its own."""
    line = [sys.executable, "-m", "apppw_tui", "--config", str(config), "store", "follow"]
    with (config.parent / "errors").open("ab") as errors:
        process = subprocess.Popen(
            line if before is None else before(line),
            stdout=errors,
            stderr=errors,
            env=environment(config.parent, **more),
            cwd=ROOT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


def wait_for(condition: Callable[[], object], config: Path) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, (config.parent / "errors").read_text()
        time.sleep(0.02)


def says(file: Path, words: str) -> bool:
    return words in file.read_text()


@pytest.mark.slow
def test_machines_follow_each_other_whatever_happens_to_the_database(
    run: CommandLine, configs: tuple[Path, Path], database: Cluster
) -> None:
    here, there = (("--config", config) for config in configs)
    ended, enforced = (
        [config.parent / "machine" / name / "ada" for config in configs]
        for name in ("ended", "enforced")
    )

    def known() -> set[str]:
        told = json.loads(run.good("store", "machines", "--json", *here))
        return {machine["machine"] for machine in told if machine["ends_sessions"]}

    def delete(name: str) -> None:
        run.good("app-password", "create", "ada", name, *here)
        run.good("app-password", "delete", "ada", name, *here)

    def all_ended() -> None:
        for config, file in zip(configs, ended, strict=True):
            wait_for(file.exists, config)
            file.unlink()

    run.good("account", "add", "ada", "--password-stdin", *here, stdin=f"{PASSWORD}\n")
    with following(configs[0]) as first, following(configs[0]), following(configs[1]) as second:
        wait_for(lambda: known() == {"mail1", "mail2"}, configs[0])
        delete("Phone")
        all_ended()
        run.good("account", "enforce", "ada", *there)
        for config, file in zip(configs, enforced, strict=True):
            wait_for(file.exists, config)
        database.stop()
        try:
            for config in configs:
                wait_for(partial(says, config.parent / "errors", "does not answer"), config)
        finally:
            database.start()
        delete("Tablet")
        all_ended()
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 0
    delete("Laptop")
    run.good("account", "open", "ada", *here)
    assert enforced[1].exists(), "nobody follows"
    with following(configs[1]):
        wait_for(ended[1].exists, configs[1])
        wait_for(lambda: not enforced[1].exists(), configs[1])
    assert run.good("store", "forget", "mail1", *there) == "Forgot mail1.\n"
    assert known() == {"mail2"}
    assert run("store", "forget", "mail1", *there).code == 1
    lines = (configs[1].parent / "errors").read_text().splitlines()
    sentences = {line.removeprefix("apppw-tui: ") for line in lines}
    assert sentences == {"The database does not answer.", "It goes on."}


def test_nobody_is_followed_where_the_accounts_are_in_files(
    run: CommandLine, tmp_path: Path
) -> None:
    for action in ("follow", "machines", "forget mail1"):
        refused = run("--store", tmp_path / "store", "store", *action.split())
        assert (refused.code, refused.line) == (
            1,
            "The accounts are in files: no other machine shares them.",
        )


def test_unit_is_ready_when_the_others_know_of_the_machine(
    configs: tuple[Path, Path], run: CommandLine
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(configs[0].parent / "notify"))
        systemd.settimeout(SECONDS)
        with following(configs[0], NOTIFY_SOCKET=str(configs[0].parent / "notify")):
            assert systemd.recv(100) == b"READY=1"
            assert "mail1" in run.good("store", "machines", "--config", configs[0])
