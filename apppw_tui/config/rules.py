"""The types of the configuration's values, with rules that refuse by a sentence of their own.

The rules are tried in their order: `rule` refuses with its sentence what is not of the type, or
not within the limits; `reads` makes the value that is meant.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from apppw_tui.config import PROTOCOLS
from apppw_tui.domain import expiry, scopes
from apppw_tui.domain.addresses import parse_address, parse_network
from apppw_tui.domain.names import domain_encoded, is_domain
from apppw_tui.domain.ports import DELIVERY_METHODS

_LONGEST_PLACE = 200  # characters
_NAME = r"(?a)[0-9A-Za-z.:/%_-]{0,64}"
_PLACEHOLDER = r"\{\w+\}"


def rule(
    sentence: str,
    check: Callable[[Any], bool] | None = None,
    schema: dict[str, Any] | None = None,
    **limits: Any,
) -> Meta:
    """A value keeps msgspec's `limits` and is right by `check`; else `sentence` is said.

    `schema` tells editors of `check`.
    """
    extra = {"sentence": sentence, "check": check}
    return Meta(extra=extra, extra_json_schema=schema, **limits)


def reads(read: Callable[[Any], Any]) -> Meta:
    """A value is what `read` makes of it, which raises ValueError with a sentence."""
    return Meta(extra={"read": read})


def between(least: int, most: int, unit: str = "") -> Meta:
    return rule(f"must be from {least} to {most}{unit}", ge=least, le=most)


def one_of(*words: str, sentence: str = "") -> Meta:
    said = sentence or f"must be one of {quoted_list(words)}"
    return rule(said, words.__contains__, {"enum": [*words]})


def tables(name: str, subject: str) -> Meta:
    return rule(f"must be written as [[{name}]], once for each {subject}", min_length=1)


def quoted_list(words: Iterable[str]) -> str:
    *before, last = [f'"{word}"' for word in words] or [""]
    return f"{', '.join(before)} and {last}" if before else last


def _command(*placeholders: str) -> Meta:
    """The rule of a program and its arguments, of which `{name}` is one for each placeholder."""

    def read(elements: list[str]) -> tuple[str, ...]:
        program, *arguments = elements
        if not Path(program).is_absolute():
            raise ValueError("must begin with the absolute path of a program")
        for element in arguments:
            _check_placeholders(element, placeholders)
        return program, *arguments

    return reads(read)


def _check_placeholders(element: str, known: Sequence[str]) -> None:
    """SAFETY 23: a value is an argument, never a part of one."""
    for name in known:
        if f"{{{name}}}" in element and element != f"{{{name}}}":
            raise ValueError(f'"{{{name}}}" must be an element by itself, not in "{element}"')
    if re.fullmatch(_PLACEHOLDER, element) and element[1:-1] not in known:
        raise ValueError(
            f'there is no "{element}" here, only {quoted_list(f"{{{k}}}" for k in known)}'
        )


def _read_domain(name: str) -> str:
    if not is_domain(name):
        meant = domain_encoded(name)
        if is_domain(meant):
            raise ValueError(f'must be written as "{meant}"')  # as it is in every name
        raise ValueError('must be a lower-case domain such as "example.org"')
    return name


def _is_region(code: str) -> bool:
    from apppw_tui.domain.phone import is_region  # no file that names none has any use of it

    return is_region(code)


def _check_dsn(dsn: str) -> str:
    from apppw_tui.config.dsn import check_dsn  # as little

    return check_dsn(dsn)


def _read_place(typed: str) -> str:
    """A web address, or the end of a sentence."""
    place = typed.strip().removesuffix(".")
    if not 0 < len(place) <= _LONGEST_PLACE:
        raise ValueError(f"must be of 1 to {_LONGEST_PLACE} characters")
    return f"at {place}" if place.startswith(("https://", "http://")) else place


def _read_scope(words: list[str]) -> tuple[str, ...]:
    """As they are written: which services there are besides is known with the whole file."""
    if any(scopes.parse_service(word.strip()) is None for word in words):
        raise ValueError(must_be_words(()))
    return tuple(words)


def must_be_words(own: Iterable[scopes.OwnService]) -> str:
    """The sentence about words of which one is no scope."""
    known = [*(scope.id for scope in scopes.SCOPES), *scopes.SERVICES, *(each.id for each in own)]
    return f"must be some of {quoted_list(known)}"


def _is_label(text: str) -> bool:
    known = {scope.label.casefold() for scope in scopes.SCOPES}
    return text == text.strip() and text.isprintable() and text.casefold() not in known


def _are_methods(words: list[str]) -> bool:
    return len({*words} & {*DELIVERY_METHODS}) == len(words)


def _read_services(words: list[str]) -> frozenset[scopes.Service]:
    services = [scopes.parse_service(typed) for typed in words]
    if None in services:
        raise ValueError(f"number {services.index(None) + 1} cannot be the name of a service")
    return frozenset(service for service in services if service is not None)


def _read_networks(elements: Iterable[str]) -> frozenset[str]:
    networks = set()
    for number, element in enumerate(elements, 1):
        try:
            networks.add(parse_network(element))
        except ValueError as error:
            # What has not the form of a name could be a secret (SAFETY 29).
            named = f'"{element}"' if re.fullmatch(_NAME, element) else f"number {number}"
            raise ValueError(f"{named} {error}") from None
    return frozenset(networks)


def is_host(text: str) -> bool:
    return is_domain(text) or parse_address(text) is not None


def _is_url(text: str) -> bool:
    """True for an address that an app password may be sent to: not http, which anybody reads."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # brackets without their like, a port that is no number
        return False
    return (
        is_host(host)
        and parts.scheme == "https"
        and "@" not in parts.netloc
        and port != 0
        and not any(sign.isspace() or not sign.isascii() for sign in text)
    )


def _is_free(id_: str) -> bool:
    return not scopes.is_taken(id_)


def _is_service(typed: str) -> bool:
    return scopes.parse_service(typed) in scopes.SERVICES


OwnServiceId = Annotated[
    str,
    rule(
        'must be a name of small letters, digits, dots and dashes, such as "vpn"',
        pattern="^[a-z0-9][a-z0-9._-]{0,31}$",
    ),
    rule("must not be that of a scope, or of a service that there is anyway", _is_free),
]
Label = Annotated[
    str,
    rule(
        'must be a line of 1 to 32 characters, such as "VPN", and not the name of a scope',
        _is_label,
        min_length=1,
        max_length=32,
    ),
]
Flag = Annotated[bool, rule("must be true or false")]
_Whole = Annotated[int, rule("must be a whole number")]
Count = Annotated[_Whole, between(1, 1000)]
Days = Annotated[_Whole, between(1, expiry.MOST_DAYS)]
DaysBefore = Annotated[_Whole, between(0, 90)]
Minutes = Annotated[_Whole, between(1, 60), reads(lambda minutes: 60.0 * minutes)]  # in seconds
_Seconds = Annotated[float, rule("must be a number of seconds")]
TimeOut = Annotated[_Seconds, between(1, 120, " seconds")]  # a person waits for it
Memory = Annotated[_Seconds, between(0, 3600, " seconds")]
Port = Annotated[int, rule("must be a number from 1 to 65535", ge=1, le=65535)]

Text = Annotated[str, rule("must be a line of text", str.isprintable, min_length=1)]
_Element = Annotated[
    str, rule("each element must be a line of text", str.isprintable, min_length=1)
]
_Texts = Annotated[
    tuple[_Element, ...], rule("must be a list of texts, and not an empty one", min_length=1)
]
Networks = Annotated[
    tuple[str, ...],
    rule('must be a list of addresses and networks, such as ["192.0.2.0/24"]'),
    reads(_read_networks),
]
Scope = Annotated[_Texts, reads(_read_scope)]
Services = Annotated[_Texts, reads(_read_services)]
Methods = Annotated[
    _Texts,
    rule(
        'must be some of "text", "call" and "notify", each once at most',
        _are_methods,
        {"items": {"enum": [*DELIVERY_METHODS]}, "uniqueItems": True},
    ),
    reads(frozenset),
]
DeliveryCommand = Annotated[_Texts, _command("kind", "number", "extension")]
NoticesCommand = Annotated[_Texts, _command("account")]

AbsolutePath = Annotated[Text, rule("must be an absolute path", pattern="^/"), reads(Path)]
Domain = Annotated[Text, reads(_read_domain)]
Format = Annotated[Text, one_of("mail", "plain", sentence='must be "mail" or "plain"')]
HostName = Annotated[  # for people: RFC 1035 section 2.3.4, as text
    Text, rule("must be at most 253 characters long", max_length=253)
]
Host = Annotated[
    Text, rule('must be the name of a host in small letters, such as "mail.example.org"', is_host)
]
Place = Annotated[Text, reads(_read_place)]
Protocol = Annotated[Text, one_of(*PROTOCOLS)]
Region = Annotated[
    Text, rule('must be a country of ISO 3166 in two capitals, such as "DE"', _is_region)
]
SetupService = Annotated[
    Text,
    rule(f"must be one of {quoted_list(scopes.SERVICES)}", _is_service),
    reads(scopes.parse_service),
]
EngineName = Annotated[Text, one_of("files", "postgresql")]
Dsn = Annotated[Text, reads(_check_dsn)]
DatabaseTimeOut = Annotated[_Seconds, between(1, 30, " seconds")]  # a sign-in waits for it
MachineName = Annotated[Text, rule("must be at most 64 characters long", max_length=64)]
Source = Annotated[Text, one_of("store", "dovecot")]
Url = Annotated[
    Text,
    rule("must be at most 300 characters long", max_length=300),  # longer ones nobody types
    rule('must be an address such as "https://dav.example.org/"', _is_url, {"format": "uri"}),
]
NoticesWay = Annotated[
    Text, one_of("delivery", sentence='must be "delivery"; or say command = [...]')
]
FileName = Annotated[
    Text,
    rule(
        "must be a file name of small letters, digits, dots and dashes",
        pattern="^[a-z0-9][a-z0-9._-]{0,31}$",
    ),
]
Header = Annotated[  # RFC 9110 section 5.1, what is in use of it
    Text,
    rule('must be the name of a header, such as "X-Real-IP"', pattern="^[A-Za-z0-9-]{1,64}$"),
]
# 660 without quotes would be another number, and a socket open to nobody or to everybody.
Mode = Annotated[
    str,
    rule('must be a mode in quotes, such as "0660"', str.isprintable, pattern="^0?[0-7]{3}$"),
    reads(lambda text: int(text, 8)),
]
Required = Annotated[
    Literal["required", "optional"],
    rule('must be "required" or "optional"'),
    reads("required".__eq__),
]
Everyone = Annotated[
    Literal["everyone", "administrator"],
    rule('must be "everyone" or "administrator"'),
    reads("everyone".__eq__),
]
SshKeys = Annotated[
    Literal["second-factor", "off"],
    rule('must be "second-factor" or "off"'),
    reads("second-factor".__eq__),
]
Security = Annotated[Literal["TLS", "STARTTLS"], rule('must be "TLS" or "STARTTLS"')]
