"""The whole program by another clock, as libfaketime sets it, and which stands still meanwhile."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT, environment
from tests.services.require import unavailable
from tests.support import PASSWORD

pytestmark = pytest.mark.slow

# In UTC; the end of the day that is three days later, at the server's place.
WALKS = {
    "a machine without a clock": ("1970-01-02 00:00:05", "UTC", "1970-01-06T00:00:00Z"),
    "a leap second": ("2016-12-31 23:59:59", "UTC", "2017-01-04T00:00:00Z"),
    "a leap day": ("2028-02-26 23:30:00", "UTC", "2028-03-01T00:00:00Z"),
    "summer time begins": ("2027-03-25 12:00:00", "Europe/Berlin", "2027-03-28T22:00:00Z"),
    "summer time ends": ("2027-10-28 12:00:00", "Europe/Berlin", "2027-10-31T23:00:00Z"),
    "no midnight": ("2027-09-01 16:00:00", "America/Santiago", "2027-09-05T04:00:00Z"),
    "the end of 32 bits": ("2038-01-19 03:14:06", "UTC", "2038-01-23T00:00:00Z"),
    "the end of 32 bits without a sign": ("2106-02-07 06:28:14", "UTC", "2106-02-11T00:00:00Z"),
}

# Each is a dozen processes.
SELDOM = ("a leap second", "summer time ends", "the end of 32 bits without a sign")


@pytest.fixture(scope="session")
def library() -> Path:
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1")]
    if not found:
        unavailable("libfaketime is not installed (Debian package libfaketime)")
    return found[0]


class Elsewhen:
    """Commands that run at that instant, in that zone."""

    def __init__(self, home: Path, library: Path, instant: str, zone: str) -> None:
        self.home = home
        self._environment = environment(
            home, LD_PRELOAD=str(library), TZ=zone, DONT_FAKE_MONOTONIC="1"
        )
        # The library reads the instant in the zone of the process.
        local = subprocess.run(
            ["date", "-d", f"{instant}Z", "+%F %T"],
            env={"PATH": os.environ["PATH"], "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        )
        self._environment["FAKETIME"] = local.stdout.strip()

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", "apppw_tui", "--store", str(self.home / "store"), *arguments],
            cwd=ROOT,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (code, ""), ended
        return ended.stdout


@pytest.mark.parametrize(
    ("instant", "zone", "ends"),
    [
        pytest.param(*walk, id=name, marks=pytest.mark.long if name in SELDOM else ())
        for name, walk in WALKS.items()
    ],
)
def test_walk_at_that_instant(
    tmp_path: Path, library: Path, instant: str, zone: str, ends: str
) -> None:
    run = Elsewhen(tmp_path, library, instant, zone)
    run("account", "add", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    secret = run("app-password", "create", "ada", "Phone", "--expires", "3d").strip()
    run("verify", "ada", "--service", "imap", stdin=secret)
    (phone,) = json.loads(run("app-password", "list", "ada", "--json"))
    assert phone["expires"] == ends
    assert phone["created"][:10] == instant[:10]
    (tmp_path / "kept").mkdir()
    run("backup", str(tmp_path / "kept"), "--keep", "1")
    run("app-password", "delete", "ada", "Phone")
    run("verify", "ada", "--service", "imap", stdin=secret, code=1)
    (backup,) = (tmp_path / "kept").iterdir()
    run("restore", str(backup), "--overwrite", "--yes")
    run("verify", "ada", "--service", "imap", stdin=secret, code=1)
    assert "App password deleted" in run("activity", "ada")
    run("account", "tidy", "--all")


def test_expired_one_is_refused_from_the_very_instant_on(tmp_path: Path, library: Path) -> None:
    def at(instant: str) -> Elsewhen:
        return Elsewhen(tmp_path, library, instant, "Europe/Berlin")

    at("2027-03-25 12:00:00")("account", "add", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    create = ("app-password", "create", "ada", "Phone", "--expires", "2027-03-28")
    secret = at("2027-03-25 12:00:00")(*create).strip()
    for instant, code in (
        ("2027-03-28 21:59:30", 0),
        ("2027-03-28 22:00:00", 1),
        ("2038-01-19 03:14:08", 1),
        ("2026-01-01 00:00:00", 0),
    ):
        at(instant)("verify", "ada", "--service", "imap", stdin=secret, code=code)
