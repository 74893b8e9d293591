"""Puts the rooms together over a store in a folder: what the portal and the operator work with."""

import atexit
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.config import Config, store_folder
from apppw_tui.delivery import CommandDelivery
from apppw_tui.domain.account_source import AccountSource
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.delivery import Delivery, NoDelivery
from apppw_tui.domain.endings import LeftOpen, LiveSessions
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.journal import Journal
from apppw_tui.domain.notices import NoNotices, Notices
from apppw_tui.portal.means import Means
from apppw_tui.store.activity import FolderActivity
from apppw_tui.store.counters import FolderCounters
from apppw_tui.store.ended import FolderLiveSessions
from apppw_tui.store.folder import FolderStore
from apppw_tui.store.journal import FolderJournal
from apppw_tui.store.keyring import Keyring, key_path, keyring_of
from apppw_tui.store.place import open_store
from apppw_tui.store.slots import Slots
from apppw_tui.store.usage import FolderUsage

if TYPE_CHECKING:
    from apppw_tui.notices import Way


@dataclass(frozen=True)
class Place:
    """Where a store is, and where its key is; what the command line says goes before the rest."""

    folder: Path
    key_file: Path

    @classmethod
    def of(cls, config: Config, named: Path | None, key_file: Path | None) -> "Place":
        folder = store_folder(named, config)
        return cls(folder, key_path(folder, key_file, config.key_file))


@dataclass(frozen=True)
class Wired:
    """The store in a folder, its keys, and everything that the portal is given."""

    store: FolderStore
    keyring: Keyring
    means: Means


def wire(
    place: Place,
    config: Config,
    clock: Clock,
    hasher: Hasher | None = None,
    *,
    create: bool = False,
    address: str = "local",
) -> Wired:
    """Opens the store in `place`. Raises StoreError."""
    store = open_store(place.folder, create=create)
    keyring = keyring_of(place.folder, store, place.key_file)
    journal = FolderJournal(place.folder, clock)
    means = Means(
        store,
        hasher or Hasher(slot=Slots(place.folder).one),
        clock,
        config.policy,
        keyring,
        FolderCounters(place.folder, clock),
        _delivery(config, journal),
        journal,
        FolderUsage(place.folder, store, clock),
        address=address,
        default_domain=config.default_domain,
        region=config.phone_region,
        host_name=config.host_name,
        live_sessions=_live_sessions(place, config, journal),
        source=_source(config, journal),
        activity=FolderActivity(place.folder, clock),
    )
    return Wired(store, keyring, replace(means, notices=_notices(config, means)))


def way(config: Config, means: Means) -> "Way | None":
    """How messages reach people at once; None if nobody is told."""
    told = config.notices
    if told is None:
        return None
    from apppw_tui.notices import ByCommand, ByDelivery, Limited

    journal, clock, host = means.journal, means.clock, means.host_name
    found: Way
    if told.command is None:
        found = ByDelivery(means.delivery, means.seals, host, journal)
    else:
        found = ByCommand(told.command, told.format, told.timeout, host, clock, journal)
    return Limited(found, means.counters, clock, journal)


def _notices(config: Config, means: Means) -> Notices:
    found = way(config, means)
    if found is None:
        return NoNotices()
    from apppw_tui.notices import Queued

    queued = Queued(found, means.journal)
    atexit.register(queued.finish)  # whoever leaves right after an act is told of it all the same
    return queued


def _delivery(config: Config, journal: Journal) -> Delivery:
    told = config.delivery
    if told is None:
        return NoDelivery()
    return CommandDelivery(told.command, told.kinds, told.timeout, journal)


def _source(config: Config, journal: Journal) -> AccountSource | None:
    told = config.accounts
    if told.source == "store":
        return None
    from apppw_tui.dovecot_client import DovecotPasswords

    dovecot = DovecotPasswords(told.socket, journal)
    return AccountSource(dovecot, told.change_password_at, told.require_add)


def _live_sessions(place: Place, config: Config, journal: Journal) -> LiveSessions:
    """Where nobody takes the files away, none are laid there."""
    return FolderLiveSessions(place.folder, journal) if config.end_sessions else LeftOpen()
