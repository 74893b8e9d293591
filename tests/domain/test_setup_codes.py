"""Texts that set up an app: what it knows once it has read them, and which of them there are."""

import pytest

from apppw_tui.domain import scopes
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.setup_codes import setup_codes
from tests.setup_formats import MailAccount, Server, delta_chat, thunderbird

ADA = "ada@example.org"
SECRET = Secret("7kfm2xqd9h3vtw58")
IMAP = ConnectionSetting(scopes.IMAP, "mail.example.org", 993, "TLS")
POP3 = ConnectionSetting(scopes.POP3, "pop.example.org", 995, "TLS")
SMTP = ConnectionSetting(scopes.SMTP, "smtp.xn--mnchen-3ya.example", 587, "STARTTLS")
DAV = ConnectionSetting(scopes.CALDAV, url="https://dav.example.org/")
ANY, MAIL = ("any",), ("mail",)
BOTH = ["thunderbird", "delta-chat", "password"]


def ids(
    rows: tuple[ConnectionSetting, ...], scope: tuple[str, ...] = ANY, account_name: str = ADA
) -> list[str]:
    return [code.id for code in setup_codes(account_name, rows, scope)]


def text(id_: str, rows: tuple[ConnectionSetting, ...], account_name: str = ADA) -> str:
    (code,) = [code for code in setup_codes(account_name, rows, ANY) if code.id == id_]
    return code.write(SECRET).reveal()


def account_of(incoming: ConnectionSetting, name: str, account_name: str = ADA) -> MailAccount:
    def server(row: ConnectionSetting) -> Server:
        secret = SECRET.reveal()
        return Server(row.service, row.host, row.port, row.security, account_name, secret)

    return MailAccount(account_name, name, server(incoming), server(SMTP))


@pytest.mark.parametrize("incoming", [IMAP, POP3, IMAP._replace(port=143, security="STARTTLS")])
def test_thunderbird_knows_servers_password_and_address(incoming: ConnectionSetting) -> None:
    assert thunderbird(text("thunderbird", (SMTP, incoming))) == account_of(incoming, "ada")


def test_thunderbirds_text_has_no_blank_that_would_make_the_picture_larger() -> None:
    written = text("thunderbird", (IMAP, SMTP))
    assert " " not in written
    assert written.startswith('[1,[1,1],[0,"mail.example.org",993,3,1,"ada@example.org",null,"')


def test_delta_chat_knows_servers_password_and_address() -> None:
    assert delta_chat(text("delta-chat", (DAV, IMAP, SMTP))) == account_of(IMAP, "")


@pytest.mark.parametrize("account_name", ["o'neil&sons=~+x@example.org"])
def test_a_name_with_every_sign_that_names_have_is_read_as_it_is(account_name: str) -> None:
    rows = (IMAP, SMTP)
    local = account_name.partition("@")[0]
    assert thunderbird(text("thunderbird", rows, account_name)) == account_of(
        IMAP, local, account_name
    )
    assert delta_chat(text("delta-chat", rows, account_name)) == account_of(IMAP, "", account_name)


def test_the_password_alone_is_always_there_and_comes_last() -> None:
    assert ids(()) == ["password"]
    assert text("password", ()) == SECRET.reveal()


@pytest.mark.parametrize(
    ("rows", "scope", "account_name", "expected"),
    [
        ((IMAP, SMTP), ANY, ADA, BOTH),
        ((IMAP, SMTP, DAV), MAIL, ADA, BOTH),
        ((IMAP, SMTP), ("imap", "smtp"), ADA, BOTH),
        ((POP3, SMTP), MAIL, ADA, ["thunderbird", "password"]),
        ((POP3, IMAP, SMTP), MAIL, ADA, BOTH),
        ((IMAP,), MAIL, ADA, ["password"]),
        ((IMAP, SMTP), ("sending",), ADA, ["password"]),
        ((IMAP, SMTP), ("calendar",), ADA, ["password"]),
        ((IMAP, SMTP), MAIL, "ada", ["password"]),
    ],
)
def test_what_is_offered_depends_on_scope_hosts_and_address(
    rows: tuple[ConnectionSetting, ...],
    scope: tuple[str, ...],
    account_name: str,
    expected: list[str],
) -> None:
    assert ids(rows, scope, account_name) == expected


def test_where_both_are_named_mail_comes_by_imap() -> None:
    assert thunderbird(text("thunderbird", (POP3, IMAP, SMTP))).incoming.protocol == "imap"
