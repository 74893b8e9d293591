from pathlib import Path

import pytest

from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import folder_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store is: its own folder in one that everybody may enter."""
    return tmp_path / "store"


@pytest.fixture
def disk(folder: Path) -> FolderStore:
    """A store in `folder`, without accounts yet."""
    return folder_store(folder)
