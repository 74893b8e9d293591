"""Every act of people and administrators, struck at each call to whatever keeps it.

APPPW_FAULT_POINTS is the number of points to try, half of them on each engine; without it they are
a sample, in which every act is. APPPW_FAULT_SEED draws the same ones once more; in the folder
APPPW_FAULT_REPORTS stands meanwhile how far it is, and what was found.
"""

import inspect
import os
import pkgutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from itertools import islice, zip_longest
from pathlib import Path
from random import Random

import pytest

from apppw_tui import portal
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.struck import acts_of_administrator, acts_of_people
from tests.store.struck.rounds import Whole, run_whole, strike
from tests.store.struck.stages import DatabaseStage, FolderStage, Stage

POINTS = int(os.environ.get("APPPW_FAULT_POINTS", "0"))
SEED = int(os.environ.get("APPPW_FAULT_SEED", "0")) or (int(time.time()) if POINTS else 1)
REPORTS = os.environ.get("APPPW_FAULT_REPORTS", "")  # a folder
_TELLS = 250  # points
SAMPLE = 150  # points of each engine, without a wish
_THOROUGH = 0.25  # of them, a backup is restored as well
_FEW = 0.02

ACTS = [
    *(*acts_of_people.people(), *acts_of_people.methods(), *acts_of_people.second_questions()),
    *(*acts_of_administrator.accounts(), *acts_of_administrator.store()),
]
# All else that can be called in the rooms, and changes nothing.
READS = frozenset({
    *("Admin.account", "Admin.accounts", "Admin.check_passwords_kept", "Admin.find_app_password"),
    *("Admin.throttle_status", "Admin.used", "Admin.warn"),
    *("AuthenticatorEnrollment.uri", "Challenge.choices", "Challenge.ending"),
    *("Enrollment.begin_authenticator", "Enrollment.begin_phone", "Enrollment.delivery_methods"),
    *("Enrollment.numbers", "Enrollment.phone_slots", "Enrollment.preferences"),
    *("Enrollment.preferred", "Portal.account", "Portal.activity", "Portal.amended"),
    *("Portal.check_fresh", "Portal.has_accounts", "Portal.is_fresh", "Portal.trusted_addresses"),
    *("Portal.usage", "Portal.uses_per_day", "Portal.verify_again"),
    *("SshKeys.addable_reason", "SshKeys.is_offered", "SshKeys.seen"),
})  # fmt: skip
# Values, and parts that an act is made of.
PARTS = frozenset({
    *("AccountAdmin", "AppPasswordAdmin", "AppPasswordIssuer", "AppPasswordRequest"),
    *("BypassGrant", "Deletion", "Edited", "ExternalPasswordCheck", "IssuedAppPassword"),
    *("OneTimeCode", "PasswdEntry", "PasswordCheck", "PortalContext", "PortalThrottle"),
    *("Recording", "SeenKey", "Session", "StoredPasswords", "ThrottleStatus", "TrustedAddresses"),
})  # fmt: skip


def callable_in_the_rooms() -> Iterator[str]:
    """Every public call of the portal's objects, whatever anybody adds to them."""
    for module in pkgutil.iter_modules(portal.__path__, f"{portal.__name__}."):
        for name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
            if kind.__module__ != module.name or name.startswith("_") or name in PARTS:
                continue
            for call, _ in inspect.getmembers(kind, callable):
                if not call.startswith("_"):
                    yield f"{name}.{call}"


def test_every_call_of_the_rooms_is_struck_or_changes_nothing() -> None:
    struck = {act.call for act in ACTS if "." in act.call} - {"Restore.account"}
    assert set(callable_in_the_rooms()) - READS == struck
    assert len({act.name for act in ACTS}) == len(ACTS)


def points(stage: Stage, random: Random) -> Iterator[tuple[Whole, int, str, bool]]:
    """Every point of every act, in any order, but of each act one before any has two."""
    while True:
        cold = stage.name == "postgresql" and random.random() < 0.25
        acts = []
        for act in random.sample(ACTS, len(ACTS)):
            whole = run_whole(stage, act, cold=cold)
            of_act = random.sample(whole.points, len(whole.points))
            acts.append([(whole, at, fault, cold) for at, fault in of_act])
        for round_ in zip_longest(*acts):
            yield from (point for point in round_ if point is not None)


def tell(stage: Stage, tried: Counter[str], faults: list[str], seconds: float) -> None:
    """Says how far it is: at the end by -rP, and meanwhile in a file of the folder asked for."""
    said = f"seed {SEED}, {stage.name}: {tried.total()} points in {seconds:.0f} s, {dict(tried)}"
    lines = "\n".join([said, f"{len(faults)} faults", *faults, ""])
    sys.stdout.write(lines)
    if REPORTS:
        Path(REPORTS, f"faults-{stage.name}").write_text(lines)


def strike_at_random(stage: Stage, most: int) -> None:
    begun, random = time.monotonic(), Random(SEED)
    tried: Counter[str] = Counter()
    faults: list[str] = []
    for whole, at, fault, cold in islice(points(stage, random), most):
        try:
            came = strike(stage, whole, at, fault, cold=cold, thorough=random.random() < _THOROUGH)
        except Exception as error:  # noqa: BLE001 - all are told together
            where = f"{whole.act.name}, call {at}, {fault}{', cold' if cold else ''}"
            faults.append(f"{where}: {type(error).__name__} {str(error)[:600]}")
            came = True
        tried[fault if came else "none"] += 1
        if tried.total() % _TELLS == 0 or tried.total() == most:
            tell(stage, tried, faults, time.monotonic() - begun)
    assert not faults, f"seed {SEED}: {len(faults)} of {most}\n" + "\n".join(faults[:60])
    # What is random in an act, as the ids that are drawn, can make it one call shorter.
    assert tried["none"] <= most * _FEW, tried


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """In memory, where the kernel has that: the faults are these, and no disk is waited for."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="apppw-", dir=memory) as folder:
        yield Path(folder)


@pytest.mark.slow
def test_struck_in_a_folder_nothing_acknowledged_is_lost_and_it_goes_on(place: Path) -> None:
    strike_at_random(FolderStage(place), POINTS - POINTS // 2 or SAMPLE)


@pytest.mark.slow
@ONE_CLUSTER
def test_struck_in_a_database_nothing_acknowledged_is_lost_and_it_goes_on(
    database: Cluster, place: Path
) -> None:
    strike_at_random(DatabaseStage(database, place), POINTS // 2 or SAMPLE)
