"""The socket that Dovecot's Lua asks, served in a thread of the tests' own process."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TIMEOUT = 120.0  # seconds

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def serving(converse: Converse, path: Path) -> Iterator[None]:
    """Until the end, which closes every connection, as the end of a daemon does."""
    begun = threading.Event()
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        end = asyncio.Event()
        server = await asyncio.start_unix_server(converse, path)
        loops.append((asyncio.get_running_loop(), end))
        begun.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert begun.wait(_TIMEOUT)
    path.chmod(0o666)  # whoever runs auth-worker
    try:
        yield
    finally:
        ((loop, end),) = loops
        loop.call_soon_threadsafe(end.set)
        thread.join(_TIMEOUT)
        path.unlink(missing_ok=True)
        assert not thread.is_alive()
