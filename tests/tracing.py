"""The way of an act through the package: which files it enters, and how often it changes file."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import apppw_tui

_PACKAGE = str(Path(apppw_tui.__file__).parent) + "/"


@dataclass
class Way:
    """Every call of a function of the package, in all threads, by its file."""

    calls: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        return sorted(set(self.calls))

    @property
    def changes(self) -> int:
        return sum(before != after for before, after in pairwise(self.calls))


@contextmanager
def traced() -> Iterator[Way]:
    """The way of whatever runs in the block; threads that began before it are not seen."""
    way = Way()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(_PACKAGE):
            way.calls.append(file.removeprefix(_PACKAGE))

    before = sys.getprofile()
    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        yield way
    finally:
        sys.setprofile(before)
        threading.setprofile(None)
