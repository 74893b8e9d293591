from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.store.folder.ledger import Ledger
from tests.store.folder.ledger.words import ledger_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a store? 100%"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    ledger = ledger_in(folder)
    yield ledger
    ledger.close()
