"""Where somebody asks from, as it may be kept and shown."""

_LONGEST = 64  # characters; no address needs as many


def address(text: str | None) -> str | None:
    """The address that `text` is, in its one form; None if it is none.

    The zone of an IPv6 address (RFC 4007 section 11) is left out: it may be any text.
    """
    if not text or len(text) > _LONGEST:
        return None
    import ipaddress

    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    return str(found.ipv4_mapped or ipaddress.IPv6Address(int(found)))
