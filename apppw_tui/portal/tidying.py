"""What nobody needs any more goes: app passwords that expired long ago, profiles of hashes."""

import contextlib
from collections.abc import Collection
from datetime import datetime

from apppw_tui.domain.account import Account
from apppw_tui.domain.acts import THE_SERVER, Act
from apppw_tui.domain.hashing import TooManyProfiles
from apppw_tui.domain.phc import Profile, profile
from apppw_tui.portal.acting import note
from apppw_tui.portal.means import Means


def remove_overdue(means: Means, account: Account) -> Account:
    """The account without what expired long ago, with a line in the activity (SAFETY 21).

    Raises StoreError, NotFound.
    """
    now = means.clock.now()
    with means.store.change(account.name, account.uid) as change:
        gone = change.present.overdue(now)
        for password in gone:
            change.account = change.present.without_app_password(password.id)
    for password in gone:
        note(means, account, Act.EXPIRED, THE_SERVER, id=password.id, name=password.name)
    return change.present


def settle_profiles(means: Means, since: datetime) -> Collection[Profile]:
    """Drops the profiles of hashes that no account has, unless claimed after `since`; which.

    Those that were not listed are. Reads every account. Raises StoreError.
    """
    hashes, found = means.hasher.account, set()
    for name in means.store.names():
        account = means.store.read(name)
        if account is not None and account.password_hash is not None:
            found.add(profile(account.password_hash))
    costs = {one for one in found if one is not None and one != hashes.profile}
    dropped = hashes.profiles.settle(costs, since)
    for one in costs - {*hashes.profiles.in_use()}:
        with contextlib.suppress(TooManyProfiles):
            hashes.profiles.claim(one)
    return dropped
