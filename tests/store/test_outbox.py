"""What the daemon leaves for others to send."""

import json
import stat
from pathlib import Path

import pytest

from apppw_tui.domain.acts import Act, Entry
from apppw_tui.domain.errors import StoreError
from apppw_tui.store import outbox as module
from apppw_tui.store.outbox import FolderOutbox
from tests.store.making import new_account
from tests.support import NOW

ADA = new_account()
USED = Entry(NOW, Act.USED_NEW, "the server", {"name": "Phone", "address": "192.0.2.7"})


@pytest.fixture
def outbox(tmp_path: Path) -> FolderOutbox:
    return FolderOutbox(tmp_path)


def test_each_is_taken_once(outbox: FolderOutbox, tmp_path: Path) -> None:
    outbox.lay(ADA, USED)
    (path,) = (tmp_path / "notices").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(outbox.taken()) == [("ada", ADA.uid, USED)]
    assert list((tmp_path / "notices").iterdir()) == []
    assert list(outbox.taken()) == []


def test_it_is_gone_before_it_is_sent(outbox: FolderOutbox) -> None:
    outbox.lay(ADA, USED)
    outbox.lay(ADA, USED)
    next(outbox.taken())
    assert len(list(outbox.taken())) == 1


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_keeps_no_other_waiting(
    outbox: FolderOutbox, tmp_path: Path, kind: str
) -> None:
    outbox.lay(ADA, USED)
    path = tmp_path / "notices" / f"{ADA.uid}-{'0' * 16}.json"
    (tmp_path / "key").write_text("precious")
    path.symlink_to(tmp_path / "key") if kind == "link" else path.mkdir()
    assert list(outbox.taken()) == [("ada", ADA.uid, USED)]
    assert (tmp_path / "key").read_text() == "precious"


def test_where_there_is_no_folder_nothing_waits(outbox: FolderOutbox, tmp_path: Path) -> None:
    assert list(outbox.taken()) == []
    assert not (tmp_path / "notices").exists()


def test_they_fill_no_disk(outbox: FolderOutbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    outbox.lay(ADA, USED)
    outbox.lay(ADA, USED)
    with pytest.raises(StoreError, match="nobody takes the notices away"):
        outbox.lay(ADA, USED)
    assert len(list(outbox.taken())) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"5", b"\xff", b"[" * 100_000, b"null",
        json.dumps({"account": "ada", "entry": {"what": "x"}}).encode(),
        json.dumps({"account": "ada", "entry": 5}).encode(),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_goes_and_keeps_no_other_waiting(
    outbox: FolderOutbox, tmp_path: Path, content: bytes
) -> None:
    outbox.lay(ADA, USED)
    (tmp_path / "notices" / f"{ADA.uid}-{'0' * 16}.json").write_bytes(content)
    (tmp_path / "notices" / "README").write_text("somebody's")
    assert list(outbox.taken()) == [("ada", ADA.uid, USED)]
    assert [path.name for path in (tmp_path / "notices").iterdir()] == ["README"]
