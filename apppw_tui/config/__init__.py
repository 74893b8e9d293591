"""The settings of an administrator, their defaults, and which file they are in."""

import contextlib
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from apppw_tui.domain import scopes
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.errors import ConfigError, StoreUnusable
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.scopes import Service

SYSTEM_FILE = Path("/etc/apppw-tui/config.toml")
SYSTEM_STORE = Path("/var/lib/apppw-tui")


PROTOCOLS = ("auth-client", "mux", "http", "json")
SOCKET_MODE = 0o660


class SocketConfig(NamedTuple):
    """One Unix socket, called `name` in the socket folder, and what may be asked there.

    `services` are those for which it may speak; None means any (SAFETY 20).
    """

    name: str
    protocol: str
    services: frozenset[Service] | None = None
    mode: int = SOCKET_MODE
    group: str | None = None
    service_header: str | None = None
    address_header: str | None = None
    metrics: bool = False


# What the daemon makes by itself, and what recipes/systemd passes besides.
_OWN = tuple(SocketConfig(protocol, protocol) for protocol in PROTOCOLS)
_SHIPPED = (
    SocketConfig("postfix", "auth-client", frozenset({scopes.SMTP})),
    SocketConfig("cyrus", "mux"),
    SocketConfig("radicale", "auth-client", frozenset({scopes.CALDAV})),
    SocketConfig("apache", "json"),
)


class ServeConfig(NamedTuple):
    """The daemon's sockets and settings; `remember` is in seconds, 0 is off.

    `sockets` are the daemon's own and those that are `configured`: named in the file, which amends
    a socket or adds one, and takes none away (SAFETY 20).
    """

    remember: float = 300
    trusted: frozenset[str] = frozenset()
    sockets: tuple[SocketConfig, ...] = _OWN
    configured: frozenset[str] = frozenset()

    def passed(self, name: str) -> SocketConfig | None:
        """The socket that is configured under a name of systemd's, if one is."""
        return next((socket for socket in (*self.sockets, *_SHIPPED) if socket.name == name), None)


class DeliveryConfig(NamedTuple):
    """The program that sends security codes, and the ways in which it can."""

    command: tuple[str, ...]
    kinds: frozenset[DeliveryMethod]
    timeout: float = 20  # seconds


class NoticesConfig(NamedTuple):
    """`command` is run for each message; None: they go the way of the security codes."""

    command: tuple[str, ...] | None
    format: Literal["mail", "plain"] = "mail"
    timeout: float = 20  # seconds


class AccountsConfig(NamedTuple):
    """The keeper of the account passwords; the rest concerns "dovecot" alone.

    `change_password_at` ends the sentence "Change it ...".
    """

    source: str = "store"
    socket: Path = Path("/run/dovecot/apppw-portal")  # recipes/dovecot/07-apppw-portal.conf
    require_add: bool = False
    change_password_at: str = "where you changed it before"  # noqa: S105 - a place, no password


@dataclass(frozen=True)
class DatabaseConfig:
    """The database that several machines share, each with its own `machine`.

    `serve_dsn` is the daemon's and that of `verify`.
    """

    dsn: str = field(repr=False)
    serve_dsn: str = field(repr=False)
    timeout: float = 3  # seconds
    machine: str = field(default_factory=socket.gethostname)


@dataclass(frozen=True)
class Config:
    """The settings of an administrator, with the defaults that hold otherwise."""

    host_name: str = field(default_factory=socket.gethostname)
    default_domain: str | None = None
    store: Path | None = None
    policy: Policy = field(default_factory=Policy)
    phone_region: str | None = None
    key_file: Path | None = None
    delivery: DeliveryConfig | None = None
    notices: NoticesConfig | None = None
    end_sessions: bool = False
    accounts: AccountsConfig = field(default_factory=AccountsConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    setup: tuple[ConnectionSetting, ...] = ()
    database: DatabaseConfig | None = None  # None: the accounts are files in the store


def present(path: Path) -> bool:
    """True unless `path` is certainly not there: one that cannot be reached may hold a rule."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def load(path: Path) -> Config:
    """The configuration in `path`.

    Raises:
        ConfigError: it names the file, and each key that is wrong with the reason.
    """
    from apppw_tui.config import reader  # with msgspec, which no file needs no more than this

    return reader.load(path)


def user_file() -> Path:
    """The path of somebody's own configuration, if they have one."""
    return _user_folder("XDG_CONFIG_HOME", ".config") / "config.toml"


def chosen_file(named: Path | None) -> Path | None:
    """The file `named`, else the system's, else the user's own; None if there is none."""
    if named is not None:
        return named
    if present(SYSTEM_FILE):
        return SYSTEM_FILE
    with contextlib.suppress(StoreUnusable):  # there is no home folder, so nothing in it
        own = user_file()
        return own if present(own) else None
    return None


def choose(named: Path | None) -> Config:
    """The configuration in the chosen file, or the defaults. Raises ConfigError."""
    path = chosen_file(named)
    return Config() if path is None else load(path)


def salvaged(named: Path | None) -> tuple[Config, ConfigError | None]:
    """The usable part of the chosen file, for those who seek the fault, and what is wrong with it.

    Raises:
        ConfigError: it is not there.
    """
    path = chosen_file(named)
    if path is None:
        return Config(), None
    try:
        return load(path), None
    except ConfigError as error:
        if not present(path):
            raise  # whoever named it mistyped it
        from apppw_tui.config import reader

        config, error.wrong, error.lost = reader.salvage(path)
        return config, error


def store_folder(named: Path | None, config: Config) -> Path:
    """The folder of the store.

    `named`, APPPW_STORE, the configuration, or the default (SAFETY 26).
    """
    chosen = named or os.environ.get("APPPW_STORE") or config.store
    if chosen:
        return Path(chosen)
    if present(SYSTEM_FILE):
        return SYSTEM_STORE
    return _user_folder("XDG_DATA_HOME", ".local/share")


def _user_folder(variable: str, fallback: str) -> Path:
    # XDG Base Directory Specification 0.8: a relative path in the variable is to be ignored.
    base = Path(os.environ.get(variable) or "")
    if not base.is_absolute():
        try:
            base = Path.home() / fallback
        except RuntimeError:
            raise StoreUnusable("There is no home folder: use --store PATH.") from None
    return base / "apppw-tui"
