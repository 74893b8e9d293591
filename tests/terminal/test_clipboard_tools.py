"""Programs of this machine that help to copy: the real tmux, and wl-copy."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from apppw_tui.domain.secret import Secret
from apppw_tui.integrations.clipboard_tools import ClipboardTools
from apppw_tui.ui.clipboard import Clipboard
from tests.programs import finished
from tests.services.require import require_program
from tests.terminal.fake_pyperclip import FakePyperclip
from tests.terminal.program import PATIENCE, copied

SECRET = "7kfm2xqd9h3vtw58"


@pytest.fixture
def pyperclip(monkeypatch: pytest.MonkeyPatch) -> FakePyperclip:
    fake = FakePyperclip(fails=True)
    monkeypatch.setitem(sys.modules, "pyperclip", fake)
    return fake


@pytest.fixture(autouse=True)
def _no_desktop(pyperclip: FakePyperclip) -> None:
    """Whatever desktop there is, it is not for a test to fill its clipboard."""


@pytest.fixture
def sent() -> list[str]:
    """What went out as OSC 52."""
    return []


class Around:
    """A real tmux around one pane, attached to a terminal that is this test."""

    def __init__(self, folder: Path, term: str = "xterm-256color") -> None:
        self._folder, self._term = folder, term
        self._tmux = [require_program("tmux", "tmux"), "-S", str(folder / "tmux"), "-f", os.devnull]
        self.environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": term}

    def __enter__(self) -> "Around":
        self._terminal = pexpect.spawn(
            self._tmux[0],
            ["-u", *self._tmux[1:], "new-session", "printf 'here %s' begins; exec cat"],
            env=self.environment,
            dimensions=(24, 80),
            timeout=PATIENCE,
        )
        self._terminal.expect_exact("here begins")
        pane, pid = self.tell("display-message", "-p", "#{pane_id} #{pid}").split()
        self.environment |= {"TMUX": f"{self._folder}/tmux,{pid},0", "TMUX_PANE": pane}
        return self

    def __exit__(self, *_: object) -> None:
        self.tell("kill-server")
        self._terminal.close()

    def tell(self, *command: str) -> str:
        return finished([*self._tmux, *command], env=self.environment, check=True).stdout

    def detach(self) -> None:
        self.tell("detach-client")
        self._terminal.expect(pexpect.EOF)

    def came_out(self) -> list[str]:
        """What reached the terminal's clipboard by the time that it showed something later."""
        self.tell("send-keys", "-l", "later on")
        self._terminal.expect_exact("later on")
        return copied(self._terminal.before)


def older(folder: Path) -> str:
    """A PATH with a tmux before 3.2 on it: one that does not know -w."""
    real = require_program("tmux", "tmux")
    program = folder / "bin" / "tmux"
    program.parent.mkdir()
    refuse = 'case " $* " in *" -w "*) echo "unknown flag -w" >&2; exit 1;; esac'
    program.write_text(f'#!/bin/sh\n{refuse}\nexec {real} "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{os.defpath}"


@pytest.mark.parametrize("setting", ["external", "off", "on"])
@pytest.mark.parametrize("text", [SECRET, f"{SECRET}\n" * 10], ids=["one", "ten"])
def test_tmux_sends_it_outside_and_keeps_nothing(
    tmp_path: Path, sent: list[str], setting: str, text: str
) -> None:
    with Around(tmp_path) as tmux:
        tmux.tell("set-option", "-s", "set-clipboard", setting)
        tmux.tell("set-buffer", "-b", "theirs", "x")
        environment = {"SSH_TTY": "x", **tmux.environment}
        clipboard = Clipboard(sent.append, environment, ClipboardTools(environment))
        said = clipboard.copy(Secret(text))
        assert tmux.tell("list-buffers", "-F", "#{buffer_name}").split() == ["theirs"]
        assert said.message.startswith("Sent to your terminal's clipboard.")
        assert said.hint.startswith("If pasting gives nothing: drag")
        assert said.arrived
        assert tmux.came_out() == [text]
        assert not sent


def test_tmux_says_that_the_terminal_outside_has_no_clipboard(
    tmp_path: Path, sent: list[str]
) -> None:
    with Around(tmp_path, "linux") as tmux:
        clipboard = Clipboard(sent.append, tmux.environment, ClipboardTools(tmux.environment))
        said = clipboard.copy(Secret(SECRET))
        assert not said.arrived
        assert said.message == "tmux knows of no clipboard of your terminal."
        assert tmux.tell("list-buffers") == ""
        assert tmux.came_out() == []


@pytest.mark.parametrize(
    ("setting", "arrives"), [("external", False), ("off", False), ("on", True)]
)
@pytest.mark.parametrize("why", ["older", "nobody attached"])
def test_a_tmux_that_cannot_send_it_lets_it_pass_only_if_it_is_set_so(
    tmp_path: Path, sent: list[str], why: str, setting: str, arrives: bool
) -> None:
    with Around(tmp_path) as tmux:
        tmux.tell("set-option", "-s", "set-clipboard", setting)
        environment = dict(tmux.environment)
        if why == "older":
            environment["PATH"] = older(tmp_path)
        else:
            tmux.detach()
        clipboard = Clipboard(sent.append, environment, ClipboardTools(environment))
        said = clipboard.copy(Secret(SECRET))
        assert sent == [SECRET]
        assert said.arrived is arrives
        assert "set -s set-clipboard on" in said.hint
        assert tmux.tell("list-buffers") == ""


@pytest.mark.parametrize("socket", ["", "nowhere,1,0", "/dev/null,1,0", "/tmp,1,0", "a\0b"])
def test_a_tmux_of_another_machine_is_not_asked(socket: str) -> None:
    environment = {"PATH": os.defpath, "TMUX": socket, "TMUX_PANE": "%0"}
    assert ClipboardTools(environment).by_tmux(Secret(SECRET)) is None


WL_COPY = """#!/bin/sh
[ "$1" = --help ] && { echo asked >>"$0.asked"; echo "$HELP"; exit; }
cat >"$0.held"; echo "$@" >"$0.argv"
sleep 60 & echo $! >"$0.pid"
"""


@pytest.fixture
def wayland(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """A wl-copy that leaves somebody behind to serve, with the output that it was given."""
    program = tmp_path / "wl-copy"
    for name in ("wl-copy", "wl-paste"):
        (tmp_path / name).write_text(WL_COPY)
        (tmp_path / name).chmod(0o755)
    yield program, {"PATH": f"{tmp_path}:{os.defpath}", "WAYLAND_DISPLAY": "wayland-0"}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(int(Path(f"{program}.pid").read_text()), signal.SIGKILL)


def test_clipboard_managers_are_told_to_keep_nothing(
    pyperclip: FakePyperclip, sent: list[str], wayland: tuple[Path, dict[str, str]]
) -> None:
    program, environment = wayland
    pyperclip.fails = False
    environment["HELP"] = "	    --sensitive	Hint that the content is sensitive."
    clipboard = Clipboard(sent.append, environment, ClipboardTools(environment))
    for _ in range(2):
        said = clipboard.copy(Secret(SECRET))
    assert said.message.startswith("Copied. It is cleared in 45 s")
    assert said.hint == "Clipboard managers are told not to keep it."
    assert Path(f"{program}.held").read_text() == SECRET
    assert Path(f"{program}.argv").read_text() == "--sensitive\n"
    assert Path(f"{program}.asked").read_text() == "asked\n"
    assert not pyperclip.copied
    pyperclip.held = SECRET
    clipboard.clear()
    assert pyperclip.held == ""


def test_a_wl_copy_that_cannot_tell_them_is_used_as_before(
    pyperclip: FakePyperclip, sent: list[str], wayland: tuple[Path, dict[str, str]]
) -> None:
    program, environment = wayland
    pyperclip.fails = False
    environment["HELP"] = "	-p, --primary"
    said = Clipboard(sent.append, environment, ClipboardTools(environment)).copy(Secret(SECRET))
    assert pyperclip.copied == [SECRET]
    assert "may keep it" in said.hint
    assert not Path(f"{program}.held").exists()
