"""The way of one log-in through the package: whoever reads it has to follow it."""

import asyncio
from pathlib import Path

from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.scopes import IMAP
from apppw_tui.store.folder.cache import CachedReads
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.attempt_memory import VerifiedCache
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.connections import ConnectionTracker
from apppw_tui.verifier.protocols.framing import Limits
from apppw_tui.verifier.protocols.saslauthd import Saslauthd
from tests.support import House
from tests.tracing import Way, traced
from tests.verifier.asking import ADA
from tests.verifier.harness import connected, frame

MOST_FILES, MOST_CHANGES = 14, 35


async def log_in(path: Path, secret: str) -> bytes:
    async with connected(path) as client:
        await client.send(frame(ADA, secret, "imap", ""))
        return await client.finish()


async def the_way(folder: Path) -> Way:
    """Of a log-in by saslauthd's protocol over files, at the real cost of a hash."""
    house = House(store=open_store(folder / "store", create=True), hasher=Hasher())
    house.add()
    store = house.store
    secret = house.issue("Phone").secret.reveal()
    lines: list[bytes] = []
    log = AnswerLog(house.clock, lambda _, line: lines.append(line), journal=False)
    accounts = CachedReads(store)  # type: ignore[arg-type]  # which it is
    usage = FolderUsage(folder / "store", accounts, house.clock)
    with traced() as way:
        auth_service = AuthService(
            *(accounts, house.hasher, house.clock, usage, log),
            cache=VerifiedCache(house.clock.monotonic, good_for=0),  # each has its hash computed
            threads=1,
        )
        handler = Saslauthd(auth_service, ServiceSocket("mux", frozenset({IMAP})), Limits())
        tracker = ConnectionTracker("mux", handler, log, 8)
        loop, path = asyncio.get_running_loop(), folder / "socket"
        server = await loop.create_unix_server(tracker.protocol, path)
        assert await log_in(path, secret) == b"\0\2OK"  # the account is held from now on
        ways = []
        for _ in range(5):  # a machine that is busy wakes a thread or two besides
            await asyncio.gather(*tracker.conversations)
            way.calls = []
            assert await log_in(path, secret) == b"\0\2OK"
            await asyncio.gather(*tracker.conversations)
            ways.append(Way(way.calls))
        server.close()
    auth_service.close()
    assert len(lines) == 6
    return min(ways, key=lambda way: (len(way.files), way.changes))


async def test_log_in_enters_few_files_and_changes_seldom(tmp_path: Path) -> None:
    way = await the_way(tmp_path)
    assert len(way.files) <= MOST_FILES, way.files
    assert way.changes <= MOST_CHANGES, way.calls
