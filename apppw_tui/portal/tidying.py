"""App passwords that expired long ago go, with a line in the activity (SAFETY 21)."""

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import THE_SERVER, Act
from apppw_tui.portal.acting import note
from apppw_tui.portal.means import Means


def remove_overdue(means: Means, account: Account) -> Account:
    """The account without them. Raises StoreError, NotFound."""
    now = means.clock.now()
    with means.store.change(account.name, account.uid) as change:
        gone = change.present.overdue(now)
        for password in gone:
            change.account = change.present.without_app_password(password.id)
    for password in gone:
        note(means, account, Act.EXPIRED, THE_SERVER, id=password.id, name=password.name)
    return change.present
