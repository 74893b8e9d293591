"""A Debian in a folder, booted under its own systemd in namespaces of its own.

Its processes, users, addresses and sockets are nobody else's; the network is its loopback alone.
Units, sockets, timers, reboots are the real ones; limits of memory and tasks have no effect, since
no controllers are handed down.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs import finished
from tests.services.require import require_program, unavailable

# Seconds. Only what fails ever waits as long, two processors and others who use them.
PATIENCE = 90.0
_LONG = 900.0  # to install
_POLL_INTERVAL = 0.2
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "xterm-256color"}
_SPACES = ("--fork", "--pid", "--mount", "--net", "--uts", "--ipc", "--kill-child")
# First part: namespaces, the folder as a root, the few devices there are. The last bind mount keeps
# systemd from unmounting what is not its own. Second part: a control group of its own, seen as if
# it were the top, then systemd as the first process.
_BOOT = """\
set -e
root=$1 name=$2 group=$3
hostname "$name"
ip link set lo up
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
while read -r file major minor; do
    mknod -m 666 "$root/dev/$file" c "$major" "$minor"
done <<END
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
END
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mount -t tmpfs tmpfs "$root/dev/shm"
ln -s /proc/self/fd "$root/dev/fd"
echo $$ >"$group/cgroup.procs"
exec unshare --cgroup --mount sh -c '
    set -e
    mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
    cd "$1"
    mkdir -p .outside
    pivot_root . .outside
    cd /
    umount -l /.outside
    exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
        /sbin/init --log-target=journal
' sh "$root"
"""


def control_groups() -> Path:
    """The folder of version 2 of control groups, wherever this machine has it."""
    folders = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    found = [folder for folder in folders if (folder / "cgroup.controllers").exists()]
    if not found:
        unavailable("this machine has no control groups of version 2")
    return found[0]


def require_namespaces() -> None:
    """Skips where nobody may make them, whatever else must not be left out there."""
    if os.geteuid() != 0:
        pytest.skip("only root can boot a Debian in a folder")
    tried = subprocess.run(["unshare", *_SPACES, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"root may not make namespaces here: {tried.stderr!r}")
    group = control_groups() / f"apppw-test-{os.getpid()}"
    try:
        group.mkdir()
        group.rmdir()
    except OSError as error:
        pytest.skip(f"root may not make control groups here: {error}")


class Machine:
    """Boots the Debian in `root`, as often as it is told to."""

    def __init__(self, root: Path, name: str) -> None:
        for program, package in (("unshare", "util-linux"), ("ip", "iproute2")):
            require_program(program, package)
        require_namespaces()
        self.root = root
        self._name = name
        self._group = control_groups() / f"apppw-test-{os.getpid()}-{name.partition('.')[0]}"
        self._outer: subprocess.Popen[bytes] | None = None
        self._first = ""

    def boot(self) -> None:
        """Returns when systemd has started everything that it starts."""
        # A machine of its own id, made anew: journald has a place, and no id is shared.
        self._group.mkdir(exist_ok=True)
        given = [str(part) for part in (self.root, self._name, self._group)]
        self._outer = subprocess.Popen(
            ["unshare", *_SPACES, "sh", "-c", _BOOT, "sh", *given],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        deadline = time.monotonic() + PATIENCE
        while True:
            if self._outer.poll() is not None:
                assert self._outer.stderr is not None
                unavailable(f"no Debian can be booted here: {self._outer.stderr.read()!r}")
            with contextlib.suppress(OSError):
                self._first = children.read_text().strip()
            if self._first and self._is_up():
                return
            assert time.monotonic() < deadline, self.journal()
            time.sleep(_POLL_INTERVAL)

    def _is_up(self) -> bool:
        try:
            if Path(f"/proc/{self._first}/comm").read_text().strip() != "systemd":
                return False
            told = self.run("systemctl", "is-system-running").stdout.strip()
        except OSError:
            return False
        return told in ("running", "degraded")

    def reboot(self) -> None:
        """As `reboot` does: everything is stopped, /run is gone, and it boots anew."""
        outer = self._outer
        assert outer is not None
        self.run("systemctl", "--no-block", "reboot")
        outer.wait(PATIENCE)
        self.boot()

    def power_off(self) -> None:
        """The kernel ends whatever runs in there together with its first process."""
        if self._outer is None:
            return
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(self._first), signal.SIGKILL)
        self._outer.kill()
        self._outer.wait()
        if self._outer.stderr is not None:
            self._outer.stderr.close()
        self._outer = None
        self._remove_groups()

    def _remove_groups(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._group.exists():
            for folder in sorted(self._group.rglob("*"), reverse=True):
                if folder.is_dir():
                    with contextlib.suppress(OSError):
                        folder.rmdir()
            with contextlib.suppress(OSError):
                self._group.rmdir()
                return
            if time.monotonic() > deadline:
                return  # empty groups cost nothing, and are not worth a failure
            time.sleep(_POLL_INTERVAL)

    @property
    def first_process(self) -> str:
        """Its number outside."""
        return self._first

    @property
    def network(self) -> list[str]:
        """What stands before a command that runs outside, and is to reach this machine."""
        return ["nsenter", f"--net=/proc/{self._first}/ns/net"]

    def inside(self, *command: str) -> list[str]:
        """The command line, from outside, that runs `command` in there as root."""
        root = f"/proc/{self._first}/root"
        spaces = ["-m", "-p", "-n", "-u", "-i", "-C", f"-r{root}", f"-w{root}"]
        return ["nsenter", "-t", self._first, *spaces, *command]

    def run(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return finished(
            self.inside(*command), stdin, env=ENVIRONMENT, errors="replace", timeout=_LONG
        )

    def output(self, *command: str, stdin: str = "") -> str:
        """What it says, once it has ended well."""
        done = self.run(*command, stdin=stdin)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def shell(self, script: str, stdin: str = "") -> str:
        """What a shell says that runs `script` to its end, once all of it went well."""
        return self.output("bash", "-euo", "pipefail", "-c", script, stdin=stdin)

    def eventually(self, script: str) -> str:
        """What `script` says, once it ends well: what it looks for comes by itself."""
        deadline = time.monotonic() + PATIENCE
        while True:
            done = self.run("bash", "-euo", "pipefail", "-c", script)
            if done.returncode == 0:
                return done.stdout
            said = f"{script}\n{done.stdout}{done.stderr}\n{self.journal()}"
            assert time.monotonic() < deadline, said
            time.sleep(_POLL_INTERVAL)

    def journal(self, *options: str) -> str:
        return self.run("journalctl", "--no-pager", "-q", "-n", "60", *options).stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)


@contextmanager
def booted(root: Path, name: str) -> Iterator[Machine]:
    machine = Machine(root, name)
    try:
        machine.boot()
        yield machine
    finally:
        machine.power_off()


def connect(machines: Mapping[str, Machine]) -> None:
    """Gives each the address that it is under, in one network that nobody else has.

    The first has the bridge; all of it ends with them.
    """
    first, *others = machines.values()
    own, *rest = machines

    def ip(machine: Machine, *words: str) -> None:
        done = finished([*machine.network, "ip", *words])
        assert done.returncode == 0, done.stderr

    bridge = finished([*first.network, "ip", "link", "add", "bridge0", "type", "bridge"])
    if bridge.returncode:
        unavailable(f"no machines can be connected here: {bridge.stderr}")
    ip(first, "address", "add", f"{own}/24", "dev", "bridge0")
    ip(first, "link", "set", "bridge0", "up")
    for number, (address, machine) in enumerate(zip(rest, others, strict=True)):
        wire = f"wire{number}"
        peer = ("peer", "name", "eth0", "netns", machine.first_process)
        ip(first, "link", "add", wire, "type", "veth", *peer)
        ip(first, "link", "set", wire, "master", "bridge0", "up")
        ip(machine, "address", "add", f"{address}/24", "dev", "eth0")
        ip(machine, "link", "set", "eth0", "up")


def give(root: Path, folder: Path, to: str) -> None:
    """Copies `folder` into the root, for the machine to find at `to`."""
    target = root / to.lstrip("/")
    shutil.copytree(folder, target, symlinks=True)
