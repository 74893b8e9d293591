"""`apppw-tui serve` as root: it becomes the store's owner, and gives away the sockets."""

import grp
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.commands.daemon_runs import configured
from tests.serving import forked
from tests.store.other_uid import OTHER, only_root
from tests.support import House


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that everybody may enter, with a store that is somebody else's."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def others_store(ground: Path) -> str:
    """Gives the store to another uid; returns ada's app password."""
    house = House(store=open_store(ground / "store", create=True))
    house.add("ada")
    secret = house.issue("Phone", "ada").secret.reveal()
    for path in (ground / "store", *(ground / "store").rglob("*")):
        os.chown(path, OTHER, OTHER)
    return secret


@only_root
@pytest.mark.parametrize("uid", [0, OTHER])
def test_root_becomes_the_stores_owner_and_an_ordinary_user_does_as_well(
    ground: Path, uid: int
) -> None:
    secret = others_store(ground)
    if uid != 0:
        (ground / "run").mkdir()
        os.chown(ground / "run", uid, uid)
    group = grp.getgrgid(OTHER).gr_name if uid else "daemon"
    config = configured(
        ground, f'[[serve.socket]]\nname = "json"\nprotocol = "json"\ngroup = "{group}"'
    )
    with forked(ground, uid, "--config", config) as daemon:
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        assert f"\nUid:\t{OTHER}\t{OTHER}\t{OTHER}\t{OTHER}\n" in status
        made = (daemon.sockets / "json").lstat()
        assert (made.st_uid, made.st_gid) == (OTHER, grp.getgrnam(group).gr_gid)
        assert stat.S_IMODE(made.st_mode) == 0o660
        assert daemon.ask("ada", secret) == "yes"
        assert daemon.end() == 0
        assert list(daemon.sockets.iterdir()) == []
    for written in (ground / "store" / "usage").iterdir():
        assert written.stat().st_uid == OTHER


@only_root
def test_root_gives_the_sockets_to_the_owner_where_no_group_is_told(ground: Path) -> None:
    others_store(ground)
    with forked(ground, 0) as daemon:
        for path in (daemon.sockets, *daemon.sockets.iterdir()):
            assert (path.lstat().st_uid, path.lstat().st_gid) == (OTHER, OTHER)
