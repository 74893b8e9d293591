"""Exim signs people in by asking apppw-tui itself."""

import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy
from tests.services import exim
from tests.services.recipes import adapted
from tests.services.smtp import EXIM_NOT_NOW, HOST, IN, REFUSED, WAYS, Mailer, signed_in
from tests.services.trials import ENFORCED, OPEN, TRIALS, Asked, asked, trial

pytestmark = pytest.mark.slow

OLD = "the old one"


@dataclass(frozen=True)
class Door:
    """Exim with apppw-tui behind it."""

    exim: Mailer
    daemon: Asked

    def secret(self, account: str) -> str:
        return self.daemon.house.issue("Phone", account).secret.reveal()

    def says(self, account: str, password: str) -> int:
        return self.exim.says(account, password)


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Mailer]:
    paths = {"/run/apppw-tui/auth-client": f"{folder}/socket"}
    recipe = adapted("exim/apppw-authenticators", paths)
    with exim.running(folder, recipe) as mailer:
        yield mailer


@pytest.fixture
def door(server: Mailer, folder: Path) -> Iterator[Door]:
    with asked(folder / "socket", "auth-client") as daemon:
        yield Door(server, daemon)


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_gets_in_and_nothing_else(door: Door, name: str, account: str) -> None:
    tried = trial(name, door.daemon.house, account, "smtp", "imap")
    said = door.says(tried.account, tried.password)
    assert said == (IN if tried.gets_in else REFUSED), door.exim.log.read_text()
    assert door.daemon.book.asked == [("smtp", HOST)]


@pytest.mark.parametrize(("mechanism", "at_once"), WAYS)
def test_every_way_of_saying_it(door: Door, mechanism: str, at_once: bool) -> None:
    secret, other = door.secret(ENFORCED), door.secret(OPEN)
    with door.exim.session() as session:
        for password in (other, "x", OLD):
            said = signed_in(session, ENFORCED, password, mechanism, at_once=at_once)
            assert said == REFUSED
        assert signed_in(session, ENFORCED, secret, mechanism, at_once=at_once) == IN


def test_a_deleted_one_is_refused_at_the_very_next_attempt(door: Door) -> None:
    secret = door.secret(ENFORCED)
    assert door.says(ENFORCED, secret) == IN
    door.daemon.house.operator.delete_app_password(ENFORCED, "Phone")
    assert door.says(ENFORCED, secret) == REFUSED


def test_without_tls_no_password_is_asked_for(door: Door) -> None:
    with smtplib.SMTP(HOST, door.exim.port, timeout=120) as session:
        session.ehlo()
        assert session.has_extn("starttls")
        assert not session.has_extn("auth")
        assert signed_in(session, OPEN, door.secret(OPEN)) == 503  # "not advertised"


def test_exim_takes_over_the_canonical_name(door: Door) -> None:
    door.daemon.stop()
    door.daemon.house.default_domain = "example.org"
    door.daemon.start()
    with door.exim.session() as session:
        assert signed_in(session, OPEN.partition("@")[0], door.secret(OPEN)) == IN
        assert session.mail(ENFORCED)[0] == 550
        assert session.mail(OPEN)[0] == 250
        assert session.rcpt("somebody@example.com")[0] == 250


def test_while_the_daemon_is_down_nobody_gets_in_and_nobody_is_refused(door: Door) -> None:
    secret = door.secret(ENFORCED)
    assert door.says(ENFORCED, secret) == IN
    door.daemon.stop()
    for password in (secret, OLD):
        for mechanism, at_once in WAYS:
            said = door.exim.says(ENFORCED, password, mechanism, at_once=at_once)
            assert said == EXIM_NOT_NOW
    door.daemon.start()
    assert door.says(ENFORCED, secret) == IN
    assert door.says(ENFORCED, OLD) == REFUSED


def test_what_cannot_be_answered_now_is_said_so(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str) -> None:
        raise StoreBusy("busy")

    secret = door.secret(ENFORCED)
    with monkeypatch.context() as patch, door.exim.session() as session:
        patch.setattr(door.daemon.house.store, "get", busy)
        for mechanism, at_once in WAYS:
            said = signed_in(session, ENFORCED, secret, mechanism, at_once=at_once)
            assert said == EXIM_NOT_NOW
    assert door.says(ENFORCED, secret) == IN


def test_a_restart_of_the_daemon_is_not_noticed(door: Door) -> None:
    secret = door.secret(ENFORCED)
    for _ in range(3):
        assert door.says(ENFORCED, secret) == IN
        door.daemon.stop()
        door.daemon.start()


def test_no_password_is_in_the_log(door: Door) -> None:
    secret, other = door.secret(ENFORCED), door.secret(OPEN)
    for mechanism, at_once in WAYS:
        for password in (secret, other):
            door.exim.says(ENFORCED, password, mechanism, at_once=at_once)
    log = door.exim.log.read_text()
    assert "apppw_login authenticator failed" in log
    assert secret not in log
    assert other not in log
