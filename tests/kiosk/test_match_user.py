"""recipes/sshd/match-user.conf: the same portal in the machine's own sshd, by ssh keys."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.kiosk.kiosk import CLIENT, VERSION, KioskServer, wheel
from tests.kiosk.scratch import RECIPES
from tests.services.require import require_program
from tests.terminal.program import Program

pytestmark = pytest.mark.slow
PORT = 22
_OWN = """\
Include /etc/ssh/sshd_config.d/apppw-tui.conf
UsePAM yes
KbdInteractiveAuthentication no
AcceptEnv LANG LC_*
Subsystem sftp /usr/lib/openssh/sftp-server
"""  # what Debian's own says


def test_a_key_opens_the_portal_and_nothing_else(bare: KioskServer, tmp_path: Path) -> None:
    generate = require_program("ssh-keygen", "openssh-client")
    key = tmp_path / "key"
    subprocess.run([generate, "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    bare.install(wheel(VERSION))
    bare.configure("")
    bare.add_account()
    etc = bare.scratch.root / "etc"
    (etc / "ssh/sshd_config").write_text(_OWN)
    shutil.copy(RECIPES / "sshd/match-user.conf", etc / "ssh/sshd_config.d/apppw-tui.conf")
    shutil.copy(tmp_path / "key.pub", etc / "apppw-tui/authorized_keys")
    bare.scratch.start(["/usr/sbin/sshd", "-D", "-e"], f"Server listening on :: port {PORT}.")
    mine = ["-o", "IdentitiesOnly=yes", "-i", str(key)]

    without = bare.said(*bare.ssh(port=PORT, options=["-tt"]))
    assert without.returncode == 255
    assert "Permission denied (publickey)" in without.stderr
    command = bare.said(*bare.ssh("id", port=PORT, options=mine))
    assert (command.returncode, command.stdout) == (64, "")
    files = bare.said(*bare.ssh("sftp", port=PORT, options=[*mine, "-s"]))
    assert (files.returncode, files.stdout) == (64, "")
    through = bare.said(*bare.ssh(port=PORT, options=[*mine, "-W", f"127.0.0.1:{PORT}"]))
    assert (through.returncode, through.stdout) == (255, "")
    program = Program(bare.ssh(port=PORT, options=mine), CLIENT)
    try:
        program.see("Quit")
        program.see("No account knows your key")  # sshd has said which one it was
        (portal,) = bare.portals()
        had = Path(f"/proc/{portal}/environ").read_text().split("\0")
        assert {one.partition("=")[0] for one in had if one} == {
            *("PATH", "LANG", "TERM", "SSH_CONNECTION", "SSH_USER_AUTH")
        }
        program.settle()
        program.send("\x11")
        assert program.end() == 0
    finally:
        program.close()
