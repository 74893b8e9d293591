"""What is laid down for others to send."""

import json
import re
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.activity import ActivityEntry, EventType, as_line, entry
from apppw_tui.domain.errors import StoreError
from apppw_tui.store.folder import files
from apppw_tui.store.folder import notice_queue as module
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from tests.store.making import new_account
from tests.support import NOW

ADA = new_account()
USED = ActivityEntry(
    NOW, EventType.USED_NEW, "the server", {"name": "Phone", "address": "192.0.2.7"}
)


@pytest.fixture
def outbox(tmp_path: Path) -> FolderNoticeQueue:
    return FolderNoticeQueue(tmp_path)


def whats(outbox: FolderNoticeQueue) -> list[str]:
    return [message.entry.event for message in outbox.due(NOW)]


def test_message_is_laid_read_and_removed(outbox: FolderNoticeQueue, tmp_path: Path) -> None:
    outbox.put(ADA, USED)
    (path,) = (tmp_path / "notices").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (message,) = outbox.due(NOW)
    assert (message.account_name, message.uid, message.entry) == ("ada", ADA.uid, USED)
    assert (message.tries, message.how, message.summed) == (0, "", False)
    outbox.remove(message)
    assert list((tmp_path / "notices").iterdir()) == []


def test_a_program_from_before_reads_what_it_knows(
    outbox: FolderNoticeQueue, tmp_path: Path
) -> None:
    outbox.put(ADA, USED)
    (message,) = outbox.due(NOW)
    outbox.keep(message.tried(NOW, timedelta(minutes=5)))
    (path,) = (tmp_path / "notices").iterdir()
    assert re.fullmatch(rf"{ADA.uid}-[0-9a-f]{{16}}\.json", path.name)
    told = json.loads(path.read_bytes())
    assert told["account"] == "ada"
    assert entry(told["entry"]) == USED


def test_what_a_program_from_before_laid_is_read(outbox: FolderNoticeQueue, tmp_path: Path) -> None:
    document = {"account": "ada", "entry": dict(as_line(USED))}
    (tmp_path / "notices").mkdir()
    (tmp_path / "notices" / f"{ADA.uid}-{'0f' * 8}.json").write_text(json.dumps(document))
    assert whats(outbox) == [USED.event]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_keeps_no_other_waiting(
    outbox: FolderNoticeQueue, tmp_path: Path, kind: str
) -> None:
    outbox.put(ADA, USED)
    path = tmp_path / "notices" / f"{ADA.uid}-{'0' * 16}.json"
    (tmp_path / "key").write_text("precious")
    path.symlink_to(tmp_path / "key") if kind == "link" else path.mkdir()
    assert whats(outbox) == [USED.event]
    assert (tmp_path / "key").read_text() == "precious"


def test_where_there_is_no_folder_nothing_waits(outbox: FolderNoticeQueue, tmp_path: Path) -> None:
    with outbox.alone() as alone:
        assert alone
        assert list(outbox.due(NOW)) == []
    assert not (tmp_path / "notices").exists()


def test_messages_fill_no_disk(outbox: FolderNoticeQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    outbox.put(ADA, USED)
    outbox.put(ADA, USED)
    with pytest.raises(StoreError, match="nobody takes the notices away"):
        outbox.put(ADA, USED)
    assert len(whats(outbox)) == 2


@pytest.mark.slow
def test_an_act_on_all_accounts_has_a_message_for_each(
    outbox: FolderNoticeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[FolderNoticeQueue] = []
    names = FolderNoticeQueue._names

    def look(self: FolderNoticeQueue) -> list[str]:
        looks.append(self)
        return names(self)

    monkeypatch.setattr(FolderNoticeQueue, "_names", look)
    # Not as durable as it is: a thousand of them would take half a minute.
    monkeypatch.setattr(files, "confirm", lambda _: None)
    monkeypatch.setattr("os.fsync", lambda _: None)
    for number in range(1200):
        outbox.put(replace(ADA, uid=f"{number:032x}"), USED)
    assert len(looks) < 10  # to look each time takes the square of it
    assert len(outbox.waiting()) == 1200


def test_room_that_was_made_is_seen(
    outbox: FolderNoticeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 1)
    outbox.put(ADA, USED)
    (message,) = outbox.due(NOW)
    outbox.remove(message)
    outbox.put(ADA, USED)


def test_one_account_does_not_take_everybodys_room(
    outbox: FolderNoticeQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_EACH", 2)
    outbox.put(ADA, USED)
    outbox.put(ADA, USED)
    with pytest.raises(StoreError, match="about that account"):
        outbox.put(ADA, USED)
    outbox.put(replace(ADA, uid="0" * 32), USED)
    assert len(whats(outbox)) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"5", b"\xff", b"[" * 100_000, b"null",
        json.dumps({"account": "ada", "entry": {"what": "x"}}).encode(),
        json.dumps({"account": "ada", "entry": 5}).encode(),
        json.dumps({"account": "ada", "entry": dict(as_line(USED)), "tries": "x"}).encode(),
        json.dumps({"account": "ada", "entry": dict(as_line(USED)), "not_before": 5}).encode(),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_goes_and_keeps_no_other_waiting(
    outbox: FolderNoticeQueue, tmp_path: Path, content: bytes
) -> None:
    outbox.put(ADA, USED)
    (tmp_path / "notices" / f"{ADA.uid}-{'0' * 16}.json").write_bytes(content)
    (tmp_path / "notices" / "README").write_text("somebody's")
    assert whats(outbox) == [USED.event]
    assert len(list((tmp_path / "notices").iterdir())) == 2
