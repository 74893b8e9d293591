"""A run of the product that can be asked for what it holds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.secrecy.watched import Watched
from tests.terminal.conftest import _made_store, required

__all__ = ["_made_store", "required"]  # fixtures


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "watched").mkdir()
    watched = Watched(tmp_path / "watched")
    yield watched
    watched.close()
