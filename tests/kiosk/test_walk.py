"""A person at the kiosk: a real ssh client in a real terminal, from signing in to leaving."""

import shlex
from collections.abc import Iterator

import pytest

from tests.kiosk import person
from tests.kiosk.kiosk import ACCOUNT, CLIENT, KioskServer
from tests.kiosk.scratch import await_end
from tests.secrecy.strace import Strace
from tests.support import PASSWORD
from tests.terminal.program import AWAKE, Program, copied, shown_password
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow
PORT = 2223


@pytest.fixture(autouse=True)
def _leaves_none(kiosk: KioskServer) -> Iterator[None]:
    """Of one account all of them create the same app password, in whatever order they come."""
    yield
    kiosk.scratch.run("apppw-tui", "app-password", "delete", ACCOUNT, "Laptop")


def test_sign_in_create_copy_delete_and_leave(kiosk: KioskServer, tmux: Tmux) -> None:
    tmux.run(f"{shlex.join(kiosk.ssh())}; echo code=$?")
    person.sign_in(tmux)
    password = person.create_and_copy(tmux)
    assert copied(tmux.raw) == [password]
    assert tmux.tell("show-buffer") == password
    assert kiosk.opens(password)
    person.delete(tmux)
    assert not kiosk.opens(password)
    session = list(kiosk.sessions())
    assert kiosk.portals()
    tmux.press("C-q")
    tmux.see("code=0")
    everything = tmux.everything
    assert not [secret for secret in (PASSWORD, password, password[:4]) if secret in everything]
    assert await_end(session) == []
    assert kiosk.sessions() == {}


def test_no_secret_leaves_sshd_and_the_portal_but_by_the_terminal(
    kiosk: KioskServer, tmux: Tmux
) -> None:
    """Seen by strace, from sshd's start to the end of all that it started."""
    strace = Strace(kiosk.scratch.root / "tmp", kiosk.scratch.root)
    kiosk.listen(port=PORT, under=strace.line([]))
    tmux.run(f"{shlex.join(kiosk.ssh(port=PORT))}; echo code=$?")
    person.sign_in(tmux)
    password = person.create_and_copy(tmux)
    session = list(kiosk.sessions())
    tmux.press("C-q")
    tmux.see("code=0")
    assert await_end(session) == []
    kiosk.stop(PORT)
    finds = strace.finds({"account password": PASSWORD, "app password": password})
    assert finds == {"typed": {"account password"}, "terminal": {"app password"}}


def test_from_signing_in_to_signing_out_with_tab_arrows_and_enter_alone(
    kiosk: KioskServer, tmux: Tmux
) -> None:
    tmux.run(f"{shlex.join(kiosk.ssh())}; echo code=$?")
    tmux.see("Sign in")
    tmux.type(ACCOUNT)
    tmux.press("Tab")
    tmux.type(PASSWORD)
    tmux.press("Tab", "Enter")
    tmux.see("No app passwords yet")
    tmux.press("Enter")
    tmux.see("where will you use it")
    tmux.type("Laptop")
    tmux.press("Tab", "Tab", "Tab", "Enter")  # past For and Expires
    password = shown_password(tmux.see("You will not see it again", AWAKE))
    tmux.press("Enter")
    tmux.see("Sent to your terminal's clipboard", AWAKE)
    assert copied(tmux.raw) == [password]
    assert kiosk.opens(password)
    tmux.press("Enter")
    tmux.see("Created Laptop.")
    tmux.press("Right", "Enter")
    tmux.see("Delete this app password?")
    tmux.press("Left", "Enter")
    tmux.see("Deleted Laptop.")
    assert not kiosk.opens(password)
    session = list(kiosk.sessions())
    tmux.press("BTab", "BTab", "Enter")  # from Create past the tabs to the gear
    tmux.see("Create and manage app passwords")
    tmux.press("Up")  # from the first section round to the last
    tmux.see(f"You are signed in as {ACCOUNT}.")
    tmux.press("Enter", "Enter")
    assert "You are signed out." in tmux.see("code=0")
    assert await_end(session) == []


def test_what_people_are_told_is_laid_down_and_nothing_is_run(
    kiosk: KioskServer, tmux: Tmux
) -> None:
    """Within the sandbox of the unit, where a set-group-id program could not work."""
    send, sent = kiosk.scratch.root / "usr/local/bin/send", kiosk.scratch.root / "tmp/sent"
    send.write_text("#!/bin/sh\ncat >> /tmp/sent\n")
    send.chmod(0o755)
    told = '[notices]\ncommand = ["/usr/local/bin/send"]\n'
    kiosk.configure(f'[policy]\nsecond_factor = "optional"\n{told}')
    tmux.run(f"{shlex.join(kiosk.ssh())}; echo code=$?")
    person.sign_in(tmux)
    person.create_and_copy(tmux)
    waiting = kiosk.scratch.root / "var/lib/apppw-tui/notices"
    assert len(list(waiting.iterdir())) == 1
    session = list(kiosk.sessions())
    tmux.press("C-q")
    tmux.see("code=0")
    assert await_end(session) == []
    assert kiosk.sessions() == {}
    assert not sent.exists()
    kiosk.scratch.output("apppw-tui", "notices")
    assert "App password created: Laptop" in sent.read_text()
    assert list(waiting.iterdir()) == []


def test_who_asks_for_plain_is_served_line_by_line(kiosk: KioskServer) -> None:
    program = Program(kiosk.ssh("plain", options=["-t"]), CLIENT)
    try:
        for question, text in {
            "Account: ": ACCOUNT,
            "Password (not shown): ": PASSWORD,
            "for the list: ": "c",
            "use it: ": "Braille",
            "Any app: ": "",
            "Never: ": "",
        }.items():
            program.see(question)
            program.send(f"{text}\n")
        program.see("have it: ")
        password = shown_password(program.text)
        assert kiosk.opens(password)
        session = list(kiosk.sessions())
        assert kiosk.portals()
        program.send("\n")
        program.see("for the list: ")
        program.send("o\n")
        program.see("apppw-tui: You are signed out.")
        assert program.end() == 0
        assert b"\x1b" not in program.output
        assert PASSWORD.encode() not in program.output
    finally:
        program.close()
    assert await_end(session) == []
    assert kiosk.sessions() == {}
