"""Every act is written down, and its account's owner told of those that matter to them."""

from collections.abc import Iterator
from contextlib import contextmanager

from apppw_tui.domain.account import Account
from apppw_tui.domain.activity import NOTIFIED, ActivityEntry, EventType
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.usage import NETWORK_MEMORY, network_of
from apppw_tui.portal.context import PortalContext

_SIGN_INS = frozenset({EventType.SIGNED_IN, EventType.SIGNED_IN_NEW})


@contextmanager
def done_afterwards(context: PortalContext, account: Account, what: str) -> Iterator[None]:
    """Runs what follows a change that stands, and never unsays it.

    The log has what fails (SAFETY 7a).
    """
    try:
        yield
    except StoreError as error:
        context.error_log.error(f"{what} not kept", account=account.name, why=str(error))


def record_event(
    context: PortalContext, account: Account, act: EventType, by: str | None = None, **facts: str
) -> bool:
    """Writes `act` down, by the account itself from `means.address`, or by whoever `by` is.

    False if somebody was to be told of it and is not. Never raises.
    """
    if by is None:
        by, facts = account.name, {"address": context.address, **facts}
    context.activity_log.record(account.uid, act, by, **facts)
    return act not in NOTIFIED or context.notifier.notify(
        account, ActivityEntry(context.clock.now(), act, by, facts)
    )


def record_sign_in(context: PortalContext, account: Account) -> None:
    """A sign-in is complete; it says so if it comes from where none came from lately."""
    network = network_of(context.address)
    act = EventType.SIGNED_IN
    if network is not None:
        before = _networks(context, account)
        if before and network not in before:
            act = EventType.SIGNED_IN_NEW
    record_event(context, account, act)


def _networks(context: PortalContext, account: Account) -> set[str | None]:
    """The networks that the account's sign-ins came from lately."""
    since = context.clock.now() - NETWORK_MEMORY
    try:
        entries = context.activity_log.read(account.uid)
    except StoreError:
        return set()
    return {
        network_of(entry.address)
        for entry in entries
        if entry.event in _SIGN_INS and entry.time >= since
    } - {None}
