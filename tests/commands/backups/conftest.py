from pathlib import Path

import pytest

from tests.running import CommandLine
from tests.support import House


@pytest.fixture
def house(run: CommandLine) -> House:
    """With ada, who has two app passwords and a phone, and ben, who has nothing."""
    house = run.house()
    for name in ("ada", "ben"):
        house.add(name)
    for name in ("Phone", "Tablet"):
        house.issue(name, "ada")
    house.give_phone(name="ada")
    return house


@pytest.fixture
def file(run: CommandLine) -> Path:
    return run.home / "backup.tar"
