"""What one answer costs, by the number of app passwords and of accounts."""

from contextlib import ExitStack
from functools import partial
from itertools import cycle
from random import randrange

from argon2 import low_level
from argon2.exceptions import VerifyMismatchError
from asking import connected
from daemons import Daemon
from figures import Measure, compared, measured, table, timed
from places import REMEMBER, SAME, Place
from verify import FEW, MOST, multiply

from apppw_tui.store.folder.location import open_store


def answers(place: Place) -> None:
    """One question at a time; with a hash, and from memory."""
    many = place.folder / "many"
    multiply(open_store(many, create=True), place.records[:1], place.accounts)
    hashed, remembered = place.times(20 * place.rounds), place.times(10 * place.rounds)
    for remember, times, rounds in ((0, 1, hashed), (REMEMBER, place.times(300), remembered)):
        how = "from memory" if remember else "with its hash"
        with ExitStack() as stack:

            def asking(
                daemon: Daemon, *held: tuple[str, str], stack: ExitStack = stack, times: int = times
            ) -> Measure:
                (ask,) = stack.enter_context(connected(daemon.sockets / "json", "json"))
                turns = cycle(held)
                return timed(lambda: ask(*next(turns)), times)

            few = stack.enter_context(place.serving(remember))
            held = {}
            for count in (1, 10, MOST):
                case = asking(few, (f"has{count}", place.passwords[count - 1]))
                held[f"{count} app password{'s'[: count - 1]}"] = case
            one = "1 app password"
            figures = compared(measured(held, rounds), one)
            table(f"one answer {how}, by app passwords", figures)
            # A daemon for each of these, asked as often as the other.
            large = stack.enter_context(place.serving(remember, many))
            some = [(f"user{number}", place.passwords[0]) for number in range(SAME)]
            first, all_ = f"one of {FEW} accounts", f"one of {place.accounts:,} accounts"
            among = {first: asking(few, *some), all_: asking(large, *some)}
            table(f"one answer {how}, by accounts", compared(measured(among, rounds), first))
            if not remember:  # what is asked for the first time is never remembered
                others = [
                    (f"user{randrange(place.accounts)}", place.passwords[0])
                    for _ in range(rounds + 1)
                ]
                new = f"any of {place.accounts:,}, each for the first time"
                among = {first: asking(few, *some), new: asking(large, *others)}
                table(f"one answer {how}, by accounts", compared(measured(among, rounds), first))
    stored = [record.hash.encode() for record in place.records]
    loops = {"one hash": stored[1:2], "all 10": stored[:10], f"all {MOST}": stored}
    cases = {name: timed(partial(tried, hashes)) for name, hashes in loops.items()}
    figures = compared(measured(cases, place.rounds), "one hash")
    table("instead: trying hashes until one fits", figures)


def tried(hashes: list[bytes]) -> None:
    """What would have to be done if an app password did not say which one it is."""
    for stored in hashes:
        try:
            low_level.verify_secret(stored, b"a wrong one", low_level.Type.ID)
        except VerifyMismatchError:
            continue
        raise SystemExit("a wrong password was right")
