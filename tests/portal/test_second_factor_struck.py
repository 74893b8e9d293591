"""SAFETY 13: a code that is used up admits, whichever call to the disk fails."""

import errno
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.verification_options import APP, RECOVERY, TEXT
from apppw_tui.portal.sessions import Session
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.error_log import FolderErrorLog
from apppw_tui.store.folder.location import open_store
from tests.faults import STEPS, steps, struck_by
from tests.support import FixedClock, House, first_quick

Answer = Callable[[], Session]


def begin(folder: Path) -> House:
    """A portal over nothing but files, with ada@example.org in it, who has every method."""
    shutil.rmtree(folder, ignore_errors=True)
    clock = FixedClock()
    house = House(
        store=open_store(folder, create=True),
        clock=clock,
        counters=FolderThrottleStore(folder, clock),
    )
    house.means = replace(
        house.means,
        activity_log=FolderActivityLog(folder, clock),
        error_log=FolderErrorLog(folder, clock),
    )
    house.add()
    house.give_authenticator()
    return house


def by_app(house: House) -> Answer:
    secret = house.give_authenticator()
    challenge = house.challenge()
    return lambda: challenge.answer(APP, house.app_code(secret))


def by_recovery_code(house: House) -> Answer:
    code = house.give_recovery_codes()[0].reveal()
    challenge = house.challenge()
    return lambda: challenge.answer(RECOVERY, code)


def by_sent_code(house: House) -> Answer:
    house.give_phone()
    challenge = house.challenge()
    challenge.send(TEXT)
    return lambda: challenge.answer(TEXT, house.outbox.code)


def by_bypass(house: House) -> Answer:
    house.alter(bypass_until=house.clock.now() + timedelta(hours=1))
    return house.challenge().use_bypass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.mark.parametrize("way", [by_app, by_recovery_code, by_sent_code, by_bypass])
@pytest.mark.parametrize("error", first_quick(errno.ENOSPC, errno.EIO))
@pytest.mark.parametrize("step", STEPS)
def test_code_that_is_used_up_admits_and_one_that_does_not_admit_still_works(
    folder: Path, way: Callable[[House], Answer], step: int, error: int
) -> None:
    for at in steps(step):
        house = begin(folder)
        answer = way(house)
        before: Account = house.now()
        sessions: list[Session] = []
        struck, said = struck_by(lambda: sessions.append(answer()), at, error)  # noqa: B023
        if said is not None:
            assert isinstance(said, StoreError), (at, said)
            assert house.now() == before, (at, said)
            sessions.append(answer())
        assert house.portal.account(sessions[0]), at
        if not struck:
            break
