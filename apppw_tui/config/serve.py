"""The section [serve] of the configuration: which sockets the daemon has, and for whom."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from apppw_tui.config.values import TableReader, quoted_list, seconds, table, text, texts
from apppw_tui.domain import scopes
from apppw_tui.domain.addresses import parse_network
from apppw_tui.domain.names import escaped

PROTOCOLS = ("auth-client", "mux", "http", "json")
_LONGEST_MEMORY = 3600  # seconds
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
_MODE = re.compile(r"0?[0-7]{3}", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)  # RFC 9110 section 5.1, what is in use of it


@dataclass(frozen=True)
class SocketConfig:
    """One Unix socket, called `name` in the socket folder, and what may be asked there.

    `services` are those for which it may speak; None means any (SAFETY 20).
    """

    name: str
    protocol: str
    services: frozenset[str] | None = None
    mode: int = 0o660
    group: str | None = None
    service_header: str | None = None
    address_header: str | None = None


# What the daemon makes by itself, and what recipes/systemd passes besides.
_OWN = tuple(SocketConfig(protocol, protocol) for protocol in PROTOCOLS)
_SHIPPED = (
    SocketConfig("postfix", "auth-client", frozenset({"smtp"})),
    SocketConfig("cyrus", "mux"),
    SocketConfig("radicale", "auth-client", frozenset({"caldav"})),
    SocketConfig("apache", "json"),
)


@dataclass(frozen=True)
class ServeConfig:
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


def serve(reader: TableReader, value: Mapping[str, Any]) -> ServeConfig:
    """The section as it stands in the file. Raises ConfigError."""
    values = reader.table(value, "serve.", {
        "remember": seconds(0, _LONGEST_MEMORY),
        "trusted": _networks,
        "socket": _tables,
    })  # fmt: skip
    if "socket" in values:
        sockets = {table.name: table for table in _OWN}
        configured: set[str] = set()
        for number, table in enumerate(values.pop("socket"), 1):
            made = _socket(reader, f"serve.socket[{number}].", table)
            if made.name in configured:
                raise reader.error(
                    f"serve.socket[{number}].name", f'"{made.name}" is taken already'
                )
            configured.add(made.name)
            sockets[made.name] = made
        values["sockets"] = tuple(sockets.values())
        values["configured"] = frozenset(configured)
    return ServeConfig(**values)


def _socket(reader: TableReader, prefix: str, value: Mapping[str, Any]) -> SocketConfig:
    keys: dict[str, Callable[[Any], Any]] = {
        "name": _name,
        "protocol": _protocol,
        "services": _services,
        "mode": _mode,
        "group": text,
        "service_header": _header,
        "address_header": _header,
    }
    values = reader.table(value, prefix, keys)
    amended = ServeConfig().passed(values.get("name", ""))
    if amended is not None and values.get("protocol", amended.protocol) == amended.protocol:
        values = {field.name: getattr(amended, field.name) for field in fields(amended)} | values
    for key in ("name", "protocol"):
        if key not in values:
            raise reader.error(f"{prefix}{key}", "is missing")
    for key in ("service_header", "address_header"):
        if values.get(key) is not None and values["protocol"] != "http":
            raise reader.error(f"{prefix}{key}", 'goes with protocol "http" alone')
    return SocketConfig(**values)


def _tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be written as [[serve.socket]], once for each socket")
    return [table(element) for element in value]


def _name(value: Any) -> str:
    if _NAME.fullmatch(text(value)) is None:
        raise ValueError("must be a file name of small letters, digits, dots and dashes")
    return str(value)


def _protocol(value: Any) -> str:
    if text(value) not in PROTOCOLS:
        raise ValueError(f"must be one of {quoted_list(PROTOCOLS)}")
    return str(value)


def _services(value: Any) -> frozenset[str]:
    services = {typed: scopes.normalize_service(typed) for typed in texts(value)}
    for typed, service in services.items():
        if service is None:
            raise ValueError(f'"{typed}" cannot be the name of a service')
    return frozenset(service for service in services.values() if service is not None)


def _mode(value: Any) -> int:
    # 660 without quotes would be another number, and a socket open to nobody or to everybody.
    if not isinstance(value, str) or _MODE.fullmatch(value) is None:
        raise ValueError('must be a mode in quotes, such as "0660"')
    return int(value, 8)


def _header(value: Any) -> str:
    if _HEADER.fullmatch(text(value)) is None:
        raise ValueError('must be the name of a header, such as "X-Real-IP"')
    return str(value)


def _networks(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(element, str) for element in value):
        raise ValueError('must be a list of addresses and networks, such as ["192.0.2.0/24"]')
    networks = set()
    for element in value:
        try:
            networks.add(parse_network(element))
        except ValueError as error:
            raise ValueError(f'"{escaped(element)}" {error}') from None
    return frozenset(networks)
