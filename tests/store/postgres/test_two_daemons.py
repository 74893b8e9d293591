"""Two machines as they are run: a folder and a daemon each, in the daemon's role, one database."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from apppw_tui.store.postgres.schema import VERIFIER
from tests.running import CommandLine
from tests.serving import Serving, serving
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.support import PASSWORD

pytestmark = [ONE_CLUSTER, pytest.mark.slow]


def config(cluster: Cluster, home: Path) -> Path:
    home.mkdir()
    path = home / "config.toml"
    path.write_text(
        f'[store]\nengine = "postgresql"\nfolder = "{home / "machine"}"\ntimeout = 1\n'
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
        there = [path for path in folder.rglob("*") if path.is_file()]
        assert not any("ada" in path.name or path.suffix == ".sqlite" for path in there)
        assert not any(b"ada" in path.read_bytes() for path in there)
