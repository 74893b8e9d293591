"""recipes/sshd by itself: what sshd, systemd and a shell make of the files."""

import os
import pty
import select
import shutil
import subprocess
from pathlib import Path

import pytest

from apppw_tui.doctor import probe, sshd
from apppw_tui.doctor.finding import Level
from apppw_tui.doctor.probe import SystemPaths
from tests.kiosk.scratch import RECIPES
from tests.programs import finished
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable

TIMEOUT = 120.0  # seconds
PROGRAM = "/usr/local/bin/apppw-tui"


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "host"
    generate = require_program("ssh-keygen", "openssh-client")
    subprocess.run([generate, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def told(config: Path, *who: str) -> dict[str, list[str]]:
    """The settings as sshd understands them."""
    program = require_program("sshd", "openssh-server")
    done = finished([program, "-T", "-f", config, *who])
    if "Missing privilege separation directory" in done.stderr:
        unavailable("there is no /run/sshd, where sshd looks even if it only tells")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        key, _, value = line.partition(" ")
        found.setdefault(key.lower(), []).append(value)  # from OpenSSH 10.6 on as in its manual
    return found


def test_the_kiosk_is_as_the_doctor_wants_it(tmp_path: Path, host_key: Path) -> None:
    places = SystemPaths(tmp_path)
    places.kiosk.parent.mkdir(parents=True)
    text = (RECIPES / "sshd/apppw_sshd_config").read_text()
    places.kiosk.write_text(f"{text}\nHostKey {host_key}\n")
    script = tmp_path / "usr/local/libexec/apppw-kiosk"
    script.parent.mkdir(parents=True)
    script.write_bytes((RECIPES / "sshd/apppw-kiosk").read_bytes())
    script.parent.chmod(0o755)
    script.chmod(0o755)
    (tmp_path / "etc/pam.d").mkdir()
    (tmp_path / "etc/pam.d/apppw-sshd").write_bytes((RECIPES / "sshd/apppw-sshd").read_bytes())
    (tmp_path / "etc/passwd").write_text(
        f"apppw:x:999:999::/var/lib/apppw-tui:/{script.relative_to(tmp_path)}\n"
    )
    said = told(places.kiosk)
    assert said["authenticationmethods"] == ["publickey keyboard-interactive"]
    assert said["exposeauthinfo"] == ["yes"]
    assert said["authorizedkeyscommand"] == ["/usr/local/libexec/apppw-anykey %u %t %k"]
    assert said["acceptenv"] == ["LANG", "NO_COLOR"]
    assert "subsystem" not in said
    assert said["permitrootlogin"] == ["no"]
    assert said["unusedconnectiontimeout"] == ["20"]
    assert (said["clientaliveinterval"], said["clientalivecountmax"]) == (["20"], ["3"])
    found = sshd.check(probe.run, places)
    assert [one.level for one in found] == [Level.OK], found


def test_the_other_users_of_the_machines_own_sshd_notice_nothing(
    tmp_path: Path, host_key: Path
) -> None:
    (tmp_path / "here.d").mkdir()
    shutil.copy(RECIPES / "sshd/match-user.conf", tmp_path / "here.d/apppw-tui.conf")
    own = f"HostKey {host_key}\nUsePAM yes\nAcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\n"
    plain, config = tmp_path / "plain", tmp_path / "config"
    plain.write_text(own)
    config.write_text(f"Include {tmp_path}/here.d/*.conf\n{own}")
    where = "host=localhost,addr=127.0.0.1"
    assert told(config, "-C", f"user=ada,{where}") == told(plain, "-C", f"user=ada,{where}")
    said = told(config, "-C", f"user=apppw,{where}")
    assert said["forcecommand"] == ["/usr/local/libexec/apppw-kiosk"]
    assert said["authenticationmethods"] == ["publickey"]
    assert said["disableforwarding"] == ["yes"]
    assert said["permituserrc"] == ["no"]
    assert said["maxsessions"] == ["1"]


def test_pam_lets_nobody_in_by_the_name_of_the_machines_own_sshd() -> None:
    text = (RECIPES / "sshd/apppw-sshd").read_text()
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    for kind in ("auth", "account", "session"):
        first = next(line for line in lines if line[0] == kind)
        assert first[1:] == ["required", "pam_succeed_if.so", "quiet", "user", "=", "apppw"]
    assert not [line for line in lines if line[1] in ("sufficient", "optional")]


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze", "systemd")
    text = adapted("sshd/apppw-sshd.service", {"/usr/local/sbin/apppw-sshd": "/bin/true"})
    path = tmp_path / "apppw-sshd.service"
    path.write_text(text)
    done = finished(
        [analyze, "verify", "--man=no", path], env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def opened(tmp_path: Path, **environment: str) -> list[str]:
    """The arguments and the environment of what the script opens on a terminal."""
    show = tmp_path / "show"
    show.write_text('#!/bin/sh\necho "$@"\nexec /usr/bin/env\n')
    show.chmod(0o755)
    script = tmp_path / "apppw-kiosk"
    script.write_text(adapted("sshd/apppw-kiosk", {PROGRAM: str(show)}))
    master, slave = pty.openpty()
    try:
        subprocess.run(
            ["/bin/sh", script, "-c", "id"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            check=True,
            timeout=TIMEOUT,
        )
        printed = b""  # all of it is there, and comes in pieces
        while select.select([master], [], [], 0)[0]:
            printed += os.read(master, 65536)
        return printed.decode().splitlines()
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("de_DE.UTF-8", "de_DE.UTF-8"),
        ("", "C.UTF-8"),
        ("../../tmp/x", "C.UTF-8"),
        ("a b", "C.UTF-8"),
        ("x\nPATH=/tmp", "C.UTF-8"),
    ],
)
def test_four_variables_are_passed_on_and_no_argument(
    tmp_path: Path, asked: str, passed: str
) -> None:
    said = opened(
        tmp_path, LANG=asked, TERM="xterm", SSH_CONNECTION="::1 1 ::1 2", ENV="/x", APPPW_STORE="/x"
    )
    assert said[0] == "--config /etc/apppw-tui/config.toml --kiosk"
    shell = ("PWD=", "SHLVL=", "_=", "OLDPWD=")  # which the shell of this test adds
    assert sorted(line for line in said[1:] if not line.startswith(shell)) == [
        f"LANG={passed}",
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "SSH_CONNECTION=::1 1 ::1 2",
        "TERM=xterm",
    ]


@pytest.mark.parametrize(("asked", "passed"), [("1", 1), ("x; id", 1), ("", 0)])
def test_no_colour_is_passed_on_where_it_is_asked_for(
    tmp_path: Path, asked: str, passed: int
) -> None:
    assert opened(tmp_path, TERM="xterm", NO_COLOR=asked).count("NO_COLOR=1") == passed


def test_without_a_terminal_the_script_opens_nothing() -> None:
    done = subprocess.run(
        ["/bin/sh", RECIPES / "sshd/apppw-kiosk", "-c", "id"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert (done.returncode, done.stdout) == (64, "")
    assert "needs a terminal" in done.stderr
