"""PAM asks `apppw-tui pam`, by the very files of recipes/pam, for pamtester(1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.scopes import SERVICES
from tests.services import pam
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, Asked, asked, trial
from tests.support import first_quick

ALL = (*SERVICES, "submission")
HOST = "192.0.2.9"


@dataclass(frozen=True)
class Pam:
    """pamtester, run by somebody who is not root."""

    program: str
    prefix: str
    user: OrdinaryUser
    socket: Path

    def succeeds(self, service: str, account: str, password: str, *operations: str) -> bool:
        line = [self.program, "-I", f"rhost={HOST}", f"{self.prefix}{service}", account]
        done = self.user.run([*line, *(operations or ("authenticate",))], stdin=f"{password}\n")
        assert done.returncode in (0, 1), done.stderr
        return done.returncode == 0


@pytest.fixture(scope="module")
def tester(folder: Path, program: Path, user: OrdinaryUser) -> Iterator[Pam]:
    pamtester = require_program("pamtester", "pamtester")
    with pam.installed(program, folder / "json", *ALL) as prefix:
        yield Pam(pamtester, prefix, user, folder / "json")


@pytest.fixture
def daemon(tester: Pam) -> Iterator[Asked]:
    with asked(tester.socket, "json") as daemon:
        yield daemon


@pytest.mark.parametrize("account", first_quick(ENFORCED, OPEN))
@pytest.mark.parametrize("name", TRIALS)
def test_only_the_right_one_gets_in(tester: Pam, daemon: Asked, name: str, account: str) -> None:
    tried = trial(name, daemon.house, account, "imap", "smtp")
    assert tester.succeeds("imap", tried.account, tried.password) is tried.gets_in
    assert daemon.book.asked == [("imap", HOST)]


@pytest.mark.parametrize("account", ALL_SIGNS)
def test_every_name_that_an_account_can_have_gets_in(
    tester: Pam, daemon: Asked, account: str
) -> None:
    daemon.house.add(account)
    assert tester.succeeds("imap", account, daemon.house.issue("Phone", account).secret.reveal())


@pytest.mark.parametrize("sent", ["Ada@Example.org", "ada%40example.org"])
def test_a_name_is_read_as_programs_send_it(tester: Pam, daemon: Asked, sent: str) -> None:
    assert tester.succeeds("imap", sent, daemon.house.issue("Phone", OPEN).secret.reveal())


@pytest.mark.parametrize("service", ALL)
def test_each_file_asks_for_its_own_service(tester: Pam, daemon: Asked, service: str) -> None:
    known = {"submission": "smtp"}.get(service, service)
    right = trial("right", daemon.house, OPEN, known, "")
    assert tester.succeeds(service, right.account, right.password)
    assert daemon.book.asked == [(known, HOST)]


def test_the_files_are_the_same_but_for_their_comments() -> None:
    def lines(service: str) -> list[str]:
        text = adapted(f"pam/apppw-{service}", {f"/etc/pam.d/apppw-{service}": ""})
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    for service in (*ALL, "vpn"):
        assert lines(service) == lines("imap")
    # What a file leaves out is answered by /etc/pam.d/other.
    kinds = {line.split()[0] for line in lines("imap")}
    assert kinds == {"auth", "account", "password", "session"}


def test_without_the_daemon_nobody_gets_in(tester: Pam, daemon: Asked) -> None:
    right = trial("right", daemon.house, OPEN, "imap", "smtp")
    daemon.stop()
    assert not tester.succeeds("imap", right.account, right.password)
    daemon.start()
    assert tester.succeeds("imap", right.account, right.password)


@pytest.mark.parametrize("operation", ["open_session", "close_session", "chauthtok", "setcred"])
def test_what_judges_no_password_is_never_a_yes(tester: Pam, daemon: Asked, operation: str) -> None:
    right = trial("right", daemon.house, OPEN, "imap", "smtp")
    assert not tester.succeeds("imap", right.account, right.password, operation)
    assert daemon.book.asked == []


def test_the_whole_of_a_sign_in_succeeds(tester: Pam, daemon: Asked) -> None:
    """As Dovecot and saslauthd do it."""
    right = trial("right", daemon.house, OPEN, "imap", "smtp")
    whole = ("authenticate", "setcred", "acct_mgmt")
    assert tester.succeeds("imap", right.account, right.password, *whole)


# `apppw-tui pam --help` exits with 0.
@pytest.mark.parametrize("name", ["--help", "-h", "ada", "root", " ", "ada@example.org\n"])
def test_a_strange_name_does_not_get_in(tester: Pam, daemon: Asked, name: str) -> None:
    right = trial("right", daemon.house, OPEN, "imap", "smtp")
    assert not tester.succeeds("imap", name, right.password)


@pytest.mark.parametrize("password", ["", "x" * 600, "ä€😀", "--help"])
def test_a_strange_password_does_not_get_in(tester: Pam, daemon: Asked, password: str) -> None:
    assert not tester.succeeds("imap", OPEN, password)
