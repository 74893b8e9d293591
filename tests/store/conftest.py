from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import folder_store
from tests.store.small_disks import tmpfs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is: its own folder in one that everybody may enter."""
    return tmp_path / "store"


@pytest.fixture
def disk(folder: Path) -> FolderStore:
    """A store in `folder`, without accounts yet."""
    return folder_store(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    with tmpfs(tmp_path / "small", "size=1m") as disk:
        yield disk
