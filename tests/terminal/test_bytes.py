"""What terminals and strangers send, to the installed program on a real pty: nothing ends it."""

import os
import re

import pytest

from tests.terminal.conftest import Installed
from tests.terminal.program import Program
from tests.ui.test_terminal_input import REPLIES

# Keys of one sort, and how many.
_FLOODS = {b"a": 4_000, "é".encode(): 2_000, b"\x1b[97;1u": 2_000, b"\x1b[A": 1_000}


def at_login(installed: Installed) -> Program:
    program = installed.open()
    program.see("Quit")
    program.settle()
    return program


def send(program: Program, data: bytes) -> None:
    """All of it, while what the program draws is read: neither waits for the other for ever."""
    descriptor = program._child.child_fd
    os.set_blocking(descriptor, False)
    try:
        while data:
            program.arrives(0)
            try:
                data = data[os.write(descriptor, data[:4096]) :]
            except BlockingIOError:
                program.arrives(0.01)
    finally:
        os.set_blocking(descriptor, True)


def test_no_reply_is_typed_or_ends_it(installed: Installed) -> None:
    program = at_login(installed)
    for name, reply in REPLIES.items():
        mark = len(program.output)
        send(program, reply + b"z\x7f")
        program.settle()
        drawn = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", program.output[mark:]).decode()
        assert not set(drawn) & set("rgb:;0123456789?>|"), (name, drawn)
    program.send("\x11")
    assert program.end() == 0


def test_a_letter_that_is_no_utf8_is_left_out_and_told(installed: Installed) -> None:
    program = at_login(installed)
    send(program, b"m\xfcller")
    program.see("does not send UTF-8")
    program.send("\x11")
    assert program.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize("keys", _FLOODS)
def test_a_flood_leaves_the_keyboard(installed: Installed, keys: bytes) -> None:
    program = at_login(installed)
    send(program, keys * _FLOODS[keys])
    program.send("\x11")
    assert program.end() == 0


def test_a_paste_without_an_end_leaves_the_keyboard(installed: Installed) -> None:
    program = at_login(installed)
    send(program, b"\x1b[200~" + b"x" * 30)
    program.see("xxx")  # after a while it is taken for over
    program.send("\x11")
    assert program.end() == 0
