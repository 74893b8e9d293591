"""Backups that come packed, or through a pipe: unpacked as far as is likely, and no further."""

import gzip
import io
import lzma
import os
import threading
from collections.abc import Callable
from random import Random

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.store.backup import packed
from apppw_tui.store.backup.packed import unpacked

CONTENT = Random(7).randbytes(200_000) + bytes(200_000)
PACKERS = [gzip.compress, lzma.compress]
each_packer = pytest.mark.parametrize("pack", PACKERS)
Pack = Callable[[bytes], bytes]


def read(content: bytes) -> bytes:
    with unpacked(io.BytesIO(content)) as file:
        return file.read()


def test_what_is_not_packed_is_read_where_it_lies() -> None:
    file = io.BytesIO(CONTENT)
    assert unpacked(file) is file
    assert file.tell() == 0


@each_packer
@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, len(CONTENT)])
def test_what_is_packed_is_unpacked(pack: Pack, size: int) -> None:
    assert read(pack(CONTENT[:size])) == CONTENT[:size]


@each_packer
def test_streams_that_follow_each_other_are_one_and_zeros_at_the_end_nothing(pack: Pack) -> None:
    content = pack(CONTENT) + pack(b"") + pack(CONTENT[::-1]) + bytes(100_000)
    assert read(content) == CONTENT + CONTENT[::-1]


@each_packer
@pytest.mark.parametrize("wrong", ["cut", "changed", "followed"])
def test_what_is_damaged_is_refused(pack: Pack, wrong: str) -> None:
    content = bytearray(pack(CONTENT))
    if wrong == "cut":
        del content[-5:]
    elif wrong == "changed":
        content[1000] ^= 1
    else:
        content += b"more"
    with pytest.raises(Refused, match=r"^The file is no backup, or it is damaged\.$"):
        read(bytes(content))


@each_packer
def test_what_would_fill_the_disk_is_refused(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_ALWAYS", 1_000_000)
    assert len(read(pack(bytes(1_000_000)))) == 1_000_000
    with pytest.raises(Refused, match="unpacks to more than any backup"):
        read(pack(bytes(4_000_000)))
    noise = Random(7).randbytes(1_100_000)  # grows by little, so it may be large
    assert read(pack(noise)) == noise


def test_more_memory_than_any_packer_needs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "_MEMORY", 1_000_000)
    with pytest.raises(Refused, match="damaged"):
        read(lzma.compress(CONTENT))


@pytest.mark.parametrize("pack", [bytes, *PACKERS])
def test_what_comes_through_a_pipe_can_be_gone_back_in(pack: Pack) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as out:
            out.write(pack(CONTENT))

    thread = threading.Thread(target=write)
    thread.start()
    with os.fdopen(reading, "rb") as pipe, unpacked(pipe) as file:
        assert file.seekable()
        assert file.read() == CONTENT
        assert os.fstat(file.fileno()).st_nlink == 0
        assert os.fstat(file.fileno()).st_mode & 0o777 == 0o600
    thread.join()
