"""Addresses of people who ask, as they may be kept and shown; and networks that they may be of."""

from collections.abc import Iterable
from functools import lru_cache

_KEPT = 1024  # addresses that were read lately: a daemon reads the same few all day
_LONGEST = 64  # characters; no address needs as many
_MAPPED_BITS = 96  # RFC 4291 section 2.5.5.2: IPv4 within IPv6


def address(text: str | None) -> str | None:
    """The address that `text` is, in its one form; None if it is none.

    The zone of an IPv6 address (RFC 4007 section 11) is left out: it may be any text.
    """
    return _address(text) if text and len(text) <= _LONGEST else None


@lru_cache(_KEPT)
def _address(text: str) -> str | None:
    import ipaddress

    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed)))


def network(text: str) -> str:
    """The network or the one address that `text` is, in its one form.

    Raises:
        ValueError: it is neither, or has bits beyond its mask; says so.
    """
    import ipaddress

    alone = address(text)
    if alone is not None:
        return alone
    try:
        parsed = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be an address or a network, such as 192.0.2.0/24") from None
    if ipaddress.ip_address(text.partition("/")[0]) != parsed.network_address:
        raise ValueError(f"has bits beyond its mask; the network is {parsed}")
    within = parsed.network_address
    mapped = within.ipv4_mapped if isinstance(within, ipaddress.IPv6Address) else None
    if mapped is None or parsed.prefixlen < _MAPPED_BITS:
        return str(parsed)
    return f"{mapped}/{parsed.prefixlen - _MAPPED_BITS}"


class Networks:
    """Addresses and networks, as `network` has them. Raises ValueError for what is neither."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        import ipaddress

        parsed = [network(network_text) for network_text in networks]
        self._alone = frozenset(network_text for network_text in parsed if "/" not in network_text)
        self._wide = tuple(
            ipaddress.ip_network(network_text) for network_text in parsed if "/" in network_text
        )

    def holds(self, text: str | None) -> bool:
        """True if that address is one of them, or in one; never for what is no address."""
        parsed = address(text)
        if parsed is None or not (self._alone or self._wide):
            return False
        if parsed in self._alone:
            return True
        import ipaddress

        return any(ipaddress.ip_address(parsed) in one for one in self._wide)
