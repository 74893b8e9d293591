"""A disk that fails, or a process that dies, at each call that touches the disk in its turn.

The calls are the ones that Python makes through `os`; what is written and closed through a file
object counts as well. What fails has done nothing, but `close`, which has closed.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.support import sampled

_CALLS = (
    *("open", "replace", "rename", "unlink", "link", "mkdir", "chmod", "fchmod"),
    *("fsync", "write", "pwrite", "close"),
)
DEAD = 137  # as a shell says of who was killed
# How far apart the calls are that are struck: all of them on request, a few every time.
STEPS = sampled(13, 7, 1)
KILL = None  # instead of an error: the process ends there, without another step


class _File:
    """A file object whose writing, flushing and closing are calls as well."""

    def __init__(self, file: Any, struck: Callable[[str], None]) -> None:
        self._file = file
        self._struck = struck

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._struck("close")

    def write(self, content: bytes) -> int:
        half = content[: len(content) // 2]
        self._file.write(half)
        self._file.flush()
        self._struck("write")
        return len(half) + int(self._file.write(content[len(half) :]))


@contextmanager
def fault(at: int, error: int | None) -> Iterator[list[str]]:
    """The call of that number fails with `error`; the list has the calls so far, by name."""
    calls: list[str] = []

    def struck(name: str) -> None:
        calls.append(name)
        if len(calls) - 1 == at:
            if error is KILL:
                os._exit(DEAD)
            raise OSError(error, os.strerror(error))

    with told_of_calls(struck):
        yield calls


@contextmanager
def told_of_calls(struck: Callable[[str], None]) -> Iterator[None]:
    """`struck` hears of each call that touches the disk, by name, and may raise in its place."""
    real = {name: getattr(os, name) for name in (*_CALLS, "fdopen")}

    def standing_in(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if name == "close":  # on Linux it is closed, whatever is said of it
                real[name](*arguments, **more)
                return struck(name)
            struck(name)
            return real[name](*arguments, **more)

        return call

    def fdopen(*arguments: Any, **more: Any) -> _File:
        return _File(real["fdopen"](*arguments, **more), struck)

    try:
        for name in _CALLS:
            setattr(os, name, standing_in(name))
        os.fdopen = fdopen  # type: ignore[assignment]
        yield
    finally:
        for name, call in real.items():
            setattr(os, name, call)


def kills(work: Callable[[], object], at: int) -> bool:
    """Does `work` in a process that dies at that call; False if it never came so far."""

    def struck() -> None:
        with fault(at, KILL):
            work()

    return dies(struck)


def dies(work: Callable[[], object]) -> bool:
    """Does `work` in a process of its own; True if that was killed by a fault."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == DEAD


def struck_by(
    work: Callable[[], object], at: int, error: int = errno.EIO
) -> tuple[bool, BaseException | None]:
    """Whether that call was made, and failed; and what `work` made of it."""
    said: BaseException | None = None
    with fault(at, error) as calls:
        try:
            work()
        except Exception as raised:  # noqa: BLE001 - what it is, is for the test to judge
            said = raised
    return len(calls) > at, said


def steps(step: int = 1) -> Iterator[int]:
    """The numbers of calls to strike: all of them, or each of so many."""
    return count(0, step)
