"""SAFETY 18: accounts that are kept parsed are as fresh as those that are read."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged, StoreError
from apppw_tui.store.folder import cache as module
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.cache import CachedReads
from tests.store.making import account_file, add, new_account, touch

ROOT = Path(__file__).parents[3]
CHANGES = 2000


@pytest.fixture
def cache(disk: FolderStore) -> Iterator[CachedReads]:
    cache = CachedReads(disk)
    yield cache
    cache.close()


def descriptors() -> int:
    """How many files this process has open, but for what earlier tests have left to be freed."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def counted(disk: FolderStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every file that is parsed from now on."""
    parsed: list[str] = []
    real = disk.get

    def read(name: str) -> Account | None:
        parsed.append(name)
        return real(name)

    monkeypatch.setattr(disk, "get", read)
    return parsed


def test_a_file_is_parsed_once(
    disk: FolderStore, cache: CachedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    parsed = counted(disk, monkeypatch)
    assert [cache.get("ada") for _ in range(5)] == [account] * 5
    assert parsed == ["ada"]


def test_unknown_name_is_looked_for_but_once_as_a_known_one_is(
    disk: FolderStore, cache: CachedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(disk)
    assert cache.get("ada")
    read = counted(disk, monkeypatch)
    assert cache.get("nobody") is None
    assert read == []
    add(disk, "nobody")
    assert cache.get("nobody")


def test_unknown_name_is_looked_for_by_the_steps_of_a_known_one(
    disk: FolderStore, cache: CachedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(disk)
    assert cache.get("ada")
    steps: list[str] = []

    def noted(step: str, real: Callable[[object], object], of: object) -> object:
        steps.append(step)
        return real(of)

    for step in ("is_account_name", "_identity", "_opened"):
        monkeypatch.setattr(module, step, partial(noted, step, getattr(module, step)))
    assert cache.get("ada")
    of_known, steps[:] = [*steps], []
    assert cache.get("nobody") is None
    assert steps == of_known


@pytest.mark.slow
def test_none_of_two_thousand_changes_by_another_process_is_missed(
    disk: FolderStore, folder: Path, cache: CachedReads
) -> None:
    account = add(disk)
    assert cache.get("ada") == account
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.rewriter", folder, "ada", str(CHANGES)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        seen = []
        for said in writer.stdout:
            found = cache.get("ada")
            assert found is not None
            seen.append((int(said), found.version, found.appearance))
            writer.stdin.write("\n")
            writer.stdin.flush()
    assert writer.returncode == 0
    first = account.version + 1
    assert seen == [(first + number, first + number, f"{number:04}") for number in range(CHANGES)]


@pytest.mark.slow
def test_what_is_read_while_it_is_written_is_never_older_than_what_was_kept(
    disk: FolderStore, cache: CachedReads
) -> None:
    account = add(disk)
    kept = [account.version]
    late: list[tuple[int, int]] = []

    def write() -> None:
        for number in range(300):
            touch(disk, account, f"{number:04}")
            kept.append(account.version + number + 1)

    def read() -> None:
        while writer.is_alive():
            at_least = kept[-1]
            found = cache.get("ada")
            if found is None or found.version < at_least:
                late.append((at_least, -1 if found is None else found.version))

    writer = Thread(target=write)
    readers = [Thread(target=read) for _ in range(3)]
    for thread in (writer, *readers):
        thread.start()
    for thread in (writer, *readers):
        thread.join()
    assert late == []
    assert cache.get("ada") == disk.get("ada")


def test_a_file_that_takes_the_inode_of_the_last_one_is_read(
    disk: FolderStore, folder: Path, cache: CachedReads
) -> None:
    account = add(disk)
    path = account_file(folder)
    status = path.stat()
    assert cache.get("ada") == account
    for number in range(50):
        # Without a descriptor on the old one, its number is the next that is given out.
        content = path.read_bytes().replace(b'"epoch": %d' % number, b'"epoch": %d' % (number + 1))
        path.unlink()
        path.write_bytes(content)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        found = cache.get("ada")
        assert found is not None
        assert found.session_generation == number + 1


def test_what_somebody_writes_into_the_file_by_hand_is_seen(
    disk: FolderStore, folder: Path, cache: CachedReads
) -> None:
    add(disk)
    cache.get("ada")
    path = account_file(folder)
    inode = path.stat().st_ino
    path.write_bytes(path.read_bytes().replace(b'"epoch": 0', b'"epoch": 12'))
    assert path.stat().st_ino == inode
    found = cache.get("ada")
    assert found is not None
    assert found.session_generation == 12


def test_replaced_while_it_is_read_it_is_read_again_the_next_time(
    disk: FolderStore, cache: CachedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    real = disk.get

    def old(name: str) -> Account | None:
        found = real(name)
        monkeypatch.setattr(disk, "get", real)
        touch(disk, account, "meanwhile")
        return found

    monkeypatch.setattr(disk, "get", old)
    assert cache.get("ada") == account
    found = cache.get("ada")
    assert found is not None
    assert found.appearance == "meanwhile"


def test_moved_aside_while_it_is_read_and_back_again_it_is_what_it_was(
    disk: FolderStore, folder: Path, cache: CachedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add(disk)
    path, aside = account_file(folder), folder / "aside"
    real = disk.get

    def newer(name: str) -> Account | None:
        monkeypatch.setattr(disk, "get", real)
        aside.hardlink_to(path)
        touch(disk, account, "meanwhile")
        return real(name)

    monkeypatch.setattr(disk, "get", newer)
    found = cache.get("ada")
    assert found is not None
    assert found.appearance == "meanwhile"
    aside.rename(path)
    assert cache.get("ada") == account


def test_removed_and_made_again_it_is_the_new_one(disk: FolderStore, cache: CachedReads) -> None:
    add(disk)
    cache.get("ada")
    disk.remove("ada")
    assert cache.get("ada") is None
    assert cache.get("ada") is None
    again = add(disk, seed=2)
    assert cache.get("ada") == again


def test_removed_and_made_again_unseen_it_is_the_new_one(
    disk: FolderStore, cache: CachedReads
) -> None:
    for seed in range(1, 30):
        account = add(disk, seed=seed)
        assert cache.get("ada") == account
        disk.remove("ada")


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff"])
def test_a_damaged_one_is_refused_until_it_is_mended(
    disk: FolderStore, folder: Path, cache: CachedReads, content: bytes
) -> None:
    account = add(disk)
    assert cache.get("ada") == account
    path = account_file(folder)
    good = path.read_bytes()
    path.write_bytes(content)
    before = descriptors()
    for _ in range(3):
        with pytest.raises(StoreDamaged):
            cache.get("ada")
    assert descriptors() < before  # nothing of it is held
    path.write_bytes(good)
    assert cache.get("ada") == account


def test_a_link_and_a_folder_in_its_place_are_refused(
    disk: FolderStore, folder: Path, cache: CachedReads
) -> None:
    add(disk)
    other = add(disk, "grace", seed=2)
    cache.get("ada")
    path = account_file(folder)
    path.unlink()
    path.symlink_to(account_file(folder, "grace"))
    with pytest.raises(StoreError):
        cache.get("ada")
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError):
        cache.get("ada")
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(StoreError):
        cache.get("ada")
    assert cache.get("grace") == other


def test_a_store_that_went_away_is_no_unknown_account(
    disk: FolderStore, folder: Path, cache: CachedReads
) -> None:
    add(disk)
    cache.get("ada")
    folder.rename(folder.with_name("elsewhere"))
    for name in ("ada", "grace"):
        with pytest.raises(StoreError):
            cache.get(name)


@pytest.mark.parametrize("inner", ["", "accounts", "accounts/ada.json"])
def test_what_others_may_write_meanwhile_is_refused(
    disk: FolderStore, folder: Path, cache: CachedReads, inner: str
) -> None:
    account = add(disk)
    assert cache.get("ada") == account
    place = folder / inner
    mode = place.stat().st_mode
    for more in (0o020, 0o002):
        place.chmod(mode | more)
        for store in (cache, disk):
            with pytest.raises(StoreError, match=f"{place} can be written by others"):
                store.get("ada")
    place.chmod(mode)
    assert cache.get("ada") == disk.get("ada") == account


@pytest.mark.parametrize("inner", ["", "accounts"])
def test_a_link_in_the_place_of_a_folder_is_refused_meanwhile(
    disk: FolderStore, folder: Path, cache: CachedReads, inner: str
) -> None:
    add(disk)
    assert cache.get("ada") is not None
    place = folder / inner
    place.rename(folder.parent / "elsewhere")
    place.symlink_to(folder.parent / "elsewhere")
    for store in (cache, disk):
        with pytest.raises(StoreError, match=f"{place} is a symbolic link"):
            store.get("ada")


@pytest.mark.parametrize("name", ["grace", "Ada", "../ada", "", "a\0b", "\udcff", "x" * 999])
def test_a_name_that_is_none_or_unknown_is_none(
    disk: FolderStore, cache: CachedReads, name: str
) -> None:
    add(disk)
    before = descriptors()
    assert cache.get(name) is None
    assert descriptors() == before


@pytest.mark.slow
def test_so_many_files_are_held_and_the_longest_unused_goes_first(
    disk: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"ada{number}" for number in range(6)]
    accounts = {name: new_account(name, seed) for seed, name in enumerate(names)}
    for name, account in accounts.items():
        with disk.transaction(name, None) as change:
            change.account = account
    before = descriptors()
    cache = CachedReads(disk, most_files=3)
    for name in names[:3]:
        cache.get(name)
    cache.get("ada0")  # used again
    assert descriptors() == before + 3
    parsed = counted(disk, monkeypatch)
    assert cache.get("ada3") == accounts["ada3"]
    assert cache.get("ada0") == accounts["ada0"]
    assert cache.get("ada1") == accounts["ada1"]
    assert parsed == ["ada3", "ada1"]
    for _ in range(3):
        for name in names:
            assert cache.get(name) == accounts[name]
            assert descriptors() <= before + 3
    cache.close()
    assert descriptors() == before


@pytest.mark.slow
def test_changes_leave_no_descriptor_behind(disk: FolderStore, cache: CachedReads) -> None:
    account = add(disk)
    before = descriptors()
    for number in range(50):
        touch(disk, account, str(number))
        cache.get("ada")
        assert descriptors() == before + 1
    disk.remove("ada")
    cache.get("ada")
    assert descriptors() == before


def test_many_threads_share_it_and_leave_no_descriptor_behind(
    disk: FolderStore, cache: CachedReads
) -> None:
    account = add(disk)
    before = descriptors()
    served: list[int] = []

    def read() -> None:
        for _ in range(300):
            assert cache.get("ada") is not None
        served.append(300)  # only if none of them failed

    readers = [Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for number in range(100):
        touch(disk, account, str(number))
    for reader in readers:
        reader.join()
    assert served == [300] * 4
    assert descriptors() <= before + 1


def test_a_wider_schema_is_as_fresh(disk: FolderStore, cache: CachedReads) -> None:
    account = add(disk)
    cache.get("ada")
    with disk.transaction("ada", account.uid) as change:
        change.account = replace(change.existing, enforced_from=account.created)
    found = cache.get("ada")
    assert found is not None
    assert found.enforced_from == account.created
