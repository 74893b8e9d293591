"""Cases measured in turn, and compared round by round."""

import argparse
import random
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Case = Callable[[], object]
Measure = Callable[[], float]

_LARGE = 10  # ratios from here on need no third decimal


@dataclass(frozen=True)
class Figure:
    """How a case compares to the unit, round by round: the median and the quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Figure":
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, method="inclusive")
        return cls(median, low, high)

    def __str__(self) -> str:
        digits = 3 if self.median < _LARGE else 1
        low, high = f"{self.low:.{digits}f}", f"{self.high:.{digits}f}"
        return f"{self.median:.{digits}f} | {low} to {high}"


def measured(cases: Mapping[str, Measure], rounds: int) -> dict[str, list[float]]:
    """Every case once in each round, in an order of its own; the first round is not counted.

    A machine that slows down, or has something else to do, does so for all of them.
    """
    order = list(cases)
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        random.shuffle(order)
        for name in order:
            value = cases[name]()
            if number:
                taken[name].append(value)
    return taken


def compared(taken: Mapping[str, list[float]], unit: str) -> dict[str, Figure]:
    """Each case as a multiple of `unit` in the same round."""
    pairs = {name: zip(values, taken[unit], strict=True) for name, values in taken.items()}
    return {name: Figure.of([one / other for one, other in pairs[name]]) for name in taken}


def table(title: str, lines: Mapping[str, object], heads: str = "median | quartiles") -> None:
    print(f"\n| {title} | {heads} |")
    print("|---" * (2 + heads.count("|")) + "|")
    for name, line in lines.items():
        print(f"| {name} | {line} |", flush=True)


def timed(case: Case, times: int = 1) -> Measure:
    def measure() -> float:
        start = time.perf_counter()
        for _ in range(times):
            case()
        return (time.perf_counter() - start) / times

    return measure


def processor_timed(case: Case) -> Measure:
    """Seconds on a processor, of this process and of those that it waits for.

    Other programs take processors away, but are not charged to these.
    """

    def spent() -> float:
        used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(each.ru_utime + each.ru_stime for each in used)

    def measure() -> float:
        before = spent()
        case()
        return spent() - before

    return measure


def rounds_asked_for(description: str | None, rounds: int) -> int:
    """The number of rounds of a script that has no other options; by default `rounds`."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument(
        "--rounds", type=int, default=rounds, metavar="N", help="how often each case is measured"
    )
    arguments.add_argument("--small", action="store_true", help="one round: whether it works")
    options = arguments.parse_args()
    return 1 if options.small else int(options.rounds)


def options_by_accounts(description: str | None, rounds_of: str, few: int) -> argparse.Namespace:
    """The options of a script that compares few accounts with many: `rounds` and `accounts`."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument(
        "--rounds", type=int, default=50, metavar="N", help=f"of {rounds_of} (50)"
    )
    arguments.add_argument(
        "--accounts", type=int, default=100_000, metavar="N", help="how many are many (100000)"
    )
    arguments.add_argument(
        "--small", action="store_true", help="one round over little: only whether it works"
    )
    options = arguments.parse_args()
    if options.rounds < 1 or options.accounts <= few:
        arguments.error(f"at least one round, and more than {few} accounts")
    if options.small:
        options.rounds, options.accounts = 1, 200 * few
    return options
