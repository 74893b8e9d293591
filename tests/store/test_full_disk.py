"""SAFETY 24: a full disk never stops a deletion; it refuses a creation. On a real, full disk."""

import gc
import os
from pathlib import Path

import pytest

from apppw_tui.domain.errors import DiskFull
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.portal import Portal
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.deleted_ids import DeletedIds
from apppw_tui.store.folder.disk_reserve import SIZE
from tests.store.small_disks import fill
from tests.support import PASSWORD, FixedClock, House

ACCOUNT = "ada@example.org"


def house_on(folder: Path) -> House:
    clock = FixedClock()
    return House(
        store=FolderStore(folder), clock=clock, counters=FolderThrottleStore(folder, clock)
    )


def test_on_a_full_disk_one_can_sign_in_and_delete_but_not_create(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    ids = [house.issue(f"Device {number}").app_password.id for number in range(20)]
    house.sign_in(ACCOUNT, PASSWORD)
    fill(small_disk)

    with pytest.raises(DiskFull, match="The disk is full: nothing was changed"):
        house.issue("One more")
    portal: Portal = house.portal
    session = house.sign_in(ACCOUNT, PASSWORD)
    for id_ in ids:
        portal.delete_app_password(session, id_)
    assert house.now().app_passwords == ()
    assert house.now().deleted_ids == set(ids)


def test_creation_is_refused_while_the_reserve_is_not_full(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    house.issue("Phone")
    fill(small_disk)
    os.truncate(folder / "reserve", SIZE - 65_536)  # as a sign-in leaves it
    with (small_disk / "filler").open("ab") as file:
        file.write(os.urandom(32_768))
    with pytest.raises(DiskFull, match="The disk is full: nothing was changed"):
        house.issue("One more")
    (small_disk / "filler").unlink()
    house.issue("One more")
    assert (folder / "reserve").stat().st_size == SIZE


@pytest.mark.parametrize("greedy", [False, True])
def test_deletion_after_deletion_goes_through_while_the_disk_stays_full(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, greedy: bool
) -> None:
    """`greedy`: whatever is free for a moment is taken at once, as by a log that grows."""
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    for number in range(12):
        name = f"user{number}"
        house.add(name)
        for device in range(3):
            house.issue(f"Device {device}", name)
    fill(small_disk)
    replace = Path.replace

    def replaced(path: Path, target: Path) -> Path:
        done = replace(path, target)
        if greedy and target.suffix == ".json":
            fill(small_disk)
        return done

    monkeypatch.setattr(Path, "replace", replaced)
    for number in range(12):
        name = f"user{number}"
        house.operator.delete_app_password(name, "Device 0")
        fill(small_disk)
        house.operator.delete_app_passwords(name)
        fill(small_disk)
        house.operator.disable(name)
        fill(small_disk)
        assert house.now(name).app_passwords == ()
        assert not house.now(name).enabled
        assert len(house.now(name).deleted_ids) == 3


def test_the_room_is_set_aside_again_once_there_is_some(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    id_ = house.issue("Phone").app_password.id
    fill(small_disk)
    house.portal.delete_app_password(house.session(), id_)
    assert (folder / "reserve").stat().st_size < SIZE
    (small_disk / "filler").unlink()
    id_ = house.issue("Phone").app_password.id
    assert (folder / "reserve").stat().st_mode & 0o777 == 0o600
    assert (folder / "reserve").stat().st_size == SIZE
    fill(small_disk)
    house.portal.delete_app_password(house.session(), id_)
    assert house.now().app_passwords == ()


def test_a_code_can_be_used_on_a_full_disk(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    house.issue("Phone")
    secret = house.give_authenticator()
    house.challenge(ACCOUNT, PASSWORD)  # somebody signed in here before
    fill(small_disk)
    session = house.challenge(ACCOUNT, PASSWORD).answer(APP, house.app_code(secret))
    house.portal.delete_app_password(session, house.now().app_passwords[0].id)
    assert house.now().app_passwords == ()


@pytest.mark.slow
def test_commands_one_after_the_other_list_what_they_delete_while_the_disk_stays_full(
    small_disk: Path,
) -> None:
    """Each opens the list anew, and what lies beside it while it is open goes when it closes."""
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    uid = house.now().uid
    ids = [house.issue(f"Device {number}").app_password.id for number in range(30)]
    del house
    gc.collect()
    fill(small_disk)
    unlisted: list[str] = []
    for id_ in ids:
        store = FolderStore(folder)
        store.deletions.complain = lambda name, _error: unlisted.append(name)
        with store.transaction(ACCOUNT, uid) as change:
            change.account = change.existing.without_app_password(id_)
        del store, change
        gc.collect()
        fill(small_disk)
    assert unlisted == []
    assert DeletedIds(folder).read().of(uid) == set(ids)
