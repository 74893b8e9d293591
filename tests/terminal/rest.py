"""Whether programs have come to rest, told by themselves and not by the clock.

On a loaded machine a program may draw nothing for a while only because it is not its turn. Linux
tells such a one from one that waits: the first is runnable, the other gets no older. So if all of
them wait, and have done nothing for a moment, whatever was still to come of a key has come.
"""

import os
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_WAITING = frozenset("SZTtIX")  # proc(5): asleep, dead, stopped or idle; R and D have work to do
# Of a processor's time. Looking for keys takes a tenth of it, the palette half; a key, more.
_NOTHING = 0.01

Ages = dict[str, int]


def ages(also: Iterable[int] = ()) -> Ages | None:
    """How long each thread below this process, or at and below `also`, has been at work, in ns.

    None if one of them is at work now, or waits for its turn.
    """
    found: Ages = {}
    for pid in _family(also):
        for task in _PROC.glob(f"{pid}/task/*"):
            try:
                state = (task / "stat").read_text().rpartition(")")[2].split()[0]
                found[str(task)] = int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                return None  # it has just ended, which somebody will notice
            if state not in _WAITING:
                return None
    return found


def at_rest(before: Ages | None, after: Ages | None, seconds: float) -> bool:
    """True if the same threads waited then and now, and hardly worked in the `seconds` between."""
    if before is None or after is None or before.keys() != after.keys():
        return False
    most = _NOTHING * seconds * 1e9
    return all(after[thread] - before[thread] < most for thread in before)


def _family(also: Iterable[int]) -> list[int]:
    """What descends from this process, without itself, and `also` with what descends from them."""
    children: dict[int, list[int]] = {}
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            # proc(5): the name in parentheses may hold anything; state and parent follow it.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    family: list[int] = []
    waiting = [*children.get(os.getpid(), []), *also]
    while waiting:
        pid = waiting.pop()
        if pid not in family:
            family.append(pid)
            waiting += children.get(pid, [])
    return family
