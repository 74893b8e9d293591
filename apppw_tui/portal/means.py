"""What the portal works with: everything is passed in, it makes nothing of it itself."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from apppw_tui.domain.account_source import AccountSource
from apppw_tui.domain.acts import Activity, NoActivity
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.delivery import Delivery, NoDelivery
from apppw_tui.domain.endings import LeftOpen, LiveSessions
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.journal import Journal, NoJournal
from apppw_tui.domain.notices import NoNotices, Notices
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.sealing import Seals
from apppw_tui.domain.seam import Store
from apppw_tui.domain.symbols import RandomBelow
from apppw_tui.domain.throttle import Counters
from apppw_tui.domain.usage import NoUsage, UsageBook


@dataclass(frozen=True)
class Means:
    """One of these serves one person at one terminal: `address` is where they come from."""

    store: Store
    hasher: Hasher
    clock: Clock
    policy: Policy
    seals: Seals
    counters: Counters
    delivery: Delivery = field(default_factory=NoDelivery)
    journal: Journal = field(default_factory=NoJournal)
    usage: UsageBook = field(default_factory=NoUsage)
    address: str = "local"
    default_domain: str | None = None
    region: str | None = None
    host_name: str = "this server"
    randbelow: RandomBelow = secrets.randbelow
    token_bytes: Callable[[int], bytes] = secrets.token_bytes
    live_sessions: LiveSessions = field(default_factory=LeftOpen)
    source: AccountSource | None = None  # of account passwords; None is the store
    activity: Activity = field(default_factory=NoActivity)
    notices: Notices = field(default_factory=NoNotices)
