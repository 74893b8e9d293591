"""The states of Your app password besides those that every walk comes by."""

from collections.abc import Callable
from dataclasses import replace

from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from tests.ui.states import State, keys
from tests.ui.walks import DemoHouse, Visit, demo_house

_LONG = "autoconfigured-by-a-department-that-likes-long-names"
TWELVE = (
    ConnectionSetting("imap", "mail.example.org", 993, "TLS"),
    ConnectionSetting("imap", "mail.example.org", 143, "STARTTLS"),
    ConnectionSetting("pop3", "pop.example.org", 995, "TLS"),
    ConnectionSetting("smtp", "mail.example.org", 465, "TLS"),
    ConnectionSetting("smtp", "mail.example.org", 587, "STARTTLS"),
    ConnectionSetting("sieve", "mail.example.org", 4190, "STARTTLS"),
    ConnectionSetting("caldav", url="https://dav.example.org/"),
    ConnectionSetting("carddav", url="https://dav.example.org/"),
    ConnectionSetting("webdav", url="https://files.example.org/remote.php/dav/files/"),
    ConnectionSetting("xmpp", "chat.example.org", 5222, "STARTTLS"),
    ConnectionSetting("http", url="https://wiki.example.org/"),
    ConnectionSetting("http", url="https://git.example.org/"),
)
LONG = (
    ConnectionSetting("imap", f"{_LONG}.mail.example.org", 993, "TLS"),
    ConnectionSetting("smtp", "[bold]mail[/].example.org", 587, "STARTTLS"),
    ConnectionSetting("caldav", url=f"https://dav.example.org/{_LONG}/{_LONG}/{_LONG}/"),
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
