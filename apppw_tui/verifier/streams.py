"""What every protocol here does with its connection."""

import asyncio

from apppw_tui.domain.addresses import address as address  # noqa: PLC0414 - for the protocols
from apppw_tui.fault import describe


async def send(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> None:
    """Raises OSError: the peer is gone, or took nothing for so many seconds (TimeoutError)."""
    writer.write(data)
    async with asyncio.timeout(seconds):
        await writer.drain()


async def close(writer: asyncio.StreamWriter, seconds: float) -> None:
    """Closes; what the peer does not take within so many seconds is dropped. Never raises."""
    writer.close()
    try:
        async with asyncio.timeout(seconds):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()


def report(error: Exception) -> None:
    """Hands a fault in the program itself to the loop, which the daemon gave a place to log it."""
    asyncio.get_running_loop().call_exception_handler({"message": describe(error)})
