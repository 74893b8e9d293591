"""Puts the rooms together over a store in a folder: what the portal and the operator work with."""

from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config import Config, store_folder
from apppw_tui.delivery import CommandDelivery
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.delivery import Delivery, NoDelivery
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.journal import Journal
from apppw_tui.portal.means import Means
from apppw_tui.store.counters import FolderCounters
from apppw_tui.store.folder import FolderStore
from apppw_tui.store.journal import FolderJournal
from apppw_tui.store.keyring import Keyring, key_path, keyring_of
from apppw_tui.store.place import open_store
from apppw_tui.store.slots import Slots
from apppw_tui.store.usage import FolderUsage


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
    )
    return Wired(store, keyring, means)


def _delivery(config: Config, journal: Journal) -> Delivery:
    told = config.delivery
    if told is None:
        return NoDelivery()
    return CommandDelivery(told.command, told.kinds, told.timeout, journal)
