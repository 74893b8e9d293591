"""The engine, which keeps what all machines share, and the machine, which keeps what stays on one.

Every part is a port of domain/ports.py, and is made when it is asked for: the first frame of the
portal, a place at the kiosk's door and `verify` load no more than they need.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apppw_tui.config import Config, DatabaseConfig, store_folder
from apppw_tui.domain.errors import Refused, StoreError, StoreUnusable
from apppw_tui.domain.ports import Clock

if TYPE_CHECKING:
    from apppw_tui.domain.enforced import Enforcements, Everybody
    from apppw_tui.domain.engine_ports import (
        ActivityHistory,
        Aside,
        CachedAccounts,
        DeletedIdList,
        Keyring,
        NoticeQueue,
        UsageStore,
        UsageWriter,
    )
    from apppw_tui.domain.hashing import Profiles, Slot
    from apppw_tui.domain.ports import (
        Accounts,
        AccountStore,
        Confirmation,
        Door,
        ErrorLog,
        KeyIndex,
        SessionTerminator,
        ThrottleStore,
    )
    from apppw_tui.domain.usage import FirstUse
    from apppw_tui.store.postgres.engine import PostgresEngine

NO_DRIVER = StoreUnusable(
    "The accounts are in PostgreSQL, and its driver is not installed.",
    "Install it with: recipes/install.sh --postgresql, or pip install 'apppw-tui[postgresql]'; "
    "for Debian's own package: apt-get install python3-psycopg",
)
_SYSTEM_SOCKETS = Path("/run/apppw-tui")


class StoreLocation(NamedTuple):
    """The places of a store and of its key; what the command line says goes before the rest."""

    folder: Path
    key_file: Path
    database: DatabaseConfig | None = None  # where the accounts are, if that is not the folder

    @classmethod
    def of(cls, config: Config, named: Path | None, key_file: Path | None) -> "StoreLocation":
        from apppw_tui.store.folder.location import key_path

        folder = store_folder(named, config)
        return cls(folder, key_path(folder, key_file, config.key_file), config.database)

    @property
    def is_mine(self) -> bool:
        """True if the store is, or would be, the present user's own."""
        from apppw_tui.store.folder.location import is_owned_by_me

        return is_owned_by_me(self.folder)

    def may_hold_sealed_values(self) -> bool:
        """True if an account has something sealed; False, too, where only others can look."""
        from apppw_tui.store.folder.places import StorePlaces

        return StorePlaces(self.folder).may_hold_sealed_values()


class SocketFolder(NamedTuple):
    """The folder in which the daemon of a machine has its sockets, each by its name."""

    path: Path

    @classmethod
    def of(cls, named: Path | None = None) -> "SocketFolder":
        """The one that was `named`, the unit's, the system's, or that of whoever is signed in.

        systemd.exec(5): RUNTIME_DIRECTORY is one path or several, between colons. Asked before root
        becomes a store's owner, to whom the system's would not be open.
        """
        runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
        if named is not None or runtime:
            return cls((named or Path(runtime)).absolute())
        own = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
        if os.geteuid() == 0 or os.access(_SYSTEM_SOCKETS, os.W_OK) or not own.is_absolute():
            return cls(_SYSTEM_SOCKETS)
        return cls(own / "apppw-tui")

    def socket(self, name: str) -> Path:
        """The place of that socket, whether or not it is there."""
        return self.path / name


class Engine(Protocol):
    """All that is shared by the machines of one set of accounts."""

    @property
    def accounts(self) -> "AccountStore": ...

    @property
    def throttle(self) -> "ThrottleStore": ...

    @property
    def profiles(self) -> "Profiles": ...

    @property
    def key_index(self) -> "KeyIndex": ...

    @property
    def usage(self) -> "UsageStore": ...

    @property
    def activity(self) -> "ActivityHistory":
        """As the portal and the commands write it; trouble goes to the error log."""

    @property
    def deleted_ids(self) -> "DeletedIdList": ...

    @property
    def notices(self) -> "NoticeQueue": ...

    @property
    def keyring(self) -> "Keyring": ...

    @property
    def confirmation(self) -> "Confirmation":
        """The standing of the last change."""

    def session_terminator(self, local: "SessionTerminator") -> "SessionTerminator":
        """Tells all machines whose sessions are to end; `local` is this one's."""

    def has_accounts(self) -> bool:
        """See AccountStore; loads nothing for it."""

    def activity_log(
        self,
        complain: Callable[[StoreError], None],
        report_loss: Callable[[StoreError], None] = lambda _error: None,
        *,
        by_daemon: bool = False,
    ) -> "ActivityHistory":
        """The activity for who hears of trouble otherwise.

        `complain` hears of what was damaged and begun anew, `report_loss` of why events cannot be
        written. `by_daemon`: it writes beside the portal and the commands.
        """

    def cached_accounts(self) -> "CachedAccounts":
        """The accounts for a daemon, which reads the same ones again and again."""

    def usage_writer(
        self,
        accounts: "Accounts",
        *,
        complain: Callable[[str], None],
        announce: "Callable[[FirstUse], None]",
        meaning: Callable[[str], Sequence[str]],
    ) -> "UsageWriter":
        """The uses, as the daemon writes them.

        `complain` hears of trouble, and `announce` of first uses, when they have been written: it
        must not raise. `meaning` gives the names that may be meant by one, and may raise
        InvalidName.
        """

    def require_ready(self) -> None:
        """Raises StoreError if accounts cannot be read now: a name is unknown only where they can.

        Whoever asks may ask every second.
        """

    def aside(self, what: str, now: datetime) -> "Aside":
        """A place of its own, for the documents that `what` replaces."""

    def complete(self) -> None:
        """Makes what a store of an earlier version lacks, as far as that can be done."""

    def has_unfinished_copy(self) -> bool:
        """True while a copy of all accounts into this store is not finished. Raises StoreError."""

    def mark_copy(self, *, finished: bool) -> None:
        """Says whether a copy into this store is finished; until then nobody else opens it."""

    def drop(self, account_name: str, uid: str | None) -> None:
        """Has neither that account nor anything of `uid` there, as if they had never been.

        Only while a copy is not finished: nothing is listed as deleted. Raises StoreError.
        """


class Machine(Protocol):
    """All that stays on this machine."""

    @property
    def error_log(self) -> "ErrorLog": ...

    @property
    def slots(self) -> "Slot":
        """A place for one costly hash, of a few that all processes share."""

    @property
    def session_terminator(self) -> "SessionTerminator":
        """Tells apppw-kick, which ends the sessions of this machine."""

    def socket(self, name: str) -> Path:
        """The place of the daemon's socket of that name, whether or not it is there."""

    def door(self) -> "Door": ...

    def enforcements(self, everybody: "Everybody") -> "Enforcements":
        """Tells Dovecot's Lua on this machine; begins with `everybody` of whom there is something.

        `everybody` is asked when that is made, and no sooner.
        """


def open_engine(
    place: StoreLocation,
    clock: Clock,
    *,
    create: bool = False,
    new_key: bool = False,
    by_daemon: bool = False,
    unfinished: bool = False,
) -> tuple[Engine, Machine]:
    """The engine of the store in `place`; with `create`, made if it is missing.

    `by_daemon`: for who asks as services do, which may read less of a database.

    A process of uid 0 becomes the store's owner. `new_key` says that it may have to write a key
    where only root can. `unfinished`: also a store into which a copy was cut short.

    Raises:
        StoreUnusable: missing, or not to be relied upon; the sentence says what to do.
    """
    if place.database is not None:
        return _open_database(
            place,
            place.database,
            clock,
            new_key=new_key,
            by_daemon=by_daemon,
            unfinished=unfinished,
        )
    from apppw_tui.store.folder.engine import open_folder

    return open_folder(
        *(place.folder, place.key_file, clock),
        create=create,
        new_key=new_key,
        unfinished=unfinished,
    )


def open_shared(place: StoreLocation, clock: Clock, *, by_daemon: bool = False) -> "PostgresEngine":
    """The engine that several machines share. Raises Refused: the accounts are in files."""
    if place.database is None:
        raise Refused("The accounts are in files: no other machine shares them.")
    return _open_database(place, place.database, clock, new_key=False, by_daemon=by_daemon)[0]


def _open_database(
    place: StoreLocation,
    config: DatabaseConfig,
    clock: Clock,
    *,
    new_key: bool,
    by_daemon: bool,
    unfinished: bool = False,
) -> "tuple[PostgresEngine, Machine]":
    try:
        from apppw_tui.store.postgres.database import Database
        from apppw_tui.store.postgres.engine import open_database
    except ImportError:
        raise NO_DRIVER from None
    return open_database(
        Database(
            config.serve_dsn if by_daemon else config.dsn, config.timeout, unfinished=unfinished
        ),
        place.folder,
        place.key_file,
        clock,
        machine_name=config.machine,
        create=True,  # accounts are there or not; a machine that is new has no folder yet
        new_key=new_key,
        by_daemon=by_daemon,
    )
