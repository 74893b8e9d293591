"""A paused app password is refused at the next attempt, whoever remembers that it was right."""

import asyncio
import sys
from pathlib import Path

import pytest

from apppw_tui.domain.app_password import AppPasswordEdit
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.cache import CachedReads
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import PAUSED, Answer
from tests.argon import Spent
from tests.support import NOW, House
from tests.verifier.asking import ADA, HERE, Door, ask
from tests.verifier.harness import PATIENCE, Book

ROOT = Path(__file__).parents[2]


async def test_paused_one_is_refused_at_the_next_attempt_though_remembered(door: Door) -> None:
    secret = door.house.issue("Phone").secret
    assert (await door.ask(secret)).answer is Answer.YES
    door.house.operator.pause_app_password(ADA, "Phone")
    door.spent.clear()
    decision = await door.ask(secret)
    assert (decision.answer, decision.reason) == (Answer.NO, PAUSED)
    door.house.operator.resume_app_password(ADA, "Phone")
    assert (await door.ask(secret)).answer is Answer.YES
    assert door.spent.total == 0  # it was remembered all the time


async def test_narrowed_one_is_refused_at_the_next_attempt_though_remembered(door: Door) -> None:
    issued = door.house.issue("Phone")
    assert (await door.ask(issued.secret)).answer is Answer.YES
    limit = AppPasswordEdit(networks=("203.0.113.0/24",))
    door.house.operator.edit_app_password(ADA, "Phone", limit)
    for address in (HERE, None):
        decision = await door.ask(issued.secret, address=address)
        assert (decision.answer, decision.reason) == (Answer.NO, "outside its networks")
    assert (await door.ask(issued.secret, address="203.0.113.9")).answer is Answer.YES


def test_paused_one_of_an_open_account_goes_on_to_the_next_source(house: House) -> None:
    secret = house.issue("Phone").secret
    house.operator.pause_app_password(ADA, "Phone")
    assert (ask(house, secret).answer, ask(house, secret).reason) == (Answer.NOT_MINE, PAUSED)


@pytest.mark.slow
async def test_pause_by_another_process_holds_from_its_acknowledgement_on(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = FolderStore(folder)
    house = House(store=store)
    house.add()
    house.alter(enforced_from=NOW)
    secret = house.issue("Phone").secret
    accounts, book = CachedReads(store), Book()
    service = AuthService(accounts, house.hasher, house.clock, book, book, threads=1)
    door = Door(house, service, Spent())
    pauser = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.verifier.pauser", str(folder)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert pauser.stdin is not None
    assert pauser.stdout is not None
    try:
        for number in range(20):
            act, expected = (("pause", PAUSED), ("resume", "right"))[number % 2]
            pauser.stdin.write(f"{act}\n".encode())
            done = asyncio.ensure_future(pauser.stdout.readline())
            async with asyncio.timeout(PATIENCE):
                while not done.done():  # meanwhile it is either, and never anything else
                    assert (await door.ask(secret)).reason in (PAUSED, "right")
            assert done.result() == b"done\n"
            assert (await door.ask(secret)).reason == expected
    finally:
        pauser.stdin.close()
        await pauser.wait()
        service.close()
        accounts.close()
