"""The second factor in a real terminal: set up, asked for, refused, without its key."""

import re
import shlex
import signal
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.throttle import FREE_FAILURES, FailureCount, ThrottleState
from apppw_tui.store.folder.counters import FolderThrottleStore
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, INSTALLED, Program, copied
from tests.terminal.second_factor import (
    ASKED,
    AuthenticatorApp,
    begin_sign_in,
    create_first_account,
    create_first_app_password,
    enter_password,
    keep_recovery_codes,
    set_up_app,
    show_key,
    sign_out,
    signed_in,
)
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow

_MISSING = "The key of the store is missing"


def with_app(installed: Installed) -> AuthenticatorApp:
    """An authenticator app for the account, as if it had been set up long ago."""
    return AuthenticatorApp(installed.house().give_authenticator().reveal())


def test_from_no_account_at_all_to_the_codes_on_paper(required: Installed, tmux: Tmux) -> None:
    """Set up at once; then the next code of the app; then a recovery code, which works once."""
    required.store = required.store.with_name("new store")
    tmux.run(f"unset SSH_TTY; {shlex.join(required.command)}; echo code=$?")
    create_first_account(tmux)
    app = set_up_app(tmux)
    codes = keep_recovery_codes(tmux)
    password = create_first_app_password(tmux)
    assert required.opens(password)
    assert len(copied(tmux.raw)) == 2
    sign_out(tmux)
    enter_password(tmux, account="")
    tmux.see(ASKED)
    tmux.type(app.shown[0])
    tmux.see("was used already")
    tmux.type(app.code())
    signed_in(tmux)
    for attempt, answer in enumerate(("9 of 10 recovery codes are left", "was used before")):
        sign_out(tmux)
        enter_password(tmux, account="")
        tmux.see(ASKED)
        tmux.press("F3")
        tmux.see("How would you like to verify")
        tmux.press("Down", "Enter")
        tmux.see("Enter one of your recovery codes")
        tmux.type(codes[3].upper() if attempt else codes[3])
        tmux.press("Enter")
        tmux.see(answer)
    tmux.press("C-q")
    tmux.see("code=0")


def test_the_demonstration_shows_the_codes_that_it_asks_for(
    required: Installed, tmux: Tmux, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    tmux.run(f"{INSTALLED} --demo; echo code=$?")
    tmux.see("A demonstration; nothing is kept.")
    tmux.press("Enter")
    for keys in ((), ("F3", "Down", "Enter")):  # the app, then a message
        if keys:
            sign_out(tmux)
            tmux.press("Enter")
        tmux.see("the code is ")
        if keys:
            tmux.press(*keys)
            tmux.see("We sent a notification")
        shown = re.search(r"the code is (\d{6})\.", tmux.see("the code is "))
        assert shown is not None
        tmux.type(shown[1])
        signed_in(tmux)
    tmux.press("C-q")
    tmux.see("code=0")
    assert sorted(tmp_path.rglob("*")) == before


def kill(program: Program) -> None:
    program.signal(signal.SIGKILL)
    assert program.end() == -signal.SIGKILL


def test_whoever_is_killed_has_what_was_proved_and_nothing_else(required: Installed) -> None:
    program = required.open()
    begin_sign_in(program)
    begun = show_key(program)
    kill(program)
    program = required.open()
    begin_sign_in(program)
    app = show_key(program)
    assert app.key != begun.key
    program.send(app.code())
    program.see("You will not see them again")
    kill(program)
    program = required.open()
    begin_sign_in(program)
    program.see(ASKED)
    program.send(app.code())
    program.see("additional security verification")
    program.settle()
    program.send("\x1bOQ")  # F2
    program.see("10 of 10 recovery codes are left")
    assert not list(required.store.rglob(".tmp-*"))


def test_wrong_codes_have_to_wait_and_the_right_one_too(required: Installed, tmux: Tmux) -> None:
    app, clock = with_app(required), SystemClock()
    tmux.run(shlex.join(required.command))
    tmux.see("Sign in")
    enter_password(tmux)
    tmux.see(ASKED)
    for number in range(5):
        wrong = app.wrong(number)
        tmux.type(wrong)
        assert "Wrong code." in tmux.see_no_more(wrong)
    # Five seconds may be over before a loaded machine has typed the next: as if it were the tenth.

    def tenth(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        strangers = state.unknown_addresses
        assert strangers.second.failures == FREE_FAILURES + 1
        strangers = strangers.put("second", FailureCount(10, now))
        return replace(state, unknown_addresses=strangers)

    FolderThrottleStore(required.store, clock).change({f"account:{ACCOUNT}": tenth}, keep=False)
    right = app.code()
    tmux.type(right)
    tmux.see("Too many tries. Wait ")
    assert required.run("account", "unlock", ACCOUNT).returncode == 0
    tmux.type(right)  # it was not compared before, so it was not used up
    signed_in(tmux)


def test_without_the_key_of_the_store_nobody_gets_in_and_nothing_changes(
    required: Installed, tmp_path: Path
) -> None:
    """Neither by a method that is sealed already, nor by setting up the first one of another."""
    app = with_app(required)
    added = required.run("account", "add", "grace", "--password-stdin", stdin=PASSWORD)
    assert added.returncode == 0
    key, accounts = required.store / "key", required.store / "accounts"
    before = {path: path.read_bytes() for path in accounts.iterdir()}
    kept = key.rename(tmp_path / "kept elsewhere")
    another = required.open()
    begin_sign_in(another, "grace")
    another.send(show_key(another).code())
    another.see(_MISSING)
    program = required.open()
    begin_sign_in(program)
    program.see(ASKED)
    program.settle()
    code = app.code()
    program.send(code)
    program.see(_MISSING)
    program.settle()
    assert {path: path.read_bytes() for path in accounts.iterdir()} == before
    assert not key.exists()
    kept.rename(key)
    program.send(code)
    program.see("additional security verification")
    program.send("\x11")
    assert program.end() == 0
