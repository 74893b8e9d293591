"""A crowd of mail programs right after a start: who gets a yes, and when the last of them."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from argon2 import low_level
from asking import ADDRESS
from figures import Figure, table
from places import REMEMBER, Place

DEVICES = 20
EACH = (1, 10, 20)  # connections of each device, all at once
ROUNDS = 5
_SECONDS = 60.0


def crowd(place: Place) -> None:
    """On one processor: as many hashes as devices, however many connections each opens."""
    yes: dict[str, list[float]] = {}
    last: dict[str, list[float]] = {}
    with one_processor():
        for _ in range(place.times(ROUNDS)):
            unit = DEVICES * hashed(place)
            for each in EACH[:1] if place.small else EACH:
                asked = DEVICES * each
                row = f"{asked} of {DEVICES} devices"
                let_in, taken = answered(place, each)
                yes.setdefault(row, []).append(let_in / asked)
                last.setdefault(row, []).append(taken / unit)
    # The least: everybody gets in each time, or the claim is not kept.
    least = {row: Figure(min(values), min(values), max(values)) for row, values in yes.items()}
    taken_by_last = {row: Figure.of(values) for row, values in last.items()}
    table(
        "share of yes, all connected at once, right after a start",
        least,
        "least | least and most",
    )
    table("when the last has its answer, of twenty hashes", taken_by_last)


@contextmanager
def one_processor() -> Iterator[None]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(allowed)])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def hashed(place: Place) -> float:
    """What one bare Argon2id takes, in seconds."""
    stored, password = place.records[0].hash.encode(), place.passwords[0].encode()
    start = time.perf_counter()
    for _ in range(DEVICES):
        low_level.verify_secret(stored, password, low_level.Type.ID)
    return (time.perf_counter() - start) / DEVICES


def answered(place: Place, each: int) -> tuple[int, float]:
    """How many were answered with yes, and after how many seconds the last one was."""
    name, passwords = f"has{len(place.passwords)}", place.passwords[:DEVICES]
    with ExitStack() as stack:
        daemon = stack.enter_context(place.serving(REMEMBER))
        streams = []
        for password in passwords * each:
            made = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            made.settimeout(_SECONDS)
            made.connect(str(daemon.sockets / "json"))
            question = {"user": name, "password": password, "service": "imap", "rip": ADDRESS}
            streams.append((made, json.dumps(question).encode() + b"\n"))
        start = time.perf_counter()
        for made, question_line in streams:
            made.sendall(question_line)
        said = [stack.enter_context(made.makefile("rb")).readline() for made, _ in streams]
        taken = time.perf_counter() - start
    return sum(json.loads(line)["answer"] == "yes" for line in said), taken
