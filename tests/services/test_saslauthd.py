"""Cyrus SASL's own test program asks in saslauthd's protocol."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.errors import StoreBusy
from tests.services.require import require_program
from tests.services.trials import ALL_SIGNS, ENFORCED, OPEN, TRIALS, Asked, asked, trial

OLD = "the old one"
# What the program prints, whatever it exits with.
IN, REFUSED, NOT_NOW = '0: OK "Success."', '0: NO "authentication failed"', "0:"


@pytest.fixture(scope="module")
def program() -> str:
    return require_program("testsaslauthd", "sasl2-bin")


@pytest.fixture
def daemon(program: str, folder: Path) -> Iterator[Asked]:
    assert program
    with asked(folder / "mux", "mux") as daemon:
        yield daemon


def says(program: str, daemon: Asked, account: str, password: str, *more: str) -> str:
    """What it prints for one sign-in. A test's secrets may be in its arguments."""
    command = [program, "-u", account, "-p", password, "-s", "smtp", "-f", str(daemon.path), *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) == (done.stdout.strip() == IN)
    return done.stdout.strip()


def split(account: str) -> tuple[str, ...]:
    """The account as libsasl has it: the name, and `-r` with the realm."""
    name, _, realm = account.partition("@")
    return name, "-r", realm


@pytest.mark.parametrize("account", [OPEN, ENFORCED])
@pytest.mark.parametrize("name", TRIALS)
def test_the_right_one_is_ok_and_nothing_else(
    program: str, daemon: Asked, name: str, account: str
) -> None:
    tried = trial(name, daemon.house, account, "smtp", "imap")
    said = IN if tried.gets_in else REFUSED
    assert says(program, daemon, tried.account, tried.password) == said
    user, *realm = split(tried.account)
    assert says(program, daemon, user, tried.password, *realm) == said
    assert daemon.book.asked == [("smtp", None)] * 2


@pytest.mark.parametrize("account", ALL_SIGNS)
def test_every_name_that_an_account_can_have_gets_in(
    program: str, daemon: Asked, account: str
) -> None:
    daemon.house.add(account)
    secret = daemon.house.issue("Phone", account).secret.reveal()
    assert says(program, daemon, account, secret) == IN


@pytest.mark.parametrize("sent", ["Ada@Example.org", "ada%40example.org"])
def test_a_name_is_read_as_programs_send_it(program: str, daemon: Asked, sent: str) -> None:
    assert says(program, daemon, sent, daemon.house.issue("Phone", OPEN).secret.reveal()) == IN


def test_a_name_without_its_realm_is_another_account(program: str, daemon: Asked) -> None:
    secret = daemon.house.issue("Phone", OPEN).secret.reveal()
    user, *_ = split(OPEN)
    assert says(program, daemon, user, secret) == REFUSED
    assert says(program, daemon, user, secret, "-r", "example.com") == REFUSED


def test_what_cannot_be_answered_now_is_no_refusal(
    program: str, daemon: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(name: str) -> None:
        raise StoreBusy("busy")

    secret = daemon.house.issue("Phone", ENFORCED).secret.reveal()
    with monkeypatch.context() as patch:
        patch.setattr(daemon.house.store, "get", busy)
        assert says(program, daemon, ENFORCED, secret) == NOT_NOW
    assert says(program, daemon, ENFORCED, secret) == IN


def test_while_the_daemon_is_down_nobody_gets_in(program: str, daemon: Asked) -> None:
    secret = daemon.house.issue("Phone", ENFORCED).secret.reveal()
    assert says(program, daemon, ENFORCED, secret) == IN
    daemon.stop()
    for password in (secret, OLD):
        assert says(program, daemon, ENFORCED, password) == NOT_NOW
    daemon.start()
    assert says(program, daemon, ENFORCED, secret) == IN
    assert says(program, daemon, ENFORCED, OLD) == REFUSED
