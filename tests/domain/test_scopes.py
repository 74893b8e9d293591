"""Services under all their names, and the scopes that open them."""

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.scopes import (
    ANY_APP,
    SCOPES,
    SERVICES,
    OwnService,
    Service,
    is_in_any,
    is_taken,
    label,
    parse_service,
    read_scope,
    scope_allows,
)

MAIL = {"imap", "pop3", "sieve", "smtp"}
OPENED: dict[str, set[str]] = {
    "any": set(SERVICES),
    "mail": MAIL,
    "sending": {"smtp"},
    "calendar": {"caldav", "carddav"},
    "files": {"webdav"},
    "chat": {"xmpp"},
    "web": {"http"},
}
ALIASES = {
    "imaps": "imap",
    "pop": "pop3",
    "pop3s": "pop3",
    "managesieve": "sieve",
    "submission": "smtp",
    "submissions": "smtp",
    "smtps": "smtp",
    "radicale": "caldav",
    "dav": "webdav",
    "xmpp-client": "xmpp",
    "https": "http",
    "web": "http",
}


@pytest.mark.parametrize(("named", "meant"), ALIASES.items())
def test_a_service_is_known_under_its_other_names(named: str, meant: str) -> None:
    assert parse_service(named) == meant
    assert parse_service(named.upper()) == meant


@pytest.mark.parametrize("named", [*SERVICES, "ftp", "prosody_2", "a.b-c", "x" * 32])
def test_every_other_name_stands_for_itself(named: str) -> None:
    assert parse_service(named) == named
    assert parse_service(parse_service(named)) == named


@pytest.mark.parametrize(
    "named",
    [None, "", " ", " imap", "imap\n", "-imap", "x" * 33, "imap,smtp", "a/b", "ima\u0440", "a\0b"],
)
def test_what_can_be_no_service_is_none(named: str | None) -> None:
    assert parse_service(named) is None


def test_there_are_the_scopes_that_people_know() -> None:
    assert {scope.id: set(scope.services) for scope in SCOPES} == OPENED
    assert [scope.label for scope in SCOPES] == [
        "Any app",
        "Mail",
        "Sending only",
        "Calendar and contacts",
        "Files",
        "Chat",
        "Web",
    ]


@pytest.mark.parametrize("asked", SERVICES)
@pytest.mark.parametrize("scope", OPENED)
def test_a_group_opens_its_own_services(scope: str, asked: Service) -> None:
    assert scope_allows((scope,), asked) is (asked in OPENED[scope])


@pytest.mark.parametrize("asked", SERVICES)
@pytest.mark.parametrize("scope", SERVICES)
def test_a_single_service_opens_itself_alone(scope: str, asked: Service) -> None:
    assert scope_allows((scope,), asked) is (scope == asked)


def test_several_words_open_what_any_of_them_opens() -> None:
    scope = ("sending", "calendar", "xmpp")
    opened = {asked for asked in SERVICES if scope_allows(scope, asked)}
    assert opened == {"smtp", "caldav", "carddav", "xmpp"}


@pytest.mark.parametrize("scope", [*OPENED, *SERVICES])
def test_none_fits_only_any_app(scope: str) -> None:
    assert scope_allows((scope,), None) is (scope == ANY_APP)
    assert scope_allows((scope,), Service("ftp")) is (scope == ANY_APP)


@pytest.mark.parametrize("asked", [None, *SERVICES])
def test_an_empty_scope_opens_nothing(asked: Service | None) -> None:
    assert not scope_allows((), asked)


@pytest.mark.parametrize("word", [word for word in OPENED if word != ANY_APP])
def test_a_program_that_calls_itself_like_a_group_is_no_service_of_it(word: str) -> None:
    assert not scope_allows((word,), Service(word))


def test_web_is_a_scope_and_http_a_service() -> None:
    assert read_scope(["web"]) == ("web",)
    assert read_scope(["http"]) == read_scope(["https"]) == ("http",)
    assert parse_service("web") == "http"
    assert scope_allows(("web",), parse_service("web"))


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        (["any"], ("any",)),
        (["Mail"], ("mail",)),
        (["imaps", "SUBMISSION", "imap"], ("imap", "smtp")),
        (["mail", "xmpp", "mail"], ("mail", "xmpp")),
        (["imap", "any", "smtp"], ("any",)),
        (["mail", " calendar "], ("mail", "calendar")),
    ],
)
def test_a_scope_is_read_as_it_was_typed(words: list[str], scope: tuple[str, ...]) -> None:
    assert read_scope(words) == scope


@pytest.mark.parametrize("word", ["ftp", "", "imap smtp", "everything", "\x1b[31m", "ima\u0440"])
def test_another_word_is_refused_and_what_there_is_is_said(word: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_scope(["mail", word])
    said = str(refusal.value)
    assert said.startswith("There is no scope ")
    assert all(known in said for known in (*OPENED, *SERVICES))
    assert said.isprintable()


def test_a_scope_of_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="at least one service"):
        read_scope([])


def test_a_scope_is_called_by_its_labels() -> None:
    assert label(("any",)) == "Any app"
    assert label(("sending", "xmpp")) == "Sending only, xmpp"
    assert label(("\x1b[31m",)).isprintable()


OWN = (
    OwnService(Service("vpn"), "VPN of the office"),
    OwnService(Service("nas"), "NAS", in_any=True),
)


def test_own_services_are_chosen_and_named_beside_the_others() -> None:
    assert read_scope(["mail", "VPN"], OWN) == ("mail", "vpn")
    assert label(("mail", "vpn", "nas"), OWN) == "Mail, VPN of the office, NAS"
    assert label(("vpn",)) == "vpn"  # no longer configured
    with pytest.raises(Refused, match=r"There is no scope ftp.* http, vpn, nas"):
        read_scope(["ftp"], OWN)


def test_any_app_holds_all_but_those_that_have_to_be_named() -> None:
    assert read_scope(["imap", "nas", "any", "vpn"], OWN) == ("any", "vpn")
    assert not is_in_any(Service("vpn"), OWN)
    assert is_in_any(Service("nas"), OWN)
    assert is_in_any(Service("ftp"), OWN)
    assert is_in_any(None, OWN)
    assert not scope_allows(("any",), Service("vpn"), in_any=False)
    assert scope_allows(("any", "vpn"), Service("vpn"), in_any=False)
    assert not scope_allows(("any",), Service("apppw-portal"))


@pytest.mark.parametrize("name", ["any", "mail", "imap", "imaps", "radicale", "apppw-portal"])
def test_what_is_a_word_already_is_no_name_for_an_own_service(name: str) -> None:
    assert is_taken(name)
    assert not is_taken("vpn")
