"""The file of rows: whose it is, who waits for whom, and what becomes of it in other hands."""

import os
import stat
from pathlib import Path
from threading import Event, Thread

import pytest

from apppw_tui.domain.errors import StoreBusy, StoreDamaged, StoreError, StoreUnusable
from apppw_tui.store.folder.ledger import Ledger
from apppw_tui.store.folder.sqlite_file import Schema
from tests.store.folder.ledger.words import ADD, SCHEMA, add, done, ledger_in, put_in_place, words
from tests.store.test_killed import forked


def test_rows_are_found_again_by_another_process(ledger: Ledger) -> None:
    assert words(ledger) == {}
    assert not ledger.path.parent.exists()  # nothing is made by whoever reads
    add(ledger)
    add(ledger)
    assert words(ledger_in(ledger.path.parent.parent)) == {"one": 2}
    ledger.close()
    assert {path.name for path in ledger.path.parent.iterdir()} == {
        "words.sqlite", ".words.sqlite.lock"
    }  # fmt: skip


def test_a_block_that_raises_writes_nothing_and_holds_nothing(ledger: Ledger) -> None:
    def block() -> None:
        with ledger.transaction() as transaction:
            transaction.write(ADD, "one")
            raise KeyError

    with pytest.raises(KeyError):
        block()
    add(ledger_in(ledger.path.parent.parent, 0.0), "two")
    assert words(ledger) == {"two": 1}


def test_a_statement_that_fails_takes_the_others_back(ledger: Ledger) -> None:
    add(ledger)

    def block() -> None:
        with ledger.transaction() as transaction:
            transaction.write(ADD, "two")
            transaction.write("INSERT INTO word VALUES (?, 1)", "one")

    with pytest.raises(StoreUnusable, match="UNIQUE"):
        block()
    assert words(ledger) == {"one": 1}


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_everything_is_the_owners_alone(folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        ledger = ledger_in(folder)
        add(ledger)
        found = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (folder / "ledger", *(folder / "ledger").iterdir())
        }
    finally:
        os.umask(before)
    assert found == {
        "ledger": 0o700, ".words.sqlite.lock": 0o600,
        "words.sqlite": 0o600, "words.sqlite-wal": 0o600, "words.sqlite-shm": 0o600,
    }  # fmt: skip


def test_a_mode_that_lets_others_read_is_taken_back(ledger: Ledger) -> None:
    add(ledger)
    ledger.path.chmod(0o644)
    add(ledger)
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("part", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
@pytest.mark.parametrize("replaceable", [True, False])
def test_what_is_no_file_is_set_aside_and_what_it_points_to_is_left_alone(
    folder: Path, part: str, kind: str, replaceable: bool
) -> None:
    said: list[str] = []
    ledger = Ledger(
        folder / "ledger" / "words.sqlite",
        SCHEMA,
        replaceable=replaceable,
        complain=lambda error: said.append(str(error)),
    )
    add(ledger)
    ledger.close()
    target = folder / "target"
    ledger.path.replace(target)
    before = target.read_bytes()
    if part:
        ledger.path.write_bytes(before)
    path = ledger.path.with_name(ledger.path.name + part)
    put_in_place(kind, path, target)
    if not replaceable:
        for act in (add, words):
            with pytest.raises(StoreDamaged, match="it was left alone"):
                act(ledger)
        assert os.path.lexists(path)
        return
    assert words(ledger) == {}
    add(ledger, "two")
    assert words(ledger_in(folder)) == {"two": 1}
    assert target.read_bytes() == before
    (sentence,) = said
    assert sentence.startswith(f"{path} was ")
    (aside,) = folder.glob(f"ledger/words.sqlite.damaged-*Z{part}")
    assert (aside.is_symlink(), aside.is_dir(), aside.is_fifo()) == (
        kind == "link", kind == "folder", kind == "pipe",
    )  # fmt: skip


def test_a_linked_folder_is_refused(ledger: Ledger, folder: Path) -> None:
    (folder / "elsewhere").mkdir(0o700)
    (folder / "ledger").symlink_to(folder / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        add(ledger)
    assert not list((folder / "elsewhere").iterdir())


def test_a_file_where_the_folder_should_be_is_told(ledger: Ledger, folder: Path) -> None:
    (folder / "ledger").touch()
    with pytest.raises(StoreUnusable, match="ledger is not a folder"):
        add(ledger)
    assert words(ledger) == {}


def test_a_store_that_is_gone_is_not_made_again(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    folder.rename(folder.with_name("moved"))
    for act in (add, words):
        with pytest.raises(StoreError, match="no such file"):
            act(ledger)
    assert not folder.exists()


def test_a_file_put_in_its_place_is_the_one_that_counts(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.path.parent.rename(folder / "before")
    add(ledger, "two")
    assert words(ledger) == {"two": 1}


def test_of_an_older_program_it_is_brought_up_to_now(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.close()
    second = "ALTER TABLE word ADD COLUMN second TEXT DEFAULT 'x'; CREATE TABLE a (b)"
    third = Schema(3, SCHEMA.tables, (second, "CREATE TABLE c (d)"))

    def work() -> None:
        mine = Ledger(ledger.path, third)
        add_second = (
            "INSERT INTO word VALUES (?, 1, 'y') ON CONFLICT (word) DO UPDATE SET n = n + 1"
        )
        with mine.transaction() as transaction:
            transaction.write(add_second, "one")
        os._exit(0)

    children = [forked(work) for _ in range(6)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    mine = Ledger(ledger.path, third)
    assert mine.rows("SELECT word, n, second FROM word") == [("one", 7, "x")]
    assert mine.rows("SELECT * FROM a, c") == []
    fresh = Ledger(folder / "ledger" / "fresh.sqlite", third)
    with fresh.transaction():
        pass
    assert fresh.rows("PRAGMA user_version") == [(3,)]


def test_of_a_newer_program_it_is_left_alone(ledger: Ledger, folder: Path) -> None:
    newer = Ledger(ledger.path, Schema(2, SCHEMA.tables))
    add(newer)
    newer.close()
    before = ledger.path.read_bytes()
    for act in (add, words):
        with pytest.raises(StoreDamaged, match="of a newer apppw-tui; it was left alone"):
            act(ledger)
    assert ledger.path.read_bytes() == before
    assert len(list(ledger.path.parent.iterdir())) == 2


def test_while_another_process_has_it_the_store_is_busy(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    impatient = ledger_in(folder, 0.05)
    with ledger.transaction() as transaction:
        transaction.write(ADD, "one")
        with pytest.raises(StoreBusy):
            add(impatient)
        assert words(impatient) == {"one": 1}  # who reads need not wait
    add(impatient)
    assert words(ledger) == {"one": 3}


def test_threads_take_turns(ledger: Ledger) -> None:
    entered = Event()

    def enter() -> None:
        with ledger.transaction() as transaction:
            entered.set()
            transaction.write(ADD, "one")

    other = Thread(target=enter)
    with ledger.transaction() as transaction:
        other.start()
        assert not entered.wait(0.1)
        transaction.write(ADD, "one")
    other.join()
    assert words(ledger) == {"one": 2}


def test_a_child_opens_the_file_itself_and_leaves_its_parents_alone(ledger: Ledger) -> None:
    add(ledger)
    child = forked(lambda: done(ledger))
    assert os.waitpid(child, 0)[1] == 0
    with ledger.transaction() as transaction:
        assert transaction.rows("SELECT n FROM word") == [(2,)]
        transaction.write(ADD, "one")
    assert words(ledger) == {"one": 3}


@pytest.mark.slow
@pytest.mark.parametrize("making", [True, False])
def test_forty_processes_at_once_lose_nothing(ledger: Ledger, folder: Path, making: bool) -> None:
    if not making:
        add(ledger, "before")
    ledger.close()
    reading, writing = os.pipe()

    def work() -> None:
        os.close(writing)
        os.read(reading, 1)  # returns when the last writer is gone: all begin at once
        for _ in range(5):
            add(ledger_in(folder, 60.0))  # opened and closed each time
        os._exit(0)

    children = [forked(work) for _ in range(40)]
    os.close(writing)
    os.close(reading)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 40
    assert words(ledger)["one"] == 200
