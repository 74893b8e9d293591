"""Uses of app passwords, for the tests of what is kept of them."""

from dataclasses import dataclass

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.scopes import IMAP, Service
from apppw_tui.store.engine import Engine
from tests.store.making import new_account, record


@dataclass
class Verdict:
    """What usage reads of the verifier's."""

    account_name: str | None
    app_password: AppPassword | None = None
    uid: str | None = new_account().uid


PHONE = Verdict("ada", record())


def use(engine: Engine, verdict: Verdict, service: Service = IMAP) -> list[str]:
    """Has a use written; the names of app passwords whose first use that was."""
    first: list[str] = []
    writer = engine.usage_writer(
        engine.accounts,
        complain=pytest.fail,
        announce=lambda use: first.append(use.app_password.name),
        meaning=lambda name: [name],
    )
    writer.used(verdict, service, "192.0.2.7")
    assert writer.flush()
    return first
