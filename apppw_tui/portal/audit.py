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
def done_afterwards(means: PortalContext, account: Account, what: str) -> Iterator[None]:
    """Runs what follows a change that stands, and never unsays it.

    The log has what fails (SAFETY 7a).
    """
    try:
        yield
    except StoreError as error:
        means.journal.fault(f"{what} not kept", account=account.name, why=str(error))


def record_event(
    means: PortalContext, account: Account, act: EventType, by: str | None = None, **facts: str
) -> bool:
    """Writes `act` down, by the account itself from `means.address`, or by whoever `by` is.

    False if somebody was to be told of it and is not. Never raises.
    """
    if by is None:
        by, facts = account.name, {"address": means.address, **facts}
    means.journal.record(account.uid, act, by, **facts)
    return act not in NOTIFIED or means.notifier.notify(
        account, ActivityEntry(means.clock.now(), act, by, facts)
    )


def record_sign_in(means: PortalContext, account: Account) -> None:
    """A sign-in is complete; it says so if it comes from where none came from lately."""
    network = network_of(means.address)
    act = EventType.SIGNED_IN
    if network is not None:
        before = _networks(means, account)
        if before and network not in before:
            act = EventType.SIGNED_IN_NEW
    record_event(means, account, act)


def _networks(means: PortalContext, account: Account) -> set[str | None]:
    """The networks that the account's sign-ins came from lately."""
    since = means.clock.now() - NETWORK_MEMORY
    try:
        entries = means.activity.read(account.uid)
    except StoreError:
        return set()
    return {
        network_of(one.address) for one in entries if one.event in _SIGN_INS and one.time >= since
    } - {None}
