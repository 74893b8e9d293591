"""The common acts of every protocol on its connection."""

import asyncio
import socket
import struct

from apppw_tui.domain.errors import describe_fault

_CREDENTIALS = struct.Struct("3i")  # unix(7), struct ucred: pid, uid, gid


def peer_uid(writer: asyncio.StreamWriter) -> int | None:
    """The uid of the process that made the connection (unix(7), SO_PEERCRED).

    None where nobody tells.
    """
    connected = writer.get_extra_info("socket")
    number = getattr(socket, "SO_PEERCRED", None)  # not on macOS and the BSDs
    if connected is None or number is None:
        return None
    try:
        credentials = connected.getsockopt(socket.SOL_SOCKET, number, _CREDENTIALS.size)
    except OSError:
        return None
    uid: int = _CREDENTIALS.unpack(credentials)[1]
    return uid


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
    asyncio.get_running_loop().call_exception_handler({"message": describe_fault(error)})
