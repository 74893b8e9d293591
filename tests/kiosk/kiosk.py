"""The kiosk on a scratch server, as the recipes set it up, and ways to come to it."""

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.kiosk import wheels
from tests.kiosk.scratch import CHECKOUT, GIVEN, RECIPES, Scratch, await_end, scratch
from tests.programs import finished
from tests.services.require import require_program, unavailable
from tests.support import PASSWORD
from tests.terminal.program import PATIENCE, Program

ACCOUNT = "ada@example.org"
PORT = 2222
VERSION, NEXT = "1.0.0", "1.1.0"
CLIENT = {"PATH": os.defpath, "HOME": "/nonexistent", "TERM": "xterm-256color", "LANG": "C.UTF-8"}
_LISTENER = "apppw-sshd -D"
OPTIONS = (
    *("-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR"),
    *("-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-o", "IdentityFile=none"),
)


def give(folder: Path) -> Path:
    """A checkout and wheels, to be installed on a scratch server; the folder they are in."""
    require_program("sshd", "openssh-server")
    require_program("ssh", "openssh-client")
    tag = finished(
        ["/usr/bin/python3", "-c", "import ensurepip, sys; print('cp%d%d' % sys.version_info[:2])"]
    ).stdout.strip()
    if not wheels.fits(tag):
        unavailable("the system's Python has no venv, or is another than that of the tests")
    folder.chmod(0o755)
    (folder / "wheels").mkdir()
    wheels.wheels(folder / "wheels", VERSION, NEXT)
    for given in (RECIPES, RECIPES.parent / "docs"):
        shutil.copytree(given, folder / "checkout" / given.name)
    return folder


def wheel(version: str) -> str:
    """Its path on the scratch server."""
    return f"{GIVEN}/wheels/apppw_tui-{version}-py3-none-any.whl"


class KioskServer:
    """A server with the kiosk installed, and one account."""

    def __init__(self, server: Scratch) -> None:
        self.scratch = server

    def install(self, what: str) -> str:
        """What install.sh says."""
        return self.scratch.output(f"{CHECKOUT}/recipes/install.sh", what)

    def add_account(self) -> None:
        line = ["apppw-tui", "account", "add", ACCOUNT, "--password-stdin"]
        self.scratch.output(*line, stdin=PASSWORD)

    def configure(self, text: str) -> None:
        path = self.scratch.root / "etc/apppw-tui/config.toml"
        path.write_text(f'store = "/var/lib/apppw-tui"\n{text}')

    def listen(self, *options: str, port: int = PORT, under: Sequence[str] = ()) -> list[str]:
        """Starts sshd as the unit does, with its limits as far as they go; its log.

        `options` come before those in the file. No more than one can be at a port. `under` is the
        command line that runs it all.
        """
        self.scratch.output("mkdir", "-p", "/run/sshd")
        options = (f"ListenAddress=127.0.0.1:{port}", *options)
        line = [*confined(unit()), "-e", *(part for one in options for part in ("-o", one))]
        ready = f"Server listening on 127.0.0.1 port {port}."
        return self.scratch.start([*under, "unshare", "--mount", "sh", "-c", *line], ready)

    def stop(self, port: int) -> None:
        """Ends who listens at that port; sessions go on."""
        found = self.scratch.processes()
        (listener,) = [
            pid
            for pid, line in found.items()
            if line.startswith(("apppw-sshd: ", "/usr/local/sbin/")) and f"127.0.0.1:{port}" in line
        ]
        os.kill(listener, signal.SIGTERM)
        assert not await_end([listener])

    def sessions(self) -> dict[int, str]:
        """All processes but the listeners."""
        found = self.scratch.processes()
        return {pid: line for pid, line in found.items() if _LISTENER not in line}

    def portals(self) -> list[int]:
        return [pid for pid, line in self.sessions().items() if "--kiosk" in line]

    def ssh(
        self,
        *arguments: str,
        user: str = "apppw",
        options: Sequence[str] = (),
        port: int = PORT,
        address: str = "127.0.0.1",
    ) -> list[str]:
        """The command line of a client outside, coming from `address`."""
        come = ("-p", str(port), "-b", address)
        client = [
            "ssh",
            *options,
            *OPTIONS,
            *come,
            f"{user}@127.0.0.1",
            *arguments,
        ]  # the first counts
        return [*self.scratch.network, *client]

    def said(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """What a client without a terminal is told."""
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=4 * PATIENCE,
        )

    def client(self, *options: str, port: int = PORT) -> Program:
        """A client on a terminal."""
        return Program(self.ssh(options=options, port=port), CLIENT)

    def opens(self, password: str) -> bool:
        """True if `password` is an app password of the account."""
        said = self.scratch.run("apppw-tui", "verify", ACCOUNT, stdin=password)
        assert said.returncode in (0, 1), said.stderr
        return said.returncode == 0


@contextmanager
def kiosk_server(below: Path, given: Path) -> Iterator[KioskServer]:
    with scratch(below, given) as server:
        yield KioskServer(server)


def unit() -> dict[str, list[str]]:
    """The values of each key in the unit, split at blanks (systemd.syntax(7))."""
    found: dict[str, list[str]] = {}
    for line in (RECIPES / "sshd" / "apppw-sshd.service").read_text().splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).extend(value.split())
    return found


def confined(said: dict[str, list[str]]) -> list[str]:
    """A script and its arguments: the unit's command, with what the unit takes from it."""
    assert (said["ProtectSystem"], said["NoNewPrivileges"]) == (["strict"], ["yes"])
    capabilities = [name.removeprefix("CAP_").lower() for name in said["CapabilityBoundingSet"]]
    lines = ["set -e"]
    for path in said["ReadWritePaths"]:
        lines += [f"mount --bind {path} {path}"]
    lines += ["mount -o remount,bind,ro /"]
    bounding = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    less = f"--no-new-privs --bounding-set={bounding} --inh-caps=-all"
    lines += [f'exec setpriv {less} -- {shlex.join(said["ExecStart"])} "$@"']
    return ["\n".join(lines), "sh"]
