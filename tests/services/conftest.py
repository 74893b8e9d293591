"""What every test with a real server needs: an ordinary user, and a place that it can enter."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.ordinary import OrdinaryUser, installed_program


@pytest.fixture(scope="session")
def user() -> OrdinaryUser:
    return OrdinaryUser.find()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A temporary folder that others can enter; pytest's own are closed to all but their owner."""
    path = Path(tempfile.mkdtemp(prefix="apppw-"))
    try:
        path.chmod(0o755)
        yield path
    finally:
        shutil.rmtree(path)


@pytest.fixture(scope="module")
def program(folder: Path, user: OrdinaryUser) -> Path:
    """An `apppw-tui` that the ordinary user can run."""
    return installed_program(folder, user)
