"""The whole way in a real terminal: verified, made, copied, accepted, deleted, refused."""

import shlex

import pytest

from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, AWAKE, copied, shown_password
from tests.terminal.second_factor import (
    ASKED,
    AuthenticatorApp,
    create_first_account,
    keep_recovery_codes,
    set_up_app,
    signed_in,
)
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow


def goes(installed: Installed, tmux: Tmux, password: str, *, accepted: bool) -> None:
    """The password is what was copied, tmux has it too, and it opens or does not."""
    assert copied(tmux.raw)[-1] == password
    assert tmux.tell("show-buffer") == password
    assert installed.opens(password) is accepted


def nothing_stays_on(tmux: Tmux, password: str) -> None:
    """Of the secrets, neither on the screen nor above it, once the program has gone."""
    tmux.see("code=0")
    everything = tmux.everything
    assert "code=0" in everything
    groups = [password[start : start + 4] for start in range(0, 16, 4)]
    assert not [secret for secret in (PASSWORD, password, *groups) if secret in everything]


def test_the_long_way_with_tab_arrows_and_enter_alone(required: Installed, tmux: Tmux) -> None:
    """Sign in, a code, Settings, security verification, its second tab, Create … Delete, Yes."""
    app = AuthenticatorApp(required.house().give_authenticator().reveal())
    tmux.run(f"{shlex.join(required.command)}; echo code=$?")
    tmux.see("Sign in")
    tmux.type(ACCOUNT)
    tmux.press("Tab")
    tmux.type(PASSWORD)
    tmux.press("Tab", "Enter")
    tmux.see(ASKED)
    tmux.type(app.code())
    signed_in(tmux)
    tmux.press("F2")
    tmux.see("Create and manage app passwords")
    tmux.press("Enter", "Enter")
    tmux.see("What's your preferred option?")
    tmux.press("BTab", "BTab", "Right")
    tmux.see("No app passwords yet")
    tmux.press("Down", "Enter")
    tmux.see("where will you use it")
    tmux.type("Laptop")
    tmux.press("Tab", "Tab", "Tab", "Enter")  # past For and Expires
    password = shown_password(tmux.see("You will not see it again", AWAKE))
    tmux.press("Enter")
    assert "tmux needs: set -s set-clipboard on" in tmux.see(
        "Sent to your terminal's clipboard", AWAKE
    )
    goes(required, tmux, password, accepted=True)
    tmux.press("Enter")
    tmux.see("✓ Created Laptop.")
    tmux.press("Right", "Enter")
    tmux.see("Delete this app password?")
    tmux.press("Left", "Enter")
    tmux.see("Deleted Laptop.")
    goes(required, tmux, password, accepted=False)
    tmux.press("C-q")
    nothing_stays_on(tmux, password)


def test_the_short_way_from_no_account_at_all(required: Installed, tmux: Tmux) -> None:
    """Not over SSH and without a display: account, app, codes, then p c name and Enter thrice."""
    required.store = required.store.with_name("new store")
    tmux.run(f"unset SSH_TTY; {shlex.join(required.command)}; echo code=$?")
    create_first_account(tmux)
    set_up_app(tmux)
    keep_recovery_codes(tmux)
    tmux.see("A first app password")
    tmux.press("Escape")
    tmux.see("No app passwords yet")
    tmux.press("c")
    tmux.see("where will you use it")
    tmux.type("Laptop")
    tmux.press("Enter")
    password = shown_password(tmux.see("You will not see it again", AWAKE))
    tmux.press("Enter")
    tmux.see("Sent to your terminal's clipboard", AWAKE)
    goes(required, tmux, password, accepted=True)
    tmux.press("Enter")
    tmux.see("✓ Created Laptop.")
    tmux.press("d")
    tmux.see("Delete this app password?")
    tmux.press("y")
    tmux.see("Deleted Laptop.")
    goes(required, tmux, password, accepted=False)
    tmux.press("C-q")
    nothing_stays_on(tmux, password)
