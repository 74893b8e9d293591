"""The texts that a running process still refers to, told by the process itself.

A freed string may stand in memory until something else takes its place: Python cannot wipe it. One
that something refers to stands there for as long as that goes on, which is a fault of ours.
"""

import gc
import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

_LONGEST_NAME = 40
_LONGEST_WAY = 16  # objects on the way to what was found
_FORMS = ("utf-8", "utf-16-le", "utf-32-le")


def held(secrets: Mapping[str, str]) -> dict[str, str]:
    """By name the secrets that a living object holds, each with the way to one of these."""
    forms = {name: [secret.encode(form) for form in _FORMS] for name, secret in secrets.items()}
    own = [
        secrets,
        *secrets.values(),
        forms,
        *forms.values(),
        *(raw for each in forms.values() for raw in each),
    ]
    found: dict[str, str] = {}
    gc.collect()
    for thing, parents in _living(own):
        if isinstance(thing, str):
            names = [name for name, secret in secrets.items() if secret in thing]
        elif isinstance(thing, bytes | bytearray):
            names = [name for name, raw in forms.items() if any(form in thing for form in raw)]
        else:
            continue
        for name in names:
            found.setdefault(name, _way(thing, parents))
    return found


def _living(own: Sequence[object]) -> Iterator[tuple[object, dict[int, object]]]:
    """Everything that can be reached, with who refers to what; `own` is the caller's."""
    waiting: list[object] = [*sys._current_frames().values(), *gc.get_objects()]
    parents: dict[int, object] = {}
    asking = [sys._getframe(), sys._getframe(1)]
    seen = {id(one) for one in (own, waiting, parents, asking, *asking, *own)}
    seen.add(id(seen))
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing, parents
        for inner in gc.get_referents(thing):
            if id(inner) not in seen:
                parents.setdefault(id(inner), thing)
                waiting.append(inner)


def _way(thing: object, parents: Mapping[int, object]) -> str:
    way = [_described(thing, None)]
    seen = {id(thing), id(parents), id(way)}
    while len(way) < _LONGEST_WAY:
        outer = parents.get(id(thing)) or next(
            (
                one
                for one in gc.get_referrers(thing)
                if id(one) not in seen and not isinstance(one, FrameType | list)
            ),
            None,
        )
        if outer is None or id(outer) in seen:
            break
        seen.add(id(outer))
        way.append(_described(outer, thing))
        thing = outer
    return " < ".join(way)


def _described(thing: object, inner: object) -> str:
    """Its kind, with the name that it has, or by which it knows `inner`."""
    kind = type(thing).__qualname__
    if isinstance(thing, dict):
        keys = [key for key, value in thing.items() if value is inner]
        return f"{kind}[{str(keys[0])[:_LONGEST_NAME]}]" if keys else f"{kind}, a key of it"
    if isinstance(thing, FrameType):
        return f"{kind} {thing.f_code.co_qualname}"
    name = getattr(thing, "__qualname__", None)
    return f"{kind} {name}" if isinstance(name, str) else kind


def main(arguments: Sequence[str]) -> int:
    """The product's command line; SIGUSR2 has what lies in a file answered into a pipe."""
    from apppw_tui import cli

    asked, told = map(Path, arguments[:2])

    def tell(_number: int, _frame: FrameType | None) -> None:
        answer = json.dumps(held(json.loads(asked.read_text()))) + "\n"
        pipe = os.open(told, os.O_WRONLY)
        os.write(pipe, answer.encode())
        os.close(pipe)

    signal.signal(signal.SIGUSR2, tell)
    return cli.main([*arguments[2:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
