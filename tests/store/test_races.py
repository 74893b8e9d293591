"""Many at once: nothing that was acknowledged is lost."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from apppw_tui.domain.errors import NameTaken
from apppw_tui.domain.ports import AccountStore
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.memory import MemoryStore
from tests.store.making import add, new_account, touch, version_of

ROOT = Path(__file__).parents[2]
PROCESSES, TIMES = 8, 25


@pytest.mark.slow
def test_eight_processes_on_one_account_lose_nothing(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    racers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.racer", folder, "ada", str(seed), str(TIMES)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(PROCESSES)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [json.loads(racer.communicate()[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * PROCESSES

    kept = [id_ for one in said for id_ in one["kept"]]
    deleted = [id_ for one in said for id_ in one["deleted"]]
    assert len(kept) + len(deleted) == PROCESSES * TIMES
    assert len({*kept, *deleted}) == PROCESSES * TIMES
    assert deleted
    found = disk.get("ada")
    assert found is not None
    assert {password.id for password in found.app_passwords} == {*kept, "abc"}
    assert found.deleted_ids == set(deleted)
    assert found.version == account.version + PROCESSES * TIMES + len(deleted)


def all_at_once(*calls: Thread) -> None:
    for call in calls:
        call.start()
    for call in calls:
        call.join()


def threads_lose_nothing(store: AccountStore) -> None:
    account = add(store)
    entered = Event()

    def enter() -> None:
        with store.transaction("ada", account.uid) as change:
            entered.set()
            change.account = replace(change.existing, session_generation=1)

    other = Thread(target=enter)
    with store.transaction("ada", account.uid) as change:
        other.start()
        # A chance to come in where nobody may; a slow machine makes it a smaller one.
        assert not entered.wait(0.1)
        change.account = replace(change.existing, appearance="nord")
    other.join()
    found = store.get("ada")
    assert found is not None
    assert (found.appearance, found.session_generation) == ("nord", 1)

    def work(thread: int) -> None:
        for number in range(20):
            touch(store, account, f"{thread}-{number}")

    all_at_once(*(Thread(target=work, args=(thread,)) for thread in range(4)))
    assert version_of(store, "ada") == account.version + 2 + 80


def test_threads_of_one_process_lose_nothing_on_disk(disk: FolderStore) -> None:
    threads_lose_nothing(disk)


def test_threads_of_one_process_lose_nothing_in_memory() -> None:
    threads_lose_nothing(MemoryStore())


def test_of_many_who_create_one_name_one_succeeds(disk: FolderStore) -> None:
    made: list[str] = []
    refused: list[int] = []

    def create(seed: int) -> None:
        account = new_account("ada", seed)
        try:
            with disk.transaction("ada", None) as change:
                change.account = account
            made.append(account.uid)
        except NameTaken:
            refused.append(seed)

    all_at_once(*(Thread(target=create, args=(seed,)) for seed in range(8)))
    assert len(refused) == 7
    found = disk.get("ada")
    assert found is not None
    assert [found.uid] == made


@pytest.mark.slow
def test_readers_meet_the_old_account_or_the_new_one(disk: FolderStore) -> None:
    account = add(disk)
    done: list[bool] = []

    def write() -> None:
        for number in range(150):
            touch(disk, account, str(number) * 200)
        done.append(True)

    writer = Thread(target=write)
    writer.start()
    versions = []
    while not done:
        found = disk.get("ada")
        assert found is not None
        versions.append(found.version)
    writer.join()
    assert versions == sorted(versions)
    assert version_of(disk, "ada") == account.version + 150
