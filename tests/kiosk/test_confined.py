"""What the unit takes from sshd and the portal, and that they can do without it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.kiosk.kiosk import KioskServer, unit
from tests.kiosk.scratch import await_end
from tests.services.require import require_program

pytestmark = pytest.mark.slow
PORT = 2223
# With RestrictAddressFamilies= and MemoryDenyWriteExecute= (systemd.exec(5)).
WITHIN = re.compile(
    r"socket\(AF_(UNIX|INET|INET6|NETLINK),|mprotect\((?!.*PROT_EXEC)"
    r"|mmap\((?!.*PROT_WRITE\|PROT_EXEC)|<\.\.\. (socket|mmap|mprotect) resumed>"
)


def test_the_portal_is_an_ordinary_process_of_its_user_with_no_way_up(kiosk: KioskServer) -> None:
    program = kiosk.client()
    try:
        program.see("Quit")
        (portal,) = kiosk.portals()
        status = Path(f"/proc/{portal}/status").read_text()
        said = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        owner = (kiosk.scratch.root / "var/lib/apppw-tui").stat().st_uid
        assert said["Uid"].split() == [str(owner)] * 4
        assert owner != 0
        assert int(said["CapEff"], 16) == int(said["CapPrm"], 16) == 0
        assert said["NoNewPrivs"] == "1"
    finally:
        program.close()


def test_of_all_files_it_can_write_the_stores_alone(kiosk: KioskServer) -> None:
    program = kiosk.client()
    try:
        program.see("Quit")
        (portal,) = kiosk.portals()
        mounts = Path(f"/proc/{portal}/mountinfo").read_text().splitlines()
        writable = {line.split()[4] for line in mounts if line.split()[5].startswith("rw")}
        on_disk = {path for path in writable if not path.startswith(("/dev", "/proc", "/run"))}
        assert on_disk - {"/tmp", "/srv/given"} == {"/var/lib/apppw-tui"}
    finally:
        program.close()


def test_neither_makes_a_system_call_that_the_unit_may_not(kiosk: KioskServer) -> None:
    """As a filter of strace rather than of seccomp: it shows each call outside, if there is one."""
    strace = require_program("strace", "strace")
    calls = allowed(unit()["SystemCallFilter"])
    assert {"read", "clone3", "chroot"} <= calls
    assert not {"mount", "reboot", "bpf"} & calls
    others = ",".join(f"?{call}" for call in sorted(calls - {"socket", "mmap", "mprotect"}))
    # From where the unit's own command begins: what confines it is systemd's.
    traced = [
        strace,
        "-f",
        "-qq",
        "-e",
        "signal=none",
        "-o",
        "/tmp/shown",
        "-e",
        f"trace=!{others}",
    ]
    kiosk.listen("ClientAliveInterval=0", port=PORT, under=traced)
    program = kiosk.client(port=PORT)
    program.see("Quit")
    left = list(kiosk.sessions())
    program.close()
    assert await_end(left) == []
    kiosk.stop(PORT)
    lines = (kiosk.scratch.root / "tmp/shown").read_text().splitlines()
    begun = next(number for number, line in enumerate(lines) if "AF_INET" in line)
    assert [line for line in lines[begun:] if "mmap" in line]
    assert [line for line in lines[begun:] if not WITHIN.search(line)] == []


def allowed(names: list[str]) -> set[str]:
    """The system calls in those groups, of which one may hold another."""
    analyze = require_program("systemd-analyze", "systemd")
    found: set[str] = set()
    for name in names:
        if not name.startswith("@"):
            found.add(name)
            continue
        listed = subprocess.run(
            [analyze, "syscall-filter", name], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        words = [line.split("#")[0].strip() for line in listed if line.startswith(" ")]
        found |= allowed([word for word in words if word])
    return found
