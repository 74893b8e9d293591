"""Asks the running daemon one question over its socket of protocol json, as services do."""

import json
import socket
import time
from collections.abc import Mapping

_LONGEST_ANSWER = 65_536  # bytes; to a question about a password, some hundred
_CHUNK = 4096  # bytes


def ask(path: str, question: Mapping[str, object], seconds: float) -> dict[str, object]:
    """The answer to `question` (verifier/protocols/json_lines.py says what they are made of).

    `seconds` is for everything together.

    Raises:
        OSError: nobody is there, nobody may ask, or no answer came in time.
        ValueError, RecursionError: what came is no answer.
    """
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(seconds)
        asking.connect(path)
        asking.sendall(json.dumps(question).encode() + b"\n")
        answer = b""
        while b"\n" not in answer and len(answer) <= _LONGEST_ANSWER:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            asking.settimeout(left)
            chunk = asking.recv(_CHUNK)
            if not chunk:
                raise ConnectionError
            answer += chunk
    read = json.loads(answer.partition(b"\n")[0])
    return read if isinstance(read, dict) else {}
