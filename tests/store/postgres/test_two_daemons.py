"""Two machines as they are run: a folder and a daemon each, in the daemon's role, one database."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import PORTAL
from apppw_tui.store.postgres.schema import VERIFIER
from tests.folders import contents
from tests.running import CommandLine
from tests.serving import Serving, serving
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.support import PASSWORD

LOOSELY = 3  # times the seconds that are promised: other programs run beside

pytestmark = [ONE_CLUSTER, pytest.mark.slow]


def config(cluster: Cluster, home: Path) -> Path:
    home.mkdir()
    path = home / "config.toml"
    path.write_text(
        f'[store]\nengine = "postgresql"\nmachine = "{home.name}"\n'
        f'folder = "{home / "machine"}"\ntimeout = 1\n'
        f'dsn = "{cluster.dsn()}"\nserve_dsn = "{cluster.dsn(VERIFIER)}"\n'
    )
    return path


@pytest.fixture
def configs(database: Cluster, tmp_path: Path) -> tuple[Path, Path]:
    return config(database, tmp_path / "mail1"), config(database, tmp_path / "mail2")


@pytest.fixture
def daemons(configs: tuple[Path, Path]) -> Iterator[list[Serving]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving(each.parent, "--config", each, store=False))
            for each in configs
        ]


def test_a_deletion_by_command_bites_on_the_other_machine_and_a_lost_database_lets_nobody_in(
    run: CommandLine, configs: tuple[Path, Path], daemons: list[Serving], database: Cluster
) -> None:
    first, second = configs
    line = ("--config", first)
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    lasting, lost = (
        run.good("app-password", "create", "ada", name, *line).split("\n")[0]
        for name in ("Kept", "Lost")
    )
    for secret in (lasting, lost):
        assert [daemon.ask("ada", secret) for daemon in daemons] == ["yes", "yes"]
    run.good("app-password", "delete", "ada", "Lost", "--config", second)
    assert [daemon.ask("ada", lost) for daemon in daemons] == ["not mine", "not mine"]
    database.stop()
    try:
        for secret in (lasting, lost):
            assert [daemon.ask("ada", secret) for daemon in daemons] == ["not now", "not now"]
    finally:
        database.start()
    assert [daemon.ask("ada", lasting) for daemon in daemons] == ["yes", "yes"]
    for each in configs:
        folder = each.parent / "machine"
        there = contents(folder)
        assert not any("ada" in path.name or path.suffix == ".sqlite" for path in there)
        assert not any(b"ada" in content for content in there.values())


def test_a_silent_database_makes_everybody_wait_no_longer_than_a_moment(
    run: CommandLine, configs: tuple[Path, Path], daemons: list[Serving], database: Cluster
) -> None:
    line = ("--config", configs[0])
    run.good("account", "add", "ada", "--password-stdin", *line, stdin=f"{PASSWORD}\n")
    secret = run.good("app-password", "create", "ada", "Phone", *line).split("\n")[0]
    daemon = daemons[0]
    assert daemon.ask("ada", secret) == "yes"
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool, database.silent():
        asked = [pool.submit(daemon.ask, "ada", secret) for _ in range(8)]
        # For this nobody has to look into the database, so nobody stands in its way.
        assert daemon.ask("ada", secret, service=PORTAL) == "not mine"
        assert not any(each.done() for each in asked)
        assert {each.result() for each in asked} == {"not now"}
        assert time.monotonic() - begun < LOOSELY * 7
        for words in (("account", "list"), ("app-password", "list", "ada")):
            said = run(*words, *line)
            assert (said.code, said.out, said.line) == (3, "", "The database does not answer.")
    begun = time.monotonic()
    while daemon.ask("ada", secret) != "yes":
        pass
    assert time.monotonic() - begun < LOOSELY * 15
