"""Configuration profiles, by the keys that Apple publishes for them."""

import plistlib
from typing import Any
from uuid import UUID

from apppw_tui.domain import scopes
from apppw_tui.domain.apple_profile import AppleProfile
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.secret import Secret

SECRET = Secret("7kfm2xq9 & <b>")
IMAP = ConnectionSetting(scopes.IMAP, "imap.example.org", 993, "TLS")
POP3 = ConnectionSetting(scopes.POP3, "pop.example.org", 995, "TLS")
SMTP = ConnectionSetting(scopes.SMTP, "smtp.example.org", 587, "STARTTLS")
CALDAV = ConnectionSetting(scopes.CALDAV, url="https://dav.example.org:8443/cal/")
CARDDAV = ConnectionSetting(scopes.CARDDAV, url="https://dav.example.org/")
ALL = (POP3, IMAP, SMTP, CALDAV, CARDDAV)
ANY = (scopes.ANY_APP,)


def profile(
    *rows: ConnectionSetting, scope: tuple[str, ...] = ANY, name: str = "ada@example.org"
) -> AppleProfile:
    return AppleProfile("mail.example.org", name, rows, scope)


def read(written: Secret) -> dict[str, Any]:
    read: dict[str, Any] = plistlib.loads(written.reveal().encode())
    return read


def test_mail_calendars_and_contacts_are_set_up_each_with_its_server() -> None:
    whole = read(profile(*ALL).write(SECRET, "abc"))
    assert (whole["PayloadType"], whole["PayloadVersion"]) == ("Configuration", 1)
    mail, calendars, contacts = whole["PayloadContent"]
    assert (
        mail.items()
        >= {
            "PayloadType": "com.apple.mail.managed",
            "EmailAccountType": "EmailTypeIMAP",
            "EmailAddress": "ada@example.org",
            "IncomingMailServerHostName": "imap.example.org",
            "IncomingMailServerPortNumber": 993,
            "IncomingMailServerUsername": "ada@example.org",
            "IncomingPassword": SECRET.reveal(),
            "OutgoingMailServerHostName": "smtp.example.org",
            "OutgoingMailServerPortNumber": 587,
            "OutgoingMailServerUseSSL": True,
            "OutgoingPassword": SECRET.reveal(),
        }.items()
    )
    assert (
        calendars.items()
        >= {
            "PayloadType": "com.apple.caldav.account",
            "CalDAVHostName": "dav.example.org",
            "CalDAVPort": 8443,
            "CalDAVPrincipalURL": "https://dav.example.org:8443/cal/",
            "CalDAVPassword": SECRET.reveal(),
        }.items()
    )
    assert contacts["PayloadType"] == "com.apple.carddav.account"
    assert contacts["CardDAVPort"] == 443


def test_it_is_the_same_profile_for_the_same_app_password_and_another_for_another() -> None:
    first, again, other = (read(profile(*ALL).write(SECRET, id_)) for id_ in ("abc", "abc", "abd"))
    assert first == again
    parts = [[whole, *whole["PayloadContent"]] for whole in (first, other)]
    ids = [UUID(part["PayloadUUID"]) for whole in parts for part in whole]
    names = [part["PayloadIdentifier"] for whole in parts for part in whole]
    assert len({*ids}) == len({*names}) == 8


def test_only_what_the_scope_opens_is_in_it() -> None:
    assert profile(*ALL).services == ["Mail", "Calendars", "Contacts"]
    assert profile(*ALL, scope=("calendar",)).services == ["Calendars", "Contacts"]
    assert profile(*ALL, scope=("imap",)).services == []  # it could send nothing
    assert profile(POP3, SMTP).services == ["Mail"]
    assert profile(IMAP).services == []
    assert profile(*ALL, name="ada").services == ["Calendars", "Contacts"]
    assert profile().services == []
