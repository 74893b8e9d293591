"""Whatever stands in a file, nobody meets a traceback."""

import json
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from apppw_tui.domain.errors import StoreDamaged
from tests.store.making import account_file, add, folder_store

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e999,
    "",
    "x",
    "\ud800",
    "\x1b[31m",
    [],
    [1],
    [[1, 2]],
]
JUNK += [{}, {"1": {}}, {"x": 1}, {"1": [["id", "abc"]]}, 10**30, "0001-01-01T00:00:00Z"]


def places(node: Any) -> list[tuple[dict[str, Any], str]]:
    found = []
    for key, value in node.items():
        found.append((node, key))
        if isinstance(value, dict):
            found += places(value)
    return found


@pytest.mark.slow
def test_whatever_stands_in_the_file_it_is_an_account_or_refused(tmp_path: Path) -> None:
    random = Random(8)
    disk = folder_store(tmp_path / "store")
    account = add(disk)
    path = account_file(tmp_path / "store")
    good = path.read_text()
    kept = 0
    for _ in range(1500):
        content = json.loads(good)
        for _ in range(random.choice([1, 1, 2])):
            node, key = random.choice(places(content))
            if random.random() < 0.2:
                node[random.choice(["1", "2", "x", "name", "id"])] = deepcopy(random.choice(JUNK))
            else:
                node[key] = deepcopy(random.choice(JUNK))
        path.write_text(json.dumps(content))
        try:
            found = disk.get("ada")
        except StoreDamaged:
            assert path.read_text() == json.dumps(content)
            continue
        # Then it must be possible to work with it, and it must stay an account.
        assert found is not None
        assert found.uid == account.uid
        with disk.transaction("ada", account.uid) as change:
            change.account = change.existing.with_password(
                str(account.password_hash), found.created
            )
        changed = disk.get("ada")
        assert changed is not None
        assert changed.session_generation == found.session_generation + 1
        kept += 1
    assert kept > 100


def test_a_file_cut_off_or_with_a_flipped_bit_is_an_account_or_refused(tmp_path: Path) -> None:
    random = Random(9)
    disk = folder_store(tmp_path / "store")
    account = add(disk)
    path = account_file(tmp_path / "store")
    good = path.read_bytes()
    for length in range(len(good)):
        path.write_bytes(good[:length])
        with pytest.raises(StoreDamaged):
            disk.get("ada")
    for _ in range(1500):
        flipped = bytearray(good)
        flipped[random.randrange(len(good))] ^= 1 << random.randrange(8)
        path.write_bytes(flipped)
        try:
            found = disk.get("ada")
        except StoreDamaged:
            continue
        assert found is not None
        assert found.name == account.name
