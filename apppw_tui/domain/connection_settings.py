"""Settings for an app besides the app password: where each service is, as configured."""

from collections.abc import Iterable
from typing import NamedTuple

from apppw_tui.domain import scopes
from apppw_tui.domain.scopes import Service

# As the apps themselves write them.
_NAMES = {
    scopes.IMAP: "IMAP",
    scopes.POP3: "POP3",
    scopes.SIEVE: "Sieve",
    scopes.SMTP: "SMTP",
    scopes.CALDAV: "CalDAV",
    scopes.CARDDAV: "CardDAV",
    scopes.WEBDAV: "WebDAV",
    scopes.XMPP: "XMPP",
    scopes.HTTP: "Web",
}


class ConnectionSetting(NamedTuple):
    """The place of one service: a host, a port and `TLS` or `STARTTLS`; or an address alone."""

    service: Service
    host: str = ""
    port: int = 0
    security: str = ""
    url: str = ""


def name(service: Service) -> str:
    """The name that a person has for `service`: `IMAP` for `imap`."""
    return _NAMES.get(service, service)


def rows_for(
    rows: Iterable[ConnectionSetting], scope: tuple[str, ...]
) -> tuple[ConnectionSetting, ...]:
    """Those of `rows` whose service `scope` opens, in their order."""
    return tuple(row for row in rows if scopes.scope_allows(scope, row.service))


def first_service(rows: Iterable[ConnectionSetting], scope: tuple[str, ...]) -> Service:
    """The service that an app with this scope asks for first: the first row's, if there is one."""
    services = [row.service for row in rows_for(rows, scope)]
    opened = [service for service in scopes.SERVICES if scopes.scope_allows(scope, service)]
    # Else it is one of this server's own: every group opens a service that is known.
    return next(iter(services + opened), Service(scope[0]))


class ConnectionTestResult(NamedTuple):
    """The result of trying an app password, in a sentence.

    `ok` is None where nobody knows whether an app could sign in with it.
    """

    ok: bool | None
    message: str
