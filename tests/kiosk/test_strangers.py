"""Whoever tries something else than the portal, or leaves it without a word."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk.keys import generate
from tests.kiosk.kiosk import CLIENT, PORT, KioskServer
from tests.kiosk.scratch import await_end
from tests.terminal.program import PATIENCE, Program

pytestmark = pytest.mark.slow
NO_TERMINAL = (
    "apppw-tui: the portal needs a terminal; leave out the command, or try ssh -t.\n"
    "apppw-tui: line by line, as for screen readers: ssh -t ... plain\n"
)
DENIED = "Permission denied"
BANNER = "SSH-2.0"  # what one reads who reaches the kiosk's own port, or any other ssh server
OTHER_PORT = 2223
DOOR_SECONDS = 60


@pytest.fixture(autouse=True)
def _nothing_is_left(kiosk: KioskServer) -> Iterator[None]:
    yield
    assert await_end(list(kiosk.sessions())) == []
    assert kiosk.sessions() == {}


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ([], []),
        (["-T"], []),
        ([], ["apppw-tui", "account", "list"]),
        ([], ["plain"]),
        ([], ["touch /var/lib/apppw-tui/made"]),
        (["-s"], ["sftp"]),
    ],
)
def test_without_a_terminal_there_is_no_portal_and_no_command_is_run(
    kiosk: KioskServer, options: list[str], command: list[str]
) -> None:
    done = kiosk.said(*kiosk.ssh(*command, options=options))
    if options == ["-s"]:
        assert done.returncode != 0
        assert "subsystem request failed" in done.stderr
    else:
        assert (done.returncode, done.stderr) == (64, NO_TERMINAL)
    assert done.stdout == ""
    assert not (kiosk.scratch.root / "var/lib/apppw-tui/made").exists()


@pytest.mark.parametrize("command", [[], ["id"]])
def test_where_force_command_is_lost_the_login_shell_still_holds(
    kiosk: KioskServer, command: list[str]
) -> None:
    kiosk.listen("ForceCommand=none", port=OTHER_PORT)
    done = kiosk.said(*kiosk.ssh(*command, port=OTHER_PORT))
    kiosk.stop(OTHER_PORT)
    assert (done.returncode, done.stdout) == (64, "")


def test_with_a_terminal_a_command_is_the_portal(kiosk: KioskServer) -> None:
    line = kiosk.ssh("touch /var/lib/apppw-tui/made", options=["-t"])
    program = Program(line, CLIENT)
    try:
        program.see("Quit")
        program.settle()
        program.send("\x11")
        assert program.end() == 0
    finally:
        program.close()
    assert not (kiosk.scratch.root / "var/lib/apppw-tui/made").exists()


@pytest.mark.parametrize("program", ["scp", "scp -O", "sftp"])
def test_no_file_comes_or_goes(kiosk: KioskServer, program: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    name, *more = program.split()
    known = [
        "-F",
        "/dev/null",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
    ]
    line = [*kiosk.scratch.network, name, *more, *known, "-P", str(PORT)]
    theirs = "apppw@127.0.0.1:"
    if name == "sftp":
        tried = [[*line, f"{theirs}config", str(tmp_path / "got")]]
    else:
        tried = [
            [*line, str(mine), f"{theirs}made"],
            [*line, f"{theirs}/etc/apppw-tui/config.toml", str(tmp_path / "got")],
        ]
    for one in tried:
        assert kiosk.said(*one).returncode != 0
    assert not (tmp_path / "got").exists()
    assert not (kiosk.scratch.root / "var/lib/apppw-tui/made").exists()


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        (["-W", f"127.0.0.1:{PORT}"], "stdio forwarding failed"),
        (["-N", "-R", f"0:127.0.0.1:{PORT}"], "remote port forwarding failed"),
        (
            ["-N", "-R", f"/var/lib/apppw-tui/made:127.0.0.1:{PORT}"],
            "remote port forwarding failed",
        ),
    ],
)
def test_nothing_is_forwarded(kiosk: KioskServer, options: list[str], refused: str) -> None:
    exits = ["-o", "ExitOnForwardFailure=yes", "-o", "LogLevel=INFO"]
    done = kiosk.said(*kiosk.ssh(options=[*exits, *options]))
    assert done.returncode == 255
    assert refused in done.stderr
    assert BANNER not in done.stdout
    assert not (kiosk.scratch.root / "var/lib/apppw-tui/made").exists()


def test_no_port_of_the_server_is_reached_through_a_port_here(kiosk: KioskServer) -> None:
    """-L and -D listen at the client whatever the server says; behind them is nothing."""
    local = 2300
    tunnel = kiosk.client("-N", "-v", "-L", f"127.0.0.1:{local}:127.0.0.1:{PORT}")
    try:
        tunnel.see("Entering interactive session")
        reach = f"""exec 3<>/dev/tcp/127.0.0.1/{local}; cat <&3"""
        done = kiosk.said(*kiosk.scratch.network, "bash", "-c", reach)
        assert done.stdout == ""
        tunnel.see("open failed: administratively prohibited")
    finally:
        tunnel.close()


def test_who_is_connected_and_asks_for_nothing_is_sent_away(kiosk: KioskServer) -> None:
    kiosk.listen("UnusedConnectionTimeout=1", port=OTHER_PORT)
    done = kiosk.said(*kiosk.ssh(options=["-N"], port=OTHER_PORT))
    assert done.returncode == 255
    kiosk.stop(OTHER_PORT)


def test_a_client_chooses_its_characters_and_colours_and_nothing_else(kiosk: KioskServer) -> None:
    smuggled = (
        "APPPW_STORE=/tmp TEXTUAL_LOG=/var/lib/apppw-tui/made LD_PRELOAD=/tmp/x PYTHONPATH=/tmp "
        "PATH=/tmp TZ=Mars HOME=/tmp SSH_CONNECTION=x SSH_ORIGINAL_COMMAND=x SSH_USER_AUTH=x "
        "LANG=de_DE.UTF-8 NO_COLOR=yes"
    )
    program = kiosk.client("-o", f"SetEnv={smuggled}", "-o", "SendEnv=*")
    try:
        program.see("Quit")
        (portal,) = kiosk.portals()
        had = Path(f"/proc/{portal}/environ").read_bytes().decode().rstrip("\0").split("\0")
        environment = dict(one.split("=", 1) for one in had)
        assert environment.pop("SSH_CONNECTION").startswith("127.0.0.1 ")
        assert environment.pop("SSH_USER_AUTH").startswith("/tmp/sshauth.")
        assert environment == {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "TERM": "xterm-256color",
            "LANG": "de_DE.UTF-8",
            "NO_COLOR": "1",
        }
    finally:
        program.close()


@pytest.mark.parametrize("term", ["xterm;id", "dumb"])
def test_a_terminal_of_a_strange_name_gets_lines(kiosk: KioskServer, term: str) -> None:
    program = Program(kiosk.ssh(), {**CLIENT, "TERM": term})
    try:
        program.see("Account: ")
        assert b"\x1b" not in program.output
        program.send("\x04")
        assert program.end() == 0
    finally:
        program.close()


@pytest.mark.parametrize("user", ["root", "nobody", "no-such-user"])
def test_nobody_else_comes_in_at_that_port(kiosk: KioskServer, user: str, tmp_path: Path) -> None:
    key = generate(tmp_path, "key")
    done = kiosk.said(*kiosk.ssh("id", user=user, options=["-t", "-t", *key.options]))
    assert done.returncode == 255
    assert DENIED in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("user", ["root", "somebody"])
@pytest.mark.parametrize("command", [(), ("AuthorizedKeysCommand=/usr/bin/echo %t %k",)])
def test_not_even_where_only_pam_stands_in_the_way(
    kiosk: KioskServer, user: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    """Nor by a key, which each of PAM and apppw-anykey would refuse alone."""
    key = generate(tmp_path, "key")
    if command:
        user = user.replace("somebody", "anybody")
    if user != "root":
        kiosk.scratch.output("useradd", "--system", "--shell", "/bin/sh", user)
    open_to = ("PermitRootLogin=yes", f"AllowUsers={user}", "ForceCommand=id", *command)
    kiosk.listen(*open_to, port=OTHER_PORT)
    done = kiosk.said(*kiosk.ssh("id", user=user, port=OTHER_PORT, options=key.options))
    assert done.returncode == 255
    assert command or DENIED in done.stderr  # PAM closes the connection without a word
    assert done.stdout == ""
    kiosk.stop(OTHER_PORT)


def test_a_client_that_is_killed_leaves_nothing(kiosk: KioskServer) -> None:
    program = kiosk.client()
    program.see("Quit")
    left = list(kiosk.sessions())
    assert kiosk.portals()
    program.close()
    assert await_end(left) == []


@pytest.fixture
def frozen(kiosk: KioskServer, request: pytest.FixtureRequest) -> Iterator[KioskServer]:
    """Somebody stands at the door, and their ssh takes nothing more and says nothing."""
    kiosk.listen(*request.param, port=OTHER_PORT)
    program = kiosk.client(port=OTHER_PORT)
    try:
        program.see("Quit")
        program.signal(signal.SIGSTOP)
        yield kiosk
    finally:
        program.close()
        kiosk.stop(OTHER_PORT)


@pytest.mark.parametrize(
    "frozen", [("ClientAliveInterval=1", "ClientAliveCountMax=2")], indirect=True
)
def test_a_client_that_is_frozen_is_noticed_by_sshd(frozen: KioskServer) -> None:
    left = list(frozen.sessions())
    assert frozen.portals()
    assert await_end(left) == []


@pytest.mark.parametrize("frozen", [("ClientAliveInterval=0",)], indirect=True)
def test_a_client_that_is_frozen_has_no_more_time_than_others(frozen: KioskServer) -> None:
    """Where sshd does not look: the portal ends by itself."""
    portals = frozen.portals()
    assert portals
    assert await_end(portals, DOOR_SECONDS + 2 * PATIENCE) == []
