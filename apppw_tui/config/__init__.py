"""The configuration file: TOML in, frozen values out; a wrong key is an error that says which."""

import contextlib
import os
import socket
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apppw_tui.config.accounts import AccountsConfig, accounts
from apppw_tui.config.notices import NoticesConfig, notices
from apppw_tui.config.policy import policy
from apppw_tui.config.serve import ServeConfig, serve
from apppw_tui.config.setup import setup, tables
from apppw_tui.config.values import (
    TableReader,
    absolute,
    command,
    quoted_list,
    read_file,
    seconds,
    table,
    text,
    texts,
)
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.errors import ConfigError, StoreUnusable
from apppw_tui.domain.names import domain_encoded, is_domain
from apppw_tui.domain.phone import is_region
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.ports import DELIVERY_METHODS, DeliveryMethod

SYSTEM_FILE = Path("/etc/apppw-tui/config.toml")
SYSTEM_STORE = Path("/var/lib/apppw-tui")
_LONGEST_HOST_NAME = 253  # RFC 1035 section 2.3.4, as text
_LONGEST_TIMEOUT = 120  # seconds; a person waits for it


@dataclass(frozen=True)
class DeliveryConfig:
    """The program that sends security codes, and the ways in which it can."""

    command: tuple[str, ...]
    kinds: frozenset[DeliveryMethod]
    timeout: float = 20  # seconds


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
        ConfigError: it names the file, the key and the reason.
    """
    try:
        document = tomllib.loads(read_file(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.") from None
    return read(path, document)


def read(path: Path, document: dict[str, Any]) -> Config:
    """The configuration that stands in `document`, which came from `path`. Raises ConfigError."""
    reader = TableReader(path)
    top = reader.table(document, "", {
        "host_name": _host_name,
        "default_domain": _default_domain,
        "store": absolute,
        "phone_region": _region,
        "key_file": absolute,
        "accounts": table,
        "policy": table,
        "delivery": table,
        "notices": table,
        "sessions": table,
        "serve": table,
        "setup": tables,
    })  # fmt: skip
    rules = policy(reader, top.pop("policy", {}))
    delivery = reader.table(top.pop("delivery", {}), "delivery.", {
        "command": command("kind", "number", "extension"),
        "kinds": _kinds,
        "timeout": seconds(1, _LONGEST_TIMEOUT),
    })  # fmt: skip
    for key in ("command", "kinds"):
        if delivery and key not in delivery:
            raise ConfigError(f"{path}: delivery.{key}: is missing beside {quoted_list(delivery)}.")
    sessions = reader.table(top.pop("sessions", {}), "sessions.", {"end": _flag})
    if "accounts" in top:
        top["accounts"] = accounts(reader, top["accounts"])
    if "notices" in top:
        top["notices"] = notices(reader, top["notices"], delivery=bool(delivery))
    if "serve" in top:
        top["serve"] = serve(reader, top["serve"])
    if "setup" in top:
        host_name = top.get("host_name") or socket.gethostname()
        top["setup"] = setup(reader, top["setup"], host_name)
    return Config(
        **top,
        policy=rules,
        delivery=DeliveryConfig(**delivery) if delivery else None,
        end_sessions=sessions.get("end", False),
    )


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
            raise StoreUnusable("There is no home folder: say --store PATH.") from None
    return base / "apppw-tui"


def _host_name(value: Any) -> str:
    name = text(value)
    if len(name) > _LONGEST_HOST_NAME:
        raise ValueError(f"must be at most {_LONGEST_HOST_NAME} characters long")
    return name


def _default_domain(value: Any) -> str:
    name = text(value)
    if not is_domain(name):
        meant = domain_encoded(name)
        if is_domain(meant):
            raise ValueError(f'must be written as "{meant}"')  # as it is in every name
        raise ValueError('must be a lower-case domain such as "example.org"')
    return name


def _region(value: Any) -> str:
    if not is_region(text(value)):
        raise ValueError('must be a country of ISO 3166 in two capitals, such as "DE"')
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _kinds(value: Any) -> frozenset[DeliveryMethod]:
    values = texts(value)
    kinds = frozenset(kind for kind in DELIVERY_METHODS if kind in values)
    if len(kinds) != len(values):
        raise ValueError('must be some of "text", "call" and "notify", each once at most')
    return kinds
