"""What the daemon costs, as ratios measured in one run; printed as tables in Markdown.

log-ins: how many a second, of what the processors can do of bare Argon2id.
answers: one answer, by the number of app passwords and of accounts.
pam: `apppw-tui pam` beside an interpreter that does nothing.
crowd: twenty devices with up to twenty connections each, right after a start, on one processor.
memory: of the daemon, in MiB and beside an interpreter that does nothing.
engines: files and a database, near and far; only where it is named: PostgreSQL is needed.
"""

import argparse
import tempfile
from pathlib import Path

from answers import answers
from crowd import crowd
from engines import engines
from log_ins import log_ins
from places import prepared
from processes import memory, pam
from verify import FEW


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("part", nargs="*", help="which parts to run (all but engines)")
    arguments.add_argument("--rounds", type=int, default=9, metavar="N", help="of log-ins (9)")
    arguments.add_argument(
        "--accounts", type=int, default=100_000, metavar="N", help="how many are many (100000)"
    )
    arguments.add_argument(
        "--small", action="store_true", help="one round over little: only whether it works"
    )
    options = arguments.parse_args()
    usual = {"log-ins": log_ins, "answers": answers, "pam": pam, "crowd": crowd, "memory": memory}
    parts = {**usual, "engines": engines}
    for part in options.part:
        if part not in parts:
            arguments.error(f"there is no part {part}, only {', '.join(parts)}")
    if options.rounds < 1 or options.accounts <= FEW:
        arguments.error(f"at least one round, and more than {FEW} accounts")
    if options.small:
        options.rounds, options.accounts = 1, 2 * FEW
    with tempfile.TemporaryDirectory(prefix="apppw-bench-") as name:
        place = prepared(Path(name), options.rounds, options.accounts, small=options.small)
        for part in options.part or usual:
            parts[part](place)


if __name__ == "__main__":
    main()
