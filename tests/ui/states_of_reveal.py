"""The states of Your app password besides those that every walk comes by."""

from collections.abc import Callable
from dataclasses import replace

from apppw_tui.domain.connection_settings import SetupRow, Tried
from tests.ui.states import State, keys
from tests.ui.walks import DemoHouse, demo_house, to_reveal

_LONG = "autoconfigured-by-a-department-that-likes-long-names"
TWELVE = (
    SetupRow("imap", "mail.example.org", 993, "TLS"),
    SetupRow("imap", "mail.example.org", 143, "STARTTLS"),
    SetupRow("pop3", "pop.example.org", 995, "TLS"),
    SetupRow("smtp", "mail.example.org", 465, "TLS"),
    SetupRow("smtp", "mail.example.org", 587, "STARTTLS"),
    SetupRow("sieve", "mail.example.org", 4190, "STARTTLS"),
    SetupRow("caldav", url="https://dav.example.org/"),
    SetupRow("carddav", url="https://dav.example.org/"),
    SetupRow("webdav", url="https://files.example.org/remote.php/dav/files/"),
    SetupRow("xmpp", "chat.example.org", 5222, "STARTTLS"),
    SetupRow("http", url="https://wiki.example.org/"),
    SetupRow("http", url="https://git.example.org/"),
)
LONG = (
    SetupRow("imap", f"{_LONG}.mail.example.org", 993, "TLS"),
    SetupRow("smtp", "[bold]mail[/].example.org", 587, "STARTTLS"),
    SetupRow("caldav", url=f"https://dav.example.org/{_LONG}/{_LONG}/{_LONG}/"),
)


def with_rows(*rows: SetupRow) -> Callable[[], DemoHouse]:
    return lambda: replace(demo_house(), rows=rows)


def saying(right: bool | None, sentence: str) -> Callable[[], DemoHouse]:
    return lambda: replace(demo_house(), says=Tried(right, sentence))


STATES = {
    "reveal-one-service": State(to_reveal, with_rows(TWELVE[0])),
    "reveal-no-service": State(to_reveal, with_rows()),
    "reveal-many": State(to_reveal, with_rows(*TWELVE)),
    "reveal-many-scrolled": State(keys(to_reveal, "down", "down"), with_rows(*TWELVE)),
    "reveal-many-tried": State(keys(to_reveal, "t"), with_rows(*TWELVE)),
    "reveal-long": State(to_reveal, with_rows(*LONG)),
    "reveal-refused": State(
        keys(to_reveal, "t"), saying(False, "The server refuses it: it has expired.")
    ),
    "reveal-no-daemon": State(
        keys(to_reveal, "t"),
        saying(
            None,
            "Right, but no daemon answers at /run/apppw-tui/json: apps cannot sign in yet.",
        ),
    ),
    "reveal-qr": State(keys(to_reveal, "m")),
}
