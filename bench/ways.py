"""The ways of three acts: how many files of the package each enters, and how often it changes file.

Whoever reads an act has to follow it there. As the tests walk them: over files, with a second
factor and the real cost of a hash, all threads.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from figures import rounds_asked_for, table

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests are no part of the package

from tests.portal.test_short_ways import Person, way_of_creation, way_of_sign_in
from tests.verifier.test_short_ways import the_way


def main() -> None:
    rounds_asked_for(__doc__, 1)
    with tempfile.TemporaryDirectory(prefix="apppw-bench-") as name:
        folder = Path(name)
        person = Person.practised(folder / "store")
        ways = {
            "a log-in, by saslauthd's protocol": asyncio.run(the_way(folder / "daemon")),
            "a sign-in, with a second factor": way_of_sign_in(person),
            "a created app password": way_of_creation(person),
        }
    lines = {act: f"{len(way.files)} | {way.changes}" for act, way in ways.items()}
    table("act", lines, "files | changes of file")


if __name__ == "__main__":
    main()
