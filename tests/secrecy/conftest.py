"""A run of the product that can be asked for what it holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.secrecy.shell import Shell
from tests.secrecy.watched import Watched
from tests.store.conftest import cluster, database
from tests.terminal.conftest import Installed, _made_store, required

__all__ = ["_made_store", "cluster", "database", "required"]  # fixtures


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "watched").mkdir()
    watched = Watched(tmp_path / "watched")
    yield watched
    watched.close()


@pytest.fixture
def shell(required: Installed, tmp_path: Path) -> Shell:
    return Shell(required, tmp_path)
