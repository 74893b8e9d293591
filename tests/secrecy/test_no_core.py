"""A daemon that crashes leaves no core, and no other process of its user can look into it."""

import os
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.commands.daemon_runs import configured
from tests.serving import forked
from tests.store.other_uid import OTHER, only_root, said_as
from tests.support import House

pytestmark = only_root


@pytest.fixture
def ground(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where cores would be: a folder in which everybody may write, and no limit on them."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o777)
    monkeypatch.chdir(path)
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield path
    resource.setrlimit(resource.RLIMIT_CORE, before)
    shutil.rmtree(path)


def look_into(pid: int) -> str:
    """What keeps another process of OTHER from the memory and the variables of that one."""

    def look() -> None:
        for name in ("environ", "mem"):
            Path(f"/proc/{pid}/{name}").open("rb").close()

    return said_as(OTHER, look)


def test_its_own_user_looks_into_no_daemon_and_a_crash_leaves_no_core(ground: Path) -> None:
    House(store=open_store(ground / "store", create=True)).add("ada")
    for path in (ground / "store", *(ground / "store").rglob("*")):
        os.chown(path, OTHER, OTHER)
    with forked(ground, OTHER, "--config", configured(ground, "")) as daemon:
        assert daemon.ask("ada", "7kfm2xqd9h3vtw58") == "not mine"
        assert look_into(daemon.process.pid).startswith("PermissionError")
        daemon.process.send_signal(signal.SIGSYS)
        ended = os.waitid(os.P_PID, daemon.process.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        assert (ended.si_status, ended.si_code) == (signal.SIGSYS, os.CLD_KILLED)
    assert [path for path in ground.rglob("*") if "core" in path.name] == []
