"""IP addresses and networks, as they may be kept and shown; no other module reads them."""

from collections.abc import Iterable
from functools import lru_cache

from apppw_tui.domain.errors import Refused

_KEPT = 1024  # addresses that were read lately: a daemon reads the same few all day
_LONGEST = 64  # characters; no address needs as many
_COUNTED = 64  # characters of what is no address
_NETWORK_BITS, _DOOR_BITS = 64, 56  # of IPv6: what one link has, and what one household gets
_MAPPED_BITS = 96  # RFC 4291 section 2.5.5.2: IPv4 within IPv6
MOST_NETWORKS = 32  # that one app password is limited to
ANYWHERE = "any"  # typed instead of networks: no limit


def parse_address(text: str | None) -> str | None:
    """The address that `text` is, in its one form; None if it is none.

    The zone of an IPv6 address (RFC 4007 section 11) is left out: it may be any text.
    """
    return _address(text) if text and len(text) <= _LONGEST else None


@lru_cache(_KEPT)
def _address(text: str) -> str | None:
    import ipaddress  # imports are cost, here as below: few commands ever read one

    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed)))


def parse_network(text: str) -> str:
    """The network or the one address that `text` is, in its one form.

    Without its zone it would hold that address on every link, which is more than was meant.

    Raises:
        ValueError: it is neither, has bits beyond its mask, or a zone; says so.
    """
    import ipaddress

    if "%" in text:
        raise ValueError("must not have a zone, such as %eth0: services do not tell it")
    alone = parse_address(text)
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


def read_networks(text: str) -> tuple[str, ...]:
    """Networks as they are typed, between commas or blanks; none for `any`.

    Raises:
        Refused: one of them is neither a network nor an address, or they are too many.
    """
    words = text.replace(",", " ").split()
    if [word.lower() for word in words] == [ANYWHERE]:
        return ()
    networks: list[str] = []
    for number, word in enumerate(words, 1):
        try:
            network = parse_network(word)
        except ValueError as error:
            raise Refused(f"Network number {number} {error}.") from None
        networks += [network] if network not in networks else []
    if not networks:
        raise Refused('Say networks such as 192.0.2.0/24, or "any".')
    if len(networks) > MOST_NETWORKS:
        raise Refused(f"That is more than {MOST_NETWORKS} networks.")
    return tuple(networks)


def networks_within(networks: Iterable[str], others: Iterable[str]) -> bool:
    """True if each of `networks` lies in one of `others`; no networks at all are everywhere."""
    import ipaddress

    inner, outer = ([ipaddress.ip_network(text) for text in side] for side in (networks, others))
    if not inner or not outer:
        return not outer
    return all(
        any(
            one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]
            for other in outer
        )
        for one in inner
    )


def surrounding_network(text: str | None, *, ipv4_bits: int, ipv6_bits: int) -> str | None:
    """The network around an address, of so many bits; None if `text` is no address."""
    import ipaddress

    address = parse_address(text)
    if address is None:
        return None
    bits = ipv6_bits if ":" in address else ipv4_bits
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))


@lru_cache(_KEPT)
def door_key(text: str) -> str:
    """The place that somebody comes from, as the kiosk's door counts it: IPv6 by its /56."""
    return address_key(text, _DOOR_BITS)


@lru_cache(_KEPT)
def address_key(text: str, bits: int = _NETWORK_BITS) -> str:
    """The place that somebody comes from, as it is counted: IPv6 by its /64, no address as text."""
    address = parse_address(text)
    if address is None:
        return text[:_COUNTED]
    if ":" not in address:
        return address
    return surrounding_network(address, ipv4_bits=32, ipv6_bits=bits) or address


def is_loopback(text: str) -> bool:
    """True of an address of the machine itself, and of a network of none but these.

    Bits beyond a mask are passed over, as by most programs that read one.
    """
    import ipaddress

    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return network.is_loopback or (mapped is not None and mapped.is_loopback)


class Networks:
    """Addresses and networks, as `parse_network` has them.

    Raises ValueError for what is neither.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        import ipaddress

        parsed = [parse_network(network) for network in networks]
        self._alone = frozenset(text for text in parsed if "/" not in text)
        self._wide = tuple(ipaddress.ip_network(text) for text in parsed if "/" in text)

    def holds(self, text: str | None) -> bool:
        """True if that address is one of them, or in one; never for what is no address."""
        address = parse_address(text)
        if address is None or not (self._alone or self._wide):
            return False
        if address in self._alone:
            return True
        import ipaddress

        return any(ipaddress.ip_address(address) in network for network in self._wide)
