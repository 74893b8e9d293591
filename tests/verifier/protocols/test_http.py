"""The HTTP protocol of the verifier: what is answered, at which path, for which service."""

import base64
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.scopes import CALDAV, CARDDAV
from apppw_tui.verifier.decision import Answer, Decision
from apppw_tui.verifier.protocols.http import Http
from tests.support import NOW, House
from tests.verifier.asking import ADA, wrong
from tests.verifier.harness import Desk, always, served
from tests.verifier.protocols.http_client import ADDRESS, SERVICE, Site, ask, basic, request

CHALLENGE = 'Basic realm="App passwords", charset="UTF-8"'


# --- what is answered ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_the_right_password_is_200_and_names_the_account(site: Site, method: str) -> None:
    reply = await site.ask(site.right, method)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers == {
        "Remote-User": ADA,
        "Cache-Control": "no-store",
        "Content-Length": "0",
    }


async def test_the_canonical_name_is_told(path: Path, house: House, secret: str) -> None:
    house.default_domain = "example.org"
    handler = Http(*Desk(house).parts, lambda: True)
    async with served(handler.handle, path):
        reply = await ask(path, basic("ada", secret))
    assert reply.headers["Remote-User"] == ADA


@pytest.mark.parametrize("enforced", [False, True])
async def test_a_wrong_password_is_401_with_a_challenge(site: Site, enforced: bool) -> None:
    if enforced:
        site.house.alter(enforced_from=NOW)
    reply = await site.ask(basic(ADA, wrong(site.secret)))
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGE)
    assert "Remote-User" not in reply.headers
    expected = Answer.NO if enforced else Answer.NOT_MINE
    assert [decision.answer for decision in site.book.decisions] == [expected]


def encoded(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YWRhO",  # base64 of a length that cannot be
        "Bearer {}",
        "{}",
        "Basic {} {}",
        "Basic {},",
        encoded(b"no colon"),
        encoded(b"ada\n:x"),
        encoded(b":"),
    ],
)
async def test_missing_and_malformed_credentials_are_401(
    site: Site, authorization: str | None
) -> None:
    right = site.right.removeprefix("Basic ")
    reply = await site.ask(authorization and authorization.replace("{}", right))
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("sent", [b"ada@example.org:gr\xfcn", b"j\xfcrg:x"])
async def test_what_is_no_utf8_is_refused_and_written_down(site: Site, sent: bytes) -> None:
    assert (await site.ask(encoded(sent))).status == 401
    assert len(site.book.answers) == 1


@pytest.mark.parametrize("between", [" ", "-", "\t", "\r\n", "\u00a0", "\u2011", "\u00ad"])
async def test_a_password_may_be_pasted_with_whatever_separates_its_groups(
    site: Site, between: str
) -> None:
    symbols = site.secret.reveal()
    groups = [symbols[start : start + 4] for start in range(0, 16, 4)]
    assert (await site.ask(basic(ADA, between.join(groups)))).status == 200


async def test_basic_may_be_unpadded_and_in_the_alphabet_for_urls(site: Site) -> None:
    for blanks in range(3):  # of all three lengths of padding
        # Its soft hyphens and marks of byte order are + and / in base64.
        typed = "\u00ad\ufeff" * 3 + site.secret.reveal() + " " * blanks
        padded = base64.b64encode(f"{ADA}:{typed}".encode()).decode()
        assert {"+", "/"} <= set(padded)
        for sent in (padded, padded.translate(str.maketrans("+/", "-_"))):
            for credentials in (sent, sent.rstrip("=")):
                assert (await site.ask(f"Basic {credentials}")).status == 200, credentials


async def test_credentials_are_split_at_the_first_colon_and_are_utf8(
    house: House, path: Path
) -> None:
    desk = Desk(house)
    async with served(Http(*desk.parts, lambda: True).handle, path):
        await ask(path, basic("ada", "ä:b: "))
    assert desk.auth_service.questions == [("ada", "ä:b: ")]


@pytest.mark.parametrize("scheme", ["basic", "BASIC", "Basic  "])
async def test_the_scheme_is_read_in_any_case(site: Site, scheme: str) -> None:
    credentials = site.right.removeprefix("Basic ")
    assert (await site.ask(f"{scheme} {credentials}")).status == 200


@pytest.mark.parametrize(("wait", "seconds"), [(None, "1"), (0.2, "1"), (2.0, "2"), (2.1, "3")])
async def test_not_now_is_503_and_says_for_how_many_whole_seconds(
    house: House, path: Path, wait: float | None, seconds: str
) -> None:
    auth_service = always(house, Decision(Answer.NOT_NOW, "", retry_after=wait))
    async with served(Http(*auth_service, lambda: True).handle, path):
        reply = await ask(path, basic(ADA, "x"))
    assert (reply.status, reply.headers["Retry-After"]) == (503, seconds)


@pytest.mark.parametrize("account", [None, "", "ada\r\nRemote-User: root", "ada\nx", "ä"])
async def test_no_header_ever_carries_what_is_no_account_name(
    house: House, path: Path, account: str | None
) -> None:
    auth_service = always(house, Decision(Answer.YES, "right", account))
    async with served(Http(*auth_service, lambda: True).handle, path):
        reply = await ask(path, basic(ADA, "x"))
    assert (reply.status, "Remote-User" in reply.headers) == (503, False)


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\r\nb", "ä"])
def test_a_realm_that_would_need_quoting_is_refused(house: House, realm: str) -> None:
    with pytest.raises(ValueError, match="realm"):
        Http(*Desk(house).parts, lambda: True, realm=realm)


# --- where else ----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/verify?x=/healthz", "http://x/verify", "HTTPS://x:1/verify?"])
async def test_the_path_is_read_from_every_form_of_target(site: Site, target: str) -> None:
    assert (await site.ask(site.right, target=target)).status == 200


@pytest.mark.parametrize(
    "target", ["/", "/Verify", "/verify/", "//verify", "/%76erify", "*", "http://verify"]
)
async def test_anything_else_is_404(site: Site, target: str) -> None:
    assert (await site.ask(site.right, target=target)).status == 404


@pytest.mark.parametrize(
    ("method", "target", "allowed"),
    [
        ("PUT", "/verify", "GET, HEAD, POST"),
        ("get", "/verify", "GET, HEAD, POST"),
        ("PROPFIND", "/verify", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
async def test_another_method_is_405(site: Site, method: str, target: str, allowed: str) -> None:
    reply = await site.ask(site.right, method, target)
    assert (reply.status, reply.headers["Allow"]) == (405, allowed)
    assert "Remote-User" not in reply.headers


@pytest.mark.parametrize(("method", "body"), [("GET", b"ok\n"), ("HEAD", b"")])
async def test_health_is_ok_while_the_store_answers(site: Site, method: str, body: bytes) -> None:
    reply = await site.ask(None, method, "/healthz")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, body, "3")


@pytest.mark.parametrize("failing", [False, True])
async def test_health_is_503_when_it_does_not(house: House, path: Path, failing: bool) -> None:
    def answers() -> bool:
        if failing:
            raise TimeoutError
        return False

    async with served(Http(*Desk(house).parts, answers).handle, path):
        assert (await ask(path, target="/healthz")).status == 503


# --- service and address -------------------------------------------------------------------------


async def test_service_and_address_are_read_where_they_are_configured(site: Site) -> None:
    await site.ask(site.right, X_Apppw_Service="caldav", X_Real_IP="2001:db8::1")
    assert site.book.asked == [("caldav", "2001:db8::1")]


@pytest.mark.parametrize("address", ["", "unix:", "192.0.2.1, 192.0.2.2", "::1%\x7f", "x" * 500])
async def test_what_is_no_address_is_none(site: Site, address: str) -> None:
    await site.ask(site.right, X_Real_IP=address.replace("\x7f", "!"))
    assert site.book.asked in ([(None, None)], [(None, "::1")])


async def test_neither_counts_where_it_is_not_configured(
    house: House, secret: str, path: Path
) -> None:
    desk = Desk(house, allowed=frozenset({CALDAV, CARDDAV}))
    async with served(Http(*desk.parts, lambda: True).handle, path):
        right = basic(ADA, secret)
        await ask(path, right, X_Apppw_Service="caldav", X_Real_IP="192.0.2.1")
    assert desk.book.asked == [(None, None)]


@pytest.mark.parametrize("headers", [{}, {"X_Apppw_Service": ""}])
async def test_where_a_socket_speaks_for_one_service_none_need_be_named(
    house: House, secret: str, path: Path, headers: dict[str, Any]
) -> None:
    desk = Desk(house, allowed=frozenset({CALDAV}))
    handler = Http(*desk.parts, lambda: True, service_header=SERVICE)
    async with served(handler.handle, path):
        await ask(path, basic(ADA, secret), **headers)
    assert desk.book.asked == [("caldav", None)]


@pytest.mark.parametrize("header", ["Authorization: {}", f"{SERVICE}: imap", f"{ADDRESS}: ::1"])
async def test_a_header_that_came_twice_is_400_and_the_end(site: Site, header: str) -> None:
    repeated = header.replace("{}", site.right)
    others = [f"Authorization: {site.right}"] if "{}" not in header else []
    sent = request(*others, repeated, repeated.upper() if not others else repeated)
    answer = await site.server.talk(sent + sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer
    assert not site.book.asked
