"""What Settings says about the change-over (SAFETY 17)."""

from datetime import timedelta

import pytest
from textual.widgets import Label

from apppw_tui.domain.scopes import IMAP, SMTP
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.store.memory_history import MemoryUsage
from apppw_tui.ui import formatting
from apppw_tui.ui.app_options import ConnectionHelp
from tests.support import NOW, FixedClock, House
from tests.ui.walks import ACCOUNT, opened

OPEN = "Your old mail password still works in apps"
MAY_END = "Your administrator may end that."
ENFORCED = "Apps sign in with app passwords alone."
SOON = "From 1 Dec on, apps sign in with app passwords alone."
BEFORE = "Your old mail password was last used"
HERE = "192.0.2.7"
DAY = timedelta(days=1)


class Told(MemoryUsage):
    """The old password of everybody was right then."""

    def __init__(self, before: LastUse | None) -> None:
        super().__init__(FixedClock())
        self._before = before

    def read(self, _uid: str, /) -> Used:
        return Used(last_legacy_login=self._before)


@pytest.mark.parametrize(
    ("days", "before", "sentence"),
    [
        (None, None, f"{OPEN}. {MAY_END}"),
        (None, LastUse(NOW, IMAP, HERE), f"{OPEN}, last used just now by imap. {MAY_END}"),
        (None, LastUse(NOW - 3 * DAY), f"{OPEN}, last used 3 d ago. {MAY_END}"),
        (-1, LastUse(NOW), ENFORCED),
        (0, None, ENFORCED),
        (9, None, SOON),
        (9, LastUse(NOW - 40 * DAY, SMTP), f"{SOON} {BEFORE} on 13 Oct by smtp."),
        (60, None, "From 21 Jan 2027 on, apps sign in with app passwords alone."),
    ],
)
def test_summary_says_how_apps_sign_in(
    days: int | None, before: LastUse | None, sentence: str
) -> None:
    assert (
        formatting.enforcement_summary(enforced(days, before).now(ACCOUNT), before, NOW) == sentence
    )


@pytest.mark.parametrize(
    ("days", "before", "sentence"),
    [
        (None, None, ""),
        (None, LastUse(NOW - 3 * DAY), f"{OPEN}, last used 3 d ago. {MAY_END}"),
        (0, None, ENFORCED),
    ],
)
def test_summary_speaks_of_no_old_password_in_a_store_of_ones_own_until_one_is_used(
    days: int | None, before: LastUse | None, sentence: str
) -> None:
    account = enforced(days, before).now(ACCOUNT)
    assert formatting.enforcement_summary(account, before, NOW, on_server=False) == sentence


def enforced(days: int | None, before: LastUse | None) -> House:
    """An account that is enforced so many days from now."""
    house = House(usage=Told(before))
    house.add(ACCOUNT)
    since = None if days is None else NOW + timedelta(days=days)
    house.alter(ACCOUNT, enforced_from=since)
    return house


async def test_settings_shows_the_summary_and_the_last_use() -> None:
    house = enforced(9, LastUse(NOW - 40 * DAY, SMTP))
    sentence = f"{SOON} {BEFORE} on 13 Oct by smtp."
    async with opened(house) as visit:
        await visit.to_settings()
        assert sentence in str(visit.screen.query_one("#protection", Label).content)


@pytest.mark.slow
async def test_settings_of_a_store_of_ones_own_shows_no_summary() -> None:
    house = enforced(None, None)
    async with opened(house, connecting=ConnectionHelp(on_server=False)) as visit:
        await visit.to_settings()
        last = str(visit.screen.query_one("#protection", Label).content).split("\n")[-1]
        assert last == "You have no app passwords."
