"""The portal's secrets: shown on the terminal and nowhere else, and gone with their screen."""

from collections.abc import Callable

import pytest

from tests.running import ROOT
from tests.secrecy.strace import Strace
from tests.secrecy.watched import Watched
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT, AWAKE, Program, shown_password
from tests.terminal.second_factor import (
    AuthenticatorApp,
    begin_sign_in,
    recovery_codes_in,
    show_key,
)
from tests.terminal.test_plain import CODE_LINE, KEY_LINE, NEW, answer

pytestmark = pytest.mark.slow

QUIT, END_OF_INPUT = "\x11", "\x04"


def in_groups(secret: str, *, line: int) -> str:
    """As it is drawn: `line` symbols of it, in groups of four."""
    return " ".join(secret[at : at + 4] for at in range(0, line, 4))


class Portal:
    """One run on a terminal, and all that it has been told or has shown so far."""

    def __init__(self, installed: Installed, watched: Watched, *options: str) -> None:
        self.strace = Strace(installed.store.parent)
        self._store = installed.store
        line = self.strace.line(watched.line([*installed.command[1:], *options]))
        self.program: Program = installed.open(line, PYTHONPATH=str(ROOT), TERM="xterm-256color")
        self._watched = watched
        self.secrets = {"account password": PASSWORD}

    def keep(self, name: str, secret: str, *, line: int) -> None:
        self.secrets[name] = secret.replace(" ", "")
        self.secrets[f"{name}, in groups"] = in_groups(self.secrets[name], line=line)

    def require_forgotten(self, *but: str) -> None:
        """Fails if it refers to any secret; those of the present screen are known to be there."""
        self.program.settle()
        gone = {name: text for name, text in self.secrets.items() if not name.startswith(but)}
        self._watched.require_forgotten(self.program.pid, gone)
        held = self._watched.held(self.program.pid, self.secrets)
        assert {name.partition(",")[0] for name in held} == set(but)

    def require_shown_there_alone(self, key: str) -> None:
        """Ends it by `key`; fails if a secret was handed to the kernel but for the terminal."""
        self.program.send(key)
        assert self.program.end() == 0
        shown = self.secrets.keys() - {"account password", "new account password", "code"}
        self.secrets["store's key"] = (self._store / "key").read_text().strip()
        finds = self.strace.finds(self.secrets)
        # The code is typed, and drawn whole or in pieces, if at all.
        assert finds.pop("terminal") - {"code"} == shown
        assert finds == {"store/.tmp": {"store's key"}}


@pytest.fixture
def portal(required: Installed, watched: Watched) -> Callable[..., Portal]:
    return lambda *options: Portal(required, watched, *options)


def test_the_screens_forget_what_went_with_them(portal: Callable[..., Portal]) -> None:
    run = portal()
    program = run.program
    begin_sign_in(program)
    app = show_key(program)
    run.keep("key", app.key, line=16)
    run.require_forgotten("key")
    run.secrets["code"] = app.code()
    program.send(run.secrets["code"])
    program.see("will not see them again")
    program.settle(AWAKE)
    run.keep("recovery code", recovery_codes_in(program.text)[3], line=12)
    run.require_forgotten("recovery code")
    program.send("c")
    program.see("Sent to your")
    program.settle(AWAKE)
    program.send("\r")
    program.see("first app password")
    program.settle()
    program.press("Laptop")
    program.send("\r")
    program.see("You will not see it again")
    program.settle(AWAKE)
    run.keep("app password", shown_password(program.text), line=16)
    # Whoever goes back sees the recovery codes again: so long are they kept.
    run.require_forgotten("recovery code", "app password")
    for key, seen in (("c", "Sent to your"), ("m", "camera"), ("m", "again"), ("\r", "Created")):
        program.send(key)
        program.see(seen)
        program.settle(AWAKE)
    run.require_forgotten()
    run.require_shown_there_alone(QUIT)


def test_line_by_line_it_forgets_them_too(portal: Callable[..., Portal]) -> None:
    run = portal("--plain")
    program = run.program
    answer(program, "Account: ", ACCOUNT, "(not shown): ", PASSWORD, "sign out: ", "1")
    program.see("spell")
    program.settle()
    (key,) = KEY_LINE.findall(program.output.decode())
    run.keep("key", key.strip(), line=32)
    run.require_forgotten("key")
    run.secrets["code"] = AuthenticatorApp(run.secrets["key"]).code()
    program.send(f"{run.secrets['code']}\n")
    program.see("have them: ")
    run.keep("recovery code", CODE_LINE.findall(program.output.decode())[3].strip(), line=12)
    run.require_forgotten("recovery code")
    program.send("\n")
    answer(program, "no: ", "yes", "use it: ", "Laptop", "Any app: ", "", "Never: ", "")
    program.see("have it: ")
    run.keep("app password", shown_password(program.text), line=16)
    run.require_forgotten("app password")
    program.send("\n")
    run.secrets["new account password"] = NEW
    answer(program, "the list: ", "w", "(not shown): ", PASSWORD)
    answer(program, "(not shown): ", NEW, "(not shown): ", NEW, "no: ", "no")
    program.see("Password changed.")
    program.see("the list: ")
    run.require_forgotten()
    run.require_shown_there_alone(END_OF_INPUT)
