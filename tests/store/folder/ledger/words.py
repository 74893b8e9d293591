"""A ledger of words, and how often each was added."""

import os
from pathlib import Path

from apppw_tui.store.folder.ledger import Ledger
from apppw_tui.store.folder.sqlite_file import Schema

SCHEMA = Schema(1, "CREATE TABLE word (word TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT")
ADD = "INSERT INTO word VALUES (?, 1) ON CONFLICT (word) DO UPDATE SET n = n + 1"
GARBAGE = b"no database at all" * 1000


def ledger_in(folder: Path, timeout: float = 5.0) -> Ledger:
    return Ledger(folder / "ledger" / "words.sqlite", SCHEMA, timeout=timeout)


def add(ledger: Ledger, word: str = "one") -> None:
    with ledger.transaction() as transaction:
        transaction.write(ADD, word)


def done(ledger: Ledger) -> None:
    """For a child, which does nothing else."""
    add(ledger)
    os._exit(0)


def words(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.rows("SELECT word, n FROM word ORDER BY word"))


def put_in_place(kind: str, path: Path, target: Path) -> None:
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
