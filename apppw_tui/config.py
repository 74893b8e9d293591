"""The configuration file: TOML in, frozen values out; a wrong key is an error that says which."""

import difflib
import os
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apppw_tui.domain.errors import ConfigError, StoreUnusable
from apppw_tui.domain.names import is_domain, shown
from apppw_tui.domain.policy import Policy

SYSTEM_FILE = Path("/etc/apppw-tui/config.toml")
SYSTEM_STORE = Path("/var/lib/apppw-tui")
_MOST_APP_PASSWORDS = 1000
_LONGEST_HOST_NAME = 253  # RFC 1035 section 2.3.4, as text


@dataclass(frozen=True)
class Config:
    """What an administrator can set, with the defaults that hold otherwise."""

    host_name: str = field(default_factory=socket.gethostname)
    default_domain: str | None = None
    store: Path | None = None
    policy: Policy = field(default_factory=Policy)


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
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'cannot be read').lower()}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.") from None
    reader = _Reader(path)
    top = reader.table(document, "", {
        "host_name": _host_name,
        "default_domain": _default_domain,
        "store": _folder,
        "policy": _table,
    })  # fmt: skip
    policy = reader.table(top.pop("policy", {}), "policy.", {
        "app_passwords_per_account": _count,
    })  # fmt: skip
    return Config(**top, policy=Policy(**policy))


def choose(named: Path | None) -> Config:
    """From the file `named`, else the system's, else the user's own, else the defaults."""
    if named is not None:
        return load(named)
    if present(SYSTEM_FILE):
        return load(SYSTEM_FILE)
    own = _user_folder("XDG_CONFIG_HOME", ".config") / "config.toml"
    return load(own) if present(own) else Config()


def store_folder(named: Path | None, config: Config) -> Path:
    """Where the store is: `named`, APPPW_STORE, the configuration, or the default (SAFETY 26)."""
    told = named or os.environ.get("APPPW_STORE") or config.store
    if told:
        return Path(told)
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


@dataclass(frozen=True)
class _Reader:
    path: Path

    def table(
        self, table: Mapping[str, Any], prefix: str, keys: Mapping[str, Callable[[Any], Any]]
    ) -> dict[str, Any]:
        values = {}
        for key, value in table.items():
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f" Did you mean {prefix}{near[0]}?" if near else ""
                raise ConfigError(f"{self.path}: {prefix}{shown(key)}: there is no such key.{hint}")
            try:
                values[key] = keys[key](value)
            except ValueError as error:
                raise ConfigError(f"{self.path}: {prefix}{key}: {error}.") from None
        return values


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("must be a line of text")
    return value


def _host_name(value: Any) -> str:
    text = _text(value)
    if len(text) > _LONGEST_HOST_NAME:
        raise ValueError(f"must be at most {_LONGEST_HOST_NAME} characters long")
    return text


def _default_domain(value: Any) -> str:
    text = _text(value)
    if not is_domain(text):
        raise ValueError('must be a lower-case domain such as "example.org"')
    return text


def _folder(value: Any) -> Path:
    folder = Path(_text(value))
    if not folder.is_absolute():
        raise ValueError("must be an absolute path")
    return folder


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number")
    if not 1 <= value <= _MOST_APP_PASSWORDS:
        raise ValueError(f"must be from 1 to {_MOST_APP_PASSWORDS}")
    return value
