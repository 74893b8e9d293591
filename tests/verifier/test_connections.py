"""Connections to the daemon: who is heard where there are too many, and who makes room."""

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from apppw_tui.verifier import connections
from tests.store.other_uid import OTHER, only_root
from tests.verifier.daemon_in_loop import WAIT, Told, echo, running


async def test_beyond_the_most_connections_nobody_is_heard(notified: Told, tmp_path: Path) -> None:
    async with running(notified, tmp_path / "s", most=2) as seen:
        held = [await seen.connect() for _ in range(2)]
        for reader, writer in held:
            writer.write(b"x\n")
            assert await reader.readline() == b"x\n"
        for _ in range(3):
            reader, writer = await seen.connect()
            assert await asyncio.wait_for(reader.read(), WAIT) == b""
            writer.close()
        assert sum("too many connections socket=s most=2 uid=" in line for line in seen.log) == 1
        reader, writer = held[0]
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), WAIT) == b""
        reader, writer = await seen.connect()
        writer.write(b"y\n")
        assert await asyncio.wait_for(reader.readline(), WAIT) == b"y\n"


async def connected_as(path: Path, uid: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that was made by a process of that user (unix(7), SO_PEERCRED)."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.seteuid(uid)
    try:
        made.connect(str(path))
    finally:
        os.seteuid(0)
    return await asyncio.open_unix_connection(sock=made)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def echoes(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bool:
    """Whether somebody answers there."""
    reader, writer = connection
    try:
        writer.write(b"x\n")
        return await asyncio.wait_for(reader.readline(), WAIT) == b"x\n"
    except OSError:
        return False


@only_root
@pytest.mark.parametrize("asked", [False, True])
async def test_idle_connections_of_one_user_keep_nobody_else_out(
    notified: Told, open_folder: Path, asked: bool
) -> None:
    path = open_folder / "s"
    async with running(notified, path, most=8) as seen:
        path.chmod(0o666)
        ours = [await connected_as(path, 0) for _ in range(2)]
        theirs = [await connected_as(path, OTHER) for _ in range(6)]
        for connection in ours + theirs * asked:
            assert await echoes(connection)
        newcomers = [await connected_as(path, 0) for _ in range(2)]
        for connection in newcomers + ours:  # the first of which came first
            assert await echoes(connection)
        for reader, _ in theirs[:2]:  # who was silent for longest
            assert await asyncio.wait_for(reader.read(), WAIT) == b""
        for connection in theirs[2:]:
            assert await echoes(connection)
        told_of = f"too many connections socket=s most=8 uid={OTHER}"
        assert seen.log.count(told_of) == 1
        # Now both have as many; and who has most does not make room for itself.
        assert not await echoes(await connected_as(path, OTHER))
        assert not await echoes(await connected_as(path, 0))
        for connection in newcomers + ours + theirs[2:]:
            assert await echoes(connection)


async def test_who_was_idle_for_long_makes_room(
    notified: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_IDLE", 0.0)
    async with running(notified, tmp_path / "s", most=2) as seen:
        held = [await seen.connect() for _ in range(2)]
        for connection in held:
            assert await echoes(connection)
        assert await echoes(await seen.connect())
        assert await asyncio.wait_for(held[0][0].read(), WAIT) == b""
        assert await echoes(held[1])


async def test_who_makes_room_is_answered_first(
    notified: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_IDLE", 0.0)
    may_answer = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line == b"slow\n":
                await may_answer.wait()
            writer.write(line)

    async with running(notified, tmp_path / "s", slow, most=1) as seen:
        reader, writer = await seen.connect()
        writer.write(b"x\nslow\n")
        assert await asyncio.wait_for(reader.readline(), WAIT) == b"x\n"
        assert await echoes(await seen.connect())
        may_answer.set()
        assert await asyncio.wait_for(reader.read(), WAIT) == b"slow\n"


@only_root
async def test_who_takes_no_answers_keeps_nobody_else_out(
    notified: Told, open_folder: Path
) -> None:
    path = open_folder / "s"

    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x\n" * 65_536)
            await writer.drain()  # without a limit, which the protocols have

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (babble if await reader.readline() == b"babble\n" else echo)(reader, writer)

    most = 4 * connections._MOST_LEAVING
    async with running(notified, path, speak, most=most):
        path.chmod(0o666)
        deaf = []
        for _ in range(most):
            _, writer = await connected_as(path, OTHER)
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # as StreamReader does
            writer.write(b"babble\n")
            await writer.drain()
            deaf.append(writer)
        ours = []
        for _ in range(most // 2 - 1):
            ours.append(await connected_as(path, 0))
            ours[-1][1].write(b"\n")
            assert await echoes(ours[-1])
        for writer in deaf:
            writer.transport.abort()
