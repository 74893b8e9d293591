"""What is typed into an app: of all that is configured, what its app password opens."""

import pytest

from apppw_tui.domain import scopes
from apppw_tui.domain.connection_settings import ConnectionSetting, first_service, name, rows_for

SMTP, IMAP = (
    ConnectionSetting(scopes.SMTP, "a", 465, "TLS"),
    ConnectionSetting(scopes.IMAP, "a", 993, "TLS"),
)
DAV = ConnectionSetting(scopes.CALDAV, url="https://a/")
ALL = (SMTP, DAV, IMAP)


@pytest.mark.parametrize(
    ("scope", "rows"),
    [
        (("any",), ALL),
        (("mail",), (SMTP, IMAP)),
        (("sending",), (SMTP,)),
        (("imap", "caldav"), (DAV, IMAP)),
        (("chat",), ()),
    ],
)
def test_only_what_the_scope_opens_is_told_in_its_order(
    scope: tuple[str, ...], rows: tuple[ConnectionSetting, ...]
) -> None:
    assert rows_for(ALL, scope) == rows


@pytest.mark.parametrize(
    ("rows", "scope", "service"),
    [
        (ALL, ("any",), "smtp"),
        ((DAV, IMAP), ("mail",), "imap"),
        ((), ("any",), "imap"),
        ((), ("mail",), "imap"),
        ((IMAP,), ("calendar",), "caldav"),
        ((), ("chat",), "xmpp"),
        ((), ("smtp", "carddav"), "smtp"),
    ],
)
def test_an_app_asks_first_for_what_is_configured_first(
    rows: tuple[ConnectionSetting, ...], scope: tuple[str, ...], service: str
) -> None:
    assert first_service(rows, scope) == service


def test_every_service_has_a_name_for_people() -> None:
    assert all(name(service) != service for service in scopes.SERVICES)
    assert name(scopes.Service("ftp")) == "ftp"
