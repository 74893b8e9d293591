"""Restoring a backup, for the tests of it."""

from apppw_tui.domain.errors import Refused
from apppw_tui.store.backup.restore import RestoredAccount
from tests.store.backing import Place, Told


def issue(place: Place, *names: str) -> list[str]:
    return [place.house.issue(name, "ada").app_password.id for name in names]


def ids(place: Place) -> set[str]:
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
