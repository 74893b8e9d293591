"""Looks for secrets where none may be, in whatever form they could have been written."""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_SHORT = 8  # digits and fewer: within other digits they mean nothing
_PROC = Path("/proc")


def found(content: bytes, secrets: Mapping[str, str]) -> set[str]:
    """Which of `secrets`, by their names, are in `content`."""
    text = content.decode("latin-1")
    lower = text.lower()
    packed = re.sub("[^0-9a-z]", "", lower)
    return {name for name, secret in secrets.items() if _is_in(text, lower, packed, secret)}


def in_files(folder: Path, secrets: Mapping[str, str]) -> dict[str, set[str]]:
    """Which of `secrets` are in which of the files below `folder`, or in their names."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    finds = {
        str(path): found(path.read_bytes() + b"\n" + path.name.encode(), secrets) for path in files
    }
    assert files, folder
    return {name: names for name, names in finds.items() if names}


def of_processes(pid: int) -> Iterator[tuple[str, bytes]]:
    """Name and content of what everybody may see of a process and of all below it."""
    for process in [pid, *_below(pid)]:
        for name in ("cmdline", "environ"):
            try:
                yield f"{process}/{name}", (_PROC / str(process) / name).read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended


def _below(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for path in _PROC.glob("[0-9]*/stat"):
        try:
            # proc(5): the name in parentheses may hold anything; state and parent follow it.
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    below = [child for child, parent in parents.items() if parent == pid]
    return [one for child in below for one in (child, *_below(child))]


def _is_in(text: str, lower: str, packed: str, secret: str) -> bool:
    """`lower` and `packed` are `text` in lower case, and less all that is no letter or digit."""
    bare = re.sub("[^0-9A-Za-z]", "", secret)
    if len(bare) <= _SHORT:
        between = "[^0-9A-Za-z]{0,2}"
        alone = re.compile(f"(?<![0-9A-Za-z]){between.join(bare)}(?![0-9A-Za-z])")
        return alone.search(text) is not None
    if secret.lower() in lower or bare.lower() in packed:
        return True
    forms = [encoded for form in {secret, bare} for encoded in _encoded(form.encode())]
    return any(form in text for form in (*forms, *_of_base32(bare)))


def _encoded(raw: bytes) -> Iterator[str]:
    """`raw` in the letters that bytes are usually written in."""
    yield raw.hex()
    yield raw.hex().upper()
    yield base64.b32encode(raw).decode().rstrip("=")
    for shift in range(3):  # wherever in a longer text it begins
        inner = base64.b64encode(b"\0" * shift + raw).decode()[4 if shift else 0 :]
        for alphabet in (inner, inner.replace("+", "-").replace("/", "_")):
            yield alphabet.rstrip("=")[:-2]  # the last signs depend on what follows


def _of_base32(bare: str) -> Iterator[str]:
    """What an authenticator's key stands for."""
    if re.fullmatch("(?:[A-Z2-7]{8})+", bare):
        raw = base64.b32decode(bare)
        yield raw.decode("latin-1")
        yield from _encoded(raw)
