"""All that a program and its children hand to the kernel, by strace: names, words and contents."""

import os
import re
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.programs import PATIENCE
from tests.services.require import require_program
from tests.terminal.traces import found

# Contents that leave the process, and names that somebody else can read.
_WRITING = "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg"
_NAMING = (
    "execve,execveat,open,openat,openat2,creat,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,mkdir,mkdirat,mknod,mknodat,memfd_create,setxattr,prctl,bind,connect"
)
_LONGEST = 1 << 20  # bytes of one text
_CALL = re.compile(r"(?:\[pid +)?(\d+)\]? +(\w+)\((.*)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
_PLACE = re.compile(r"[0-9]+<(.*?)>(?:\(deleted\))?(?:, |\))")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_TEMPORARY = re.compile(r"\.tmp-[^/]*|#[0-9]+")  # open(2), O_TMPFILE
_ESCAPED = "\\x"


@dataclass(frozen=True)
class Call:
    """One call with its texts; `place` is the file, socket or pipe that a content went to."""

    pid: int
    name: str
    place: str
    texts: tuple[bytes, ...]


class Strace:
    """One run; `line` makes the command line of which the process is still the program's own."""

    def __init__(self, folder: Path, root: Path = Path("/")) -> None:
        """`folder` is where the run may write; `root` is the run's own, where that is another."""
        self._folder = folder
        self._pipe = Path(tempfile.mkdtemp(dir=folder)) / "strace"
        self._told = Path("/") / self._pipe.relative_to(root)
        os.mkfifo(self._pipe)
        self._shown = b""
        # To its end: strace outlives the program for a moment.
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        self._shown = self._pipe.read_bytes()

    def line(self, command: Sequence[str]) -> list[str]:
        return [
            *(require_program("strace", "strace"), "-D", "-f", "-qq", "-yy", "-xx", "-v"),
            *("-s", str(_LONGEST), "-e", "signal=none", "-e", f"trace={_WRITING},{_NAMING}"),
            *("-o", str(self._told), *command),
        ]

    def calls(self) -> list[Call]:
        """All calls of the run, which is over."""
        self._reading.join(PATIENCE)
        assert not self._reading.is_alive(), "it goes on"
        shown = self._shown.decode("ascii").split("\n")
        return [call for line in shown if (call := _parsed(line)) is not None]

    def finds(self, secrets: Mapping[str, str]) -> dict[str, set[str]]:
        """By place the secrets that were handed over there, whole or in pieces.

        The place of words, variables and names of files is "names", that of pipes "pipe", and that
        of what is given to a terminal's program "typed".
        """
        contents: dict[str, list[bytes]] = {}
        for call in self.calls():
            # In one text: a secret may go out symbol by symbol.
            contents.setdefault(self._place(call), []).append(
                b"".join(call.texts) if call.place else b"\n".join((b"", *call.texts, b""))
            )
        finds = {place: found(b"".join(pieces), secrets) for place, pieces in contents.items()}
        return {place: names for place, names in finds.items() if names}

    def _place(self, call: Call) -> str:
        if not call.place:
            return "names"
        place = call.place
        # With a root of its own, as it is seen from outside.
        if re.search("/dev/(pts/|tty)", place):
            return "terminal"
        if "/dev/ptmx" in place:
            return "typed"  # by whoever has the terminal's other side, as sshd
        if place.startswith(("pipe:", "UNIX", "TCP", "socket:")):
            return "pipe" if place.startswith("pipe:") else "socket"
        return _TEMPORARY.sub(".tmp", place.removeprefix(f"{self._folder}/"))


def _parsed(line: str) -> Call | None:
    """None for what has no texts: ends, and the second halves of calls."""
    match = _CALL.match(line)
    if match is None:
        return None
    pid, name, rest = match.groups()
    place = _PLACE.match(rest)
    texts = _TEXT.findall(rest)
    assert not any(cut for _, cut in texts), "a text is longer than what is shown of it"
    is_written = name in _WRITING.split(",")
    return Call(
        int(pid),
        name,
        (_decoded(place[1]) if place else "unknown") if is_written else "",
        tuple(bytes.fromhex(text.replace(_ESCAPED, "")) for text, _ in texts),
    )


def _decoded(place: str) -> str:
    return _HEX.sub(
        lambda match: bytes.fromhex(match[0].replace(_ESCAPED, "")).decode("utf-8", "replace"),
        place,
    )
