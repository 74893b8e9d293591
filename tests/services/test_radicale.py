"""Radicale asks as it would ask Dovecot, with the very file of recipes/radicale/."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from tests.services import nginx
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import unavailable
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, trial
from tests.services.web import HOST, Door, Site, basic, free_port, listening, opened, wanted
from tests.support import first_quick

# As the recipe says, for names with an apostrophe.
APOSTROPHES = {
    line: line.removeprefix("#")
    for line in ("#[server]", "#validate_user_value = none", "#validate_path_value = none")
}
OK, CREATED, FOUND, REFUSED, FORBIDDEN = 200, 201, 207, 401, 403
_BESIDE = """
[server]
hosts = {host}:{port}
[storage]
filesystem_folder = {folder}/collections
[auth]
delay = 0
"""
EVENT = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//test//test//EN\r
BEGIN:VEVENT\r
UID:one\r
DTSTAMP:20261122T120000Z\r
DTSTART:20261124T120000Z\r
SUMMARY:Lunch\r
END:VEVENT\r
END:VCALENDAR\r
"""
CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:two\r\nFN:Grace\r\nN:;Grace;;;\r\nEND:VCARD\r\n"
ADDRESS_BOOK = b"""<?xml version="1.0" encoding="utf-8" ?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">
 <set><prop><resourcetype><collection/><C:addressbook/></resourcetype></prop></set>
</mkcol>"""


@contextmanager
def running(own: Path, *recipe: str) -> Iterator[tuple[int, Path]]:
    """Radicale with `recipe`; its port and its log."""
    if importlib.util.find_spec("radicale") is None:
        unavailable("Radicale is not installed (radicale from PyPI, 3.3.1 or later)")
    # Whoever runs the tests: Radicale is where their packages are.
    user = OrdinaryUser("", os.geteuid(), os.getegid())
    own.mkdir()
    port, log, files = free_port(), own / "log", [own / "config", own / "beside"]
    beside = _BESIDE.format(host=HOST, port=port, folder=own)
    for file, text in zip(files, (*recipe, beside), strict=True):
        file.write_text(text)
    configured = ":".join(map(str, files))
    with listening(user, [sys.executable, "-m", "radicale", "--config", configured], port, log):
        yield port, log


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    socket = folder / "auth-client"
    recipe = adapted("radicale/config", {"/run/apppw-tui/radicale": str(socket), **APOSTROPHES})
    with running(folder / "radicale", recipe) as (port, log):
        yield Site(port, log, socket)


@pytest.fixture
def door(site: Site) -> Iterator[Door]:
    with opened(site, wanted("radicale/config")) as door:
        yield door


def status(door: Door, account: str, password: str, method: str = "PROPFIND") -> int:
    """What a calendar program is told that looks for its calendars."""
    with door.site.client() as client:
        reply = client.ask(basic(account, password), method, f"/{account}/", headers={"Depth": "0"})
    return reply.status


@pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
@pytest.mark.parametrize("name", TRIALS)
def test_only_the_right_one_gets_in(door: Door, name: str, account: str) -> None:
    tried = trial(name, door.daemon.house, account, "calendar", "mail")
    told = status(door, tried.account, tried.password)
    assert told == (FOUND if tried.gets_in else REFUSED)


def test_the_service_is_calendars_and_the_address_is_told(door: Door) -> None:
    status(door, OPEN, door.issue(OPEN, "calendar"))
    assert door.daemon.book.asked == [("caldav", HOST)]


def test_a_calendar_and_an_address_book_are_made_and_read(door: Door) -> None:
    mine = basic(OPEN, door.issue(OPEN, "calendar"))
    theirs = basic(ENFORCED, door.issue(ENFORCED, "calendar"))
    work, friends = f"/{OPEN}/work/", f"/{OPEN}/friends/"
    with door.site.client() as client:
        assert client.ask(mine, "MKCALENDAR", work).status == CREATED
        assert client.ask(mine, "PUT", f"{work}one.ics", EVENT).status == CREATED
        assert b"SUMMARY:Lunch" in client.ask(mine, "GET", f"{work}one.ics").body
        assert client.ask(mine, "MKCOL", friends, ADDRESS_BOOK).status == CREATED
        assert client.ask(mine, "PUT", f"{friends}two.vcf", CARD).status == CREATED
        assert b"FN:Grace" in client.ask(mine, "GET", f"{friends}two.vcf").body
        assert client.ask(theirs, "GET", f"{work}one.ics").status == FORBIDDEN
        assert client.ask(theirs, "PUT", f"{work}two.ics", EVENT).status == FORBIDDEN
        door.daemon.house.operator.delete_app_password(OPEN, "calendar")
        assert client.ask(mine, "GET", f"{work}one.ics").status == REFUSED
        assert client.ask(mine, "DELETE", work).status == REFUSED


@pytest.mark.parametrize("account", ALL_SIGNS)
def test_every_name_that_an_account_can_have_has_calendars(door: Door, account: str) -> None:
    door.daemon.house.add(account)
    secret, calendar = door.issue(account, "calendar"), f"/{quote(account)}/work/"
    with door.site.client() as client:
        assert client.ask(basic(account, secret), "MKCALENDAR", calendar).status == CREATED


@pytest.mark.parametrize("name", [OPEN.upper(), "Ada%40example.org"])
def test_a_name_as_phones_send_it_has_the_same_calendars(door: Door, name: str) -> None:
    secret, calendar = door.issue(OPEN, "calendar"), f"/{OPEN}/phone-{len(name)}/"
    with door.site.client() as client:
        assert client.ask(basic(name, secret), "MKCALENDAR", calendar).status == CREATED
        assert client.ask(basic(OPEN, secret), "PUT", f"{calendar}one.ics", EVENT).status == CREATED
        assert client.ask(basic(name, secret), "GET", f"{calendar}one.ics").status == OK


@pytest.mark.parametrize("name", [f"{OPEN}\t", f"{OPEN}\n", f" {OPEN}", "ada%252540example.org"])
def test_another_way_to_write_a_name_is_refused(door: Door, name: str) -> None:
    secret = door.issue(OPEN, "calendar")
    with door.site.client() as client:
        assert client.ask(basic(OPEN, secret), "PROPFIND", "/").status == FOUND
        assert client.ask(basic(name, secret), "PROPFIND", "/").status == REFUSED


def test_while_apppw_tui_is_down_nobody_gets_in(door: Door) -> None:
    secret = door.issue(ENFORCED, "calendar")
    assert status(door, ENFORCED, secret) == FOUND
    door.daemon.stop()
    # As the recipe says: Radicale has no other answer to that.
    assert status(door, ENFORCED, secret) == REFUSED
    door.daemon.start()
    assert status(door, ENFORCED, secret) == FOUND


def test_not_now_is_not_a_refusal(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = door.issue(OPEN, "calendar")

    def broken(_: str) -> Account:
        raise StoreError("The store cannot be read.")

    with monkeypatch.context() as patch:
        patch.setattr(door.daemon.house.store, "get", broken)
        assert status(door, OPEN, secret) == 500
    assert status(door, OPEN, secret) == FOUND


def test_no_password_is_in_the_log(door: Door) -> None:
    secret = door.issue(OPEN, "calendar")
    status(door, OPEN, secret)
    status(door, ENFORCED, secret)
    door.daemon.stop()
    status(door, OPEN, secret)
    log = door.site.log.read_text()
    assert log
    assert secret not in log


def test_behind_a_proxy_that_signs_in_it_gets_the_accounts_own_name(
    folder: Path, user: OrdinaryUser
) -> None:
    recipe = adapted("radicale/config-behind-proxy", {})
    with (
        running(folder / "behind", recipe) as (behind, _),
        nginx.running(folder, user, behind, "caldav") as site,
        opened(site, nginx.SOCKET) as door,
    ):
        door.daemon.stop()
        door.daemon.house.default_domain = "example.org"
        door.daemon.start()
        secret, other = door.issue(OPEN, "calendar"), door.issue(OPEN, "web")
        calendar = f"/{OPEN}/work/"
        with door.site.client() as client:
            assert client.ask(basic("ada", secret), "MKCALENDAR", calendar).status == CREATED
            assert client.ask(basic("ada", secret), "GET", f"/{ENFORCED}/").status == FORBIDDEN
            claims = {"Remote-User": ENFORCED}
            assert (
                client.ask(basic("ada", secret), "GET", f"/{ENFORCED}/", headers=claims).status
                == FORBIDDEN
            )
            assert client.ask(basic(OPEN, other), "GET", calendar).status == REFUSED
            door.daemon.stop()
            assert client.ask(basic("ada", secret), "GET", calendar).status == 503
            door.daemon.start()
            assert client.ask(basic("ada", secret), "GET", calendar).status == OK
