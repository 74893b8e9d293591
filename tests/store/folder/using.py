"""Uses of app passwords, for the tests of what is kept of them."""

from dataclasses import dataclass

from apppw_tui.domain.app_password import AppPassword
from tests.store.making import new_account, record


@dataclass
class Verdict:
    """What usage reads of the verifier's."""

    account_name: str | None
    app_password: AppPassword | None = None
    uid: str | None = new_account().uid


PHONE = Verdict("ada", record())
