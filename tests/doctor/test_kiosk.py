"""The kiosk's own sshd, as the real sshd tells it; and PAM."""

import contextlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from apppw_tui.doctor import kiosk, probe, sshd
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.doctor.probe import CommandOutput
from tests.doctor.healthy import Programs, Server, faults
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable

# Without it sshd does not even tell; where it is started by the system, it is there.
_SSHD_FOLDER = Path("/run/sshd")
HEALTHY = """\
Port 2222
HostKey {key}
AllowUsers apppw
ForceCommand /usr/local/libexec/apppw-kiosk
DisableForwarding yes
PermitUserRC no
PermitUserEnvironment no
MaxSessions 1
UsePAM yes
"""


@pytest.fixture(scope="module")
def host_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "host"
    generate = require_program("ssh-keygen", "openssh-client")
    subprocess.run([generate, "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


BY_KEY = """\
AuthenticationMethods publickey keyboard-interactive
AuthorizedKeysFile none
AuthorizedKeysCommand /usr/local/libexec/apppw-anykey %u %t %k
AuthorizedKeysCommandUser nobody
ExposeAuthInfo yes
"""


def looked_at(
    server: Server, text: str, host_key: Path, *, keys_count: bool = False
) -> list[Finding]:
    require_program("sshd", "openssh-server")
    with contextlib.suppress(OSError):
        _SSHD_FOLDER.mkdir(0o755)  # left there: another test may run an sshd by now
    path = server.places.kiosk
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(key=host_key))
    if not (server.places.root / "etc/passwd").exists():
        server.add_kiosk()
    commands = []

    def ask(command: Sequence[str]) -> CommandOutput:
        commands.append(command)
        answer = probe.run(command)
        if "Missing privilege separation directory" in answer.errors:
            unavailable("there is no /run/sshd, where sshd looks even if it only tells")
        return answer

    looked = sshd.check(ask, server.places, os.geteuid(), keys_count=keys_count)
    findings = faults(looked)
    assert commands
    return findings


def test_nothing_is_wrong_with_a_kiosk(server: Server, host_key: Path) -> None:
    assert looked_at(server, HEALTHY, host_key) == []


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        (("AllowUsers apppw\n", ""), Level.DANGER, "AllowUsers"),
        (("AllowUsers apppw\n", "AllowUsers apppw ada\n"), Level.DANGER, "AllowUsers"),
        (("AllowUsers apppw\n", "AllowUsers *\n"), Level.DANGER, "AllowUsers"),
        (("ForceCommand /usr/local/libexec/apppw-kiosk\n", ""), Level.DANGER, "ForceCommand"),
        (("DisableForwarding yes\n", ""), Level.DANGER, "forwards connections"),
        (("PermitUserRC no\n", ""), Level.DANGER, "permituserrc is yes"),
        (
            ("PermitUserEnvironment no\n", "PermitUserEnvironment yes\n"),
            Level.DANGER,
            "permituserenvironment is yes",
        ),
        (("MaxSessions 1\n", ""), Level.NOTICE, "MaxSessions is 10"),
        (("UsePAM yes\n", "Subsystem sftp internal-sftp\n"), Level.WARNING, "Subsystem"),
        (
            ("UsePAM yes\n", "Match User apppw\n  DisableForwarding no\n"),
            Level.DANGER,
            "forwards connections",
        ),
    ],
    ids=[
        *("nobody-named", "two-named", "everybody", "command", "forwarding", "rc"),
        *("environment", "sessions", "subsystem", "match"),
    ],
)
def test_a_fault_of_the_kiosk_is_found_alone(
    server: Server, host_key: Path, change: tuple[str, str], level: Level, what: str
) -> None:
    line, instead = change
    assert line in HEALTHY
    text = HEALTHY.replace(line, "") + instead
    (finding,) = looked_at(server, text, host_key)
    assert (finding.level, what in finding.what, finding.remedy != "") == (level, True, True), (
        finding
    )


def anykey(server: Server) -> Path:
    if not (server.places.root / "etc/passwd").exists():
        server.add_kiosk()
    program = server.places.root / "usr/local/libexec/apppw-anykey"
    program.write_text(adapted("sshd/apppw-anykey", {}))
    program.chmod(0o755)
    return program


def test_nothing_is_wrong_with_a_kiosk_that_has_keys_proved(server: Server, host_key: Path) -> None:
    anykey(server)
    assert looked_at(server, HEALTHY + BY_KEY, host_key, keys_count=True) == []


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        (("ExposeAuthInfo yes\n", ""), Level.NOTICE, "ExposeAuthInfo is no"),
        (("AuthorizedKeysCommand ", "#"), Level.NOTICE, "has no ssh key proved"),
        (
            ("ExposeAuthInfo", "PubkeyAuthentication no\nExposeAuthInfo"),
            Level.NOTICE,
            "has no ssh key",
        ),
        (("Methods publickey ", "Methods "), Level.NOTICE, "has no ssh key proved"),
        (("ExposeAuthInfo", "AcceptEnv LANG SSH_*\nExposeAuthInfo"), Level.DANGER, "AcceptEnv"),
    ],
    ids=["file", "command", "no-keys", "methods", "environment"],
)
def test_what_keeps_keys_from_counting_is_found(
    server: Server, host_key: Path, change: tuple[str, str], level: Level, what: str
) -> None:
    anykey(server)
    line, instead = change
    assert line in BY_KEY
    text = HEALTHY + BY_KEY.replace(line, instead)
    if instead == "#":
        text = text.replace("AuthorizedKeysCommandUser", "#")
    (finding,) = looked_at(server, text, host_key, keys_count=True)
    assert (finding.level, what in finding.what, finding.remedy != "") == (level, True, True)
    if level is Level.NOTICE:  # which nobody has to hear who wants no keys
        assert looked_at(server, text, host_key) == []


@pytest.mark.parametrize("fault", ["gone", "mode", "writable"])
def test_program_that_sshd_would_not_run_for_keys_is_found(
    server: Server, host_key: Path, fault: str
) -> None:
    program = anykey(server)
    if fault == "gone":
        program.unlink()
    else:
        program.chmod(0o644 if fault == "mode" else 0o777)
    (finding,) = looked_at(server, HEALTHY + BY_KEY, host_key, keys_count=True)
    assert finding.level is Level.WARNING
    assert "no ssh key is a second factor" in finding.what


def looked_at_own(server: Server, host_key: Path, match: str) -> list[Finding]:
    """The machine's own sshd, with that file beside its configuration, and a kiosk with keys."""
    anykey(server)
    own = server.places.match_user
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(match)
    server.places.sshd.write_text(
        f"HostKey {host_key}\nUsePAM yes\nAcceptEnv LANG LC_*\nInclude {own}\n"
    )
    assert looked_at(server, HEALTHY + BY_KEY, host_key) == []
    return looked_at(server, HEALTHY + BY_KEY, host_key, keys_count=True)


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        (("ExposeAuthInfo yes", ""), Level.NOTICE, "ExposeAuthInfo is no"),
        (("PubkeyAuthentication yes", "PubkeyAuthentication no"), Level.NOTICE, "no ssh key"),
        (("LANG NO_COLOR", "LANG SSH_*"), Level.DANGER, "AcceptEnv"),
    ],
    ids=["file", "no-keys", "environment"],
)
def test_what_keeps_keys_from_counting_at_the_own_sshd_is_found(
    server: Server, host_key: Path, change: tuple[str, str], level: Level, what: str
) -> None:
    text = adapted("sshd/match-user.conf", {})
    assert looked_at_own(server, host_key, text) == []
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    edited = "\n".join(lines).replace(*change)
    assert edited != "\n".join(lines)
    (finding,) = looked_at_own(server, host_key, edited)
    assert (finding.level, what in finding.what) == (level, True)
    assert finding.where == str(server.places.match_user)
    if level is Level.NOTICE:
        assert "match-user.conf" in finding.remedy


def test_where_the_one_user_may_come_from_is_no_fault(server: Server, host_key: Path) -> None:
    text = HEALTHY.replace("AllowUsers apppw", "AllowUsers apppw@192.0.2.*")
    assert looked_at(server, text, host_key) == []


def test_what_is_closed_one_by_one_is_closed(server: Server, host_key: Path) -> None:
    closed = (
        "AllowTcpForwarding no\nAllowStreamLocalForwarding no\nAllowAgentForwarding no\n"
        "X11Forwarding no\nPermitTunnel no\n"
    )
    text = HEALTHY.replace("DisableForwarding yes\n", closed)
    assert looked_at(server, text, host_key) == []


def test_a_configuration_that_sshd_refuses_is_told(
    server: Server, host_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (finding,) = looked_at(server, HEALTHY + "What no\n", host_key)
    assert (finding.level, "exit code 255" in finding.what) == (Level.WARNING, True)


def test_an_sshd_that_does_not_run_here_is_no_fault(server: Server) -> None:
    server.places.kiosk.parent.mkdir(parents=True)
    server.places.kiosk.touch()
    server.programs.how["sshd"] = "exit code 255"
    server.programs.errors["sshd"] = "Missing privilege separation directory: /run/sshd\n"
    assert server.faults() == []


def pam(server: Server, name: str, *lines: str) -> Path:
    path = server.places.pam[0] / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    "line",
    [
        "auth required pam_permit.so",
        "auth\t[success=1 default=ignore]\t/lib/security/pam_permit.so",
        "-auth sufficient pam_permit.so debug",
        "AUTH \\\n  sufficient pam_permit.so",
    ],
)
def test_sshds_own_service_that_lets_everybody_in_is_found(server: Server, line: str) -> None:
    path = pam(server, "sshd", "@include common-account", line)
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.DANGER, str(path))
    assert "lets everybody in" in finding.what


@pytest.mark.parametrize(
    "line",
    [
        "# auth required pam_permit.so",
        "account required pam_permit.so",
        "auth required pam_unix.so",
    ],
)
def test_sshds_own_service_as_it_should_be_is_no_fault(server: Server, line: str) -> None:
    pam(server, "sshd", line)
    assert server.faults() == []


def test_a_service_that_asks_something_else_is_found(server: Server) -> None:
    path = pam(server, "apppw-imap", "auth required pam_unix.so", "account required pam_permit.so")
    finding = server.fault()
    assert (finding.level, finding.where) == (Level.DANGER, str(path))
    assert "something else decides" in finding.what


@pytest.mark.parametrize("name", ["apppw-sshd", "apppw-kiosk"])
def test_the_kiosks_own_service_lets_everybody_come_as_far_as_the_portal(
    server: Server, name: str
) -> None:
    path = pam(server, name, adapted("sshd/apppw-sshd", {}))
    assert server.faults() == []
    path.write_text("auth required pam_permit.so\n")
    assert "lets in whomever" in server.fault().what
    path.write_text("@include common-auth\n")
    assert "nobody comes to the portal" in server.fault().what


def test_a_service_whose_helper_is_gone_is_found(server: Server) -> None:
    server.helper.unlink()
    assert "everybody is refused" in server.fault().what


def test_a_service_that_others_can_write_is_found(server: Server) -> None:
    (server.places.pam[0] / "apppw-imap").chmod(0o666)
    finding = server.fault()
    assert (finding.level, "can write it" in finding.what) == (Level.DANGER, True)


def test_a_service_that_leads_nowhere_is_found(server: Server) -> None:
    path = server.places.pam[0] / "apppw-imap"
    path.unlink()
    path.symlink_to("gone")
    assert "cannot be read" in server.fault().what
    assert path.is_symlink()


@pytest.mark.parametrize(
    ("line", "instead", "level", "what"),
    [
        ("requisite                   pam_deny", "optional pam_permit", Level.DANGER,
         "every password is right"),
        ("auth      [success", "auth sufficient pam_unix.so\nauth      [success", Level.WARNING,
         "pam_unix decides"),
        ("auth      [success", "@include common-auth\nauth      [success", Level.WARNING,
         "@common-auth decides"),
    ],
)  # fmt: skip
def test_a_service_beside_which_others_decide_is_found(
    server: Server, line: str, instead: str, level: Level, what: str
) -> None:
    path = server.places.pam[0] / "apppw-imap"
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, instead, 1))
    finding = server.fault()
    assert (finding.level, what in finding.what) == (level, True)


def test_what_stands_behind_the_kiosk_is_looked_at(server: Server, host_key: Path) -> None:
    looked_at(server, HEALTHY, host_key)
    script = server.places.root / "usr/local/libexec/apppw-kiosk"
    users = server.places.root / "etc/passwd"

    def found(what: str, level: Level = Level.DANGER) -> None:
        (one,) = looked_at(server, HEALTHY, host_key)
        assert (one.level, what in one.what, one.remedy != "") == (level, True, True), one

    script.chmod(0o775)
    found("Others than its owner can write it")
    script.chmod(0o755)
    script.parent.chmod(0o777)
    found("Others than its owner can write it")
    script.parent.chmod(0o755)
    script.rename(script.with_name("aside"))
    found("It is not there")
    script.with_name("aside").rename(script)
    script.chmod(0o644)
    found("no program that all may run")
    script.chmod(0o755)
    told = users.read_text()
    users.write_text(told.replace("/usr/local/libexec/apppw-kiosk", "/bin/bash"))
    found("Its shell is /bin/bash", Level.WARNING)
    users.write_text(told)
    (server.places.pam[0] / "apppw-sshd").unlink()
    found("asks PAM for it")


@pytest.mark.parametrize(
    ("runs", "enabled", "level"),
    [
        ("active", "enabled", None),
        ("failed", "enabled", Level.DANGER),
        ("inactive", "enabled", Level.DANGER),
        ("inactive", "disabled", Level.NOTICE),
        ("active", "disabled", Level.WARNING),
    ],
)
def test_a_door_that_is_closed_is_told(
    server: Server, runs: str, enabled: str, level: Level | None
) -> None:
    told = f"LoadState=loaded\nActiveState={runs}\nUnitFileState={enabled}\n"
    ask = Programs(out={"systemctl show": f"Id={kiosk.SERVICE}\n{told}"})
    assert [*kiosk.door(ask, server.places)] == []  # systemd does not run
    server.places.systemd.mkdir(parents=True)
    assert [one.level for one in kiosk.door(ask, server.places)] == ([level] if level else [])
