"""Puts the rooms together over a store: what the portal and the operator work with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from apppw_tui.config import Config
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.integration_ports import CodeSender, ExternalPasswords
from apppw_tui.domain.notice_text import QueueNotifier
from apppw_tui.domain.ports import Clock, ErrorLog
from apppw_tui.domain.ssh_key import ProvenKey
from apppw_tui.domain.switched_off import NoCodeSender, NoSessionTermination, SilentNotifier
from apppw_tui.integrations.code_delivery import CommandCodeSender
from apppw_tui.portal.context import PortalContext
from apppw_tui.store.engine import Engine, Machine, StoreLocation, open_engine

if TYPE_CHECKING:
    from apppw_tui.integrations.notifications import NoticeChannel, Sender


@dataclass(frozen=True)
class Parts:
    """The engine, this machine, and everything that the portal is given."""

    engine: Engine
    machine: Machine
    context: PortalContext


def build(
    place: StoreLocation,
    config: Config,
    clock: Clock,
    hasher: Hasher | None = None,
    *,
    create: bool = False,
    new_key: bool = False,
    address: str = "local",
    proven_key: ProvenKey | None = None,
) -> Parts:
    """Opens the store in `place`, as `open_engine` does. Raises StoreError.

    `proven_key` is the ssh key that sshd has verified for this session.
    """
    engine, machine = open_engine(place, clock, create=create, new_key=new_key)
    error_log = machine.error_log
    # Without a program that takes them away, none are laid down.
    context = PortalContext(
        engine.accounts,
        hasher or Hasher(slot=machine.slots, profiles=engine.profiles),
        clock,
        config.policy,
        engine.keyring,
        engine.throttle,
        _delivery(config, error_log),
        engine.activity,
        error_log,
        engine.usage,
        address=address,
        default_domain=config.default_domain,
        region=config.phone_region,
        host_name=config.host_name,
        session_terminator=engine.session_terminator(
            machine.session_terminator if config.end_sessions else NoSessionTermination()
        ),
        source=_source(config, error_log),
        notifier=SilentNotifier()
        if config.notices is None
        else QueueNotifier(engine.notices, error_log),
        confirmation=engine.confirmation,
        key_index=engine.key_index,
        proven_key=proven_key,
    )
    return Parts(engine, machine, context)


def sender(config: Config, parts: Parts) -> "Sender | None":
    """The program that sends what `PortalContext.notifier` has laid down.

    None if nothing says how.
    """
    notices = config.notices
    if notices is None:
        return None
    from apppw_tui.integrations.notifications import CodeSenderChannel, CommandChannel, Sender

    context = parts.context
    clock, host = context.clock, context.host_name
    channel: NoticeChannel
    if notices.command is None:
        channel = CodeSenderChannel(context.code_sender, context.sealer, host)
    else:
        channel = CommandChannel(notices.command, notices.format, notices.timeout, host, clock)
    return Sender(
        *(parts.engine.notices, channel, context.store, context.throttle_store, clock),
        context.error_log,
    )


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
