"""docs/integrator.md: its clients are run as they stand, against the daemon."""

import re
import sys
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.programs import finished
from tests.running import ROOT, environment
from tests.services.require import require_program
from tests.serving import Serving, serving
from tests.support import House
from tests.verifier.asking import wrong

PAGE = (ROOT / "docs" / "integrator.md").read_text()


def client(language: str) -> list[str]:
    """The command line of the only program of that language; the name comes behind it."""
    (program,) = re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE)
    if language == "python":
        return [sys.executable, "-c", program]
    require_program("curl", "curl")
    return ["sh", "-c", program, "sh"]


@pytest.mark.parametrize("language", ["python", "sh"])
def test_a_client_tells_what_the_daemon_answers(language: str, tmp_path: Path) -> None:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    made = house.issue("Phone", "ada").secret
    right = made.reveal()
    house.add("grace")
    house.alter("grace", enforced_from=house.clock.now())
    line = client(language)

    def says(daemon: Serving, name: str, password: str) -> str:
        mine = [part.replace("/run/apppw-tui", str(daemon.sockets)) for part in line]
        done = finished([*mine, name], password + "\n", env=environment(tmp_path), check=True)
        return done.stdout.strip()

    with serving(tmp_path) as daemon:
        assert says(daemon, "Ada", right) in ("yes ada", "yes")
        assert says(daemon, "grace", wrong(made)) in ("no grace", "no")
        assert says(daemon, "nobody", 'quote" and \\ :') in ("not mine", "no")
        (tmp_path / "store").rename(tmp_path / "away")
        assert says(daemon, "ada", right) == "not now"
