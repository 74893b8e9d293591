"""Readers of what set-up codes hold, written from the published formats and not from our writer."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Server:
    protocol: str
    host: str
    port: int
    security: str
    user: str
    password: str


@dataclass(frozen=True)
class MailAccount:
    """What the app knows afterwards."""

    address: str
    name: str
    incoming: Server
    outgoing: Server


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise ValueError(what)


def _text(value: Any) -> str:
    _need(isinstance(value, str), f"no string: {value!r}")
    return str(value)


def _number(value: Any, least: int, most: int) -> int:
    _need(type(value) is int and least <= value <= most, f"no number: {value!r}")
    return int(value)


def _server(values: list[Any], protocol: str, password: Any) -> Server:
    """`Hostname`, `Port`, `ConnectionSecurity`, `AuthenticationType`, `Username`, in that order."""
    host, port, security, authentication, user = values
    _need(_text(host).isascii(), "Currently only ASCII-only hostnames are allowed.")
    _need(authentication == 1, "PasswordCleartext is the only one that an app password is for")
    return Server(
        protocol,
        host,
        _number(port, 1, 65535),
        {0: "Plain", 2: "STARTTLS", 3: "TLS"}[_number(security, 0, 3)],
        _text(user),
        _text(password),
    )


def thunderbird(payload: str) -> MailAccount:
    """The one account of an "Export for Mobile" QR code, format version 1.

    thunderbird-android, feature/migration/qrcode/qr-code-format.md.
    """
    version, miscellaneous, incoming, groups = json.loads(payload)
    _need(version == 1, "FormatVersion")
    _need(miscellaneous == [1, 1], "SequenceNumber and SequenceEnd")
    protocol, *values, account_name, password = incoming
    _need(account_name in (None, ""), "the address of the first identity is its name")
    (group,) = groups
    outgoing, (address, display_name) = group
    _need(outgoing[0] == 0, "OutgoingProtocol: SMTP is the only one")
    _need(_text(address).isascii(), "Currently only ASCII-only email addresses are allowed.")
    return MailAccount(
        address,
        _text(display_name),
        _server(values, {0: "imap", 1: "pop3"}[protocol], password),
        _server(outgoing[1:-1], "smtp", outgoing[-1]),
    )


def delta_chat(payload: str) -> MailAccount:
    """The account of a DCLOGIN code, version 1: deltachat/interface, uri-schemes.md."""
    parts = urlsplit(payload)
    _need(parts.scheme == "dclogin", "scheme")
    options = dict(parse_qsl(parts.query, strict_parsing=True))
    _need(options.pop("v") == "1", "version")
    address = parts.path.removeprefix("//").partition("/")[0]
    _need(address.count("@") == 1 and "%" not in address, "address")
    password = options.pop("p")

    def server(protocol: str, letter: str) -> Server:
        security = {"ssl": "TLS", "starttls": "STARTTLS", "plain": "Plain"}
        return Server(
            protocol,
            options.pop(f"{letter}h"),
            int(options.pop(f"{letter}p")),
            security[options.pop(f"{letter}s")],
            address,
            password,
        )

    account = MailAccount(address, "", server("imap", "i"), server("smtp", "s"))
    _need(not options, f"unknown options: {[*options]}")
    return account
