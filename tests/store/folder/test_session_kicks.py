"""Whose sessions are to end, as files in the store."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.portal.portal import Portal
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.error_log import FolderErrorLog
from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
from tests.store.making import folder_store
from tests.store.small_disks import tmpfs
from tests.support import FixedClock, House, Notebook

ADA = "ada@example.org"


@pytest.fixture
def live_sessions(folder: Path) -> FolderSessionTerminator:
    folder_store(folder)
    return FolderSessionTerminator(folder, Notebook())


def test_a_name_is_an_empty_file_of_the_owners_alone(
    folder: Path, live_sessions: FolderSessionTerminator
) -> None:
    before = os.umask(0)
    try:
        live_sessions.terminate(ADA)
    finally:
        os.umask(before)
    (path,) = (folder / "ended").iterdir()
    assert (path.name, path.read_bytes()) == (ADA, b"")
    assert (folder / "ended").stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["../accounts/x", "", ".", ".hidden", "Ada", "a/b", "*", "a\n"])
def test_what_is_no_account_name_is_no_file(
    folder: Path, live_sessions: FolderSessionTerminator, name: str
) -> None:
    live_sessions.terminate(name)
    assert not (folder / "ended").exists()
    assert list((folder / "accounts").iterdir()) == []


@pytest.mark.parametrize("wrong", ["a file", "a link", "a link for a name", "gone"])
def test_where_it_cannot_be_told_the_log_says_so_and_nothing_is_raised(
    folder: Path, tmp_path: Path, wrong: str
) -> None:
    folder_store(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if wrong == "a file":
        (folder / "ended").touch()
    elif wrong == "a link":
        (folder / "ended").symlink_to(elsewhere)
    elif wrong == "a link for a name":
        (folder / "ended").mkdir()
        (folder / "ended" / ADA).symlink_to(elsewhere / "new")
    else:
        shutil.rmtree(folder)
        folder.touch()
    notebook = Notebook()
    FolderSessionTerminator(folder, notebook).terminate(ADA)
    ((what, facts),) = notebook.errors
    assert (what, facts["account"]) == ("sessions not ended", ADA)
    assert str(folder) in facts["why"]
    assert list(elsewhere.iterdir()) == []


def test_the_fault_is_a_line_in_the_stores_log(folder: Path) -> None:
    folder_store(folder)
    (folder / "ended").touch()
    FolderSessionTerminator(folder, FolderErrorLog(folder, FixedClock())).terminate(ADA)
    said = (folder / "log").read_text()
    assert f"sessions not ended account={ADA} why=" in said


@pytest.fixture
def few_files(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a few files, or a folder where none can be mounted."""
    with tmpfs(tmp_path / "small", "size=1m,nr_inodes=40") as disk:
        yield disk


def test_a_full_disk_stops_no_deletion(few_files: Path) -> None:
    folder = few_files / "store"
    folder.mkdir(0o700)
    house = House(store=FolderStore(folder))
    house.add()
    id_ = house.issue("Phone").app_password.id
    for number in range(40):
        try:
            (few_files / str(number)).touch()
        except OSError:
            break
    means = replace(house.means, session_terminator=FolderSessionTerminator(folder, house.notebook))
    Portal(means).delete_app_password(house.session(), id_)
    assert house.now().app_passwords == ()
    ((what, facts),) = house.notebook.errors
    assert (what, facts["account"]) == ("sessions not ended", ADA)
    assert "The disk is full" in facts["why"]
    assert not (folder / "ended").exists()
