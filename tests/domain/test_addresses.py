"""Addresses and networks, in their one form."""

import pytest

from apppw_tui.domain.addresses import (
    MOST_NETWORKS,
    is_loopback,
    networks_within,
    parse_address,
    parse_network,
    read_networks,
    surrounding_network,
)
from apppw_tui.domain.errors import Refused


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        (f"fe80::1%{'e' * 64}", None),
        ("192.0.2.7:25", None),
        ("192.0.2.0/24", None),
        ("local", None),
        ("", None),
        (None, None),
    ],
)
def test_an_address_has_one_form(text: str | None, read: str | None) -> None:
    assert parse_address(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::/0", "::/0"),
    ],
)
def test_a_network_has_one_form(text: str, read: str) -> None:
    assert parse_network(text) == read


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("here", "must be an address or a network"),
        ("192.0.2.7/24", "the network is 192.0.2.0/24"),
        ("fe80::1%eth0", "must not have a zone"),
        ("fe80::1%eth0/128", "must not have a zone"),
        ("fe80::%eth0/64", "must not have a zone"),
    ],
)
def test_what_is_no_network_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_network(text)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:1:2::7", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("local", None),
        (None, None),
    ],
)
def test_around_an_address_lies_a_network(text: str | None, network: str | None) -> None:
    assert surrounding_network(text, ipv4_bits=24, ipv6_bits=48) == network


@pytest.mark.parametrize(
    ("text", "so"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1/8", True),
        ("::1/128", True),
        ("::ffff:127.0.0.0/104", True),
        ("::ffff:127.0.0.1", True),
        ("127.0.0.0/7", False),
        ("::/0", False),
        ("192.0.2.7", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_the_machine_itself_is_told_from_others(text: str, so: bool) -> None:
    assert is_loopback(text) is so


@pytest.mark.parametrize(
    ("typed", "networks"),
    [
        ("any", ()),
        (" ANY ", ()),
        ("192.0.2.0/24", ("192.0.2.0/24",)),
        (
            "192.0.2.0/24, 2001:DB8::/32 192.0.2.9,192.0.2.0/24",
            ("192.0.2.0/24", "2001:db8::/32", "192.0.2.9"),
        ),
        ("::ffff:192.0.2.0/120", ("192.0.2.0/24",)),
    ],
)
def test_networks_are_read_as_they_are_typed(typed: str, networks: tuple[str, ...]) -> None:
    assert read_networks(typed) == networks


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", 'Say networks such as 192.0.2.0/24, or "any"'),
        ("192.0.2.7 office", "Network number 2 must be an address or a network"),
        ("any 192.0.2.7", "Network number 1 must be an address or a network"),
        ("192.0.2.7/24", "Network number 1 has bits beyond its mask; the network is 192.0.2.0/24"),
        ("192.0.2.9 fe80::1%eth0", "Network number 2 must not have a zone, such as %eth0"),
        (" ".join(f"192.0.2.{n}" for n in range(MOST_NETWORKS + 1)), "more than 32 networks"),
    ],
)
def test_networks_that_are_none_are_refused(typed: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_networks(typed)


@pytest.mark.parametrize(
    ("inner", "outer", "within"),
    [
        ([], [], True),
        (["192.0.2.0/24"], [], True),
        ([], ["192.0.2.0/24"], False),
        (["192.0.2.9"], ["192.0.2.0/24"], True),
        (["192.0.2.9", "::1"], ["192.0.2.0/24"], False),
        (["192.0.2.9", "::1"], ["192.0.2.0/24", "::/0"], True),
        (["192.0.0.0/16"], ["192.0.2.0/24"], False),
    ],
)
def test_networks_lie_within_others(inner: list[str], outer: list[str], within: bool) -> None:
    assert networks_within(inner, outer) is within
