"""A copy of a store that is killed, into files and into a database: it goes on the next time."""

import os
import signal
from pathlib import Path

import pytest

from apppw_tui.config import load
from apppw_tui.domain.errors import CopyUnfinished
from apppw_tui.domain.ports import SystemClock
from apppw_tui.store.backup import copying
from apppw_tui.store.engine import Engine, StoreLocation, open_engine
from apppw_tui.store.postgres.schema import VERIFIER
from tests.running import CommandLine
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.test_killed import forked, killed
from tests.support import PASSWORD

pytestmark = ONE_CLUSTER
UNFINISHED = "A copy into this store was not finished. Do it again: apppw-tui store copy FROM TO"
NAMES = ("ada", "grace", "ida")


def files(folder: Path, name: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(f'store = "{folder / name}"\n')
    return path


@pytest.fixture
def source(run: CommandLine, tmp_path: Path) -> Path:
    config = files(tmp_path, "files")
    for name in NAMES:
        run.good(
            *("account", "add", name, "--password-stdin", "--config", config),
            stdin=f"{PASSWORD}\n",
        )
        run.good("app-password", "create", name, "Phone", "--config", config)
    return config


@pytest.fixture(params=["files", "database"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "files":
        return files(tmp_path, "target")
    database: Cluster = request.getfixturevalue("database")
    path = tmp_path / "database.toml"
    path.write_text(
        f'[store]\nengine = "postgresql"\nfolder = "{tmp_path / "machine"}"\ntimeout = 1\n'
        f'dsn = "{database.dsn()}"\nserve_dsn = "{database.dsn(VERIFIER)}"\n'
    )
    return path


def opened(config: Path) -> Engine:
    place = StoreLocation.of(load(config), None, None)
    return open_engine(place, SystemClock(), create=True, unfinished=True)[0]


def kill_at(step: str, source: Path, target: Path) -> None:
    """Copies until `step` of the second account, or of the whole, and dies there by SIGKILL."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        engine = opened(target)
        if step == "comparison":
            copying._compare = die  # type: ignore[assignment]
        elif step == "account":
            put = copying._put

            def second(*parts: object) -> None:
                if parts[1] == "grace":
                    die()
                put(*parts)  # type: ignore[arg-type]

            copying._put = second  # type: ignore[assignment]
        else:
            restore = engine.activity.restore

            def restored(*parts: object) -> None:
                restore(*parts)  # type: ignore[arg-type]
                die()

            engine.activity.restore = restored  # type: ignore[method-assign]
        copying.copy_store(opened(source), engine)

    assert killed(forked(work))


def documents(config: Path) -> dict[str, bytes | None]:
    engine = opened(config)
    return {name: engine.accounts.read_raw(name).content for name in engine.accounts.list_names()}


@pytest.mark.parametrize("step", ["account", "events", "comparison"])
def test_copy_that_was_killed_is_told_and_goes_on(
    run: CommandLine, source: Path, target: Path, step: str
) -> None:
    kill_at(step, source, target)
    for words in (("account", "list"), ("verify", "ada", "--service", "imap"), ("store", "tidy")):
        refused = run(*words, "--config", target, stdin="secret")
        assert (refused.code, refused.line) == (3, UNFINISHED), words
    ill = run("doctor", "--config", target)
    assert (ill.code, UNFINISHED.partition(" Do")[0] in ill.out) == (4, True), ill.out
    with pytest.raises(CopyUnfinished):
        opened(target).require_ready()
    refused = run("store", "copy", target, source)
    assert UNFINISHED in refused.err
    # What has changed since is not kept as it was.
    run.good("app-password", "delete", "ada", "Phone", "--config", source)
    run.good("account", "rename", "grace", "hope", "--config", source)
    output = run.good("store", "copy", source, target)
    assert output == "Copied 3 accounts; both stores are the same.\n"
    assert documents(target) == documents(source)
    assert run.good("account", "list", "--config", target).count("hope") == 1
    assert run("store", "copy", source, target).code == 1, "it is finished"


def test_another_source_takes_the_place_of_the_first(
    run: CommandLine, source: Path, target: Path, tmp_path: Path
) -> None:
    kill_at("comparison", source, target)
    other = files(tmp_path, "other")
    line = ("--password-stdin", "--config", other)
    run.good("account", "add", "ada", *line, stdin=f"{PASSWORD}\n")
    assert run.good("store", "copy", other, target).startswith("Copied 1 account;")
    assert documents(target) == documents(other)


def test_copy_of_what_changed_meanwhile_can_be_done_again(
    run: CommandLine, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = copying._compare

    def changed(*parts: object) -> None:
        run.good("app-password", "create", "ida", "Tablet", "--config", source)
        compare(*parts)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(copying, "_compare", changed)
        output = run("store", "copy", source, target)
        assert output.line == "ida is not the same in both: it was changed meanwhile. Copy again."
    assert run("account", "list", "--config", target).line == UNFINISHED
    assert "both stores are the same" in run.good("store", "copy", source, target)
    assert documents(target) == documents(source)
