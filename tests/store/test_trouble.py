"""When the disk or another process does not play along: what is said, and what stays."""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from apppw_tui.domain.errors import SaveUncertain, StoreBusy, StoreUnusable
from apppw_tui.store.folder import location
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import is_owned_by_me, open_store
from tests.store.making import account_file, add, folder_store, touch, version_of


@contextmanager
def held(folder: Path, name: str = "ada") -> Iterator[None]:
    """The account's lock, held by somebody else."""
    with (folder / "locks" / f"{name}.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_while_another_holds_the_lock_the_store_is_busy(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    impatient = FolderStore(folder, lock_timeout=0.05)
    match = r"The store is busy\. Try again in a moment\."
    with held(folder):
        with pytest.raises(StoreBusy, match=match), impatient.transaction("ada", account.uid):
            pytest.fail("the block must not run")
        with pytest.raises(StoreBusy, match=match):
            impatient.remove("ada")
        assert impatient.get("ada") == account  # readers take no lock
        assert version_of(impatient, "ada") == account.version
        add(impatient, "grace")  # and a lock concerns one person
    touch(impatient, account, "nord")
    assert version_of(disk, "ada") == account.version + 1


def test_the_lock_is_held_for_the_whole_change_and_freed_after_it(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)
    impatient = FolderStore(folder, lock_timeout=0.05)
    with disk.transaction("ada", account.uid) as change:
        with (folder / "locks" / "ada.lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        change.account = change.existing.without_app_password("abc")
    touch(impatient, account, "nord")


def failing_fsync(monkeypatch: pytest.MonkeyPatch, kind: int, number: int) -> None:
    """Lets fsync fail with `number` for files (S_IFREG) or for folders (S_IFDIR)."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_IFMT(os.fstat(descriptor).st_mode) == kind:
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so_and_changes_nothing(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    account = add(disk)
    before = account_file(folder).read_bytes()
    with monkeypatch.context() as patch:
        failing_fsync(patch, stat.S_IFREG, number)
        with pytest.raises(StoreUnusable, match=r"The disk is full: nothing was changed\."):
            touch(disk, account, "nord")
        with pytest.raises(StoreUnusable, match="disk is full"):
            add(disk, "grace")
    assert account_file(folder).read_bytes() == before
    assert [path.name for path in (folder / "accounts").iterdir()] == ["ada.json"]
    touch(disk, account, "nord")


@pytest.mark.parametrize(
    ("number", "match"),
    [
        (errno.EIO, r"ada\.json cannot be used: input/output error\."),
        (errno.EROFS, r"ada\.json is on a read-only file system: nothing was changed\."),
    ],
)
def test_a_disk_that_fails_is_named_and_changes_nothing(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, match: str
) -> None:
    account = add(disk)
    failing_fsync(monkeypatch, stat.S_IFREG, number)
    with pytest.raises(StoreUnusable, match=match):
        touch(disk, account, "nord")
    assert disk.get("ada") == account


def test_a_rename_that_fails_changes_nothing_and_leaves_nothing(
    disk: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)

    def replace(self: Path, target: Path) -> Path:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(StoreUnusable):
        touch(disk, account, "nord")
    assert disk.get("ada") == account
    assert [path.name for path in (folder / "accounts").iterdir()] == ["ada.json"]


def test_when_only_the_folder_was_not_confirmed_it_may_or_may_not_be_saved(
    disk: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    failing_fsync(monkeypatch, stat.S_IFDIR, errno.EIO)
    with pytest.raises(SaveUncertain, match="may or may not be saved"):
        touch(disk, account, "nord")
    found = disk.get("ada")
    assert found is not None
    assert found.appearance == "nord"  # which one learns by reading again
    with pytest.raises(SaveUncertain, match="may or may not be saved"):
        disk.remove("ada")
    assert disk.get("ada") is None


def test_every_write_is_confirmed_for_the_file_before_the_rename_and_for_the_folder_after(
    disk: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    steps: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        steps.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    touch(disk, account, "nord")
    assert steps == ["file", "rename", "folder"]
    steps.clear()
    disk.remove("ada")
    # The file of deleted ids for earlier versions; SQLite itself confirms the list.
    assert steps == ["file", "folder"]


def mounted(monkeypatch: pytest.MonkeyPatch, made: Path, folder: Path, kind: str) -> None:
    """Has the system say that `folder` is on a file system of that kind."""
    device = folder.stat().st_dev
    made.write_text(
        "22 1 0:5 / /proc rw,nosuid shared:3 - proc proc rw\n"
        f"36 22 {os.major(device)}:{os.minor(device)} / /mnt\\040x rw master:1 - {kind} x rw\n"
    )
    monkeypatch.setattr(location, "_MOUNTS", made)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs", "9p", "ceph"])
def test_a_network_file_system_is_refused_by_kind(
    disk: FolderStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounted(monkeypatch, tmp_path / "mountinfo", folder, kind)
    for create in (False, True):
        with pytest.raises(StoreUnusable, match=rf"is on a network file system \({kind}\); keep"):
            open_store(folder, create=create)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "zfs", "tmpfs", "overlay", "fuse.gocryptfs"])
def test_a_local_file_system_is_welcome(
    disk: FolderStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounted(monkeypatch, tmp_path / "mountinfo", folder, kind)
    assert open_store(folder).list_names() == []


@pytest.mark.parametrize("end", ["\r", "\x0b", "\x85", "\u2028"])
def test_a_mount_point_that_looks_like_a_line_is_none(
    disk: FolderStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """proc(5): of what ends lines, a newline alone is escaped; who may mount may name it so."""
    mounts, device = tmp_path / "mountinfo", folder.stat().st_dev
    mounted(monkeypatch, mounts, folder, "ext4")
    forged = f"1 1 {os.major(device)}:{os.minor(device)} / / rw - nfs x rw"
    before = f"21 1 0:4 / /mnt/x{end}{forged}{end}y rw - fuse x rw\n"
    mounts.write_bytes(before.encode() + mounts.read_bytes())
    assert open_store(folder).list_names() == []


def test_where_the_system_does_not_tell_the_store_opens(
    disk: FolderStore, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "_MOUNTS", tmp_path / "missing")
    assert open_store(folder).list_names() == []


def test_a_missing_store_is_named_and_only_made_on_request(folder: Path) -> None:
    with pytest.raises(StoreUnusable, match=r"There is no store at .*/store\."):
        open_store(folder)
    assert not folder.exists()
    assert is_owned_by_me(folder)
    assert folder_store(folder).list_names() == []
    assert is_owned_by_me(folder)


def test_a_store_in_a_folder_that_is_missing_too_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b" / "store"
    add(folder_store(folder))
    assert open_store(folder).list_names() == ["ada"]


def test_dots_in_the_path_go_before_the_store_is_judged(folder: Path, disk: FolderStore) -> None:
    add(disk)
    assert open_store(folder / "missing" / "..").list_names() == ["ada"]


def test_what_is_no_folder_is_no_store(folder: Path) -> None:
    folder.write_text("precious")
    for create in (False, True):
        with pytest.raises(StoreUnusable, match=r"/store is not a folder, as it has to be"):
            open_store(folder, create=create)
    for create in (False, True):
        with pytest.raises(StoreUnusable, match="cannot be used"):
            open_store(folder / "below", create=create)
    assert not is_owned_by_me(folder / "below")
    assert folder.read_text() == "precious"


def test_a_folder_that_holds_no_store_says_so_instead_of_being_empty(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    for call in (store.list_names, lambda: store.get("ada"), lambda: store.remove("ada")):
        with pytest.raises(StoreUnusable, match=r"accounts cannot be used: no such file"):
            call()
    assert list(tmp_path.iterdir()) == []
