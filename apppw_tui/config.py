"""The configuration file: TOML in, frozen values out; a wrong key is an error that says which."""

import difflib
import os
import re
import socket
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from apppw_tui.domain.delivery import KINDS, Kind
from apppw_tui.domain.errors import ConfigError, StoreUnusable
from apppw_tui.domain.names import is_domain, shown
from apppw_tui.domain.policy import Policy

SYSTEM_FILE = Path("/etc/apppw-tui/config.toml")
SYSTEM_STORE = Path("/var/lib/apppw-tui")
_MOST_APP_PASSWORDS = 1000
_LONGEST_HOST_NAME = 253  # RFC 1035 section 2.3.4, as text
_LONGEST_TIMEOUT = 120  # seconds; a person waits for it
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class DeliveryConfig:
    """The program that sends security codes, and the ways in which it can."""

    command: tuple[str, ...]
    kinds: frozenset[Kind]
    timeout: float = 20  # seconds


@dataclass(frozen=True)
class Config:
    """What an administrator can set, with the defaults that hold otherwise."""

    host_name: str = field(default_factory=socket.gethostname)
    default_domain: str | None = None
    store: Path | None = None
    policy: Policy = field(default_factory=Policy)
    phone_region: str | None = None
    key_file: Path | None = None
    delivery: DeliveryConfig | None = None


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
        "store": _absolute,
        "phone_region": _region,
        "key_file": _absolute,
        "policy": _table,
        "delivery": _table,
    })  # fmt: skip
    policy = reader.table(top.pop("policy", {}), "policy.", {
        "app_passwords_per_account": _count,
        "second_factor": _required,
    })  # fmt: skip
    if "second_factor" in policy:
        policy["second_factor_required"] = policy.pop("second_factor")
    delivery = reader.table(top.pop("delivery", {}), "delivery.", {
        "command": _command,
        "kinds": _kinds,
        "timeout": _timeout,
    })  # fmt: skip
    for key in ("command", "kinds"):
        if delivery and key not in delivery:
            raise ConfigError(f"{path}: delivery.{key}: is missing beside {_listed(delivery)}.")
    return Config(
        **top,
        policy=Policy(**policy),
        delivery=DeliveryConfig(**delivery) if delivery else None,
    )


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


def _absolute(value: Any) -> Path:
    path = Path(_text(value))
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def _region(value: Any) -> str:
    from phonenumbers import SUPPORTED_REGIONS

    if _text(value) not in SUPPORTED_REGIONS:
        raise ValueError('must be a country of ISO 3166 in two capitals, such as "DE"')
    return str(value)


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


def _required(value: Any) -> bool:
    if value not in ("required", "optional"):
        raise ValueError('must be "required" or "optional"')
    return bool(value == "required")


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of texts, and not an empty one")
    try:
        return [_text(element) for element in value]
    except ValueError as error:
        raise ValueError(f"each element {error}") from None


def _command(value: Any) -> tuple[str, ...]:
    program, *arguments = _texts(value)
    if not Path(program).is_absolute():
        raise ValueError("must begin with the absolute path of a program")
    for element in arguments:
        _check_placeholders(element, ("kind", "number"))
    return program, *arguments


def _check_placeholders(element: str, known: Collection[str]) -> None:
    """SAFETY 23: a value is an argument, never a part of one."""
    for name in known:
        if f"{{{name}}}" in element and element != f"{{{name}}}":
            raise ValueError(f'"{{{name}}}" must be an element by itself, not in "{element}"')
    if _PLACEHOLDER.fullmatch(element) and element[1:-1] not in known:
        raise ValueError(f'there is no "{element}" here, only {_listed(f"{{{k}}}" for k in known)}')


def _kinds(value: Any) -> frozenset[Kind]:
    told = _texts(value)
    kinds = frozenset(kind for kind in KINDS if kind in told)
    if len(kinds) != len(told):
        raise ValueError('must be some of "text", "call" and "notify", each once at most')
    return kinds


def _timeout(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("must be a number of seconds")
    if not 1 <= value <= _LONGEST_TIMEOUT:
        raise ValueError(f"must be from 1 to {_LONGEST_TIMEOUT} seconds")
    return value


def _listed(words: Iterable[str]) -> str:
    return " and ".join(f'"{word}"' for word in words)
