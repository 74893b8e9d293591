"""What is done to a store where the disk fails, or the process dies, at each call in turn."""

import errno
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError, NotFound, SaveUncertain
from apppw_tui.store.folder.accounts import FolderStore
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.backing import Place
from tests.store.making import alter
from tests.support import first_quick


@dataclass
class Case:
    """An act on a store with ada (two app passwords, one of a backup deleted since) and ben."""

    act: Callable[[Place, bytes], object]
    done: Callable[[Place], bool]
    again: bool = True  # doing it again is no refusal


def names(place: Place, name: str = "ada") -> list[str]:
    account = FolderStore(place.folder).get(name)
    return [] if account is None else [one.name for one in account.app_passwords]


def phone(place: Place) -> str:
    return place.now().app_passwords[0].id


def restore(place: Place, backup: bytes) -> None:
    for told in place.restore(backup, ["ada"], overwrite=True).values():
        if isinstance(told, ApppwError):
            raise told


CASES = {
    "create": Case(
        lambda place, _: place.house.issue("Pad", "ada"), lambda place: "Pad" in names(place)
    ),
    "delete": Case(
        lambda place, _: place.house.operator.delete_app_password("ada", "Phone"),
        lambda place: "Phone" not in names(place),
    ),
    "delete all": Case(
        lambda place, _: place.house.operator.delete_app_passwords("ada"),
        lambda place: names(place) == [],
    ),
    "enforce": Case(
        lambda place, _: place.house.operator.enforce("ada"),
        lambda place: place.now().enforced_from is not None,
    ),
    "disable": Case(
        lambda place, _: place.house.operator.disable("ada"), lambda place: not place.now().enabled
    ),
    "remove": Case(
        lambda place, _: place.house.operator.remove_account("ben"),
        lambda place: FolderStore(place.folder).get("ben") is None,
    ),
    "restore": Case(restore, lambda place: place.now().appearance is None),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[str(request.param)]


def begin(folder: Path) -> tuple[Place, bytes]:
    shutil.rmtree(folder, ignore_errors=True)
    place = Place(folder)
    place.house.add("ada")
    for name in ("Phone", "Tablet", "Lost"):
        place.house.issue(name, "ada")
    place.house.add("ben")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", "Lost")
    alter(place.store, appearance="nord")
    return place, backup


def done_again(place: Place, backup: bytes, case: Case) -> None:
    with suppress(ApppwError):  # it is done, or there is one of that name, or none any more
        case.act(place, backup)
    assert case.done(place)
    assert "Lost" not in names(place)
    restore_all(place, backup)
    assert "Lost" not in names(place), "what was deleted came back"


def restore_all(place: Place, backup: bytes) -> None:
    """From nothing but the list of what was deleted, and the backup."""
    (place.folder / "accounts" / "ada.json").write_text("{")
    restore(place, backup)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_call_it_can_be_done_again_and_nothing_deleted_comes_back(
    folder: Path, case: Case, step: int
) -> None:
    for at in steps(step):
        place, backup = begin(folder)
        if not kills(lambda: case.act(place, backup), at):  # noqa: B023
            break
        assert FolderStore(folder).get("ada"), at
        done_again(place, backup, case)


@pytest.mark.parametrize("error", first_quick(errno.ENOSPC, errno.EIO))
@pytest.mark.parametrize("step", STEPS)
def test_on_a_disk_that_fails_at_any_call_it_is_done_or_nothing_was(
    folder: Path, case: Case, step: int, error: int
) -> None:
    for at in steps(step):
        place, backup = begin(folder)
        before = accounts(place)
        struck, said = struck_by(lambda: case.act(place, backup), at, error)  # noqa: B023
        if not struck:
            assert said is None
            break
        assert said is None or isinstance(said, ApppwError), (at, said)
        if said is None:
            assert case.done(place), at
        elif not isinstance(said, SaveUncertain):
            assert accounts(place) == before, (at, said)
        done_again(place, backup, case)


def accounts(place: Place) -> list[Account | None]:
    with suppress(NotFound):
        return [FolderStore(place.folder).get(name) for name in ("ada", "ben")]
    return []
