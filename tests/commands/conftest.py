from pathlib import Path

import pytest

from tests.doctor.healthy import Server


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)
