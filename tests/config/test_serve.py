"""The section [serve]: what is right is taken, what is wrong is named."""

from pathlib import Path

import pytest

from apppw_tui.config import Config, ServeConfig, SocketConfig, load
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.scopes import CALDAV, HTTP, SMTP, WEBDAV


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_without_a_word_there_are_four_sockets(file: Path) -> None:
    for content in ("", "[serve]"):
        file.write_text(content)
        assert load(file).serve == Config().serve == ServeConfig(300, frozenset())
    names = ("auth-client", "mux", "http", "json")
    assert Config().serve.sockets == tuple(
        SocketConfig(name, name, None, 0o660, None, None, None) for name in names
    )


def test_every_key_is_taken(file: Path) -> None:
    file.write_text(
        "[serve]\nremember = 60.5\n"
        'trusted = ["192.0.2.1", "2001:DB8::1", "10.0.0.0/8", "::ffff:192.0.2.0/120"]\n'
        '[[serve.socket]]\nname = "web"\nprotocol = "http"\nservices = ["https", "caldav"]\n'
        'mode = "0600"\ngroup = "www-data"\n'
        'service_header = "X-Service"\naddress_header = "X-Real-IP"\n'
        '[[serve.socket]]\nname = "sending"\nprotocol = "auth-client"\nservices = ["submission"]\n'
    )
    assert load(file).serve == ServeConfig(
        60.5,
        frozenset({"192.0.2.1", "2001:db8::1", "10.0.0.0/8", "192.0.2.0/24"}),
        (
            *ServeConfig().sockets,
            SocketConfig(
                *("web", "http", frozenset({HTTP, CALDAV}), 0o600, "www-data"),
                *("X-Service", "X-Real-IP"),
            ),
            SocketConfig("sending", "auth-client", frozenset({SMTP})),
        ),
        frozenset({"web", "sending"}),
    )


def test_a_table_amends_the_socket_of_its_name_and_removes_none(file: Path) -> None:
    file.write_text(
        '[[serve.socket]]\nname = "http"\nservice_header = "X-Service"\nmetrics = true\n'
        '[[serve.socket]]\nname = "mux"\nprotocol = "json"\nmetrics = false\n'
        '[[serve.socket]]\nname = "radicale"\nmode = "0600"\n'
    )
    serve = load(file).serve
    assert [(one.name, one.protocol) for one in serve.sockets] == [
        *(("auth-client", "auth-client"), ("mux", "json"), ("http", "http"), ("json", "json")),
        ("radicale", "auth-client"),
    ]
    assert serve.sockets[2].service_header == "X-Service"
    assert [socket.name for socket in serve.sockets if socket.metrics] == ["http"]
    assert serve.sockets[4] == SocketConfig("radicale", "auth-client", frozenset({CALDAV}), 0o600)
    assert serve.configured == {"http", "mux", "radicale"}


def test_what_systemd_passes_is_known_by_its_name(file: Path) -> None:
    file.write_text('[[serve.socket]]\nname = "apache"\nservices = ["webdav"]\n')
    serve = load(file).serve
    assert serve.passed("apache") == SocketConfig("apache", "json", frozenset({WEBDAV}))
    assert serve.passed("postfix") == SocketConfig("postfix", "auth-client", frozenset({SMTP}))
    assert serve.passed("json") == SocketConfig("json", "json")
    assert serve.passed("imap") is None


TEXT = "must be a line of text"
REMEMBER = "must be from 0 to 3600 seconds"
TRUSTED = 'must be a list of addresses and networks, such as ["192.0.2.0/24"]'
NETWORK = "must be an address or a network, such as 192.0.2.0/24"
TABLES = "must be written as [[serve.socket]], once for each socket"
NAME = "must be a file name of small letters, digits, dots and dashes"
MODE = 'must be a mode in quotes, such as "0660"'
HEADER = 'must be the name of a header, such as "X-Real-IP"'
PROTOCOL = 'must be one of "auth-client", "mux", "http" and "json"'


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        ("serve = 5", "serve", "must be a table"),
        *(
            (f"[serve]\nremember = {value}", "serve.remember", reason)
            for value, reason in (
                ("-1", REMEMBER),
                ("3601", REMEMBER),
                ("nan", REMEMBER),
                ("true", "must be a number of seconds"),
            )
        ),
        *(
            (f"[serve]\ntrusted = {value}", "serve.trusted", TRUSTED)
            for value in ('"192.0.2.1"', "[1]", '["192.0.2.1", 4]')
        ),
        *(
            (f'[serve]\ntrusted = ["192.0.2.1", "{one}"]', "serve.trusted", f'"{one}" {NETWORK}')
            for one in ("localhost", "", "192.0.2.0/33", "192.0.2.0/0.0.0.x", "2001:db8::/-1")
        ),
        *(
            (
                f'[serve]\ntrusted = ["{one}"]',
                "serve.trusted",
                f'"{one}" has bits beyond its mask; {x}',
            )
            for one, x in (
                ("192.0.2.7/24", "the network is 192.0.2.0/24"),
                ("2001:db8::1/64", "the network is 2001:db8::/64"),
            )
        ),
        *(
            (f"[serve]\nsocket = {value}", "serve.socket", TABLES)
            for value in ("5", "[]", "{}", '"json"')
        ),
        ("[serve]\nsocket = [5]", "serve.socket", "must be a table"),
        ('[[serve.socket]]\nname = "a"', "serve.socket[1].protocol", "is missing"),
        ('[[serve.socket]]\nprotocol = "mux"', "serve.socket[1].name", "is missing"),
        *(
            (f"[[serve.socket]]\nname = {value}", "serve.socket[1].name", reason)
            for value, reason in (
                ('"a/b"', NAME),
                ('".."', NAME),
                ('"Mux"', NAME),
                (f'"{"x" * 33}"', NAME),
                ('""', TEXT),
                ("5", TEXT),
            )
        ),
        ('[[serve.socket]]\nprotocol = "ldap"', "serve.socket[1].protocol", PROTOCOL),
        *(
            (f"[[serve.socket]]\nmode = {value}", "serve.socket[1].mode", MODE)
            for value in ("660", "0o660", '"rw"', '"0999"', '"4660"', '"66"', '"01660"')
        ),
        ("[[serve.socket]]\ngroup = 5", "serve.socket[1].group", TEXT),
        (
            '[[serve.socket]]\nservices = ["imap", "a b"]',
            "serve.socket[1].services",
            "number 2 cannot be the name of a service",
        ),
        (
            "[[serve.socket]]\nservices = []",
            "serve.socket[1].services",
            "must be a list of texts, and not an empty one",
        ),
        *(
            (f"[[serve.socket]]\n{key} = {value}", f"serve.socket[1].{key}", HEADER)
            for key in ("service_header", "address_header")
            for value in ('"X Service"', '"X-Service:"', '"\u00e4"')
        ),
        (
            '[[serve.socket]]\nname = "a"\nprotocol = "json"\nservice_header = "X"',
            "serve.socket[1].service_header",
            'goes with protocol "http" alone',
        ),
        (
            '[[serve.socket]]\nname = "json"\nmetrics = true',
            "serve.socket[1].metrics",
            'goes with protocol "http" alone',
        ),
        (
            '[[serve.socket]]\nname = "a"\nprotocol = "mux"\n' * 2,
            "serve.socket[2].name",
            '"a" is taken already',
        ),
    ],
)
def test_a_wrong_value_is_named_with_file_key_and_reason(
    file: Path, content: str, key: str, reason: str
) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file)
    assert str(error.value) == f"{file}: {key}: {reason}."


@pytest.mark.parametrize("seconds", [0, 3600])
def test_the_bounds_themselves_are_allowed(file: Path, seconds: int) -> None:
    file.write_text(f"[serve]\nremember = {seconds}\ntrusted = []")
    assert load(file).serve.remember == seconds
