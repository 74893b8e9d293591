"""A code by text message from end to end: the program, its delivery command, what it left."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.recipes import adapted
from tests.services.require import require_program
from tests.support import PASSWORD
from tests.terminal.conftest import Installed
from tests.terminal.program import ACCOUNT
from tests.terminal.second_factor import (
    ASKED,
    DIFFERENT,
    DOWN,
    AuthenticatorApp,
    begin_sign_in,
    enter_password,
    keep_recovery_codes,
    sign_out,
    signed_in,
)
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow

NUMBER = "+4915173910684"
_SIX = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])")


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    """The program as it is, over a store with an account that has no method."""
    installed = Installed(tmp_path, tmp_path / "store")
    said = installed.run("account", "add", ACCOUNT, "--password-stdin", stdin=PASSWORD)
    assert said.returncode == 0, said.stderr
    yield installed
    installed.close()


@pytest.fixture
def tmux(installed: Installed, tmp_path: Path) -> Iterator[Tmux]:
    tmux = Tmux(tmp_path, installed.environment)
    yield tmux
    tmux.close()


def delivers_by(installed: Installed, command: Path, timeout: int = 20) -> None:
    installed.configure(
        'host_name = "mail.example.org"\n'
        "[delivery]\n"
        f'command = ["{command}", "{{kind}}", "{{number}}"]\n'
        f'kinds = ["text"]\ntimeout = {timeout}\n'
    )


class Spool:
    """Where gammu-smsd's daemon would find what is to be sent; there is no modem."""

    def __init__(self, folder: Path) -> None:
        require_program("gammu-smsd-inject", "gammu-smsd")
        lines = ["[gammu]", "device = /dev/null", "connection = at", "[smsd]", "service = files"]
        for name in ("inbox", "outbox", "sentsms", "errorsms"):
            (folder / name).mkdir(0o700)
            lines.append(f"{name}path = {folder / name}/")
        configuration = folder / "smsdrc"
        configuration.write_text("\n".join(lines) + "\n")
        self.recipe = folder / "send-gammu"
        self.recipe.write_text(
            adapted("delivery/send-gammu", {"-c /etc/gammu-smsdrc ": f"-c {configuration} "})
        )
        self.recipe.chmod(0o755)
        self._outbox = folder / "outbox"
        self._read: set[Path] = set()

    def code(self) -> str:
        """The code in the one message that has come since the last look."""
        (file,) = set(self._outbox.iterdir()) - self._read
        self._read.add(file)
        assert NUMBER in file.name
        hexes = re.findall(r"^Text\d+ = ([0-9A-F]+)$", file.read_text(), re.MULTILINE)
        text = "".join(bytes.fromhex(part).decode("utf-16-be") for part in hexes)
        assert text.endswith(" is your code for mail.example.org. It is good for five minutes.")
        return text[:6]


def test_a_phone_is_proved_and_then_signs_in_by_text(
    installed: Installed, tmux: Tmux, tmp_path: Path
) -> None:
    spool = Spool(tmp_path)
    delivers_by(installed, spool.recipe)
    tmux.run(f"{shlex.join(installed.command)}; echo code=$?")
    tmux.see("Sign in")
    enter_password(tmux)
    tmux.see("Set it up now")
    tmux.press("Enter")
    tmux.see("How will you verify?")
    tmux.press("Down", "Enter")
    tmux.see("A code is sent there")
    tmux.type(f"{NUMBER}\r")
    tmux.see("We sent a text message with a code to your phone that ends in 84.")
    tmux.type(spool.code())
    keep_recovery_codes(tmux)
    tmux.see("A first app password")
    tmux.press("Escape")
    signed_in(tmux)
    # With an app beside it, it is the app that is asked first, until the text is preferred.
    installed.house().give_authenticator()
    tmux.press("v")
    tmux.see("What's your preferred option?")
    tmux.press("o")
    tmux.see("You are asked for this first")
    tmux.press("Up", "Enter")
    tmux.see("You are asked for this first from now on.")
    tmux.press("p")
    signed_in(tmux)
    sign_out(tmux)
    enter_password(tmux, account="")
    tmux.see("We sent a text message with a code to your phone that ends in 84.")
    first = spool.code()
    tmux.press("F5")
    tmux.see("Sent again.")
    newest = spool.code()
    if first != newest:
        tmux.type(first)
        assert "Wrong code. Check it against the newest message." in tmux.see_no_more(first)
    tmux.type(newest)
    signed_in(tmux)
    tmux.press("C-q")
    tmux.see("code=0")


FAILING = {
    "fails": ('tee "$0.said"; echo "$2" >&2; exit 3', 'how="exit code 3"'),
    "hangs": ('tee "$0.said"; echo "$2"; echo $$ >"$0.pid"; exec sleep 600', "time-out after 1 s"),
    "floods": ('tee "$0.said" >"$0.copy"; yes "$(cat "$0.copy") to $2"', "stopped after printing"),
    "is missing": (None, 'how="not found"'),
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_command_that_does_not_deliver_is_said_and_another_way_works(
    installed: Installed, tmp_path: Path, kind: str
) -> None:
    script, reason = FAILING[kind]
    command = tmp_path / "send"
    if script is not None:
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    delivers_by(installed, command, timeout=1 if kind == "hangs" else 20)
    house = installed.house()
    house.give_phone(number=NUMBER)
    app = AuthenticatorApp(house.give_authenticator().reveal())
    house.alter(preferred="text")
    program = installed.open()
    begin_sign_in(program)
    program.see("The code could not be sent.")
    program.settle()
    program.send(DIFFERENT)
    program.see("How would you like to verify")
    program.settle()
    program.press(DOWN)
    program.send("\r")
    program.see(ASKED)
    program.settle()
    program.send(app.code())
    program.see("additional security verification")
    (line,) = (installed.store / "log").read_text().splitlines()
    assert 'delivery failed kind=text number="*84" how=' in line
    assert reason in line
    assert NUMBER[-7:] not in re.sub("[^0-9]", "", line)
    if script is not None:
        (code,) = _SIX.findall(command.with_name("send.said").read_text())
        assert code not in re.sub("[^0-9]", "", line.partition(" ")[2])
        assert "(hidden)" in line
    if kind == "hangs":
        with pytest.raises(ProcessLookupError):
            os.kill(int(command.with_name("send.pid").read_text()), 0)
