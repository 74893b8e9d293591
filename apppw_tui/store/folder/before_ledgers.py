"""The files that a store had before it had ledgers: read into these once, and kept aside.

Files are moved first, and how far they were read is written down with what was read: whoever is
killed, the next one goes on there. A program from before may go on writing such files: whoever
opens the ledger after that takes these over as well.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from apppw_tui.store.folder import files
from apppw_tui.store.folder.files import locked
from apppw_tui.store.folder.ledger import Ledger, Transaction

FOLDER = "before-ledgers"
TABLE = "CREATE TABLE taken_over (source TEXT PRIMARY KEY, upto TEXT NOT NULL, whole INT) STRICT"
_BATCH = 100  # files in a transaction


@dataclass(frozen=True)
class OldFiles:
    """The files of one kind, in the order that they are read in.

    Args:
        aside: the folder that they are kept in from now on, each time in one of its own.
        kind: the name of these.
        find: the files that are still in their old place.
        load: reads one of them into a ledger that has TABLE.
    """

    aside: Path
    kind: str
    find: Callable[[], Iterable[Path]]
    load: Callable[[Transaction, Path], None]

    def take_over(self, ledger: Ledger) -> None:
        """Has it all in the ledger. Raises StoreError: the next one goes on."""
        try:
            if not self._is_left(ledger):
                return
            files.check_folder(ledger.path.parent.parent)
            files.make_folder(ledger.path.parent)
            with locked(ledger.path.with_name(f".{ledger.path.name}.old.lock")):
                for source in self._sources():
                    self._read(ledger, source)
                self._move()
                for source in self._sources():
                    self._read(ledger, source)
        except OSError as error:
            raise files.store_error(self.aside, error) from None

    def _is_left(self, ledger: Ledger) -> bool:
        return any(True for _ in self.find()) or any(
            not _state(ledger, source)[1] for source in self._sources()
        )

    def _sources(self) -> list[Path]:
        """The folders that such files were moved to, in their order."""
        try:
            there = [path for path in self.aside.iterdir() if path.name.startswith(f"{self.kind}-")]
        except FileNotFoundError:
            return []
        return sorted(there, key=lambda path: (len(path.name), path.name))

    def _move(self) -> None:
        paths = [*self.find()]
        if not paths:
            return
        files.make_folder(self.aside)
        target = self.aside / f"{self.kind}-{len(self._sources()) + 1}"
        files.make_folder(target)
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                path.rename(target / path.name)
        files.confirm(target / "each")
        files.confirm(target)

    def _read(self, ledger: Ledger, source: Path) -> None:
        upto, whole = _state(ledger, source)
        if whole:
            return
        from apppw_tui.domain.progress import progress  # there is hardly ever anything to do

        names = sorted(path.name for path in source.iterdir() if path.name > upto)
        left = progress(names, "Taking over earlier files")
        while not whole:
            batch = [*islice(left, _BATCH)]
            upto, whole = (batch[-1] if batch else upto), len(batch) < _BATCH
            with ledger.transaction() as transaction:
                for name in batch:
                    self.load(transaction, source / name)
                transaction.write(
                    "INSERT INTO taken_over VALUES (?, ?, ?) ON CONFLICT (source) "
                    "DO UPDATE SET upto = excluded.upto, whole = excluded.whole",
                    *(source.name, upto, whole),
                )


def _state(ledger: Ledger, source: Path) -> tuple[str, bool]:
    """The last file of it that was read, and if all were."""
    for upto, whole in ledger.rows(
        "SELECT upto, whole FROM taken_over WHERE source = ?", source.name
    ):
        return upto, bool(whole)
    return "", False
