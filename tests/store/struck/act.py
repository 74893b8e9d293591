"""An act that changes something, made ready on a World that was furnished."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.store.struck.world import World

Do = Callable[[], object]
Ready = Callable[[World], Do]


@dataclass(frozen=True)
class Act:
    """`name` is the call's, `Class.method`, with a word behind it where there are several ways.

    `ready` gives what does it, once. `whole`: it is one change; if not, it may stand by half, and
    doing it again does the rest. `may_be_left`: what cannot be done now is left for another day.
    """

    name: str
    ready: Ready
    whole: bool = True
    may_be_left: bool = False

    @property
    def call(self) -> str:
        return self.name.partition(" ")[0]
