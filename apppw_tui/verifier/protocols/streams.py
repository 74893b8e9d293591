"""The common acts of every protocol on its connection."""

import asyncio

from apppw_tui.domain.errors import describe_fault


async def drain(writer: asyncio.StreamWriter, seconds: float) -> None:
    """Waits until the peer has taken most of what was written.

    Raises OSError: it is gone; or (TimeoutError) has not within so many seconds, and is cut off.
    """
    try:
        async with asyncio.timeout(seconds):
            await writer.drain()
    except TimeoutError:
        writer.transport.abort()
        raise


async def send(writer: asyncio.StreamWriter, data: bytes, seconds: float) -> None:
    """Writes, and waits as `drain` does. Raises OSError as that does."""
    writer.write(data)
    await drain(writer, seconds)


def report(error: Exception) -> None:
    """Hands a fault in the program itself to the loop, which the daemon gave a place to log it."""
    asyncio.get_running_loop().call_exception_handler({"message": describe_fault(error)})
