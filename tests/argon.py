"""Counts what Argon2 is really asked to compute, below everything that could leave it out."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from argon2 import low_level

_LIBRARY: Any = vars(low_level)["lib"]  # not exported, but what every hash goes through


@dataclass
class Spent:
    """The Argon2 runs since the last `clear`: what the C library computed, not what was called."""

    verified: list[str] = field(default_factory=list)  # the cost of each, such as m=8,t=1,p=1
    made: int = 0

    @property
    def total(self) -> int:
        return len(self.verified) + self.made

    def clear(self) -> None:
        self.verified.clear()
        self.made = 0


class _CountingLibrary:
    """The C library, counting; a hash that it refuses to compute costs nothing and is left out."""

    def __init__(self, spent: Spent) -> None:
        self._spent = spent

    def __getattr__(self, name: str) -> Any:
        return getattr(_LIBRARY, name)

    def argon2_verify(self, encoded: Any, *rest: Any) -> int:
        code: int = _LIBRARY.argon2_verify(encoded, *rest)
        if code in (_LIBRARY.ARGON2_OK, _LIBRARY.ARGON2_VERIFY_MISMATCH):
            text: bytes = low_level.ffi.string(encoded)
            self._spent.verified.append(text.decode().split("$")[3])
        return code

    def argon2_hash(self, *arguments: Any) -> int:
        self._spent.made += 1
        code: int = _LIBRARY.argon2_hash(*arguments)
        return code


class _NoMemory:
    """The C library on a machine that has no memory left."""

    def __getattr__(self, name: str) -> Any:
        if name in ("argon2_verify", "argon2_hash"):
            return lambda *_: _LIBRARY.ARGON2_MEMORY_ALLOCATION_ERROR
        return getattr(_LIBRARY, name)


def count_argon2(monkeypatch: pytest.MonkeyPatch) -> Spent:
    """From here to the end of the test, every Argon2 is counted."""
    spent = Spent()
    monkeypatch.setattr(low_level, "lib", _CountingLibrary(spent))
    return spent


def failing_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here to the end of the test, Argon2 has no memory."""
    monkeypatch.setattr(low_level, "lib", _NoMemory())
