"""What the administrator lets people have."""

from datetime import UTC, datetime

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offered", "asked", "fine"),
    [
        (("any",), ("any",), True),
        (("any",), ("imap", "web"), True),
        (("mail",), ("mail",), True),
        (("mail",), ("imap", "smtp"), True),
        (("mail",), ("sending",), True),  # which is a part of it
        (("mail",), ("any",), False),
        (("mail",), ("imap", "caldav"), False),
        (("imap",), ("mail",), False),
        (("imap", "calendar"), ("imap", "carddav"), True),
        (("imap", "pop3", "sieve", "smtp"), ("mail",), True),
        (("smtp",), ("sending",), True),
    ],
)
def test_no_more_is_given_than_is_offered(
    offered: tuple[str, ...], asked: tuple[str, ...], fine: bool
) -> None:
    policy = Policy(scopes=offered)
    if fine:
        policy.check_scope(asked)
    else:
        with pytest.raises(Refused, match="Your administrator offers: "):
            policy.check_scope(asked)


@pytest.mark.parametrize(
    ("most", "expires", "fine"),
    [
        (None, None, True),
        (None, datetime(9000, 1, 1, tzinfo=UTC), True),
        (30, None, False),
        # The end of the thirtieth day, and an instant later.
        (30, datetime(2026, 12, 23, tzinfo=UTC), True),
        (30, datetime(2026, 12, 23, 0, 0, 1, tzinfo=UTC), False),
        (30, datetime(2026, 11, 23, tzinfo=UTC), True),
    ],
)
def test_nothing_lasts_longer_than_it_may(
    most: int | None, expires: datetime | None, fine: bool
) -> None:
    policy = Policy(longest_expiry=most)
    if fine:
        policy.check_expiry(expires, NOW, UTC)
    else:
        with pytest.raises(Refused, match=r"last 30 days at most\."):
            policy.check_expiry(expires, NOW, UTC)
