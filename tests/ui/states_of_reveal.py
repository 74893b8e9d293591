"""The states of Your app password besides those that every walk comes by."""

from collections.abc import Callable
from dataclasses import replace

from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.scopes import CALDAV, CARDDAV, HTTP, IMAP, POP3, SIEVE, SMTP, WEBDAV, XMPP
from tests.ui.states import State, keys
from tests.ui.walks import DemoHouse, Visit, demo_house

_LONG = "autoconfigured-by-a-department-that-likes-long-names"
TWELVE = (
    ConnectionSetting(IMAP, "mail.example.org", 993, "TLS"),
    ConnectionSetting(IMAP, "mail.example.org", 143, "STARTTLS"),
    ConnectionSetting(POP3, "pop.example.org", 995, "TLS"),
    ConnectionSetting(SMTP, "mail.example.org", 465, "TLS"),
    ConnectionSetting(SMTP, "mail.example.org", 587, "STARTTLS"),
    ConnectionSetting(SIEVE, "mail.example.org", 4190, "STARTTLS"),
    ConnectionSetting(CALDAV, url="https://dav.example.org/"),
    ConnectionSetting(CARDDAV, url="https://dav.example.org/"),
    ConnectionSetting(WEBDAV, url="https://files.example.org/remote.php/dav/files/"),
    ConnectionSetting(XMPP, "chat.example.org", 5222, "STARTTLS"),
    ConnectionSetting(HTTP, url="https://wiki.example.org/"),
    ConnectionSetting(HTTP, url="https://git.example.org/"),
)
LONG = (
    ConnectionSetting(IMAP, f"{_LONG}.mail.example.org", 993, "TLS"),
    ConnectionSetting(SMTP, "[bold]mail[/].example.org", 587, "STARTTLS"),
    ConnectionSetting(CALDAV, url=f"https://dav.example.org/{_LONG}/{_LONG}/{_LONG}/"),
)


def with_rows(*rows: ConnectionSetting) -> Callable[[], DemoHouse]:
    return lambda: replace(demo_house(), rows=rows)


def saying(right: bool | None, sentence: str) -> Callable[[], DemoHouse]:
    return lambda: replace(demo_house(), says=ConnectionTestResult(right, sentence))


STATES = {
    "reveal-one-service": State(Visit.to_reveal, with_rows(TWELVE[0])),
    "reveal-no-service": State(Visit.to_reveal, with_rows()),
    "reveal-many": State(Visit.to_reveal, with_rows(*TWELVE)),
    "reveal-many-scrolled": State(keys(Visit.to_reveal, "down", "down"), with_rows(*TWELVE)),
    "reveal-many-tried": State(keys(Visit.to_reveal, "t"), with_rows(*TWELVE)),
    "reveal-long": State(Visit.to_reveal, with_rows(*LONG)),
    "reveal-refused": State(
        keys(Visit.to_reveal, "t"), saying(False, "The server refuses it: it has expired.")
    ),
    "reveal-no-daemon": State(
        keys(Visit.to_reveal, "t"),
        saying(
            None,
            "The password is right, but this server's sign-in service is not running. "
            "Tell your administrator.",
        ),
    ),
    "reveal-scan": State(keys(Visit.to_reveal, "m")),
    "reveal-qr": State(keys(Visit.to_reveal, "m", "end", "enter")),
}
