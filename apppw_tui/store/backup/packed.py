"""A backup as it comes: from a file or a pipe, as it was written or packed by gzip or xz."""

import lzma
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from apppw_tui.domain.errors import Refused
from apppw_tui.domain.progress import progress

_CHUNK = 65536  # bytes, read or unpacked in one go
_MEMORY = 256 * 1024 * 1024  # bytes that xz may want; its strongest level wants a quarter of them
# What is packed grows no more than that: a backup that small files pad with zeros shrinks to a
# thirtieth, while a few kilobytes made for it would fill the disk.
_GROWTH = 200
_ALWAYS = 256 * 1024 * 1024  # bytes that may come of anything
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\0"
_DAMAGED = "The file is no backup, or it is damaged."


class _Gzip:
    """zlib's decompressor, as lzma's is used."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, most)

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data


_Decoder = _Gzip | lzma.LZMADecompressor


def unpacked(file: BinaryIO) -> BinaryIO:
    """The backup in `file`, where one can go back in it: `file` itself, or a nameless copy.

    Raises:
        Refused: it is packed, and damaged, or unpacks to more than is likely.
        OSError: it cannot be read, or the copy not be written.
    """
    if file.seekable():
        begin = file.tell()
        head = file.read(len(_XZ))
        file.seek(begin)
        if not head.startswith((_GZIP, _XZ)):
            return file
    copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller's; 0600, and nameless
    try:
        for chunk in progress(_chunks(file), "Unpacking the backup, in parts"):
            copy.write(chunk)
        copy.seek(0, os.SEEK_SET)
    except (zlib.error, lzma.LZMAError, EOFError):
        copy.close()
        raise Refused(_DAMAGED) from None
    except BaseException:
        copy.close()
        raise
    return copy


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    head = file.read(_CHUNK)
    if head.startswith(_GZIP):
        yield from _decoded(file, head, _Gzip)
    elif head.startswith(_XZ):
        yield from _decoded(file, head, lambda: lzma.LZMADecompressor(memlimit=_MEMORY))
    else:
        while head:
            yield head
            head = file.read(_CHUNK)


def _decoded(file: BinaryIO, data: bytes, new: Callable[[], _Decoder]) -> Iterator[bytes]:
    """Several packed streams, one after the other, are one."""
    decoder, read, made = new(), len(data), 0
    while data:
        while not decoder.eof:
            chunk = decoder.decompress(data, _CHUNK)
            data = b""
            made += len(chunk)
            if made > max(_ALWAYS, read * _GROWTH):
                raise Refused("The file unpacks to more than any backup; it was left alone.")
            yield chunk
            if decoder.needs_input and len(chunk) < _CHUNK:
                break
        ended = decoder.eof
        if ended:
            data = decoder.unused_data.lstrip(b"\0")  # zeros fill the last block of a tape
        while not data and (packed_chunk := file.read(_CHUNK)):
            read += len(packed_chunk)
            data = packed_chunk.lstrip(b"\0") if ended else packed_chunk
        if ended and data:
            decoder = new()
    if not decoder.eof:
        raise EOFError
