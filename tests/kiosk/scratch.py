"""A server in a folder: this machine's files as they are, everything else its own.

What is written goes to memory, its users, processes and addresses are nobody else's, and nothing of
it is left, not even where the tests are killed.
"""

import io
import os
import select
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.programs import finished
from tests.services.require import require_program, unavailable
from tests.terminal.program import PATIENCE

RECIPES = Path(__file__).parents[2] / "recipes"
GIVEN = "/srv/given"  # where it finds what the tests give it
CHECKOUT = f"{GIVEN}/checkout"
_MAKE = """\
set -e
folder=$1 below=$2 given=$3
mount -t tmpfs none "$folder"
cd "$folder"
mkdir written work root
mount -t overlay -o lowerdir="$below",upperdir=written,workdir=work none root
rm -rf root/etc/apppw-tui root/var/lib/apppw-tui root/opt/apppw-tui
for place in run tmp; do mount -t tmpfs none root/$place; done
chmod 1777 root/tmp
mount --rbind /dev root/dev
mount -t proc none root/proc
mkdir -p root/srv/given
mount --bind "$given" root/srv/given
ip link set lo up
exec chroot root sh -c 'echo ready; sleep infinity & wait'
"""
_INSTALL_SECONDS = 600  # two processors, and others who use them


class Scratch:
    """Its root is `below`, of which nothing is changed; `given` can be read at GIVEN."""

    def __init__(self, below: Path, given: Path) -> None:
        for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
            require_program(program, package)
        if os.geteuid() != 0:
            unavailable("only root can make a server in a folder")
        self._folder = Path(tempfile.mkdtemp(prefix="apppw-"))
        self._readers: list[threading.Thread] = []
        spaces = ["--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"]
        self._process = subprocess.Popen(
            ["unshare", *spaces, "sh", "-c", _MAKE, "sh", self._folder, below, given],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            _, why = self._process.communicate()
            self.close()
            unavailable(f"no server can be made in a folder here: {why}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        self._first = children.read_text().strip()
        self.root = Path(f"/proc/{self._first}/root")

    def inside(self, *command: str | Path) -> list[str]:
        """The command line, from outside, that runs `command` in there as root."""
        spaces = ["--mount", "--pid", "--net", "--ipc", "--root", "--wd"]
        return ["nsenter", f"--target={self._first}", *spaces, *map(str, command)]

    @property
    def network(self) -> list[str]:
        """What stands before a command that runs outside, and is to reach the server."""
        return ["nsenter", f"--net=/proc/{self._first}/ns/net"]

    def run(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return finished(self.inside(*command), stdin, env=ENVIRONMENT, timeout=_INSTALL_SECONDS)

    def output(self, *command: str, stdin: str = "") -> str:
        """What it says, once it has ended well."""
        done = self.run(*command, stdin=stdin)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, command: Sequence[str | Path], ready: str) -> list[str]:
        """Starts a server in there; its log, that grows, once a line of it holds `ready`."""
        process = subprocess.Popen(
            self.inside(*command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        log: list[str] = []
        found = threading.Event()

        def read() -> None:
            with process, process.stderr or io.StringIO() as errors:
                for line in errors:
                    log.append(line)
                    if ready in line:
                        found.set()
            found.set()

        reader = threading.Thread(target=read)
        reader.start()
        self._readers.append(reader)
        assert found.wait(PATIENCE), log
        assert ready in "".join(log), log
        return log

    def processes(self) -> dict[int, str]:
        """All that run in there but the first ones, by their number outside; with their lines."""
        space = Path(f"/proc/{self._first}/ns/pid").stat().st_ino
        found = {}
        for path in Path("/proc").iterdir():
            if not path.name.isdecimal() or path.name == self._first:
                continue
            try:
                line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                if (path / "ns" / "pid").stat().st_ino == space and line:
                    found[int(path.name)] = line
            except OSError:
                continue  # it has ended
        return {pid: line for pid, line in found.items() if line != "sleep infinity"}

    def close(self) -> None:
        """The kernel ends whatever runs in there together with the first process."""
        self._process.kill()
        self._process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        shutil.rmtree(self._folder)


ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": f"{GIVEN}/wheels",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    # Half of what an installation takes, most of it for telephone numbers that nobody asks about.
    "PIP_NO_COMPILE": "1",
}


@contextmanager
def scratch(below: Path, given: Path) -> Iterator[Scratch]:
    server = Scratch(below, given)
    try:
        yield server
    finally:
        server.close()


def await_end(pids: Sequence[int], patience: float = PATIENCE) -> list[int]:
    """Waits until those processes have ended; those that have not."""
    left = []
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([watch], [], [], patience)[0]:
                left.append(pid)
        finally:
            os.close(watch)
    return left
