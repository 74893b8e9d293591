"""Puts the rooms together over a store in a folder: what the portal and the operator work with."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.config import Config, store_folder
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.ports import (
    Clock,
    CodeSender,
    ErrorLog,
    ExternalPasswords,
    Notifier,
    SessionTerminator,
)
from apppw_tui.domain.switched_off import NoCodeSender, NoSessionTermination, SilentNotifier
from apppw_tui.integrations.code_delivery import CommandCodeSender
from apppw_tui.portal.context import PortalContext
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.error_log import FolderErrorLog
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue, FolderNotifier
from apppw_tui.store.folder.profiles import HashProfilesFile
from apppw_tui.store.folder.session_kicks import FolderSessionTerminator
from apppw_tui.store.folder.slots import Slots
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.keyring import Keyring, key_path, keyring_of

if TYPE_CHECKING:
    from apppw_tui.integrations.notifications import NoticeChannel, Sender


@dataclass(frozen=True)
class StoreLocation:
    """The places of a store and of its key; what the command line says goes before the rest."""

    folder: Path
    key_file: Path

    @classmethod
    def of(cls, config: Config, named: Path | None, key_file: Path | None) -> "StoreLocation":
        folder = store_folder(named, config)
        return cls(folder, key_path(folder, key_file, config.key_file))


@dataclass(frozen=True)
class Parts:
    """The store in a folder, its keys, and everything that the portal is given."""

    store: FolderStore
    keyring: Keyring
    context: PortalContext


def build(
    place: StoreLocation,
    config: Config,
    clock: Clock,
    hasher: Hasher | None = None,
    *,
    create: bool = False,
    address: str = "local",
) -> Parts:
    """Opens the store in `place`. Raises StoreError."""
    store = open_store(place.folder, create=create)
    keyring = keyring_of(place.folder, store, place.key_file)
    error_log = FolderErrorLog(place.folder, clock)
    store.complain = lambda name, error: error_log.error(
        "enforcement not told", account=name, why=str(error)
    )
    store.deletions.complain = lambda name, error: error_log.error(
        "deletion not listed", account=name, why=str(error)
    )

    store.deletions.ids.complain = lambda error: error_log.error(
        "deletion unknown to earlier versions", why=str(error)
    )

    def complain(error: StoreError) -> None:
        error_log.error("ledger damaged", why=str(error))

    means = PortalContext(
        store,
        hasher
        or Hasher(slot=Slots(place.folder).acquire, profiles=HashProfilesFile(place.folder, clock)),
        clock,
        config.policy,
        keyring,
        FolderThrottleStore(place.folder, clock, complain=complain),
        _delivery(config, error_log),
        FolderActivityLog(
            place.folder,
            clock,
            complain=complain,
            report_loss=lambda error: error_log.error("activity not written", why=str(error)),
        ),
        error_log,
        FolderUsageBook(place.folder, clock),
        address=address,
        default_domain=config.default_domain,
        region=config.phone_region,
        host_name=config.host_name,
        session_terminator=_live_sessions(place, config, error_log),
        source=_source(config, error_log),
        notifier=_notices(place, config, error_log),
    )
    return Parts(store, keyring, means)


def sender(place: StoreLocation, config: Config, context: PortalContext) -> "Sender | None":
    """The program that sends what `PortalContext.notifier` has laid down.

    None if nothing says how.
    """
    notices = config.notices
    if notices is None:
        return None
    from apppw_tui.integrations.notifications import CodeSenderChannel, CommandChannel, Sender

    clock, host = context.clock, context.host_name
    channel: NoticeChannel
    if notices.command is None:
        channel = CodeSenderChannel(context.code_sender, context.sealer, host)
    else:
        channel = CommandChannel(notices.command, notices.format, notices.timeout, host, clock)
    outbox = FolderNoticeQueue(place.folder)
    return Sender(outbox, channel, context.store, context.throttle_store, clock, context.error_log)


def _notices(place: StoreLocation, config: Config, error_log: ErrorLog) -> Notifier:
    """The notifier of the configuration; without one nothing is laid down."""
    return SilentNotifier() if config.notices is None else FolderNotifier(place.folder, error_log)


def _delivery(config: Config, error_log: ErrorLog) -> CodeSender:
    delivery = config.delivery
    if delivery is None:
        return NoCodeSender()
    return CommandCodeSender(delivery.command, delivery.kinds, delivery.timeout, error_log)


def _source(config: Config, error_log: ErrorLog) -> ExternalPasswords | None:
    accounts = config.accounts
    if accounts.source == "store":
        return None
    from apppw_tui.integrations.dovecot_passwords import DovecotPasswords

    dovecot = DovecotPasswords(accounts.socket, error_log)
    return ExternalPasswords(dovecot, accounts.change_password_at, accounts.require_add)


def _live_sessions(place: StoreLocation, config: Config, error_log: ErrorLog) -> SessionTerminator:
    """The folder of sessions to end.

    Without a program that takes the files away, none are laid there.
    """
    return (
        FolderSessionTerminator(place.folder, error_log)
        if config.end_sessions
        else NoSessionTermination()
    )
