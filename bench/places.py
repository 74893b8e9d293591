"""What is asked about: a store of few accounts and one of many, with the same app passwords."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from daemons import Daemon, served
from verify import CLOCK, HASHER, MOST, add, app_passwords, public_id

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.store.folder.location import open_store

SAME = 7  # of them are in both stores
REMEMBER = 300  # seconds, as it is by default


@dataclass(frozen=True)
class Place:
    """Where everything is: a store of few accounts, and the app passwords of all of them."""

    folder: Path
    records: tuple[AppPassword, ...]
    passwords: tuple[str, ...]
    rounds: int
    accounts: int
    small: bool = False

    def times(self, number: int) -> int:
        """How often something is to be done: `number`, or a few times where all is small."""
        return min(number, 4) if self.small else number

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @contextmanager
    def serving(
        self, remember: int, store: Path | None = None, dsn: str | None = None
    ) -> Iterator[Daemon]:
        store = store or self.store
        folder = Path(tempfile.mkdtemp(prefix="serve-", dir=self.folder))
        with served(store, folder, remember, dsn) as daemon:
            yield daemon


def prepared(folder: Path, rounds: int, accounts: int, *, small: bool = False) -> Place:
    folder.chmod(0o711)  # Dovecot is another user where this is root
    secrets = app_passwords()
    records = tuple(
        AppPassword(public_id(secret), f"Device {n}", HASHER.app.make(secret), CLOCK.now())
        for n, secret in enumerate(secrets)
    )
    store = open_store(folder / "store", create=True)
    held = {f"has{count}": count for count in (1, 10, MOST)}
    for name in [*held, *(f"user{n}" for n in range(SAME))]:
        add(store, name, records[: held.get(name, 1)])
    passwords = tuple(secret.reveal() for secret in secrets)
    return Place(folder, records, passwords, rounds, accounts, small)
