"""Many who sign in at once: the portal as it is wired never hashes more than the slots allow."""

import os
from functools import partial
from pathlib import Path
from typing import NoReturn

import argon2
import pytest

from apppw_tui.bootstrap import build
from apppw_tui.config import Config
from apppw_tui.domain.errors import SignInRefused
from apppw_tui.domain.ports import SystemClock
from apppw_tui.portal.portal import Portal
from apppw_tui.store.engine import StoreLocation
from apppw_tui.store.folder import slots
from apppw_tui.store.folder.slots import Slots
from tests.store.test_killed import forked
from tests.terminal.program import PATIENCE

_STRANGERS = 20
_TURNS = 50  # for the others to come in, if they may


@pytest.mark.slow
def test_of_twenty_strangers_at_once_no_more_than_half_the_processors_are_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    # On a loaded machine a turn takes its time, and twenty of them more than anybody has.
    monkeypatch.setattr(slots, "Slots", partial(Slots, timeout=PATIENCE))
    place = StoreLocation(tmp_path / "store", tmp_path / "store" / "key")
    build(place, Config(), SystemClock(), create=True)
    trace = os.open(tmp_path / "trace", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    waiting, go = os.pipe()

    def hashing(*_: object) -> NoReturn:
        """In the place of Argon2 itself."""
        os.write(trace, b"+")
        for _turn in range(_TURNS):
            os.sched_yield()
        os.write(trace, b"-")
        raise argon2.exceptions.VerifyMismatchError

    monkeypatch.setattr(argon2.PasswordHasher, "verify", hashing)

    def work(number: int) -> None:
        os.close(go)
        portal = Portal(build(place, Config(), SystemClock()).context)
        os.read(waiting, 1)
        with pytest.raises(SignInRefused):
            portal.sign_in(f"nobody{number}", "whatever")
        os._exit(0)

    children = [forked(partial(work, number)) for number in range(_STRANGERS)]
    os.close(go)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * _STRANGERS
    steps = os.pread(trace, 3 * _STRANGERS, 0)
    os.close(trace)
    os.close(waiting)
    inside = [steps[:end].count(b"+") - steps[:end].count(b"-") for end in range(len(steps) + 1)]
    assert len(steps) == 2 * _STRANGERS
    assert 1 <= max(inside) <= 2
    assert inside[-1] == 0
