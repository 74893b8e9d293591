"""SAFETY 18: the store is read in threads, and every read has a deadline."""

import asyncio
import threading
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged, StoreError, StoreUnusable
from apppw_tui.verifier import reading as module
from apppw_tui.verifier.reading import StoreReader
from tests.store.making import new_account

SOON = 0.3  # seconds


@dataclass
class Stopped:
    """A read that stands still until it may go on."""

    may: Event = field(default_factory=Event)
    begun: Event = field(default_factory=Event)

    def read(self) -> str:
        self.begun.set()
        assert self.may.wait(60)  # seconds; a test that forgets it must end
        return "late"


@pytest.fixture
def stopped() -> Iterator[Stopped]:
    stopped = Stopped()
    yield stopped
    stopped.may.set()


@pytest.fixture
def reading() -> Iterator[StoreReader]:
    reading = StoreReader()
    yield reading
    reading.close()


def threads() -> int:
    return sum(thread.name == "read" for thread in threading.enumerate())


async def test_what_is_read_is_returned_and_what_is_raised_is_raised(reading: StoreReader) -> None:
    def damaged() -> None:
        raise StoreDamaged("No.")

    assert await reading(lambda: threading.current_thread().name) == "read"
    with pytest.raises(StoreDamaged):
        await reading(damaged)


async def test_one_thread_takes_all_that_waits(reading: StoreReader) -> None:
    names = await asyncio.gather(*(reading(threading.get_ident) for _ in range(200)))
    assert len({*names}) == 1


async def test_one_that_stands_still_keeps_nobody_else_waiting(
    reading: StoreReader, stopped: Stopped
) -> None:
    before = asyncio.ensure_future(reading(lambda: "before"))
    late = asyncio.ensure_future(reading(stopped.read))
    assert await asyncio.gather(before, *(reading(lambda: "more") for _ in range(9))) == [
        *("before", *["more"] * 9)
    ]
    assert not late.done()
    stopped.may.set()
    assert await late == "late"


async def test_what_takes_too_long_is_refused_and_the_next_is_read(stopped: Stopped) -> None:
    reading = StoreReader(deadline=SOON)
    with pytest.raises(StoreUnusable, match="does not answer"):
        await reading(stopped.read)
    assert await reading(lambda: 1) == 1
    stopped.may.set()
    reading.close()


async def test_where_all_stand_still_no_more_threads_are_begun_and_everybody_is_told(
    stopped: Stopped,
) -> None:
    before, read = threads(), []
    reading = StoreReader(deadline=2 * SOON, most_threads=2)
    waiting: list[asyncio.Future[Any]] = [reading(stopped.read) for _ in range(4)]
    waiting.append(reading(lambda: read.append(1)))
    for answered in waiting:
        with pytest.raises(StoreUnusable):
            await answered
    assert threads() - before <= 2
    stopped.may.set()
    assert await reading(lambda: 1) == 1
    assert read == []  # nobody waited for it any more
    reading.close()


async def test_who_gave_up_is_not_read_for(reading: StoreReader, stopped: Stopped) -> None:
    first = asyncio.ensure_future(reading(stopped.read))
    await asyncio.sleep(0)
    read: list[int] = []
    second = asyncio.ensure_future(reading(lambda: read.append(1)))
    await asyncio.sleep(0)
    second.cancel()
    stopped.may.set()
    assert await first == "late"
    assert await reading(lambda: 1) == 1
    assert read == []


def test_it_serves_one_loop_after_another(reading: StoreReader) -> None:
    async def ask() -> int:
        return await reading(lambda: 1)

    assert [asyncio.run(ask()), asyncio.run(ask())] == [1, 1]


async def test_closing_ends_the_thread(reading: StoreReader) -> None:
    mine = await reading(threading.current_thread)
    reading.close()
    mine.join(60)
    assert not mine.is_alive()


# --- many at once -----------------------------------------------------------------------------


@dataclass
class FarAccounts:
    """Accounts of which each question has a long way; the first is answered when it may be."""

    there: dict[str, Account | StoreError]
    stopped: Stopped
    questions: list[set[str]] = field(default_factory=list)

    def get(self, _name: str) -> Account | None:
        raise AssertionError("one by one")

    def get_all(self, names: Collection[str]) -> Mapping[str, Account | StoreError]:
        self.questions.append(set(names))
        if len(self.questions) == 1:
            self.stopped.read()
        return {name: self.there[name] for name in names if name in self.there}


async def test_all_that_wait_are_read_by_one_question_which_is_asked_after_them(
    reading: StoreReader, stopped: Stopped
) -> None:
    ada, damaged = new_account(), StoreDamaged("No.")
    accounts = FarAccounts({"ada": ada, "ben": damaged}, stopped)
    first = reading.find(accounts, ["ada"])
    await asyncio.to_thread(stopped.begun.wait)
    others = [reading.find(accounts, names) for names in (["ada"], ["nobody", "ada"], ["ben"])]
    unknown, besides = reading.find(accounts, ["nobody"]), reading(lambda: "besides")
    accounts.there["ada"] = later = replace(ada, version=ada.version + 1)
    stopped.may.set()
    assert await first in (ada, later)
    assert [await others[0], await others[1], await unknown] == [later, later, None]
    with pytest.raises(StoreDamaged):
        await others[2]
    assert await besides == "besides"
    assert accounts.questions == [{"ada"}, {"ada", "nobody", "ben"}]


async def test_an_answer_does_not_wait_for_the_next_question_to_be_answered(
    stopped: Stopped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY", 60)
    monkeypatch.setattr(module, "_TOLD_AFTER", 0)
    next_one = Stopped()

    class TwiceFar(FarAccounts):
        def get_all(self, names: Collection[str]) -> Mapping[str, Account | StoreError]:
            if self.questions:
                next_one.read()
            return super().get_all(names)

    ada = new_account()
    accounts, reading = TwiceFar({"ada": ada}, stopped), StoreReader()
    first = reading.find(accounts, ["ada"])
    await asyncio.to_thread(stopped.begun.wait)
    second = reading.find(accounts, ["ada"])
    stopped.may.set()
    try:
        assert await asyncio.wait_for(first, 30) == ada
        assert not second.done()
    finally:
        next_one.may.set()
    assert await second == ada
    reading.close()


async def test_where_no_account_can_be_read_each_who_waits_is_told(reading: StoreReader) -> None:
    class NoAccounts(FarAccounts):
        def get_all(self, _names: Collection[str]) -> Mapping[str, Account | StoreError]:
            raise StoreUnusable("It does not answer.")

    accounts = NoAccounts({}, Stopped())
    for asked in [reading.find(accounts, [name]) for name in ("ada", "ben")]:
        with pytest.raises(StoreUnusable, match="does not answer"):
            await asked
