"""A ledger that is damaged: set aside and begun anew, or left alone."""

import contextlib
import gc
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.store.folder import sqlite_file
from apppw_tui.store.folder.ledger import Ledger
from tests.store.folder.ledger.words import ADD, GARBAGE, SCHEMA, add, done, ledger_in, words
from tests.store.test_killed import forked


@pytest.mark.parametrize("content", [b"", b"\0", GARBAGE, b"SQLite format 3\0" + bytes(4080)])
@pytest.mark.parametrize("first", [add, words])
def test_a_damaged_file_is_set_aside_and_another_begun(
    ledger: Ledger, content: bytes, first: Callable[[Ledger], object]
) -> None:
    said: list[str] = []
    ledger.complain = lambda error: said.append(str(error))
    add(ledger)
    ledger.close()
    ledger.path.write_bytes(content)
    first(ledger)
    add(ledger, "two")
    assert words(ledger)["two"] == 1
    (aside,) = ledger.path.parent.glob("words.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert said == [f"{ledger.path} was damaged, and begun anew: see {aside.name}."]


def test_damage_that_shows_within_a_transaction_costs_only_what_was_counted(
    ledger: Ledger,
) -> None:
    for number in range(400):
        add(ledger, f"{number:090}")
    ledger.close()
    with ledger.path.open("r+b") as file:
        file.seek(4096)
        file.write(GARBAGE)
    with ledger.transaction() as transaction:
        assert transaction.rows("SELECT * FROM word WHERE word = ?", f"{7:090}") == []
        transaction.write(ADD, "two")
    assert words(ledger) == {"two": 1}


def test_a_file_of_another_program_is_set_aside(ledger: Ledger) -> None:
    ledger.path.parent.mkdir(0o700)
    with contextlib.closing(sqlite3.connect(ledger.path)) as foreign:
        foreign.execute("CREATE TABLE other (x)")
    add(ledger)
    assert len(list(ledger.path.parent.glob("words.sqlite.damaged-*"))) == 1


def test_processes_that_meet_a_damaged_file_set_it_aside_once(ledger: Ledger, folder: Path) -> None:
    ledger.path.parent.mkdir(0o700)
    ledger.path.write_bytes(GARBAGE)
    children = [forked(lambda: done(ledger_in(folder, 60.0))) for _ in range(8)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert words(ledger) == {"one": 8}
    assert len(list(ledger.path.parent.glob("words.sqlite.damaged-*"))) == 1


@pytest.mark.parametrize("end", ["by leaving", "by noticing"])
def test_who_has_a_file_that_was_set_aside_takes_nothing_from_the_new_one(
    ledger: Ledger, folder: Path, end: str
) -> None:
    """SQLite removes -wal by its name when it closes, unless it sees that its file was moved."""
    add(ledger)
    reading, writing = os.pipe()
    ready, said = os.pipe()

    def idle() -> None:
        mine = ledger_in(folder)
        words(mine)
        os.write(said, b".")
        os.read(reading, 1)
        if end == "by noticing":
            words(mine)
        del mine
        gc.collect()
        os._exit(0)

    child = forked(idle)
    os.read(ready, 1)
    ledger.close()
    sqlite_file.set_aside(ledger.path)
    add(ledger, "two")
    os.write(writing, b".")
    assert os.waitpid(child, 0)[1] == 0
    add(ledger, "three")
    assert words(ledger_in(folder)) == {"three": 1, "two": 1}
    for descriptor in (reading, writing, ready, said):
        os.close(descriptor)


def test_one_that_must_not_be_begun_anew_is_left_as_it_is(folder: Path) -> None:
    ledger = Ledger(folder / "ledger" / "words.sqlite", SCHEMA, durable=True, replaceable=False)
    add(ledger)
    ledger.close()
    ledger.path.write_bytes(GARBAGE)
    for act in (add, words):
        with pytest.raises(StoreDamaged, match="is damaged; it was left alone"):
            act(ledger)
    assert ledger.path.read_bytes() == GARBAGE


def test_what_an_earlier_damage_left_beside_the_name_is_not_taken_for_its_own(
    ledger: Ledger,
) -> None:
    add(ledger)
    for suffix in sqlite_file.BESIDE[:2]:
        path = ledger.path.with_name(ledger.path.name + suffix)
        path.with_name("kept" + suffix).write_bytes(path.read_bytes())
    ledger.close()
    ledger.path.unlink()
    for suffix in sqlite_file.BESIDE[:2]:
        ledger.path.with_name("kept" + suffix).rename(f"{ledger.path}{suffix}")
    add(ledger, "two")
    assert words(ledger) == {"two": 1}
