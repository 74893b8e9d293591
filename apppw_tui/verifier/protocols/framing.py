"""The common part of the line and frame protocols: limits, and a bounded line."""

import asyncio
from dataclasses import dataclass

from apppw_tui.verifier.protocols import streams


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


async def next_line(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
) -> bytes | None:
    """The next line without its end; None if it is too long, does not come, or is cut off."""
    try:
        # Whoever does not read is not listened to.
        await streams.drain(writer, limits.write_timeout)
        async with asyncio.timeout(limits.idle_timeout):
            line = await reader.readuntil(b"\n")
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None  # TimeoutError is an OSError
    line = line.removesuffix(b"\n")
    return line.removesuffix(b"\r") if len(line) <= limits.max_bytes else None
