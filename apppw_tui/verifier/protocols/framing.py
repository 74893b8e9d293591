"""The common part of all protocols: what is written and taken, limits, and a bounded line."""

import asyncio
from dataclasses import dataclass

from apppw_tui.domain.errors import describe_fault


@dataclass(frozen=True)
class Limits:
    """The limits of one connection.

    `max_bytes` is in bytes: of a line, or of the strings of a frame together. `max_pending` counts
    attempts that are being decided and, apart, challenges that wait for a response. `idle_timeout`,
    `answer_timeout` and `write_timeout` are in seconds: for the next line or frame to be complete,
    for a decision, and for what was answered to be taken.
    """

    max_bytes: int = 8192
    max_pending: int = 32
    idle_timeout: float = 600.0
    answer_timeout: float = 8.0  # Postfix gives up after ten
    # Apart from the idle one: who takes no answers holds room, and memory.
    write_timeout: float = 8.0


STANDARD = Limits()


async def next_line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
) -> bytes | None:
    """The next line without its end; None if it is too long, does not come, or is cut off."""
    try:
        if writer.transport.get_write_buffer_size():  # who does not read is not listened to
            await drain(writer, limits.write_timeout)
        async with asyncio.timeout(limits.idle_timeout):
            line = await reader.readuntil(b"\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None  # TimeoutError is an OSError
    line = line.removesuffix(b"\n")
    return line.removesuffix(b"\r") if len(line) <= limits.max_bytes else None


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
