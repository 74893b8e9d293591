"""The daemon's life and death, in this process, with a protocol of its own."""

import asyncio
import errno
import os
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FREE, AddressRateLimiter, VerifiedCache
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.decision import Answer, Attempt
from apppw_tui.verifier.protocols.registry import ConnectionHandler
from apppw_tui.verifier.server import FLUSH_WITHIN
from apppw_tui.verifier.systemd import SystemdNotifier
from tests.argon import count_argon2
from tests.support import House
from tests.verifier.asking import ADA, wrong
from tests.verifier.daemon_in_loop import WAIT, Speaking, Told, running
from tests.verifier.harness import Book


async def test_an_answer_that_is_being_given_is_given_before_the_end(
    notified: Told, tmp_path: Path
) -> None:
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            asked.set()
            await may_answer.wait()
            writer.write(line)
            await writer.drain()

    async with running(notified, tmp_path / "s", slow) as seen:
        reader, writer = await seen.connect()
        writer.write(b"one\n")
        await asked.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await notified.next() == "STOPPING=1"
        with pytest.raises(ConnectionRefusedError):
            await seen.connect()
        writer.write(b"too late\n")
        for _ in range(3):
            await asyncio.sleep(0)  # the loop hears it, the conversation does not
        may_answer.set()
        assert await asyncio.wait_for(reader.read(), WAIT) == b"one\n"
        assert seen.over is not None
        await asyncio.wait_for(seen.over, WAIT)
        writer.close()


async def test_who_has_connected_and_not_asked_yet_is_heard_at_the_end(
    notified: Told, tmp_path: Path
) -> None:
    async with running(notified, tmp_path / "s") as seen:
        reader, writer = await seen.connect()
        os.kill(os.getpid(), signal.SIGTERM)
        assert await notified.next() == "STOPPING=1"
        writer.write(b"one\n")
        assert await asyncio.wait_for(reader.readline(), WAIT) == b"one\n"
        writer.close()
        assert seen.over is not None
        await asyncio.wait_for(seen.over, WAIT)


async def test_it_tells_systemd_that_it_lives(
    notified: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notified.notifier.watched = 0.01
    async with running(notified, tmp_path / "s"):
        for _ in range(3):
            assert await notified.next() == "WATCHDOG=1"
        notified.notifier.watched = None
        while (datagram := await asyncio.wait_for(notified.next(), WAIT)) == "WATCHDOG=1":
            os.kill(os.getpid(), signal.SIGTERM)
        assert datagram == "STOPPING=1"


@pytest.mark.parametrize(
    ("usec", "whose", "watched"),
    [
        ("20000000", "mine", 20.0),
        ("20000000", None, 20.0),
        ("20000000", "1", None),
        ("0", "mine", None),
        ("x", "mine", None),
        (None, None, None),
    ],
)
def test_how_long_systemd_waits_is_what_it_says(
    usec: str | None, whose: str | None, watched: float | None
) -> None:
    pid = str(os.getpid()) if whose == "mine" else whose
    variables = {"WATCHDOG_USEC": usec, "WATCHDOG_PID": pid}
    notifier = SystemdNotifier(
        {name: value for name, value in variables.items() if value is not None}
    )
    assert notifier.watched == watched


async def test_whoever_only_waits_is_sent_away(notified: Told, tmp_path: Path) -> None:
    async with running(notified, tmp_path / "s") as seen:
        held = [await seen.connect() for _ in range(3)]
        for reader, writer in held:
            writer.write(b"x\n")
            assert await reader.readline() == b"x\n"
        await seen.end()
        for reader, writer in held:
            assert await asyncio.wait_for(reader.read(), WAIT) == b""
            writer.close()


async def test_what_never_ends_is_ended(notified: Told, tmp_path: Path) -> None:
    begun = asyncio.Event()
    cancelled = asyncio.Event()

    async def stuck(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with running(notified, tmp_path / "s", stuck, patience=0.01) as seen:
        reader, writer = await seen.connect()
        await begun.wait()
        await seen.end()
        assert cancelled.is_set()
        assert await asyncio.wait_for(reader.read(), WAIT) == b""
        writer.close()


async def test_what_was_used_is_written_now_and_then_and_at_the_end(
    notified: Told, tmp_path: Path
) -> None:
    def flush() -> NoReturn:
        raise RuntimeError("hunter2")

    async with running(notified, tmp_path / "s", flush=flush, flush_every=0.01) as seen:
        for _ in range(3):  # it goes on, whatever happens
            await asyncio.wait_for(seen.flushes.get(), WAIT)
    faults = [line for line in seen.log if line.startswith("fault ")]
    assert len(faults) >= 3
    assert "hunter2" not in " ".join(seen.log)
    assert await notified.next() == "STOPPING=1"
    async with running(notified, tmp_path / "s") as seen:
        assert await asyncio.wait_for(seen.flushes.get(), WAIT) == 1  # what lay there before
        await seen.end()
        assert seen.flushes.get_nowait() == 1


async def test_answer_is_written_down_soon_and_again_when_there_is_more(
    notified: Told, tmp_path: Path
) -> None:
    assert FLUSH_WITHIN < 2
    async with running(notified, tmp_path / "s") as seen:
        assert await asyncio.wait_for(seen.flushes.get(), WAIT) == 1
        for _ in range(3):
            seen.flush_soon()
            seen.flush_soon()
            assert await asyncio.wait_for(seen.flushes.get(), WAIT) == 1
        assert seen.flushes.empty()


async def test_what_comes_while_it_is_written_down_is_so_next(
    notified: Told, tmp_path: Path
) -> None:
    loop = asyncio.get_running_loop()
    begun, may = asyncio.Event(), threading.Event()

    def flush() -> None:
        loop.call_soon_threadsafe(begun.set)
        may.wait(WAIT)

    async with running(notified, tmp_path / "s", flush=flush) as seen:
        await asyncio.wait_for(begun.wait(), WAIT)
        seen.flush_soon()
        may.set()
        for _ in range(2):
            assert await asyncio.wait_for(seen.flushes.get(), WAIT) == 1


async def test_one_connections_fault_is_no_others(notified: Told, tmp_path: Path) -> None:
    async def faulty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line == b"gone\n":
            raise ConnectionResetError
        if line != b"good\n":
            raise ValueError(line)
        writer.write(line)

    async with running(notified, tmp_path / "s", faulty) as seen:
        for line, answer in ((b"hunter2\n", b""), (b"gone\n", b""), (b"good\n", b"good\n")):
            reader, writer = await seen.connect()
            writer.write(line)
            assert await asyncio.wait_for(reader.read(), WAIT) == answer
            writer.close()
    (fault,) = (line for line in seen.log if line.startswith("fault "))
    assert "socket=s" in fault
    assert "ValueError" in fault
    assert "hunter2" not in fault


async def test_what_goes_wrong_in_the_loop_is_one_line_without_its_text(
    notified: Told, tmp_path: Path
) -> None:
    async with running(notified, tmp_path / "s") as seen:
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "a", "exception": ValueError("hunter2")})
        loop.call_exception_handler({"message": "b"})
    first, second = (line for line in seen.log if line.startswith("fault "))
    assert first.startswith('fault why=a error="stopped by a fault of its own (ValueError). ')
    assert second == "fault why=b"


async def test_that_no_file_can_be_opened_is_one_line_a_minute(
    notified: Told, tmp_path: Path
) -> None:
    async with running(notified, tmp_path / "s") as seen:
        loop = asyncio.get_running_loop()
        for minute in range(2):
            for _ in range(500):
                loop.call_exception_handler({
                    "message": "socket.accept() out of system resource",
                    "exception": OSError(errno.EMFILE, "Too many open files"),
                })  # fmt: skip
            assert seen.log[1:] == ['too many open files remedy="raise LimitNOFILE"'] * (minute + 1)
            seen.clock.advance(60.0)


@pytest.mark.parametrize("error", [None, ConfigError("c.toml: wrong."), ValueError("hunter2")])
async def test_however_reading_again_ends_it_is_ready_again(
    notified: Told, tmp_path: Path, error: Exception | None
) -> None:
    def reload() -> Mapping[str, ConnectionHandler]:
        if error is not None:
            raise error
        return {}

    async with running(notified, tmp_path / "s", reload=reload) as seen:
        os.kill(os.getpid(), signal.SIGHUP)
        assert await notified.next() == "RELOADING=1"
        assert await notified.next() == "READY=1"
        reader, writer = await seen.connect()
        writer.write(b"x\n")
        assert await asyncio.wait_for(reader.readline(), WAIT) == b"x\n"
    assert seen.log[1].startswith(
        "configuration read again" if error is None else "configuration not changed why="
    )
    assert ("c.toml: wrong." in seen.log[1]) == isinstance(error, ConfigError)
    assert "hunter2" not in " ".join(seen.log)


async def test_what_is_spoken_otherwise_is_so_for_who_is_connected_too(
    notified: Told, tmp_path: Path
) -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())

    async with running(notified, tmp_path / "s", reload=lambda: {"s": Speaking(shout)}) as seen:
        before, writer = await seen.connect()
        writer.write(b"x\n")
        assert await asyncio.wait_for(before.readline(), WAIT) == b"x\n"
        os.kill(os.getpid(), signal.SIGHUP)
        assert [await notified.next(), await notified.next()] == ["RELOADING=1", "READY=1"]
        assert await asyncio.wait_for(before.readline(), WAIT) == b""  # it connects again
        writer.close()
        reader, writer = await seen.connect()
        writer.write(b"x\n")
        assert await asyncio.wait_for(reader.readline(), WAIT) == b"X\n"
        writer.close()


async def test_a_disk_that_stands_still_does_not_keep_it_from_its_end(
    notified: Told, tmp_path: Path
) -> None:
    may = threading.Event()

    def stand_still() -> None:
        may.wait(WAIT)

    async with running(notified, tmp_path / "s", flush=stand_still, last_flush=0.1) as seen:
        await seen.end()
        assert any("usage not written" in line for line in seen.log)
    may.set()


@pytest.mark.parametrize("address", ["", "nonsense", "/nowhere/at/all", "@" + "x" * 200])
def test_without_anybody_to_tell_nothing_is_told(address: str) -> None:
    notifier = SystemdNotifier({"NOTIFY_SOCKET": address})
    notifier.ready()
    notifier.reloading()
    notifier.stopping()
    SystemdNotifier({}).ready()


async def test_the_limits_change_while_attempts_pass(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = house.clock
    book = Book()
    auth_service = AuthService(
        *(house.store, house.hasher, clock, book, book),
        cache=VerifiedCache(clock.monotonic),
        rate_limiter=AddressRateLimiter(clock.monotonic),
        threads=1,
    )
    secret = house.issue("Phone").secret

    async def ask(password: Secret) -> Answer:
        attempt = Attempt.parse(ADA, password, None, "198.51.100.9")
        return (await auth_service.decide(attempt)).answer

    spent = count_argon2(monkeypatch)
    assert [await ask(secret), await ask(secret)] == [Answer.YES] * 2
    assert spent.total == 1
    auth_service.cache = VerifiedCache(clock.monotonic, 0)
    assert [await ask(secret), await ask(secret)] == [Answer.YES] * 2
    assert spent.total == 3
    others = [house.issue(f"App {number}").secret for number in range(FREE)]
    for other in others:
        assert await ask(Secret(wrong(other))) is Answer.NOT_MINE
    assert await ask(secret) is Answer.NOT_NOW
    auth_service.rate_limiter.set_trusted(["198.51.100.0/24"])
    assert await ask(secret) is Answer.YES
    auth_service.close()
