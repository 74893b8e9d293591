"""Looks for secrets where none may be, in whatever form they could have been written."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import unquote_to_bytes

from tests.folders import contents

_SHORT = 8  # digits and fewer: within other digits they mean nothing
_PROC = Path("/proc")
_UNKEYED = ("md5", "sha1", "sha256")
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_BACKSLASHED = re.compile(r"\\(?:u00|x)([0-9A-Fa-f]{2})|\\u([0-9A-Fa-f]{4})")
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def found(content: bytes, secrets: Mapping[str, str]) -> set[str]:
    """Which of `secrets`, by their names, are in `content`."""
    names: set[str] = set()
    for text in _readings(content.decode("latin-1")):
        lower = text.lower()
        packed = re.sub("[^0-9a-z]", "", lower)
        names |= {name for name, secret in secrets.items() if _is_in(text, lower, packed, secret)}
    return names


def in_files(folder: Path, secrets: Mapping[str, str]) -> dict[str, set[str]]:
    """Which of `secrets` are in which of the files below `folder`, or in their names."""
    files = contents(folder)
    finds = {
        str(path): found(content + b"\n" + path.name.encode(), secrets)
        for path, content in files.items()
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


def _readings(text: str) -> Iterator[str]:
    """`text` as it is, from its end, and as whoever knows how it was escaped reads it."""
    yield text
    yield text[::-1]
    if _PERCENT.search(text):
        yield unquote_to_bytes(text.encode("latin-1")).decode("latin-1")
    if _BACKSLASHED.search(text):  # JSON, C, Python
        yield _BACKSLASHED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    if _CONTROL_SEQUENCE.search(text):
        yield _CONTROL_SEQUENCE.sub("", text)


def _is_in(text: str, lower: str, packed: str, secret: str) -> bool:
    """`lower` and `packed` are `text` in lower case, and less all that is no letter or digit."""
    bare = re.sub("[^0-9A-Za-z]", "", secret)
    if len(bare) <= _SHORT:
        between = "[^0-9A-Za-z]{0,2}"
        alone = re.compile(f"(?<![0-9A-Za-z]){between.join(bare)}(?![0-9A-Za-z])")
        return alone.search(text) is not None
    if secret.lower() in lower or bare.lower() in packed:
        return True
    return any(form in text for form in _forms(secret)) or _apart(secret).search(text) is not None


@cache
def _forms(secret: str) -> tuple[str, ...]:
    bare = re.sub("[^0-9A-Za-z]", "", secret)
    raws = [form.encode(code) for form in (secret, bare) for code in ("utf-8", "utf-16-le")]
    # A hash without salt or key is guessed from as well as the secret itself.
    raws += [hashlib.new(kind, form).digest() for kind in _UNKEYED for form in raws[::2]]
    encoded = {form for raw in raws for form in _encoded(raw)}
    return (*encoded, *(raw.decode("latin-1") for raw in raws), *_of_base32(bare))


@cache
def _apart(secret: str) -> "re.Pattern[str]":
    """Symbol by symbol, with the same between any two: key='a' key='b'."""
    first, second, *others = map(re.escape, secret)
    return re.compile(
        f"{first}(?P<between>.{{1,40}}?){second}"
        + "".join(rf"(?P=between){one}" for one in others),
        re.DOTALL,
    )


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
