"""Believable accounts in a store that lives in memory alone: for a first look and for pictures."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from apppw_tui.domain import phone, recovery_codes, totp
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.app_password import AppPassword, RandomBelow, generate, unused_id
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.ports import DELIVERY_METHODS, Clock, DeliveryMethod
from apppw_tui.domain.scopes import ANY_APP, CALDAV, CARDDAV, IMAP, POP3, SMTP, WEBDAV, Service
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import SHOWN_DAYS, LastUse, Used, UsesPerDay, uses_per_day
from apppw_tui.store.memory_engine import MemoryEngine
from apppw_tui.verifier.connection_test import decided, describe
from apppw_tui.verifier.decision import Verifier

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


# What each is for, where it is not any app; its last uses: how long ago, in hours, by what and from
# where; and how often it was used on each of the last days, today at the end.
_FOR = {
    "Laptop": ("mail",),
    "Phone calendar": ("calendar",),
    "Thunderbird on the desk": ("mail",),
    "Printer, scan to mail": ("sending",),
    "Contacts sync": ("carddav",),
    "Mail merge": ("sending",),
    "git send-email": ("sending",),
    "NAS": ("files",),
}
_HOME, _TRAIN = "192.0.2.7", "198.51.100.23"
_LAST_USED = {
    "Laptop": ((0.07, IMAP, _HOME), (3.0, SMTP, _HOME)),
    "Phone calendar": ((25.0, CALDAV, _TRAIN), (26.0, CARDDAV, _TRAIN)),
    "Thunderbird on the desk": ((3.0, IMAP, _HOME), (70.0, SMTP, _HOME)),
    "Tablet": ((50.0, IMAP, _TRAIN),),
    "Printer, scan to mail": ((300.0, SMTP, _HOME),),
    "Mutt": ((1.0, IMAP, "2001:db8::17"), (2.0, SMTP, "2001:db8::17")),
    "Old laptop": ((4000.0, POP3, _HOME),),
}
_PER_DAY: dict[str, tuple[int, ...]] = {
    "Laptop": (14, 9, 22, 17, 25, 3, 0, 18, 21, 16, 24, 19, 4, 12),
    "Phone calendar": (96, 96, 94, 96, 61, 96, 96, 95, 96, 96, 88, 96, 43, 0),
    "Thunderbird on the desk": (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 6, 4),
    "Tablet": (0, 3, 5, 0, 0, 8, 9, 0, 2, 0, 4, 1, 0, 0),
    "Printer, scan to mail": (0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "Mutt": (41, 37, 44, 52, 39, 12, 8, 47, 50, 43, 38, 45, 9, 21),
}

# What is typed into an app.
ROWS = (
    ConnectionSetting(IMAP, HOST_NAME, 993, "TLS"),
    ConnectionSetting(SMTP, HOST_NAME, 587, "STARTTLS"),
    ConnectionSetting(CALDAV, url="https://dav.example.org/"),
    ConnectionSetting(CARDDAV, url="https://dav.example.org/"),
    ConnectionSetting(WEBDAV, url="https://files.example.org/dav/"),
)

# Whose second factor is shown; the last one has none yet, to be led through setting one up.
_PROTECTED = {ACCOUNT: "+4915123456767", "grace@example.org": "+12025550143"}
_PROTECTED_FOR = timedelta(days=20)
_USED_CODES = 2


class Demonstration:
    """Everything that one person needs to look around alone: see ui/app_options.py, Demo.

    The accounts, the phone that messages go to and the authenticator app are all here.
    """

    account_name = ACCOUNT
    password = PASSWORD
    kinds: frozenset[DeliveryMethod] = frozenset(DELIVERY_METHODS)
    extensions = True

    def __init__(
        self,
        clock: Clock,
        hasher: Hasher,
        randbelow: RandomBelow = secrets.randbelow,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.engine = MemoryEngine(clock, token_bytes)
        self.store, self.seals = self.engine.accounts, self.engine.keyring
        self.hasher = hasher
        self.clock = clock
        self._randbelow = randbelow
        self._token_bytes = token_bytes
        self._newest = ""
        self._begun = clock.now()
        self._fill()

    # --- what the services wrote down -------------------------------------------------------------

    def read(self, uid: str, /) -> Used:
        """The last uses of the app passwords of the account of `uid`."""
        return Used.of(
            (password.id, LastUse(self._begun - timedelta(hours=hours), service, address))
            for password in self._app_passwords(uid)
            for hours, service, address in _LAST_USED.get(password.name, ())
        )

    def per_day(self, uid: str, today: date, /) -> UsesPerDay:
        days = [today - timedelta(days=age) for age in reversed(range(SHOWN_DAYS))]
        return uses_per_day(
            (
                (password.id, day, count)
                for password in self._app_passwords(uid)
                for day, count in zip(days, _PER_DAY.get(password.name, ()), strict=False)
            ),
            today,
        )

    def _app_passwords(self, uid: str) -> tuple[AppPassword, ...]:
        accounts = map(self.store.get, self.store.list_names())
        return next((own.app_passwords for own in accounts if own and own.uid == uid), ())

    def old_passwords_since(self) -> None:
        """Nobody tells."""

    def forget(self, _uid: str, /) -> None:
        """Nothing is kept here."""

    # --- what a service would say ---------------------------------------------------------------

    def try_it(self, account_name: str, secret: Secret, service: Service) -> ConnectionTestResult:
        """The verifier's own decision; no daemon is asked, and none is said to be there."""
        verifier = Verifier(self.store, self.hasher, self.clock)
        tried = describe(decided(verifier, account_name, secret, service), service)
        return tried._replace(message=f"{tried.message[:-1]}, in this demonstration.")

    # --- the phone and the app ----------------------------------------------------------------

    def send(self, _kind: DeliveryMethod, _number: str, message: Secret, /) -> None:
        """The message goes nowhere; its code is shown."""
        digits = "".join(sign for sign in message.reveal() if sign.isdigit())
        self._newest = digits[: totp.DIGITS]

    def sent(self) -> str:
        return self._newest

    def shown_for(self, secret: Secret) -> str:
        return totp.code(secret, totp.step_at(self.clock.now()))

    def shown_by_app(self, account_name: str) -> str:
        """The next code that would be accepted: here nobody has to wait for half a minute."""
        stored = self.store.get(account_name)
        if stored is None or stored.authenticator is None:
            return ""
        app = stored.authenticator
        secret = self.seals.decrypt(stored.uid, AUTHENTICATOR, app.sealed)
        return totp.code(secret, max(totp.step_at(self.clock.now()), app.last_step + 1))

    # --- the accounts ---------------------------------------------------------------------------

    def _fill(self) -> None:
        """Three accounts with thirty app passwords; all open with PASSWORD."""
        password_hash = self.hasher.account.make(Secret(PASSWORD))
        begun = self.clock.now() - timedelta(days=420)
        for name, app_passwords in _APP_PASSWORDS.items():
            account = Account.new(
                name, password_hash, begun, lambda size: self._token_bytes(size).hex()
            )
            for label, hours in app_passwords:
                account = self._with_app_password(account, label, hours)
            if name in _PROTECTED:
                account = self._protected(account, _PROTECTED[name])
            with self.store.transaction(name, None) as change:
                change.account = account

    def _with_app_password(self, account: Account, label: str, hours: int) -> Account:
        id_ = unused_id(account.used_ids, self._randbelow)
        made = self.clock.now() - timedelta(hours=hours)
        hash_ = self.hasher.app.make(generate(id_, self._randbelow))
        return account.with_app_password(
            AppPassword(id_, label, hash_, made, scope=_FOR.get(label, (ANY_APP,))),
            len(account.app_passwords) + 1,
        )

    def _protected(self, account: Account, number: str) -> Account:
        since = self.clock.now() - _PROTECTED_FOR
        field = phone.secret_name("authentication")
        app = totp.Authenticator(
            self.seals.encrypt(account.uid, AUTHENTICATOR, totp.new_secret(self._token_bytes)),
            since,
            last_step=0,
        )
        office = phone.Phone(
            "authentication", self.seals.encrypt(account.uid, field, Secret(number)), since
        )
        hashes = [self.hasher.app.make(code) for code in recovery_codes.generate(self._randbelow)]
        left = (*[None] * _USED_CODES, *hashes[_USED_CODES:])
        return replace(
            account.with_phone(office),
            authenticator=app,
            recovery=recovery_codes.RecoveryCodes(left, since),
        )
