"""The section [serve] of the configuration: which sockets the daemon has, and for whom."""

from dataclasses import dataclass

PROTOCOLS = ("auth-client", "mux", "http", "json")


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
    metrics: bool = False


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
