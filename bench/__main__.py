"""What it costs, all of it: `python -m bench` runs the scripts of this folder, one after the other.

Each figure is a ratio of one run, with its quartiles, beside the bound that it has to keep; it ends
with 1 if one is missed, and with a sentence if a script does not print one. Parts can be named:
`python -m bench verify.py serve.py`.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).parent
_ROW = re.compile(r"\| (?P<row>[^|]+) \| (?P<cells>.*) \|")


@dataclass(frozen=True)
class Bound:
    """A figure of one row in one table of a script, and what it may be at most, or at least."""

    claim: str
    script: str
    table: str
    row: str
    at_most: float | None = None
    at_least: float | None = None


@dataclass(frozen=True)
class Judged:
    claim: str
    figure: float
    spread: str
    bound: str
    kept: bool


_MUCH_STOLEN = 0.01
_ENGINES = "serve.py engines"
_DECISION = "processor time of a decision"
_SIGN_IN = "processor time of one sign-in, of one bare Argon2id"
_ALIKE = "processor time of one sign-in, of an unknown account's"
_CREATED = "processor time of one created app password, of one bare Argon2id"
_ANSWER = "one answer with its hash, by app passwords"
_BY_ACCOUNTS = "one answer with its hash, by accounts"
_AMONG = "one answer with its hash, among {many} accounts, of 10"
_REMEMBERED = "remembered, 4 at once, "
BOUNDS = (
    Bound("first frame of a bare program", "first_frame.py", "time", "Login, configured", 1.20),
    Bound("its memory", "first_frame.py", "private memory", "Login, configured", 1.15),
    Bound("bytes a key in the list", "cursor.py", "the list", "bytes a step", 700),
    Bound("bytes while idle", "cursor.py", "the list", "bytes while idle", 0),
    Bound("a kiosk's session at Login, in MiB", "session_memory.py", "a session, MiB", "at Login",
          27),
    Bound("and signed in", "session_memory.py", "a session, MiB", "on the list", 39),
    Bound("a step in the list, of a bare program's", "keys.py", "a step in the list", "the portal",
          2),
    Bound("a letter in Login", "keys.py", "a letter in Login", "the portal", 1.25),
    *(
        Bound(f"a decision, {row}", "verify.py", _DECISION, row, 1.05)
        for row in ("right, 1 app password", "right, 10 app passwords", "right, 40 app passwords",
                    "wrong, 40 app passwords")
    ),
    Bound("an unknown account", "verify.py", _DECISION, "unknown account", 1.05, 0.95),
    Bound("among many accounts", "verify.py", _DECISION, "right, among {thousands} accounts", 1.1),
    Bound("instead: all of 40 hashes tried", "verify.py", _DECISION,
          "instead: all 40 hashes tried", at_least=30),
    Bound("instead: a process of argon2 for each", "verify.py", _DECISION,
          "instead: a process of argon2", at_least=1.05),
    *(
        Bound(f"sign-in, {row}, of an unknown account's", "sign_in.py", _ALIKE, row, 1.05, 0.95)
        for row in ("wrong password", "closed, right password", "right, then a second factor")
    ),
    Bound("sign-in, of one Argon2id", "sign_in.py", _SIGN_IN, "right, then a second factor", 1.1),
    Bound("a created app password, of one Argon2id", "sign_in.py", _CREATED,
          "number 1 of an account", 1.25),
    Bound("and the last of 40", "sign_in.py", _CREATED, "number 40 of an account", 1.4),
    Bound("counters of a sign-in, 100,000 accounts of 10", "counters.py", "counters of a sign-in",
          "with {rows}", 2),
    Bound("a flush of uses, 100,000 accounts of 10", "usage.py",
          "a flush of 10 accounts' uses", "with {rows}", 2),
    Bound("log-ins, of the bound of Argon2id", "serve.py", "log-ins a second",
          "nothing remembered, 4 at once", at_least=0.95),
    Bound("remembered, by JSON", "serve.py", "log-ins a second", f"{_REMEMBERED}json", at_least=60),
    Bound("remembered, by Dovecot's protocol", "serve.py", "log-ins a second",
          f"{_REMEMBERED}auth-client", at_least=60),
    Bound("an answer with 40 app passwords, of one", "serve.py", _ANSWER, "40 app passwords", 1.05),
    Bound("an answer among many accounts, of 10", "serve.py", _BY_ACCOUNTS,
          "any of {many}, each for the first time", 1.1),
    Bound("of a crowd right after a start", "serve.py",
          "share of yes, all connected at once, right after a start", "{crowd} of 20 devices",
          at_least=1),
    Bound("and when its last one has an answer, of twenty hashes", "serve.py",
          "when the last has its answer, of twenty hashes", "{crowd} of 20 devices", 1.5),
    Bound("the PAM helper, of a bare python -c pass", "serve.py", "one process",
          "apppw-tui pam", 2.2),
    Bound("its processor time as it is installed", "serve.py",
          "processor time of one process, as installed", "apppw-tui pam", 2.2),
    Bound("answers over a database, of those over files", _ENGINES,
          "answers with its hash, 16 at once, of those of",
          "PostgreSQL, {many} accounts, on a socket", at_least=0.95),
    Bound("remembered, and 0.5 ms away", _ENGINES, "answers from memory, 16 at once, of those of",
          "PostgreSQL, {many} accounts, 0.5 ms away", at_least=0.6),
    Bound("many accounts on files, of 10", _ENGINES, _AMONG, "files", 1.1),
    Bound("many accounts on a database, of 10", _ENGINES, _AMONG, "PostgreSQL, on a socket", 1.1),
    Bound("a known name later than an unknown one, in ms", _ENGINES,
          "a wrong password of a known name, later than of an unknown one, in ms",
          "PostgreSQL, 10 accounts, 2 ms away", 0.3, -0.3),
    Bound("and on a socket", _ENGINES,
          "a wrong password of a known name, later than of an unknown one, in ms",
          "PostgreSQL, 10 accounts, on a socket", 0.05, -0.05),
    Bound("and on files", _ENGINES,
          "a wrong password of a known name, later than of an unknown one, in ms",
          "files, 10 accounts", 0.05, -0.05),
)  # fmt: skip
# How the scripts call their rows, over much and over little.
_FULL = {"thousands": "2,000", "rows": "100000", "crowd": "400"}
_LITTLE = {"thousands": "20", "rows": "2000", "crowd": "20"}
_WITH_ACCOUNTS = ("serve.py", _ENGINES)


def main() -> int:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    scripts = list(dict.fromkeys(bound.script for bound in BOUNDS))
    arguments.add_argument("script", nargs="*", help=f"of {', '.join(scripts)} (all)")
    arguments.add_argument("--json", action="store_true", help="a list instead of a table")
    arguments.add_argument(
        "--small", action="store_true", help="one round over little: only whether it works"
    )
    arguments.add_argument(
        "--accounts", type=int, default=100_000, metavar="N",
        help="how many are many for serve.py and its engines (100000)",
    )  # fmt: skip
    options = arguments.parse_args()
    for script in options.script:
        if script not in scripts:
            arguments.error(f"there is no {script}, only {', '.join(scripts)}")
    names = (_LITTLE if options.small else _FULL) | {
        "many": "20" if options.small else f"{options.accounts:,}"
    }
    judged: list[Judged] = []
    for script in options.script or scripts:
        print(f"{script} …", file=sys.stderr, flush=True)
        more = ["--small"] if options.small else []
        if script in _WITH_ACCOUNTS:
            more += ["--accounts", str(options.accounts)]
        before = _stolen()
        tables = dict(_tables(_run(script, more)))
        _tell_stolen(before, _stolen())
        judged += [_judged(bound, tables, names) for bound in BOUNDS if bound.script == script]
    if options.json:
        print(json.dumps([asdict(one) for one in judged], indent=2))
    else:
        print("| | median | quartiles | bound | |\n|---|---|---|---|---|")
        for one in judged:
            kept = "" if one.kept else "missed"
            print(f"| {one.claim} | {one.figure:g} | {one.spread} | {one.bound} | {kept} |")
    return 0 if options.small or all(one.kept for one in judged) else 1


def _run(script: str, more: list[str]) -> str:
    name, *parts = script.split()
    line = [sys.executable, HERE / name, *parts, *more]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} ended with {done.returncode}")
    return done.stdout


def _stolen() -> tuple[int, int]:
    """What a virtual machine's host gave to others, and all there was, since the start: proc(5)."""
    with contextlib.suppress(OSError):
        times = Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]
        return int(times[7]), sum(map(int, times))
    return 0, 0


def _tell_stolen(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Says what no program on this machine shows: rates that need all processors sink with it."""
    stolen, all_ = (end - start for start, end in zip(before, after, strict=True))
    if stolen > _MUCH_STOLEN * all_:
        share = f"{stolen / all_:.0%} of the processors' time was taken by this machine's host"
        print(f"… {share}: believe its rates no more than that", file=sys.stderr, flush=True)


def _tables(printed: str) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Each row by its table and its name, with its cells."""
    title = ""
    for line in printed.split("\n"):
        match = _ROW.fullmatch(line)
        if match is None:
            title = "" if not line else title
        elif not title:
            title = match["row"]
        else:
            yield (title, match["row"]), match["cells"].split(" | ")


def _judged(
    bound: Bound, tables: dict[tuple[str, str], list[str]], names: dict[str, str]
) -> Judged:
    """Raises SystemExit: the script has printed no such row, or no figure in it."""
    wanted = (bound.table.format_map(names), bound.row.format_map(names))
    for (title, row), cells in tables.items():
        # Some titles go on with what the unit is on this machine.
        if (title.partition(" (")[0], row) == wanted:
            try:
                figure = float(cells[0])
            except ValueError:
                raise SystemExit(f"{bound.script} has no figure in {row!r}") from None
            low, high = bound.at_least, bound.at_most
            ends = {"at least": low, "at most": high}
            words = [f"{word} {end:g}" for word, end in ends.items() if end is not None]
            kept = (low is None or figure >= low) and (high is None or figure <= high)
            spread = cells[1] if len(cells) > 1 and " to " in cells[1] else ""
            return Judged(bound.claim, figure, spread, " and ".join(words), kept)
    raise SystemExit(f"{bound.script} has no {wanted[1]!r} under {wanted[0]!r}")


if __name__ == "__main__":
    sys.exit(main())
