"""The same commands over a database: what goes to it is hashed or sealed."""

import signal
from pathlib import Path

import pytest

from apppw_tui.store.postgres.schema import VERIFIER
from tests.secrecy.asking import WAYS, connection
from tests.secrecy.shell import Shell
from tests.secrecy.strace import Strace
from tests.serving import SECONDS, serving
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.postgres.test_following import following, wait_for
from tests.terminal.program import ACCOUNT

pytestmark = [pytest.mark.slow, ONE_CLUSTER]


@pytest.fixture
def shared(database: Cluster, shell: Shell, tmp_path: Path) -> Path:
    """The configuration of a machine on a database, in which nothing is yet."""
    path = tmp_path / "database.toml"
    path.write_text(
        f"{shell.configuration}[sessions]\nend = true\n"
        f'[store]\nengine = "postgresql"\nfolder = "{tmp_path / "machine"}"\n'
        f'dsn = "{database.dsn()}"\nserve_dsn = "{database.dsn(VERIFIER)}"\n'
    )
    return path


def fill(shell: Shell, shared: Path, tmp_path: Path) -> None:
    """Copies what is in files to the database, and goes on there."""
    files = tmp_path / "files.toml"
    files.write_text(f'store = "{shell.store}"\n')
    _, found = shell.run("store", "copy", str(files), str(shared))
    assert found == {}
    shell.move(shared, tmp_path / "machine")
    shell.run("account", "list")


def test_what_commands_hand_to_a_database_is_hashed_or_sealed(
    shell: Shell, shared: Path, tmp_path: Path
) -> None:
    fill(shell, shared, tmp_path)  # from here on "key 1" is the machine's, which wraps all others
    kept = shell.run_every_command()
    assert {"key 0", "key 1"} <= set(shell.secrets)
    assert kept == {
        f"app-password create {ACCOUNT} Phone": {"pipe": {"made"}},
        f"app-password ensure {ACCOUNT} Car": {"pipe": {"ensured"}},
        # An argument of what sends it, as recipes/config.toml says.
        f"account bypass {ACCOUNT} --minutes 5": {"names": {"number"}},
        "notices": {"names": {"number"}},
        f"backup {tmp_path}/with.tar --with-key": {".tmp": {"key 0"}},
    }


def test_the_daemon_and_who_follows_hand_no_secret_on(
    shell: Shell, shared: Path, tmp_path: Path
) -> None:
    fill(shell, shared, tmp_path)
    made, _ = shell.run("app-password", "create", ACCOUNT, "Phone", gives="app password")
    password = made.strip()
    shell.secrets |= {"wrong": "7kfm2xqd9h3vtw58", "old": "ninety wet umbrellas"}
    told, followed = Strace(tmp_path), Strace(tmp_path)
    with (
        serving(tmp_path, "--config", shared, store=False, before=told.line) as daemon,
        following(shared, before=followed.line) as follower,
    ):
        for name, talk, (yes, _) in WAYS.values():
            for secret in (password, shell.secrets["wrong"], shell.secrets["old"]):
                with connection(daemon, name) as asking:
                    assert (yes in talk(asking, secret, ACCOUNT)) == (secret == password)
        _, found = shell.run("app-password", "delete", ACCOUNT, "Phone")
        assert found == {}
        wait_for((tmp_path / "machine" / "ended" / ACCOUNT).exists, shared)
        assert daemon.end() == 0
        follower.send_signal(signal.SIGTERM)
        assert follower.wait(SECONDS) == 0
    for run in (told, followed):
        assert run.finds(shell.secrets) == {}
        assert "socket" in run.finds({"account": ACCOUNT}), "it is not heard what is said"
