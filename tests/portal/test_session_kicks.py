"""Whoever deletes an app password tells whose sessions are to end, as part of the deletion."""

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.bootstrap import build
from apppw_tui.config import Config
from apppw_tui.domain.errors import NotFound, SessionEnded, SignInRefused, StoreBusy
from apppw_tui.domain.switched_off import NoSessionTermination
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.portal import Portal
from apppw_tui.store.engine import StoreLocation
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
from tests.endings import Noticed
from tests.store.test_killed import forked, killed
from tests.support import NOW, PASSWORD, FixedClock, House

ADA = "ada@example.org"
NEW = "differential engine 22"

Deed = Callable[[Portal, Admin, House], object]


def first(house: House) -> str:
    return house.now().app_passwords[0].id


DELETIONS: dict[str, Deed] = {
    "a person": lambda portal, _, house: portal.delete_app_password(house.session(), first(house)),
    "a password change": lambda portal, _, house: portal.change_password(
        house.session(), PASSWORD, NEW, delete_app_passwords=True
    ),
    "the operator, all": lambda _, operator, __: operator.delete_app_passwords(ADA),
    "the operator": lambda _, operator, house: operator.delete_app_password(ADA, first(house)),
}
OTHERS: dict[str, Deed] = {
    "one that is not there": lambda portal, _, house: portal.delete_app_password(
        house.session(), "zzz"
    ),
    "a session that ended": lambda portal, _, house: portal.delete_app_password(
        replace(house.session(), session_generation=7), first(house)
    ),
    "the wrong password": lambda portal, _, house: portal.change_password(
        house.session(), "not it", NEW, delete_app_passwords=True
    ),
    "a password change that keeps them": lambda portal, _, house: portal.change_password(
        house.session(), PASSWORD, NEW
    ),
    "a new name": lambda portal, _, house: portal.rename_app_password(
        house.session(), first(house), "Another"
    ),
    "a new one": lambda portal, _, house: portal.create_app_password(house.session(), "Another"),
    "an unknown name to delete": lambda _, operator, __: operator.delete_app_password(ADA, "No"),
    "an unknown account to remove": lambda _, operator, __: operator.remove_account("grace"),
    "a new password by the operator": lambda _, operator, __: operator.set_password(ADA, NEW),
    "tidying": lambda _, operator, __: operator.purge_expired(ADA),
}


def rooms(house: House, live_sessions: Noticed | FolderSessionTerminator) -> tuple[Portal, Admin]:
    means = replace(house.means, session_terminator=live_sessions)
    return Portal(means), Admin(means)


@pytest.fixture
def disk(tmp_path: Path) -> House:
    """ada@example.org with one app password, in a folder; nobody waits for a lock."""
    open_store(tmp_path / "store", create=True)
    house = House(store=FolderStore(tmp_path / "store", lock_timeout=0))
    house.add()
    house.issue("Phone")
    return house


@pytest.mark.parametrize("deed", DELETIONS)
def test_it_is_told_under_the_lock_and_before_it_is_saved(disk: House, deed: str) -> None:
    seen = []

    def notice() -> None:
        with pytest.raises(StoreBusy), disk.store.transaction(ADA, disk.now().uid):
            pass
        seen.append(len(disk.now().app_passwords))

    noticed = Noticed(notice)
    DELETIONS[deed](*rooms(disk, noticed), disk)
    assert (noticed.ended, seen) == ([ADA], [1])
    assert disk.now().app_passwords == ()


@pytest.mark.parametrize("deed", OTHERS)
def test_nothing_is_told_where_nothing_is_deleted(disk: House, deed: str) -> None:
    noticed = Noticed()
    with contextlib.suppress(NotFound, SessionEnded, SignInRefused):
        OTHERS[deed](*rooms(disk, noticed), disk)
    assert noticed.ended == []
    assert disk.now().app_passwords[0].name in ("Phone", "Another")


def test_a_password_change_with_nothing_to_delete_ends_nothing(house: House) -> None:
    noticed = Noticed()
    portal, _ = rooms(house, noticed)
    portal.change_password(house.session(), PASSWORD, NEW, delete_app_passwords=True)
    assert noticed.ended == []


def test_a_removal_is_told_before_and_after(disk: House) -> None:
    there = []
    noticed = Noticed(lambda: there.append(disk.store.get(ADA) is not None))
    _, operator = rooms(disk, noticed)
    operator.remove_account(ADA)
    assert (noticed.ended, there) == ([ADA, ADA], [True, False])


@pytest.mark.parametrize("deed", DELETIONS)
def test_killed_before_it_is_saved_nothing_is_deleted_and_the_next_try_deletes(
    disk: House, tmp_path: Path, deed: str
) -> None:
    live_sessions = FolderSessionTerminator(tmp_path / "store", disk.notebook)

    def told_and_killed() -> None:
        live_sessions.terminate(ADA)
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(forked(lambda: DELETIONS[deed](*rooms(disk, Noticed(told_and_killed)), disk)))
    assert len(disk.now().app_passwords) == 1
    assert [path.name for path in (tmp_path / "store" / "ended").iterdir()] == [ADA]
    DELETIONS[deed](*rooms(disk, live_sessions), disk)
    assert disk.now().app_passwords == ()


def test_the_screens_are_told_whether_sessions_end(house: House) -> None:
    assert not house.portal.ends_sessions
    assert rooms(house, Noticed())[0].ends_sessions


@pytest.mark.parametrize("end", [True, False])
def test_without_the_setting_no_file_is_laid_down_that_nobody_takes_away(
    tmp_path: Path, end: bool
) -> None:
    folder = tmp_path / "store"
    place = StoreLocation(folder, folder / "key")
    wired = build(place, Config(end_sessions=end), FixedClock(NOW), create=True)
    expected = FolderSessionTerminator if end else NoSessionTermination
    assert isinstance(wired.context.session_terminator, expected)
    wired.context.session_terminator.terminate(ADA)
    assert (folder / "ended" / ADA).exists() is end
