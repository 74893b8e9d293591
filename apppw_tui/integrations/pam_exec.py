"""The helper for pam_exec(8): asks the daemon about one password. Says nothing, to nobody.

A process for every sign-in: nearly all that it costs is what it imports, so it is begun before the
command line's parser is (see __main__.py), and has as few modules as can be.
"""

import os
import sys
from collections.abc import Sequence

from apppw_tui.exit_codes import NO_ANSWER, OK, REFUSED
from apppw_tui.integrations import daemon

SOCKET = "/run/apppw-tui/json"
_LONGEST = 511  # bytes; PAM_MAX_RESP_SIZE less its null byte
_SECONDS = 5.0  # for everything: PAM itself would wait for ever
_OURS = "apppw-"  # before the service, in the name of its file in /etc/pam.d
_EXITS = {"yes": OK, "no": REFUSED, "not mine": REFUSED}


def named_socket(words: Sequence[str]) -> str | None:
    """The socket, where the arguments are as in the recipes; None: the parser has to read them."""
    match words:
        case []:
            return SOCKET
        case ["--socket", path] if path.strip() and not path.startswith("-"):
            return path
    return None


def ask(path: str) -> int:
    """0 for yes; 1 for no and for what cannot be asked; 3 if there is no answer."""
    user = os.environ.get("PAM_USER", "")
    # Opening a session or changing a password brings no password to judge: never a yes.
    if os.environ.get("PAM_TYPE") != "auth" or not user:
        return REFUSED
    password = _password()
    if password is None:
        return REFUSED
    question = {
        "user": user,
        "password": password,
        "service": os.environ.get("PAM_SERVICE", "").removeprefix(_OURS),
        "rip": os.environ.get("PAM_RHOST", ""),
    }
    try:
        answer = daemon.ask(path, question, _SECONDS).get("answer")
    # A broken pipe among them, which the command line would take for a reader of the output.
    except (OSError, ValueError, RecursionError):
        return NO_ANSWER
    return _EXITS.get(answer, NO_ANSWER) if isinstance(answer, str) else NO_ANSWER


def _password() -> str | None:
    """The password of pam_exec: no newline, and in libpam up to 1.3.1 a null byte at its end."""
    try:
        content = b"" if sys.stdin is None else sys.stdin.buffer.read(_LONGEST + 2)
        content = content.removesuffix(b"\0")
        return content.decode() if 0 < len(content) <= _LONGEST else None
    except (OSError, UnicodeDecodeError):
        return None
