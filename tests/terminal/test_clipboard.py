"""Where a copied password goes: over SSH, at the machine itself, and where nothing works."""

import base64
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import pexpect
import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.ui import clipboard as room
from apppw_tui.ui.clipboard import Clipboard, osc52
from tests.services.require import require_program
from tests.terminal.fake_pyperclip import FakePyperclip
from tests.terminal.program import PATIENCE, copied

SECRET = "7kfm2xqd9h3vtw58"


@pytest.fixture
def pyperclip(monkeypatch: pytest.MonkeyPatch) -> FakePyperclip:
    fake = FakePyperclip()
    monkeypatch.setitem(sys.modules, "pyperclip", fake)
    return fake


@pytest.fixture
def hanging(pyperclip: FakePyperclip, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePyperclip]:
    """A clipboard whose tool never answers, and little patience with it."""
    monkeypatch.setattr(room, "_TIMEOUT", 0.05)
    before = set(threading.enumerate())
    pyperclip.hangs = threading.Event()
    yield pyperclip
    pyperclip.hangs.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)


@pytest.fixture
def sent() -> list[str]:
    """What went out as OSC 52."""
    return []


@pytest.mark.parametrize("variable", ["SSH_TTY", "SSH_CONNECTION"])
def test_over_ssh_only_the_persons_own_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, sent: list[str], variable: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyperclip", None)  # to import it would fail
    monkeypatch.setattr(room, "_with_timeout", None)  # and so would any other way to it
    clipboard = Clipboard(sent.append, {variable: "x", "DISPLAY": ":0"})
    copied = clipboard.copy(Secret(SECRET))
    assert sent == [SECRET]
    assert copied.message.startswith("Sent to your terminal's clipboard.")
    assert copied.message.endswith("Copy something else afterwards to remove it.")
    assert not copied.clearable
    assert not clipboard.holds
    clipboard.clear()
    assert sent == [SECRET]


def wrapped(sequence: str) -> str:
    return f"\x1bP{sequence}\x1b\\"


def test_gnu_screen_gets_it_wrapped_in_pieces_that_it_takes() -> None:
    inside = {"STY": "1.x", "TERM": "screen.xterm-256color"}
    (plain,) = osc52(SECRET, {"TERM": "xterm"})
    assert plain == f"\x1b]52;c;{base64.b64encode(SECRET.encode()).decode()}\a"
    assert osc52(SECRET, inside) == [wrapped(plain)]
    assert osc52(SECRET, {"TERM": "screen"}) == [plain, wrapped(plain)]  # or is it tmux?
    assert osc52(SECRET, {**inside, "TMUX": "x"}) == [plain, wrapped(plain)]
    (plain,) = osc52("x" * 1000, {})
    assert osc52("x" * 1000, inside) == [
        wrapped(plain[:512]),
        wrapped(plain[512:1024]),
        wrapped(plain[1024:]),
    ]


def test_gnu_screen_hands_it_on(tmp_path: Path) -> None:
    """The real one, with a terminal outside that is this test."""
    program = require_program("screen", "screen")
    folder = tmp_path / "s"
    folder.mkdir(mode=0o700)
    text = SECRET * 60
    script = f"import os; from apppw_tui.ui.clipboard import osc52; print(*osc52({text!r}), sep='')"
    child = pexpect.spawn(
        program,
        ["-c", os.devnull, "-U", sys.executable, "-c", script],
        env={
            "PATH": os.defpath,
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "SCREENDIR": str(folder),
            "PYTHONPATH": str(Path(room.__file__).parents[2]),
        },
        timeout=PATIENCE,
    )
    child.expect(pexpect.EOF)
    assert copied(child.before) == [text]


def test_at_the_machine_its_own_clipboard_is_filled(
    pyperclip: FakePyperclip, sent: list[str]
) -> None:
    clipboard = Clipboard(sent.append, {})
    copied = clipboard.copy(Secret(SECRET))
    assert pyperclip.held == SECRET
    assert sent == []
    assert copied.message == "Copied. It is cleared in 45 s unless you copy something else."
    assert copied.hint == "A clipboard manager, if you have one, may keep it for longer."
    assert copied.clearable
    assert clipboard.holds


def test_it_is_cleared_if_it_still_holds_the_password(
    pyperclip: FakePyperclip, sent: list[str]
) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret(SECRET))
    clipboard.clear()
    assert pyperclip.held == ""
    assert not clipboard.holds
    pyperclip.held = SECRET  # somebody copied it themselves
    clipboard.clear()
    assert pyperclip.held == SECRET


@pytest.mark.parametrize("other", ["something else", SECRET + "\n", ""])
def test_it_is_left_alone_if_it_holds_anything_else(
    pyperclip: FakePyperclip, sent: list[str], other: str
) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret(SECRET))
    pyperclip.held = other
    clipboard.clear()
    assert pyperclip.held == other
    assert pyperclip.copied == [SECRET]
    assert not clipboard.holds


def test_of_two_copies_the_last_is_cleared(pyperclip: FakePyperclip, sent: list[str]) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret("z" * 16))
    clipboard.copy(Secret(SECRET))
    clipboard.clear()
    assert pyperclip.held == ""


def test_a_clipboard_that_fails_is_replaced_by_the_terminals(
    pyperclip: FakePyperclip, sent: list[str]
) -> None:
    pyperclip.fails = True
    clipboard = Clipboard(sent.append, {})
    copied = clipboard.copy(Secret(SECRET))
    assert sent == [SECRET]
    assert copied.message.startswith("Sent to your terminal's clipboard. Copy something else")
    assert not copied.clearable
    assert not clipboard.holds


def test_a_clipboard_that_hangs_is_replaced_by_the_terminals(
    hanging: FakePyperclip, sent: list[str]
) -> None:
    clipboard = Clipboard(sent.append, {})
    copied = clipboard.copy(Secret(SECRET))
    assert sent == [SECRET]
    assert hanging.copied == []
    assert not copied.clearable
    assert not clipboard.holds


def test_what_hangs_keeps_no_program_from_ending(hanging: FakePyperclip, sent: list[str]) -> None:
    before = set(threading.enumerate())
    Clipboard(sent.append, {}).copy(Secret(SECRET))
    (left,) = set(threading.enumerate()) - before
    assert left.daemon


def test_to_clear_what_cannot_be_read_does_nothing(
    pyperclip: FakePyperclip, sent: list[str]
) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret(SECRET))
    pyperclip.fails = True
    clipboard.clear()
    assert pyperclip.copied == [SECRET]
    assert clipboard.holds  # for all that is known


@pytest.mark.parametrize("hangs", ["_get", "_put"])
def test_what_does_not_answer_is_not_taken_for_cleared(
    pyperclip: FakePyperclip,
    sent: list[str],
    monkeypatch: pytest.MonkeyPatch,
    hangs: str,
) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret(SECRET))
    answer = room._with_timeout
    called: list[object] = []

    def impatient(call: Callable[[], object]) -> object | None:
        """The first call reads, the second empties it; the one that hangs has no result."""
        called.append(call)
        return None if len(called) == ("_get", "_put").index(hangs) + 1 else answer(call)

    monkeypatch.setattr(room, "_with_timeout", impatient)
    clipboard.clear()
    assert pyperclip.held == SECRET
    assert clipboard.holds
    clipboard.clear()  # it answers by now
    assert pyperclip.held == ""
    assert not clipboard.holds


def test_what_is_copied_while_it_is_cleared_is_still_held(
    pyperclip: FakePyperclip, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clipboard = Clipboard(sent.append, {})
    clipboard.copy(Secret(SECRET))
    read = room._get

    def copied_meanwhile() -> str:
        monkeypatch.setattr(room, "_get", read)
        clipboard.copy(Secret("z" * 16))
        return read()

    monkeypatch.setattr(room, "_get", copied_meanwhile)
    clipboard.clear()
    assert pyperclip.held == "z" * 16
    assert clipboard.holds


@pytest.mark.parametrize(
    ("environment", "hint"),
    [
        ({"TMUX": "/tmp/tmux-0/default,1,0"}, "tmux needs: set -s set-clipboard on."),
        ({"TERM": "tmux-256color"}, "tmux needs: set -s set-clipboard on."),
        ({"TERM": "screen"}, "tmux needs: set -s set-clipboard on."),
        ({"TERM": "screen.xterm-256color"}, "tmux needs: set -s set-clipboard on."),
        ({"TERM": "xterm-256color"}, "drag over it holding Shift (Mac: Fn)."),
        ({"STY": "1.x", "TERM": "screen"}, "drag over it holding Shift (Mac: Fn)."),
        ({}, "drag over it holding Shift (Mac: Fn)."),
    ],
)
def test_the_hint_is_for_where_one_is(
    sent: list[str], environment: dict[str, str], hint: str
) -> None:
    copied = Clipboard(sent.append, {"SSH_TTY": "x", **environment}).copy(Secret(SECRET))
    assert copied.hint.startswith("If pasting gives nothing")
    assert hint in copied.hint
    assert ("tmux" in copied.hint) is ("tmux" in hint)


def test_a_linux_console_has_no_clipboard(sent: list[str]) -> None:
    copied = Clipboard(sent.append, {"SSH_TTY": "x", "TERM": "linux"}).copy(Secret(SECRET))
    assert not copied.arrived
    assert copied.message == "A Linux console has no clipboard."
    assert "Shift" not in copied.hint
    assert sent == []


def held_by(thing: object) -> Iterator[object]:
    """Everything that can be reached from `thing`, but not by way of code."""
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        present = waiting.pop()
        if id(present) in seen or isinstance(present, type | ModuleType | FunctionType):
            continue
        seen.add(id(present))
        yield present
        waiting += [] if isinstance(present, MethodType) else gc.get_referents(present)


@pytest.mark.parametrize("environment", [{}, {"SSH_TTY": "x"}])
def test_the_password_is_not_kept(pyperclip: FakePyperclip, environment: dict[str, str]) -> None:
    heard: list[int] = []

    def send(text: str) -> None:
        heard.append(len(text))

    clipboard = Clipboard(send, environment)
    clipboard.copy(Secret(SECRET))
    assert heard == ([len(SECRET)] if environment else [])
    held: list[Any] = list(held_by(clipboard))
    assert len(held) > 3
    assert not [thing for thing in held if isinstance(thing, Secret)]
    assert not [thing for thing in held if isinstance(thing, str) and SECRET in thing]
    assert not [thing for thing in held if isinstance(thing, bytes) and SECRET.encode() in thing]
