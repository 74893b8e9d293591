"""What the operator decides about second factors: required, passed over once, unlocked."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.domain.errors import (
    EnrollmentRequired,
    InvalidCode,
    RateLimited,
    SessionEnded,
    SignInRefused,
)
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.sessions import Session
from tests.running import CommandLine
from tests.support import PASSWORD, House

NEW = "a loom of 40 brass wheels"
LINE = "ada may sign in once without a code until 12:30. "
NO_PHONE = "ada was not notified: no phone on file.\n"
BYPASS = ("account", "bypass", "ada", "--minutes", "30")


@pytest.fixture
def house(run: CommandLine) -> House:
    house = run.house()
    house.add("ada")
    return house


# --- require-verification -------------------------------------------------------------------


def test_requiring_verification_ends_sessions_and_asks_for_a_method(
    run: CommandLine, house: House
) -> None:
    session = house.sign_in("ada")
    assert run.good("account", "require-verification", "ada") == (
        "ada must verify with a second factor from now on; active sessions have ended.\n"
    )
    with pytest.raises(SessionEnded):
        house.portal.account(session)
    session = house.sign_in("ada")
    assert session.restriction == "none yet"
    with pytest.raises(EnrollmentRequired):
        house.portal.create_app_password(session, "Phone")


# --- bypass ---------------------------------------------------------------------------------


def test_a_bypass_lets_in_once_to_set_up_a_method(run: CommandLine, house: House) -> None:
    house.give_authenticator("ada")
    assert run.good(*BYPASS) == LINE + NO_PHONE
    assert house.challenge("ada").use_bypass().restriction == "bypass"


def test_who_has_no_method_needs_no_bypass_and_may_be_given_one(
    run: CommandLine, house: House
) -> None:
    assert run.good(*BYPASS) == LINE + NO_PHONE
    assert isinstance(house.portal.sign_in("ada", PASSWORD), Session)


@pytest.mark.parametrize("minutes", ["0", "-5", "1441", "999999999"])
def test_a_bypass_for_no_time_or_for_days_is_refused(
    run: CommandLine, house: House, minutes: str
) -> None:
    said = run("account", "bypass", "ada", "--minutes", minutes)
    assert (said.code, said.out) == (1, "")
    assert said.line == "A bypass is good for 1 to 1440 minutes."
    assert house.now("ada").bypass_until is None


@pytest.fixture
def _five_hours_ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "<+05>-5")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_five_hours_ahead")
@pytest.mark.parametrize(
    ("minutes", "until"), [("1", "17:01"), ("419", "23:59"), ("420", "2026-11-23 00:00")]
)
def test_until_when_is_told_in_local_time(
    run: CommandLine, house: House, minutes: str, until: str
) -> None:
    assert f" until {until}. " in run.good("account", "bypass", "ada", "--minutes", minutes)


def sending(run: CommandLine, body: str) -> Path:
    """A configuration whose command for messages is that shell script."""
    program = run.home / "send"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    config = run.home / "c.toml"
    config.write_text(
        'host_name = "mail.example.org"\n'
        "[delivery]\n"
        f'command = ["{program}", "{{kind}}", "{{number}}"]\n'
        'kinds = ["text"]\n'
    )
    return config


def test_who_has_a_phone_is_told_by_message(run: CommandLine, house: House) -> None:
    house.give_phone(name="ada")
    arrived = run.home / "arrived"
    config = sending(run, f'echo "$1 $2" >{arrived}; cat >>{arrived}')
    assert run.good(*BYPASS, "--config", config) == f"{LINE}ada was notified.\n"
    where, message = arrived.read_text().split("\n", 1)
    assert where == "text +4915123456767"
    assert message.startswith("ada at mail.example.org: your administrator lets you sign in once")
    assert re.search(r"\d{4}", message) is None


def test_whose_message_could_not_be_sent_has_the_bypass_all_the_same(
    run: CommandLine, house: House
) -> None:
    house.give_phone(name="ada")
    out = run.good(*BYPASS, "--config", sending(run, "exit 1"))
    assert out == f"{LINE}ada was not notified: the message could not be sent.\n"
    assert house.now("ada").bypass_until is not None


# --- unlock and set-password ----------------------------------------------------------------


def test_unlocking_ends_waiting(run: CommandLine, house: House) -> None:
    secret = house.give_authenticator("ada")
    challenge = house.challenge("ada")
    for _ in range(5):
        with pytest.raises(InvalidCode):
            challenge.answer(APP, "000000")
    with pytest.raises(RateLimited):
        challenge.answer(APP, house.app_code(secret))
    run.good("account", "unlock", "ada")
    assert challenge.answer(APP, house.app_code(secret))


def test_password_that_was_set_is_the_one_that_counts_and_ends_sessions(
    run: CommandLine, house: House
) -> None:
    session = house.sign_in("ada")
    out = run.good("account", "set-password", "ada", "--password-stdin", stdin=f"{NEW}\n")
    assert out == "Set the password of ada; active sessions have ended.\n"
    with pytest.raises(SessionEnded):
        house.portal.account(session)
    with pytest.raises(SignInRefused):
        house.sign_in("ada", PASSWORD)
    assert house.sign_in("ada", NEW)


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [
        ("hunter2", "Too short. Use at least 8 characters."),
        ("", "There is no password, in one line, on standard input."),
    ],
)
def test_a_password_that_will_not_do_changes_nothing(
    run: CommandLine, house: House, stdin: str, reason: str
) -> None:
    before = house.now("ada")
    said = run("account", "set-password", "ada", "--password-stdin", stdin=stdin)
    assert (said.code, said.out, said.line) == (1, "", reason)
    assert house.now("ada") == before


def test_a_password_is_asked_twice_and_of_nobody_for_an_unknown_account(
    run: CommandLine, house: House
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return NEW

    run.patch.setattr("getpass.getpass", answer)
    assert run("account", "set-password", "grace", terminal=True).code == 1
    assert asked == []
    said = run("account", "set-password", "ada", terminal=True)
    assert (said.code, said.err) == (0, "")
    assert asked == ["Password: ", "Again: "]
    assert house.sign_in("ada", NEW)
