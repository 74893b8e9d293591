"""Believable accounts in a store that lives in memory alone: for a first look and for pictures."""

from collections.abc import Callable
from datetime import timedelta

from apppw_tui.domain.account import Account
from apppw_tui.domain.account_password import normalized
from apppw_tui.domain.app_password import AppPassword, generate, unused_id
from apppw_tui.domain.clock import Clock
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.symbols import RandomBelow
from apppw_tui.store.memory import MemoryStore

ACCOUNT = "ada@example.org"
PASSWORD = "engine no. 1 weaves algebra"  # noqa: S105 - shown on screen, opens nothing but the demo
HOST_NAME = "mail.example.org"

# Name, and how long ago it was created, in hours.
_APP_PASSWORDS = {
    ACCOUNT: (
        ("Laptop", 2),
        ("Phone calendar", 26),
        ("Thunderbird on the desk", 75),
        ("Tablet", 180),
        ("Printer, scan to mail", 400),
        ("Backup script", 900),
        ("Mutt", 1500),
        ("Watch", 2100),
        ("Car", 3000),
        ("Old laptop", 6000),
        ("Newsreader", 8000),
        ("Contacts sync", 9500),
    ),
    "grace@example.org": (
        ("Phone", 5),
        ("Work laptop", 50),
        ("Tablet", 300),
        ("Calendar on the wall", 700),
        ("Evolution", 1200),
        ("Camera upload", 2500),
        ("Mail merge", 4000),
        ("Spare phone", 5000),
        ("Alarm panel", 7000),
        ("Ship's log", 9000),
    ),
    "linus@example.org": (
        ("git send-email", 1),
        ("Phone", 100),
        ("Kernel list reader", 800),
        ("Dive computer", 1600),
        ("NAS", 2400),
        ("Desktop", 3600),
        ("Calendar", 5200),
        ("Test machine", 8600),
    ),
}


def fill(
    store: MemoryStore,
    hasher: Hasher,
    clock: Clock,
    randbelow: RandomBelow,
    token_hex: Callable[[int], str],
) -> None:
    """Puts three accounts with thirty app passwords into `store`; all open with PASSWORD."""
    password_hash = hasher.account.make(normalized(PASSWORD))
    for name, app_passwords in _APP_PASSWORDS.items():
        account = Account.new(name, password_hash, clock.now() - timedelta(days=420), token_hex)
        for label, hours in app_passwords:
            id_ = unused_id(account.used_ids, randbelow)
            made = clock.now() - timedelta(hours=hours)
            secret = generate(id_, randbelow)
            record = AppPassword(id_, label, hasher.app.make(secret), made)
            account = account.with_app_password(record, len(app_passwords))
        with store.change(name, None) as change:
            change.account = account
