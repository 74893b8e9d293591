"""The helper for pam_exec(8): asks the daemon about one password. Says nothing, to nobody."""

import argparse
import json
import os
import socket
import sys
import time

from apppw_tui.exits import NO_ANSWER, OK, REFUSED

_LONGEST = 511  # bytes; PAM_MAX_RESP_SIZE less its null byte
_LONGEST_ANSWER = 4096  # bytes
_CHUNK = 4096  # bytes
_SECONDS = 10.0  # for everything: PAM itself would wait for ever
_OURS = "apppw-"  # before the service, in the name of its file in /etc/pam.d
_EXITS = {"yes": OK, "no": REFUSED, "not mine": REFUSED}


def ask(options: argparse.Namespace) -> int:
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
        answer = _answer(options.socket, json.dumps(question).encode() + b"\n")
    # A broken pipe among them, which the command line would take for a reader of the output.
    except (OSError, ValueError, RecursionError):
        return NO_ANSWER
    return _EXITS.get(answer, NO_ANSWER)


def _password() -> str | None:
    """What pam_exec hands over: no newline, and in libpam up to 1.3.1 a null byte at its end."""
    try:
        content = b"" if sys.stdin is None else sys.stdin.buffer.read(_LONGEST + 2)
        content = content.removesuffix(b"\0")
        return content.decode() if 0 < len(content) <= _LONGEST else None
    except (OSError, UnicodeDecodeError):
        return None


def _answer(path: str, question: bytes) -> str:
    """Raises OSError, a time-out among them; ValueError or RecursionError for what is no answer."""
    end = time.monotonic() + _SECONDS
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_SECONDS)
        asking.connect(path)
        asking.sendall(question)
        said = b""
        while b"\n" not in said and len(said) <= _LONGEST_ANSWER:
            asking.settimeout(end - time.monotonic())  # below 0 it is a ValueError
            more = asking.recv(_CHUNK)
            if not more:
                raise ConnectionError
            said += more
    read = json.loads(said.partition(b"\n")[0])
    answer = read.get("answer") if isinstance(read, dict) else None
    return answer if isinstance(answer, str) else ""
