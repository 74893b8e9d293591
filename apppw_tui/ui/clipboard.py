"""The clipboard: where a copied password goes, and what may honestly be said about it."""

import base64
import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from apppw_tui.domain.ports import ClipboardHelpers, TmuxDelivery
from apppw_tui.domain.secret import Secret
from apppw_tui.ui.glyphs import GLYPHS

CLEAR_AFTER = 45.0  # seconds, as gopass and pass do
_TIMEOUT = 2.0  # seconds; xclip and others can hang for ever

# Nobody here can see what the terminal's clipboard holds, so nobody here may empty it.
_SENT = "Sent to your terminal's clipboard. Copy something else afterwards to remove it."
_SENT_TEXT = "Sent to your terminal's clipboard"
_DRAG = "If pasting gives nothing: drag over it holding Shift (Mac: Fn)."
_TMUX = (
    "If pasting gives nothing, tmux needs: set -s set-clipboard on. Or drag over it holding Shift."
)
_COPIED = f"Copied. It is cleared in {CLEAR_AFTER:.0f} s unless you copy something else."

_MANAGER = "A clipboard manager, if you have one, may keep it for longer."
_HIDDEN = "Clipboard managers are told not to keep it."
_SWALLOWED = "tmux keeps it from your terminal's clipboard."
_SET = "tmux needs: set -s set-clipboard on. Or drag over it holding Shift."
_DEAF = "tmux knows of no clipboard of your terminal."
_TELL = "Tell it: set -as terminal-features ',*:clipboard'. Or drag over it holding Shift."
_NO_CLIPBOARD = "A Linux console has no clipboard."
_TYPE = "Type it from here, or sign in from another terminal."
_LEFT = "tmux still has it in a buffer; see: tmux list-buffers."
_PIECE = 512  # bytes; a string of 768 (MAXSTR) or more is dropped by GNU screen


def osc52(text: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """The sequences by which the terminal puts `text` on its clipboard.

    GNU screen swallows it unless it is wrapped as a device control string, whose content goes to
    the terminal outside as it is. Where only TERM tells, over SSH, it may be tmux, which takes the
    plain one.
    """
    plain = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"
    in_screen = "STY" in environment and "TMUX" not in environment
    if not in_screen and not environment.get("TERM", "").startswith("screen"):
        return [plain]
    pieces = (plain[at : at + _PIECE] for at in range(0, len(plain), _PIECE))
    wrapped = [f"\x1bP{piece}\x1b\\" for piece in pieces]
    return wrapped if in_screen else [plain, *wrapped]


class Copied(NamedTuple):
    """The sentence after a copy; `clearable` if it sits where this machine can clear it.

    Not `arrived` is what is known to have gone nowhere.
    """

    message: str
    hint: str
    clearable: bool
    arrived: bool = True


class Clipboard:
    """The one way out for a secret.

    Over SSH the only clipboard worth having is that of the person's own terminal, which OSC 52
    reaches, without ever saying whether it arrived. pyperclip would fill the server's.
    """

    def __init__(
        self,
        send_osc52: Callable[[str], None],
        environment: Mapping[str, str] = os.environ,
        tools: ClipboardHelpers | None = None,
    ) -> None:
        self._send = send_osc52
        self._tools = tools
        self._far = "SSH_CONNECTION" in environment or "SSH_TTY" in environment
        term = environment.get("TERM", "")
        in_screen = "STY" in environment and "TMUX" not in environment
        self._in_tmux = not in_screen and (
            "TMUX" in environment or term.startswith(("tmux", "screen"))
        )
        # A console that is reached by ssh is one all the same, and drops OSC 52.
        self._is_console = term == "linux" and "TMUX" not in environment
        self._key = os.urandom(32)
        self._held: bytes | None = None

    def copy(self, secret: Secret) -> Copied:
        """Copies and says where to. May block for as long as the time-out allows."""
        if not self._far and self._tools is not None and self._tools.hidden(secret):
            self._held = self._digest(secret.reveal())
            return Copied(_COPIED, _HIDDEN, clearable=True)
        if not self._far and _with_timeout(lambda: _put(secret.reveal())) is not None:
            self._held = self._digest(secret.reveal())
            return Copied(_COPIED, _MANAGER, clearable=True)
        by_tmux = None if self._tools is None else self._tools.by_tmux(secret)
        if by_tmux in (TmuxDelivery.SENT, TmuxDelivery.LEFT):
            return Copied(_SENT, _DRAG if by_tmux is TmuxDelivery.SENT else _LEFT, clearable=False)
        if by_tmux is TmuxDelivery.DEAF:
            return Copied(_DEAF, _TELL, clearable=False, arrived=False)
        return self._by_terminal(secret, swallowed=by_tmux is TmuxDelivery.SWALLOWED)

    def copy_text(self, text: str, what: str) -> str:
        """Copies what is no secret, and says where `what` went; nobody clears it.

        May block as `copy`.
        """
        copied = self.copy(Secret(text))
        self._held = None
        if not copied.arrived:
            return f"! {copied.message}"
        return f"{GLYPHS.good} {'Copied' if copied.clearable else _SENT_TEXT}: {what}."

    def _by_terminal(self, secret: Secret, *, swallowed: bool) -> Copied:
        if self._is_console:
            return Copied(_NO_CLIPBOARD, _TYPE, clearable=False, arrived=False)
        self._send(secret.reveal())
        if swallowed:
            return Copied(_SWALLOWED, _SET, clearable=False, arrived=False)
        return Copied(_SENT, _TMUX if self._in_tmux else _DRAG, clearable=False)

    @property
    def holds(self) -> bool:
        """True if something that was copied here has not been cleared yet."""
        return self._held is not None

    def clear(self) -> None:
        """Empties the clipboard if it still holds what was copied, and nothing else.

        Where it does not answer, that is not known: it counts as held, for whoever leaves to hear.
        """
        held = self._held
        if held is None:
            return
        content = _with_timeout(_get)
        if not isinstance(content, str):
            return
        if self._is(content, held) and _with_timeout(lambda: _put("")) is None:
            return
        if self._held is held:  # nothing was copied meanwhile
            self._held = None

    def _is(self, content: str, held: bytes) -> bool:
        import hmac

        return hmac.compare_digest(self._digest(content), held)

    def _digest(self, text: str) -> bytes:
        import hashlib  # OpenSSL's library, which nobody needs who copies nothing

        # A keyed digest, so that the password itself need not be kept until it is cleared.
        return hashlib.blake2b(text.encode(errors="replace"), key=self._key).digest()


def _put(text: str) -> bool:
    import pyperclip

    pyperclip.copy(text)
    return True


def _get() -> str:
    import pyperclip

    return str(pyperclip.paste())


def _with_timeout(call: Callable[[], object]) -> object | None:
    """The result of `call`, or None if it failed or took too long.

    In a thread of its own that nobody waits for: a hanging clipboard tool must neither freeze
    the screen nor keep the program from ending.
    """
    results: list[object] = []

    def run() -> None:
        with contextlib.suppress(Exception):  # pyperclip raises whatever its many tools raise
            results.append(call())

    thread = threading.Thread(target=run, daemon=True, name="clipboard")
    thread.start()
    thread.join(_TIMEOUT)
    return results[0] if results else None
