"""SAFETY 8: a paused or limited app password lies where no older program finds it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import add, record
from tests.support import NOW

PAUSED = replace(record(), paused=True)
LIMITED = replace(record(), networks=("192.0.2.0/24", "2001:db8::/32"))
ROOM = 64  # bytes that a change may take on a full disk, as the store has it


def change(store: AccountStore, *app_passwords: AppPassword) -> None:
    account = store.get("ada")
    assert account is not None
    with store.transaction("ada", account.uid) as step:
        step.account = replace(step.existing, app_passwords=app_passwords)


def now(store: AccountStore) -> tuple[AppPassword, ...]:
    account = store.get("ada")
    assert account is not None
    return account.app_passwords


def path(folder: Path) -> Path:
    return folder / "accounts/ada.json"


def seen_by_an_older_program(folder: Path) -> list[str]:
    """The ids in the one table of app passwords that there was before."""
    with TinyDB(path(folder)) as database:
        return [document["id"] for document in database.table("app_passwords").all()]


def alter(folder: Path, table: str, **fields: Any) -> None:
    document = json.loads(path(folder).read_text())
    next(iter(document[table].values())).update(fields)
    path(folder).write_text(json.dumps(document))


@pytest.mark.parametrize("restricted", [PAUSED, LIMITED, replace(LIMITED, paused=True)])
def test_restricted_one_is_read_again_and_no_older_program_sees_it(
    disk: FolderStore, folder: Path, restricted: AppPassword
) -> None:
    add(disk)
    change(disk, restricted)
    assert now(disk) == (restricted,)
    assert seen_by_an_older_program(folder) == []
    change(disk, record())
    assert now(disk) == (record(),)
    assert seen_by_an_older_program(folder) == ["abc"]
    assert "restricted" not in json.loads(path(folder).read_text())


def test_restricted_one_keeps_its_place(disk: FolderStore) -> None:
    add(disk)
    first, second = replace(PAUSED, created=NOW.replace(hour=1)), record("abd", "Car")
    change(disk, replace(first, paused=False), second)
    change(disk, first, second)
    assert now(disk) == (first, second)


def test_keys_that_only_a_newer_program_knows_move_along(disk: FolderStore, folder: Path) -> None:
    add(disk)
    alter(folder, "app_passwords", colour="red")
    change(disk, PAUSED)
    (document,) = json.loads(path(folder).read_text())["restricted"].values()
    assert (document["colour"], document["paused"]) == ("red", True)
    change(disk, record())
    (document,) = json.loads(path(folder).read_text())["app_passwords"].values()
    assert document["colour"] == "red"
    assert "paused" not in document


def test_pause_takes_no_more_room_than_a_full_disk_has(disk: FolderStore, folder: Path) -> None:
    add(disk)
    before = path(folder).stat().st_size
    change(disk, PAUSED)
    assert path(folder).stat().st_size - before <= ROOM


def test_id_that_an_older_program_gave_away_is_the_new_ones(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    change(disk, LIMITED)
    document = json.loads(path(folder).read_text())
    free = {key: value for key, value in document["restricted"]["1"].items() if key != "networks"}
    document["app_passwords"] = {"1": free | {"name": "Car"}}
    path(folder).write_text(json.dumps(document))
    assert now(disk) == (record(name="Car"),)
    change(disk, record(name="Car 2"))
    assert "restricted" not in json.loads(path(folder).read_text())


def test_one_that_an_older_program_lists_as_deleted_stays_so(
    disk: FolderStore, folder: Path
) -> None:
    add(disk)
    change(disk, LIMITED)
    alter(folder, "account", deleted_ids=["abc"])
    assert now(disk) == ()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"networks": ["192.0.2.0/33"]}, "its networks are malformed"),
        ({"networks": ["fe80::1%eth0"]}, "its networks are malformed"),
        ({"networks": "192.0.2.0/24"}, "its networks are malformed"),
        ({"paused": "yes"}, "its paused is missing or of the wrong kind"),
    ],
)
def test_restriction_that_cannot_be_read_is_damage(
    disk: FolderStore, folder: Path, fields: dict[str, Any], why: str
) -> None:
    add(disk)
    change(disk, LIMITED)
    alter(folder, "restricted", **fields)
    with pytest.raises(StoreDamaged, match=why):
        disk.get("ada")
