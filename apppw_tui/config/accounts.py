"""The section [accounts] of the configuration: who keeps the account passwords."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apppw_tui.config.values import TableReader, absolute, quoted_list, text

SOURCES = ("store", "dovecot")
SOCKET = Path("/run/dovecot/apppw-portal")  # recipes/dovecot/07-apppw-portal.conf
_LONGEST_PLACE = 200  # characters


@dataclass(frozen=True)
class AccountsConfig:
    """The keeper of the account passwords; the rest concerns "dovecot" alone.

    `change_password_at` ends the sentence "Change it ...".
    """

    source: str = "store"
    socket: Path = SOCKET
    require_add: bool = False
    change_password_at: str = "where you changed it before"  # noqa: S105 - a place, no password


def accounts(reader: TableReader, value: Mapping[str, Any]) -> AccountsConfig:
    """The section as it stands in the file. Raises ConfigError."""
    values = reader.table(value, "accounts.", {
        "source": _source,
        "socket": absolute,
        "require_add": _flag,
        "change_password_at": _place,
    })  # fmt: skip
    for key in values:
        if key != "source" and values.get("source") != "dovecot":
            raise reader.error(f"accounts.{key}", 'goes with source = "dovecot" alone')
    return AccountsConfig(**values)


def _source(value: Any) -> str:
    if text(value) not in SOURCES:
        raise ValueError(f"must be one of {quoted_list(SOURCES)}")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _place(value: Any) -> str:
    """A web address, or the end of a sentence."""
    place = text(value).strip().removesuffix(".")
    if not 0 < len(place) <= _LONGEST_PLACE:
        raise ValueError(f"must be of 1 to {_LONGEST_PLACE} characters")
    return f"at {place}" if place.startswith(("https://", "http://")) else place
