"""What terminals and strangers send, to the installed program on a real pty: nothing ends it."""

import os
import re

import pytest

from apppw_tui.ui.terminal_input import AFTER_STRING
from tests.terminal.conftest import Installed
from tests.terminal.program import CALM, Program, copied, shown_password
from tests.ui.test_terminal_input import REPLIES

pytestmark = pytest.mark.slow

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


_OVER = AFTER_STRING + 0.3  # seconds
# Bytes that are no character, cut sequences and a string that nobody ends; never a key.
_ODD = b"\xfc\xff\xfe\xc3(\x08\x9b\x9d\x1b[1;1;1\x1b]0;\x1bP"


def calls(program: Program, data: bytes) -> bytes:
    """What `data` makes the program draw; what it has begun is over then."""
    mark = len(program.output)
    send(program, data)
    program.settle(_OVER if data == _ODD else CALM)
    return program.output[mark:]


@pytest.mark.slow
def test_no_reply_does_anything_on_any_screen(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.press("\x1bOQ")  # F2
    replies = b"".join(REPLIES.values())
    ways = {
        "Settings": "",
        "Help": "?",
        "a section": "\x1bOB\x1bOB",
        "Security Verification": "v",
        "a dialog to set up": "\x1bOB\x1bOB\x1bOB\r",
        "App Passwords": "\x1b",
    }
    for place, keys in ways.items():
        if place != "Settings":
            program.press(keys)
        assert calls(program, replies) == b"", place
        said = calls(program, _ODD)
        assert b"UTF-8" in said or said == b"", place
        if place == "Help":
            program.press("\x1b")
    program.send("\x11")
    assert program.end() == 0


@pytest.mark.slow
def test_nothing_that_arrives_touches_a_secret_that_is_shown(installed: Installed) -> None:
    program = installed.open()
    program.sign_in()
    program.to_reveal()
    password = shown_password(program.text)
    assert calls(program, b"".join(REPLIES.values())) == b""
    said = calls(program, _ODD)
    assert b"UTF-8" in said or said == b"", said
    assert shown_password(program.text) == password
    assert copied(program.output) == []
    program.press("c")
    assert copied(program.output) == [password]
    program.send("\x11")
    assert program.end() == 0
