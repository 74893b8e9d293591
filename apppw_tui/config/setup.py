"""The tables [[setup]] of the configuration: what people are told to type into their apps."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from apppw_tui.config.values import TableReader, quoted_list, table, text
from apppw_tui.domain import scopes
from apppw_tui.domain.addresses import parse_address
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.names import is_domain

# RFC 8314 section 3.3 and, before it, RFC 3501, 1939, 6409; XEP-0368 and RFC 6120; RFC 5804, which
# has no port for TLS from the beginning.
_PORTS = {
    "imap": {"TLS": 993, "STARTTLS": 143},
    "pop3": {"TLS": 995, "STARTTLS": 110},
    "smtp": {"TLS": 465, "STARTTLS": 587},
    "xmpp": {"TLS": 5223, "STARTTLS": 5222},
    "sieve": {"STARTTLS": 4190, "TLS": 4190},
}
_SECURITIES = ("TLS", "STARTTLS")
_MOST_PORTS = 65535
_LONGEST_URL = 300  # characters; longer ones are not typed into a phone
_HOST_KEYS = ("host", "port", "security")


def tables(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be written as [[setup]], once for each service")
    return [table(element) for element in value]


def setup(
    reader: TableReader, value: Iterable[Mapping[str, Any]], host_name: str
) -> tuple[ConnectionSetting, ...]:
    """The rows as they stand in the file; a service without a host is on `host_name`.

    Raises:
        ConfigError: it names the file, the key and the reason.
    """
    return tuple(
        _row(reader, f"setup[{at}].", table, host_name) for at, table in enumerate(value, 1)
    )


def _row(
    reader: TableReader, prefix: str, value: Mapping[str, Any], host_name: str
) -> ConnectionSetting:
    values = reader.table(value, prefix, {
        "service": _service,
        "host": _host,
        "port": _port,
        "security": _security,
        "url": _url,
    })  # fmt: skip
    if "service" not in values:
        raise reader.error(f"{prefix}service", "is missing")
    if values["service"] in _PORTS:
        return _with_host(reader, prefix, values, host_name)
    for key in _HOST_KEYS:
        if key in values:
            raise reader.error(f"{prefix}{key}", f'does not go with "{values["service"]}": say url')
    if "url" not in values:
        raise reader.error(f"{prefix}url", "is missing")
    return ConnectionSetting(**values)


def _with_host(
    reader: TableReader, prefix: str, values: Mapping[str, Any], host_name: str
) -> ConnectionSetting:
    service = values["service"]
    if "url" in values:
        raise reader.error(f"{prefix}url", f'does not go with "{service}": say host and port')
    host = values.get("host")
    if host is None:
        try:
            host = _host(host_name.lower())
        except ValueError:
            reason = "is missing, and host_name is not the name of a host"
            raise reader.error(f"{prefix}host", reason) from None
    security = values.get("security", next(iter(_PORTS[service])))
    return ConnectionSetting(service, host, values.get("port", _PORTS[service][security]), security)


def _service(value: Any) -> str:
    service = scopes.normalize_service(text(value))
    if service not in scopes.SERVICES:
        raise ValueError(f"must be one of {quoted_list(scopes.SERVICES)}")
    return str(service)


def _host(value: Any) -> str:
    if not is_domain(text(value)) and parse_address(value) is None:
        raise ValueError('must be the name of a host in small letters, such as "mail.example.org"')
    return str(value)


def _port(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_PORTS:
        raise ValueError(f"must be a number from 1 to {_MOST_PORTS}")
    return value


def _security(value: Any) -> str:
    if value not in _SECURITIES:
        raise ValueError('must be "TLS" or "STARTTLS"')
    return str(value)


def _url(value: Any) -> str:
    """Reads an address that an app password is sent to.

    Not http, which anybody on the way can read.
    """
    if len(text(value)) > _LONGEST_URL:
        raise ValueError(f"must be at most {_LONGEST_URL} characters long")
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # brackets without their like, a port that is no number
        host, port = "", None
    right = (
        (is_domain(host) or parse_address(host) is not None)
        and parts.scheme == "https"
        and "@" not in parts.netloc
        and port != 0
    )
    if not right or any(sign.isspace() or not sign.isascii() for sign in value):
        raise ValueError('must be an address such as "https://dav.example.org/"')
    return str(value)
