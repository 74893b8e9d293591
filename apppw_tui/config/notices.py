"""The table [notices]: how people are told at once what happened to their account."""

from dataclasses import dataclass
from typing import Any, Literal

from apppw_tui.config.values import TableReader, command, seconds, text

_LONGEST_TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class NoticesConfig:
    """`command` is run for each message; None: they go the way of the security codes."""

    command: tuple[str, ...] | None
    format: Literal["mail", "plain"] = "mail"
    timeout: float = 20  # seconds


def notices(reader: TableReader, told: dict[str, Any], *, delivery: bool) -> NoticesConfig:
    """Reads the table; `delivery` is True where codes can be sent. Raises ConfigError."""
    values = reader.table(told, "notices.", {
        "command": command("account"),
        "by": _by,
        "format": _format,
        "timeout": seconds(1, _LONGEST_TIMEOUT),
    })  # fmt: skip
    if "by" in values:
        if len(values) > 1:
            raise reader.error("notices.by", "stands by itself: leave out the others")
        if not delivery:
            raise reader.error("notices.by", 'is "delivery", but there is no [delivery]')
        return NoticesConfig(None)
    if "command" not in values:
        raise reader.error("notices.command", "is missing")
    return NoticesConfig(**values)


def _by(value: Any) -> str:
    if text(value) != "delivery":
        raise ValueError('must be "delivery"; or say command = [...]')
    return str(value)


def _format(value: Any) -> str:
    if text(value) not in ("mail", "plain"):
        raise ValueError('must be "mail" or "plain"')
    return str(value)
