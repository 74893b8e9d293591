"""Ssh keys at the kiosk: a real sshd has them proved, and the portal says what they count for."""

import base64
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from apppw_tui.domain.ssh_key import parse
from tests.kiosk.keys import (
    PRESENT,
    SK_ECDSA,
    SK_ED25519,
    VERIFIED,
    SecurityKey,
    agent,
    certify,
    generate,
)
from tests.kiosk.kiosk import ACCOUNT, CLIENT, VERSION, KioskServer, kiosk_server, wheel
from tests.kiosk.scratch import await_end
from tests.support import PASSWORD
from tests.terminal.program import Program
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow
NO_CODE = ("-o", "PreferredAuthentications=publickey")


@pytest.fixture(scope="module")
def door(given: Path) -> Iterator[KioskServer]:
    """Installed and listening; a second factor is required, as it is by default."""
    with kiosk_server(Path("/"), given) as server:
        server.install(wheel(VERSION))
        server.configure("")
        server.add_account()
        server.listen()
        yield server


@pytest.fixture(autouse=True)
def _account_as_it_was(door: KioskServer) -> Iterator[None]:
    """Whatever a test has set up is gone, and nobody is at the door any more."""
    yield
    assert await_end(list(door.sessions())) == []
    door.scratch.output("apppw-tui", "account", "remove", ACCOUNT, "--yes")
    door.add_account()


@contextmanager
def at(door: KioskServer, options: Sequence[str]) -> Iterator[Program]:
    """A client in a terminal, until it is left."""
    program = Program(door.ssh(options=options), CLIENT)
    try:
        program.see("Quit")
        yield program
        program.settle()
        program.send("\x11")
        assert program.end() == 0
    finally:
        program.close()


def set_up(door: KioskServer, options: Sequence[str], name: str = "Laptop") -> None:
    """Makes the key of that client the account's only method."""
    with at(door, options) as program:
        program.see_or_have_seen("No account knows your key")
        program.settle()
        program.send(f"{ACCOUNT}\r{PASSWORD}\r")
        program.see("Set it up now")
        program.settle()
        program.send("\r")
        program.see("The ssh key of this session")
        program.settle()
        program.send("G\r")
        program.see("where is this key?")
        program.settle()
        program.send(f"{name}\r")
        program.see("Your recovery codes")
        program.settle()
        program.send("\x1b")
        program.see("again to go on anyway")
        program.send("\x1b")
        program.see("where will you use it")


def signs_in(door: KioskServer, options: Sequence[str], name: str = "Laptop") -> None:
    """By the password and nothing else: the account is filled in already."""
    with at(door, options) as program:
        program.see_or_have_seen(f'Your key "{name}" was recognized.')
        program.settle()
        program.send(f"{PASSWORD}\r")
        program.see("No app passwords yet")


def is_asked_for_a_code(door: KioskServer, options: Sequence[str], seen: str) -> None:
    """As somebody whose key is not the account's, although the password is right."""
    with at(door, options) as program:
        if seen:
            program.see_or_have_seen(seen)
        program.settle()
        program.send(f"{ACCOUNT}\r{PASSWORD}\r")
        program.see("Enter one of your recovery codes.")
        program.see("with your ssh key.")
        program.settle()
        program.send("\x1b")
        program.settle()


def sees_nothing_of_a_key(command: Sequence[str], environment: Mapping[str, str] = CLIENT) -> None:
    """Whoever comes by that command line is told of no key, and can leave."""
    program = Program(command, environment)
    try:
        program.see("Quit")
        program.settle()
        assert "key" not in program.text
        program.send("\x11")
        assert program.end() == 0
    finally:
        program.close()


def fingerprint(key: SecurityKey) -> str:
    return parse(f"{key.type} {base64.b64encode(key.blob).decode()}")[1]


def test_walk_by_key_alone_from_the_first_set_up_to_the_last_key(
    door: KioskServer, tmux: Tmux, tmp_path: Path
) -> None:
    key = generate(tmp_path, "laptop")
    come = f"clear; {shlex.join(door.ssh(options=key.options))}; echo code=$?"
    tmux.run(come)
    tmux.see(f"No account knows your key {key.fingerprint}.")
    tmux.type(ACCOUNT)
    tmux.press("Enter")
    tmux.type(PASSWORD)
    tmux.press("Enter")
    tmux.see("Set it up now")
    tmux.press("Enter")
    tmux.see("The ssh key of this session: Ed25519")
    tmux.press("G", "Enter")
    tmux.see(key.fingerprint)
    tmux.type("Laptop")
    tmux.press("Enter")
    tmux.see("Your recovery codes")
    tmux.press("C-q", "C-q")
    tmux.see("code=0")

    tmux.run(come)
    tmux.see('Your key "Laptop" was recognized.')
    assert ACCOUNT in tmux.screen
    tmux.type(PASSWORD)
    tmux.press("Enter")
    tmux.see("No app passwords yet")
    tmux.press("v")
    tmux.see("1 of 10")
    tmux.press("Down", "Enter")
    tmux.see("Laptop · Ed25519 · just now from 127.0.0.1")
    tmux.press("Enter", "d")
    tmux.see("Remove the key Laptop?")
    tmux.press("y")
    tmux.see("SSH keys: 1 of 10")
    tmux.press("Escape")
    tmux.see("Your account needs one method. Add another first.")
    tmux.press("C-q")
    tmux.see("code=0")
    shown = door.scratch.output("apppw-tui", "account", "show", ACCOUNT)
    assert key.fingerprint in shown
    assert PASSWORD not in tmux.everything


@pytest.mark.parametrize(
    "kind",
    [
        ("-t", "ed25519"),
        ("-t", "rsa", "-b", "2048"),
        ("-t", "ecdsa", "-b", "256"),
        ("-t", "ecdsa", "-b", "521"),
    ],
    ids=lambda kind: "-".join(kind[1::2]),
)
def test_key_of_each_kind_signs_in(
    door: KioskServer, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    key = generate(tmp_path, "laptop", *kind)
    set_up(door, key.options)
    signs_in(door, [*key.options, *NO_CODE])


def test_certificate_signs_in_by_its_key(door: KioskServer, tmp_path: Path) -> None:
    key = generate(tmp_path, "laptop")
    set_up(door, key.options)
    certify(tmp_path, key)
    signs_in(door, [*key.options, *NO_CODE])


@pytest.mark.parametrize("type_", [SK_ED25519, SK_ECDSA])
@pytest.mark.parametrize("flags", [PRESENT, PRESENT | VERIFIED])
def test_security_key_that_was_touched_signs_in(
    door: KioskServer, tmp_path: Path, type_: str, flags: int
) -> None:
    with agent(tmp_path, [SecurityKey(type_, flags)]) as options:
        set_up(door, options, "YubiKey")
        signs_in(door, [*options, *NO_CODE], "YubiKey")
    shown = door.scratch.output("apppw-tui", "account", "show", ACCOUNT)
    assert "YubiKey, security key, " in shown


def test_security_key_that_was_not_touched_is_refused_by_sshd(
    door: KioskServer, tmp_path: Path
) -> None:
    with agent(tmp_path, [SecurityKey(SK_ED25519, 0)]) as options:
        said = door.said(*door.ssh(options=["-tt", *options, *NO_CODE]))
    assert said.returncode == 255
    assert "Permission denied" in said.stderr


def test_weak_rsa_key_is_refused_by_sshd_and_the_next_key_counts(
    door: KioskServer, tmp_path: Path
) -> None:
    weak = generate(tmp_path, "weak", "-t", "rsa", "-b", "1024")
    said = door.said(*door.ssh(options=["-tt", *weak.options, *NO_CODE]))
    assert said.returncode == 255
    strong = generate(tmp_path, "strong")
    set_up(door, [*weak.options, "-i", str(strong.path)])


def test_of_two_keys_the_first_is_seen(door: KioskServer, tmp_path: Path) -> None:
    first, second = SecurityKey(SK_ED25519, PRESENT), SecurityKey(SK_ECDSA, PRESENT)
    mine, others = tmp_path / "mine", tmp_path / "others"
    mine.mkdir()
    others.mkdir()
    with agent(mine, [second]) as options:
        set_up(door, options)
    with agent(others, [first, second]) as options, at(door, options) as program:
        program.see_or_have_seen(f"No account knows your key {fingerprint(first)}.")


def test_other_keys_count_for_nothing(door: KioskServer, tmp_path: Path) -> None:
    key, other = generate(tmp_path, "laptop"), generate(tmp_path, "other")
    set_up(door, key.options)
    is_asked_for_a_code(door, other.options, f"No account knows your key {other.fingerprint}.")
    is_asked_for_a_code(door, [], "")


def test_key_that_is_removed_ends_the_session_that_it_opened(
    door: KioskServer, tmp_path: Path
) -> None:
    key = generate(tmp_path, "laptop")
    set_up(door, key.options)
    program = Program(door.ssh(options=key.options), CLIENT)
    try:
        program.see("was recognized.")
        program.settle()
        program.send(f"{PASSWORD}\r")
        program.see("No app passwords yet")
        program.settle()
        door.scratch.output("apppw-tui", "account", "remove-key", ACCOUNT, key.fingerprint)
        program.send("c")
        program.see("You were signed out")
        assert program.end() == 0
    finally:
        program.close()
    with at(door, key.options) as again:
        again.see_or_have_seen("No account knows your key")


def test_portal_that_is_started_by_hand_believes_no_file(door: KioskServer, tmp_path: Path) -> None:
    """Whoever is root could have the key of somebody else; nobody below may make it up."""
    key = generate(tmp_path, "laptop")
    set_up(door, key.options)
    forged = door.scratch.root / "tmp/sshauth.Forged0123456789"
    forged.write_text(f"publickey {(tmp_path / 'laptop.pub').read_text()}")
    user = door.scratch.output("id", "-u", "apppw").strip()
    door.scratch.output("chown", f"{user}:{user}", "/tmp/sshauth.Forged0123456789")
    door.scratch.output("chmod", "600", "/tmp/sshauth.Forged0123456789")
    line = [
        *("setpriv", f"--reuid={user}", "--clear-groups"),
        *("env", "SSH_USER_AUTH=/tmp/sshauth.Forged0123456789", "TERM=xterm-256color"),
        *("/usr/local/bin/apppw-tui", "--config", "/etc/apppw-tui/config.toml", "--kiosk"),
    ]
    try:
        sees_nothing_of_a_key(door.scratch.inside(*line))
    finally:
        forged.unlink()


def test_client_cannot_name_the_file(door: KioskServer, tmp_path: Path) -> None:
    """Neither by its environment nor where sshd takes any variable from it."""
    key, other = generate(tmp_path, "laptop"), generate(tmp_path, "other")
    set_up(door, key.options)
    with ExitStack() as stack:
        mine = stack.enter_context(at(door, key.options))
        mine.see_or_have_seen("was recognized.")
        (path,) = (door.scratch.root / "tmp").glob("sshauth.*")
        named = ["-o", f"SetEnv=SSH_USER_AUTH=/tmp/{path.name}"]
        is_asked_for_a_code(door, [*other.options, *named], other.fingerprint)
        door.listen("AcceptEnv=*", "ExposeAuthInfo=no", port=2223)
        try:
            sees_nothing_of_a_key(door.ssh(options=[*other.options, *named], port=2223))
        finally:
            door.stop(2223)


def test_who_waits_for_somebody_else_does_not_get_their_key(
    door: KioskServer, tmp_path: Path
) -> None:
    """Let in first, with the session proper asked for only when the other's file is there."""
    key, other = generate(tmp_path, "laptop"), generate(tmp_path, "other")
    set_up(door, key.options)
    door.listen("AcceptEnv=*", "ExposeAuthInfo=no", port=2223)
    waiting = [*other.options, "-S", str(tmp_path / "c"), "-o", "SendEnv=SSH_USER_AUTH"]
    # Nothing is read from it: it goes on in the background, with whatever it was given.
    subprocess.run(
        door.ssh(options=["-f", "-N", "-M", *waiting], port=2223),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    try:
        with at(door, key.options) as mine:
            mine.see_or_have_seen("was recognized.")
            (path,) = (door.scratch.root / "tmp").glob("sshauth.*")
            named = {**CLIENT, "SSH_USER_AUTH": f"/tmp/{path.name}"}
            sees_nothing_of_a_key(door.ssh(options=waiting, port=2223), named)
    finally:
        door.said(*door.ssh(options=[*waiting, "-O", "exit"], port=2223))
        door.stop(2223)


def test_agent_is_not_forwarded(door: KioskServer, tmp_path: Path) -> None:
    with agent(tmp_path, [SecurityKey(SK_ED25519, PRESENT)]) as options:
        path = options[-1].partition("=")[2]
        with at(door, [*options, "-o", f"ForwardAgent={path}"]) as program:
            program.see_or_have_seen("No account knows your key")
            (portal,) = door.portals()
            had = Path(f"/proc/{portal}/environ").read_text()
    assert "SSH_AUTH_SOCK" not in had
    assert not list((door.scratch.root / "tmp").glob("ssh-*"))


def test_walk_without_a_key_is_as_it_was(door: KioskServer) -> None:
    with at(door, []) as program:
        program.settle()
        assert "key" not in program.text
        program.send(f"{ACCOUNT}\r{PASSWORD}\r")
        program.see("Set it up now")
        program.settle()
        program.send("\r")
        program.see("How will you verify?")
        program.settle()
        assert "ssh key" not in program.text
