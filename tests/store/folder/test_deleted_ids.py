"""The list of deleted ids: whoever deletes, however it is done, it is on the list before."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.deleted_ids import parse
from apppw_tui.domain.errors import NotFound, StoreBusy, StoreDamaged, StoreError
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.deleted_ids import DeletedIds
from tests.faults import kills, steps, struck_by
from tests.store.making import account_file, add, record, touch
from tests.store.small_disks import fill
from tests.store.test_full_disk import house_on
from tests.store.test_killed import die_at, forked, killed
from tests.support import House


def ledger(folder: Path) -> Path:
    return folder / "ledger" / "deleted.sqlite"


def listed(folder: Path, uid: str) -> set[str]:
    return set(DeletedIds(folder).read().of(uid))


def test_what_a_person_deletes_is_on_the_list(disk: FolderStore, folder: Path) -> None:
    house = House(store=disk)
    account = house.add("ada")
    ids = [house.issue(name, "ada").app_password.id for name in ("Phone", "Tablet", "Laptop")]
    assert DeletedIds(folder).content() == b""
    house.portal.delete_app_password(house.session("ada"), ids[0])
    house.operator.delete_app_password("ada", "Laptop")
    assert listed(folder, account.uid) == {ids[0], ids[2]}
    assert ledger(folder).stat().st_mode & 0o777 == 0o600
    with disk.transaction("ada", account.uid) as change:
        change.account = change.existing.without_app_passwords()
    assert listed(folder, account.uid) == set(ids)


def test_other_changes_put_nothing_on_the_list(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    touch(disk, account, "nord")
    with disk.transaction("ada", account.uid) as change:
        change.account = change.existing.with_app_password_changed(
            replace(change.existing.existing_app_password("abc"), name="Old phone")
        )
    with disk.transaction("ada", account.uid):
        pass
    assert DeletedIds(folder).content() == b""


def test_what_moves_to_another_name_is_not_on_the_list(disk: FolderStore, folder: Path) -> None:
    house = House(store=disk)
    house.add("ada")
    house.issue("Phone", "ada")
    house.operator.delete_app_password("ada", house.issue("Tablet", "ada").app_password.id)
    renamed = house.operator.rename("ada", "grace")
    assert len(renamed.app_passwords) == 1
    assert listed(folder, renamed.uid) == renamed.deleted_ids


def test_an_account_that_is_removed_takes_all_its_app_passwords_with_it(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    with disk.transaction("ada", account.uid) as change:
        two = change.existing.with_app_password(record("xyz", "Tablet"), 40)
        change.account = two.without_app_password("abc")
    shutil.rmtree(folder / "ledger")  # as in a store from before there was a list
    disk.remove("ada")
    assert listed(folder, account.uid) == {"abc", "xyz"}


def test_a_damaged_account_can_be_removed_all_the_same(disk: FolderStore, folder: Path) -> None:
    add(disk)
    account_file(folder).write_text("{")
    disk.remove("ada")
    assert disk.list_names() == []


def delete(disk: FolderStore, uid: str) -> None:
    with disk.transaction("ada", uid) as change:
        change.account = change.existing.without_app_password("abc")


@pytest.mark.parametrize("kind", ["damaged", "folder", "link", "pipe"])
def test_what_is_wrong_with_the_list_stops_no_deletion(
    disk: FolderStore, folder: Path, tmp_path: Path, kind: str
) -> None:
    account = add(disk)
    path, other = ledger(folder), tmp_path / "other"
    other.write_text("")
    path.unlink()
    if kind == "damaged":
        path.write_bytes(b"no database" * 100)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(other)
    else:
        os.mkfifo(path)
    delete(disk, account.uid)
    found = disk.get("ada")
    assert found is not None
    assert found.app_passwords == ()
    assert found.deleted_ids == {"abc"}
    assert other.read_text() == ""
    with pytest.raises(StoreDamaged, match="deleted"):
        DeletedIds(folder).read()


def test_on_a_full_disk_what_goes_is_still_on_the_list(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    house = house_on(folder)
    house.add()
    ids = [house.issue(f"Device {number}").app_password.id for number in range(20)]
    fill(small_disk)
    for id_ in ids:
        house.operator.delete_app_password("ada@example.org", id_)
    assert listed(folder, house.now().uid) == set(ids)


def test_killed_after_the_list_and_before_the_account_it_is_deleted_for_a_restore(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)

    def work() -> None:
        die_at("rename", monkeypatch)
        delete(disk, account.uid)

    assert killed(forked(work))
    found = disk.get("ada")
    assert found is not None
    assert found.app_password("abc") is not None
    assert listed(folder, account.uid) == {"abc"}


UID = "0123456789abcdef" * 2


def line(*ids: str, uid: str = UID) -> bytes:
    return json.dumps({"uid": uid, "ids": ids}).encode()


@pytest.mark.parametrize(
    "broken",
    [b'{"uid": "0123', b"[]", b"\xff\0", b"[" * 100_000, line("ABC"), line("abc", uid="../x")],
)
def test_a_line_that_was_cut_short_or_damaged_is_counted_and_the_others_are_read(
    broken: bytes,
) -> None:
    found = parse(b"\n".join([line("abc"), broken, b"", line("xyz"), b""]))
    assert found.of(UID) == {"abc", "xyz"}
    assert found.unreadable == 1
    assert found.of("f" * 32) == frozenset()


def test_eight_who_delete_at_once_lose_no_line(folder: Path, disk: FolderStore) -> None:
    uids = [f"{number:032x}" for number in range(8)]

    def work(uid: str) -> None:
        ids = DeletedIds(folder)
        for number in range(50):
            while True:
                with contextlib.suppress(StoreBusy):  # as on a machine with much else to do
                    ids.add(uid, {f"a{number // 10}{number % 10}"})
                    break
        os.kill(os.getpid(), signal.SIGKILL)

    children = [forked(partial(work, uid)) for uid in uids]
    for child in children:
        assert killed(child)
    found = DeletedIds(folder).read()
    assert found.unreadable == 0
    assert [len(found.of(uid)) for uid in uids] == [50] * 8


def test_whoever_removes_nobody_puts_nothing_on_the_list(disk: FolderStore, folder: Path) -> None:
    with pytest.raises(NotFound):
        disk.remove("ada")
    assert not (folder / "ledger").exists()


def test_a_change_is_on_the_disk_before_it_is_acknowledged(disk: FolderStore, folder: Path) -> None:
    add(disk)
    durable = disk.deletions.ids._ledger
    assert durable.rows("PRAGMA synchronous") == [(2,)]  # FULL


def test_a_damaged_list_is_not_begun_anew(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    disk.deletions.ids._ledger.close()
    ledger(folder).write_bytes(b"no database" * 100)
    said: list[str] = []
    disk.deletions.complain = lambda name, error: said.append(f"{name}: {error}")
    delete(disk, account.uid)
    assert said == [f"ada: {ledger(folder)} is damaged; it was left alone."]
    assert ledger(folder).read_bytes() == b"no database" * 100


@pytest.fixture
def old(folder: Path) -> Path:
    """A store with the list of a program from before there were ledgers."""
    folder.mkdir(0o700)
    lines = [line("abc", "xyz"), line("7kf", uid="f" * 32), b'{"uid": "01', line("def")]
    (folder / "deleted").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def test_the_list_of_an_older_program_is_taken_over_and_left_where_it_is(old: Path) -> None:
    before = (old / "deleted").read_bytes()
    listed = DeletedIds(old).read()
    assert listed.ids == {UID: {"abc", "xyz", "def"}, "f" * 32: {"7kf"}}
    assert listed.unreadable == 1
    assert (old / "deleted").read_bytes() == before
    assert not (old / "before-ledgers").exists()
    again = DeletedIds(old).read()
    assert (again.ids, again.unreadable) == (listed.ids, 1)


def test_an_older_program_that_is_put_back_knows_what_was_deleted_meanwhile(
    old: Path, disk: FolderStore
) -> None:
    account = add(disk)
    delete(disk, account.uid)
    known = parse((old / "deleted").read_bytes())  # as it reads it
    assert known.of(account.uid) == {"abc"}
    assert known.of(UID) == {"abc", "xyz", "def"}
    assert (old / "deleted").stat().st_mode & 0o777 == 0o600


def test_a_store_that_was_never_an_older_programs_can_be_given_to_one(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    assert (folder / "deleted").read_bytes() == b""
    ledger(folder).write_bytes(b"no database" * 100)
    delete(disk, account.uid)  # whatever is wrong with the ledger
    assert parse((folder / "deleted").read_bytes()).of(account.uid) == {"abc"}


def test_what_an_older_program_goes_on_listing_counts(old: Path) -> None:
    ids = DeletedIds(old)
    ids.add(UID, {"new"})
    with (old / "deleted").open("ab") as file:
        file.write(line("8kf", uid="f" * 32) + b"\n")
    assert ids.read().of("f" * 32) == {"7kf", "8kf"}
    listed = ids.read()
    assert listed.of(UID) == {"abc", "xyz", "def", "new"}
    assert ids.read(listed.until).ids == {}  # and is not read again
    assert rows(old, "SELECT size FROM position") == [((old / "deleted").stat().st_size,)]


def rows(folder: Path, sql: str) -> list[tuple[int, ...]]:
    with closing(sqlite3.connect(ledger(folder))) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_shorter_or_another_is_read_from_its_beginning(
    old: Path, *, replaced: bool
) -> None:
    DeletedIds(old).read()
    content = line("9kf") + b"\n"
    if replaced:
        content += b"".join([b"[]\n"] * 2 + [line("8kf") + b"\n"] * 20)
        (old / "other").write_bytes(content)
        (old / "other").replace(old / "deleted")
    else:
        (old / "deleted").write_bytes(content)
    listed = DeletedIds(old).read()
    assert listed.of(UID) >= {"9kf", "abc", "xyz", "def"}
    assert listed.unreadable == DeletedIds(old).read().unreadable == (2 if replaced else 0)


def test_a_line_that_is_being_written_is_read_when_it_is_whole(old: Path) -> None:
    whole = line("8kf", uid="e" * 32) + b"\n"
    with (old / "deleted").open("ab", buffering=0) as file:
        file.write(whole[:20])
        assert [DeletedIds(old).read().unreadable for _ in range(2)] == [2, 2]
        file.write(whole[20:])
    listed = DeletedIds(old).read()
    assert listed.of("e" * 32) == {"8kf"}
    assert listed.unreadable == 1


def test_what_is_no_list_stops_a_restore_and_no_deletion(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    said: list[str] = []
    disk.deletions.ids.complain = lambda error: said.append(str(error))
    (folder / "deleted").unlink()
    (folder / "deleted").mkdir()
    with pytest.raises(StoreDamaged, match="not an ordinary file"):
        DeletedIds(folder).read()
    delete(disk, account.uid)
    assert account_of(disk).app_passwords == ()
    assert [str(folder / "deleted") in sentence for sentence in said] == [True]
    (folder / "deleted").rmdir()
    assert disk.deletions.list_all_waiting(disk)
    assert listed(folder, account.uid) == {"abc"}


def account_of(disk: FolderStore) -> Account:
    found = disk.get("ada")
    assert found is not None
    return found


@pytest.mark.slow
def test_killed_at_any_call_of_the_taking_over_nothing_is_lost(old: Path, tmp_path: Path) -> None:
    for at in steps():
        folder = tmp_path / f"copy{at}"
        shutil.copytree(old, folder)
        struck = kills(lambda: DeletedIds(folder).add(UID, {"new"}), at)  # noqa: B023
        found = DeletedIds(folder).read()
        assert found.of("f" * 32) == {"7kf"}
        assert found.of(UID) - {"new"} == {"abc", "xyz", "def"}
        assert found.unreadable == 1
        if not struck:
            break
    assert at > 10


@pytest.mark.slow
def test_a_call_that_fails_stops_the_taking_over_and_the_next_goes_on(
    old: Path, tmp_path: Path
) -> None:
    for at in steps():
        folder = tmp_path / f"copy{at}"
        shutil.copytree(old, folder)
        struck, said = struck_by(lambda: DeletedIds(folder).add(UID, {"new"}), at)  # noqa: B023
        assert said is None or isinstance(said, StoreError)
        found = DeletedIds(folder).read()
        assert found.of(UID) >= {"abc", "xyz", "def"}
        assert said is not None or "new" in found.of(UID)
        if not struck:
            break
    assert at > 10
