"""Asks the daemon on and on until a file is there: run inside the machine, by its own Python.

    asking.py NAME STOP       the app password on standard input

As Dovecot's Lua does it: a connection is kept, and where it was closed since, the question is asked
once more, on a new one. Prints how often there was each answer, as JSON; "lost" is a question that
a new connection did not answer either.
"""

import json
import socket
import sys
from collections import Counter
from pathlib import Path

_SECONDS = 30
name, stop = sys.argv[1], Path(sys.argv[2])
line = {"user": name, "password": sys.stdin.read().strip(), "service": "imap", "rip": "192.0.2.1"}
question = json.dumps(line).encode() + b"\n"


def connected() -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_SECONDS)
    connection.connect("/run/apppw-tui/json")
    return connection


def asked(connection: socket.socket) -> str:
    """The answer; nothing if the connection ended without one."""
    try:
        connection.sendall(question)
        answer = connection.makefile().readline()
    except OSError:
        return ""
    return str(json.loads(answer)["answer"]) if answer else ""


counted: Counter[str] = Counter()
kept = connected()
while not stop.exists():
    answer = asked(kept)
    if not answer:
        kept.close()
        kept = connected()
        answer = asked(kept) or "lost"
    counted[answer] += 1
print(json.dumps(counted))
