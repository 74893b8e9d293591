"""The tables [[setup]]: what is right is taken, what is wrong is named."""

import socket
from pathlib import Path

import pytest

from apppw_tui.config import load
from apppw_tui.domain import scopes
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.errors import ConfigError

HERE = 'host_name = "mail.example.org"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_nothing_is_told_unless_it_is_configured(file: Path) -> None:
    file.write_text(HERE)
    assert load(file).setup == ()


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ('service = "imap"', ConnectionSetting(scopes.IMAP, "mail.example.org", 993, "TLS")),
        (
            'service = "imap"\nsecurity = "STARTTLS"',
            ConnectionSetting(scopes.IMAP, "mail.example.org", 143, "STARTTLS"),
        ),
        (
            'service = "submission"\nport = 2525\nhost = "192.0.2.7"\nsecurity = "STARTTLS"',
            ConnectionSetting(scopes.SMTP, "192.0.2.7", 2525, "STARTTLS"),
        ),
        ('service = "smtps"', ConnectionSetting(scopes.SMTP, "mail.example.org", 465, "TLS")),
        ('service = "pop3"', ConnectionSetting(scopes.POP3, "mail.example.org", 995, "TLS")),
        (
            'service = "sieve"',
            ConnectionSetting(scopes.SIEVE, "mail.example.org", 4190, "STARTTLS"),
        ),
        (
            'service = "xmpp"\nhost = "2001:db8::1"',
            ConnectionSetting(scopes.XMPP, "2001:db8::1", 5223, "TLS"),
        ),
        (
            'service = "caldav"\nurl = "https://dav.example.org:8443/ada?x=1"',
            ConnectionSetting(scopes.CALDAV, url="https://dav.example.org:8443/ada?x=1"),
        ),
        (
            'service = "web"\nurl = "https://[2001:db8::1]/"',
            ConnectionSetting(scopes.HTTP, url="https://[2001:db8::1]/"),
        ),
    ],
)
def test_what_is_not_said_is_what_is_usual(
    file: Path, content: str, row: ConnectionSetting
) -> None:
    file.write_text(f"{HERE}[[setup]]\n{content}")
    assert load(file).setup == (row,)


def test_they_stay_in_their_order(file: Path) -> None:
    file.write_text(
        '[[setup]]\nservice = "smtp"\nhost = "b"\n[[setup]]\nservice = "imap"\nhost = "a"'
    )
    assert [(row.service, row.host) for row in load(file).setup] == [("smtp", "b"), ("imap", "a")]


def test_without_a_host_name_it_is_this_machines(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Box")
    file.write_text('[[setup]]\nservice = "imap"')
    assert load(file).setup == (ConnectionSetting(scopes.IMAP, "box", 993, "TLS"),)


TABLES = "must be written as [[setup]], once for each service"
TEXT = "must be a line of text"
SERVICE = (
    'must be one of "imap", "pop3", "sieve", "smtp", "caldav", "carddav", '
    '"webdav", "xmpp" and "http"'
)
HOST = 'must be the name of a host in small letters, such as "mail.example.org"'
PORT = "must be a number from 1 to 65535"
SECURITY = 'must be "TLS" or "STARTTLS"'
URL = 'must be an address such as "https://dav.example.org/"'
IMAP, DAV = '[[setup]]\nservice = "imap"\n', '[[setup]]\nservice = "caldav"\n'


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        *((f"setup = {value}", "setup", TABLES) for value in ("5", "[]", '"imap"', "{}")),
        ("setup = [5]", "setup", "must be a table"),
        ("[[setup]]", "setup[1].service", "is missing"),
        (f'{IMAP}[[setup]]\nhost = "x"', "setup[2].service", "is missing"),
        *(
            (f"[[setup]]\nservice = {value}", "setup[1].service", reason)
            for value, reason in (
                ('"ftp"', SERVICE),
                ('"mail"', SERVICE),
                ("5", TEXT),
                ('""', TEXT),
            )
        ),
        *(
            (f"{IMAP}host = {value}", "setup[1].host", reason)
            for value, reason in (
                ('"Mail.example.org"', HOST),
                ('"mail.example.org:993"', HOST),
                ('"https://mail.example.org"', HOST),
                ('"a b"', HOST),
                ("5", TEXT),
                (r'"a\u001b[31m"', TEXT),
            )
        ),
        *(
            (f"{IMAP}port = {value}", "setup[1].port", PORT)
            for value in ("0", "65536", "true", '"993"')
        ),
        *(
            (f"{IMAP}security = {value}", "setup[1].security", SECURITY)
            for value in ('"tls"', '"none"', "true", '["TLS"]')
        ),
        (f'{IMAP}url = "https://a/"', "setup[1].url", 'does not go with "imap": say host and port'),
        (f'{DAV}host = "a"', "setup[1].host", 'does not go with "caldav": say url'),
        (f"{DAV}port = 1", "setup[1].port", 'does not go with "caldav": say url'),
        (f'{DAV}security = "TLS"', "setup[1].security", 'does not go with "caldav": say url'),
        (DAV, "setup[1].url", "is missing"),
        *(
            (f"{DAV}url = {value}", "setup[1].url", reason)
            for value, reason in (
                ('"http://dav.example.org/"', URL),
                ('"dav.example.org"', URL),
                ('"https:///path"', URL),
                ('"https://ada:secret@dav.example.org/"', URL),
                ('"https://dav.example.org:99999/"', URL),
                ('"https://dav.example.org:0/"', URL),
                ('"https://[::1/"', URL),
                ('"https://dav.example.org/a b"', URL),
                ('"https://dav.example.org/ä"', URL),
                ('"javascript:alert(1)"', URL),
                ("5", TEXT),
                (f'"https://a/{"x" * 300}"', "must be at most 300 characters long"),
            )
        ),
        (f"{IMAP}hots = 1", "setup[1].hots", "there is no such key. Did you mean setup[1].host?"),
    ],
)
def test_a_wrong_one_is_named_with_its_reason(
    file: Path, content: str, key: str, reason: str
) -> None:
    file.write_text(HERE + content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value) == f"{file}: {key}: {reason}{'' if reason.endswith('?') else '.'}"


def test_a_host_name_for_people_is_no_host(file: Path) -> None:
    file.write_text(f'host_name = "Our mail"\n{IMAP}')
    with pytest.raises(ConfigError) as error:
        load(file)
    reason = "is missing, and host_name is not the name of a host"
    assert str(error.value) == f"{file}: setup[1].host: {reason}."
