"""How many log-ins a second, of what the processors can do of bare Argon2id."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from argon2 import low_level
from asking import connected, per_second
from daemons import dovecot, dovecot_program
from figures import Measure, compared, measured, table
from places import REMEMBER, Place

AT_ONCE = (1, 2, 4, 8)
HASHES, ANSWERS = 48, 2000  # log-ins in one measure: that cost a hash, and that are remembered
ACCOUNT = "has10"
BARE = "bare Argon2id, as many threads as processors"
HASH = "one bare Argon2id"


def log_ins(place: Place) -> None:
    """Ours with and without memory, and Dovecot's own file of passwords, all asked the same way."""
    stored, password = place.records[0].hash, place.passwords[0]
    threads = len(os.sched_getaffinity(0))
    hashes, answers = place.times(HASHES), place.times(ANSWERS)
    # Short ones, and many: a machine that is faster now than a moment ago is so for its neighbours.
    rounds = 2 * place.rounds

    def bare() -> None:
        low_level.verify_secret(stored.encode(), password.encode(), low_level.Type.ID)

    cases: dict[str, Measure] = {BARE: partial(per_second, [bare] * threads, hashes)}
    with ExitStack() as stack:

        def asking(
            path: Path,
            protocol: str,
            clients: int,
            count: int = hashes,
            passwords: Sequence[str] = place.passwords,
        ) -> Measure:
            asks = stack.enter_context(connected(path, protocol, clients))
            # Each client is another device: equal attempts under way would share one hash.
            pairs = zip(asks, passwords, strict=False)
            cases = [partial(ask, ACCOUNT, password) for ask, password in pairs]
            return partial(per_second, cases, count)

        forgetful = stack.enter_context(place.serving(0))
        for clients in AT_ONCE:
            count = hashes // 2 if clients == 1 else hashes  # one client keeps one processor busy
            case = asking(forgetful.sockets / "json", "json", clients, count)
            cases[f"nothing remembered, {clients} at once"] = case
        four = asking(forgetful.sockets / "auth-client", "auth-client", 4)
        cases["nothing remembered, 4 at once, auth-client"] = four
        daemon = stack.enter_context(place.serving(REMEMBER))
        for protocol in ("json", "auth-client"):
            case = asking(daemon.sockets / protocol, protocol, 4, answers)
            cases[f"remembered, 4 at once, {protocol}"] = case
        if dovecot_program() is None:
            print("Dovecot is not installed (Debian package dovecot-core): it is left out.")
        else:
            for cache, name in (("0", "no cache"), ("10M", "with its auth cache")):
                own = place.folder / f"dovecot-{cache}"
                path = stack.enter_context(dovecot(own, ACCOUNT, stored, cache))
                case = asking(path, "auth-client", 4, passwords=[password] * 4)
                cases[f"instead: Dovecot's passwd-file, {name}, 4 at once"] = case
        taken = measured(cases, rounds)
        title = f"log-ins a second (1 is {median(taken[BARE]):.0f} here)"
        table(title, compared(taken, BARE))
        # Other programs on the machine take processors away, but are not charged to these.
        used = {
            HASH: spent(time.process_time, cases[BARE]),
            "the daemon, nothing remembered, 4 at once": spent(forgetful.processor_time, four),
        }
        table("processor time of a log-in", compared(measured(used, rounds), HASH))


def spent(clock: Callable[[], float], case: Measure) -> Measure:
    """What `case` takes of the time that `clock` tells."""

    def measure() -> float:
        start = clock()
        case()
        return clock() - start

    return measure
