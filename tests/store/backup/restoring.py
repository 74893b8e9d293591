"""Restoring a backup, for the tests of it."""

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.store.backup.restore import RestoredAccount
from tests.store.backing import AnyPlace, Told
from tests.store.postgres.cluster import ONE_CLUSTER

_DATABASE = pytest.param("postgresql", marks=ONE_CLUSTER)
ON_ALL_ENGINES = pytest.mark.parametrize("place", ["folder", _DATABASE], indirect=True)
BETWEEN_ENGINES = pytest.mark.parametrize(
    ("place", "empty"),
    [
        ("folder", "folder"),
        pytest.param("postgresql", "folder", marks=ONE_CLUSTER),
        pytest.param("folder", "postgresql", marks=ONE_CLUSTER),
    ],
    indirect=True,
)


def issue(place: AnyPlace, *names: str) -> list[str]:
    return [place.house.issue(name, "ada").app_password.id for name in names]


def ids(place: AnyPlace) -> set[str]:
    return {password.id for password in place.now().app_passwords}


def came(told: dict[str, Told], name: str = "ada") -> RestoredAccount:
    outcome = told[name]
    assert isinstance(outcome, RestoredAccount)
    assert outcome.account is not None
    return outcome


def refused(told: dict[str, Told], name: str = "ada") -> str:
    error = told[name]
    assert isinstance(error, Refused)
    return str(error)
