"""recipes/systemd: the units, and the daemon under what they restrict, as far as it goes here."""

import importlib.util
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from apppw_tui.config import PROTOCOLS, ServeConfig
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.programs import finished
from tests.services.ordinary import OrdinaryUser
from tests.services.recipes import adapted
from tests.services.require import require_program, unavailable
from tests.serving import asked
from tests.support import House, first_quick

RECIPES = Path(__file__).parents[2] / "recipes"
UNITS = sorted(
    path.name
    for path in (RECIPES / "systemd").iterdir()
    if path.suffix in (".service", ".socket", ".path", ".timer")
)
SOCKETS = [name for name in UNITS if name.endswith(".socket")]
SERVICE = "apppw-tui.service"
PROGRAM, KICK = "/usr/local/bin/apppw-tui", "/usr/local/libexec/apppw-kick"
STORE, RUN = "/var/lib/apppw-tui", "/run/apppw-tui"
TIMEOUT = 120.0  # seconds
Settings = dict[str, list[str]]


def settings(text: str) -> Settings:
    """The values of each key of a unit, split at blanks (systemd.syntax(7))."""
    found: Settings = defaultdict(list)
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[key] += value.split()
    return found


def unit(name: str) -> Settings:
    return settings((RECIPES / "systemd" / name).read_text())


def test_the_sockets_are_those_that_the_daemon_knows_by_their_names() -> None:
    named = {unit(name)["FileDescriptorName"][0] for name in SOCKETS}
    assert {one.name for one in ServeConfig().sockets} <= named
    assert [name for name in named if ServeConfig().passed(name) is None] == []


@pytest.mark.parametrize("name", SOCKETS)
def test_what_is_enabled_of_the_sockets_is_what_is_passed(name: str) -> None:
    said = unit(name)
    (called,) = said["FileDescriptorName"]
    assert name == f"apppw-tui-{called}.socket"
    assert said["Service"] == [SERVICE]
    assert said["WantedBy"] == ["sockets.target", SERVICE]
    # Who restarts it restarts the service: systemd starts no socket whose service runs.
    assert name in unit(SERVICE)["PartOf"]
    assert not unit(SERVICE)["Sockets"]


@pytest.mark.parametrize("name", SOCKETS)
def test_each_socket_is_open_to_one_group(name: str) -> None:
    said = unit(name)
    (called,) = said["FileDescriptorName"]
    assert said["SocketMode"] == ["0660"]
    if said["ListenStream"] != [f"{RUN}/{called}"]:
        assert said["SocketGroup"] == ["postfix"]
    elif called in PROTOCOLS:
        assert said["SocketGroup"] == [f"apppw-{called}"]
        users = (RECIPES / "systemd" / "apppw-tui.sysusers.conf").read_text()
        assert f"\ng apppw-{called} " in users


@pytest.mark.parametrize("recipe", ["radicale/config", "apache/apppw.lua"])
def test_the_socket_of_systemd_is_where_it_is_asked(recipe: str) -> None:
    name = Path(recipe).parent.name
    assert unit(f"apppw-tui-{name}.socket")["ListenStream"] == [f"{RUN}/{name}"]
    assert f"{RUN}/{name}" in (RECIPES / recipe).read_text()


@pytest.mark.parametrize("name", SOCKETS)
def test_every_socket_is_installed(name: str) -> None:
    installed = (RECIPES / "installed").read_text().split()
    assert f"systemd/{name}" in installed
    assert f"/etc/systemd/system/{name}" in installed


def test_every_unit_that_a_recipe_names_is_shipped() -> None:
    for path in RECIPES.rglob("*"):
        if path.is_file():
            named = re.findall(
                r"\bapppw-[a-z-]+\.(?:socket|service|path|timer)\b", path.read_text()
            )
            missing = {one for one in named if not [*RECIPES.rglob(one)]}
            assert missing == set(), path


@pytest.mark.parametrize("name", first_quick(*UNITS))
def test_systemd_finds_nothing_wrong_with_a_unit(name: str, tmp_path: Path) -> None:
    analyze = require_program("systemd-analyze", "systemd")
    for one in UNITS:
        text = (RECIPES / "systemd" / one).read_text()
        (tmp_path / one).write_text(text.replace(PROGRAM, "/bin/true").replace(KICK, "/bin/true"))
    done = finished(
        [analyze, "verify", "--man=no", tmp_path / name], env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        ("postgresql/database.conf", SERVICE),
        ("postgresql/database.conf", "apppw-backup.service"),
        ("postgresql/database.conf", "apppw-expiry.service"),
        ("postgresql/notices.conf", "apppw-notices.service"),
    ],
)
def test_drop_in_names_its_units_and_systemd_finds_nothing_wrong(
    recipe: str, name: str, tmp_path: Path
) -> None:
    analyze = require_program("systemd-analyze", "systemd")
    text = (RECIPES / recipe).read_text()
    assert f"{name}.d" in text
    for one in UNITS:
        content = (RECIPES / "systemd" / one).read_text().replace(PROGRAM, "/bin/true")
        (tmp_path / one).write_text(content)
    (tmp_path / f"{name}.d").mkdir()
    (tmp_path / f"{name}.d" / "database.conf").write_text(text)
    done = finished(
        [analyze, "verify", "--man=no", tmp_path / name], env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_network_is_opened_to_addresses_and_not_to_the_rest() -> None:
    opened = settings((RECIPES / "postgresql" / "database.conf").read_text())
    assert opened["PrivateNetwork"] == ["no"]
    assert opened["IPAddressDeny"] == ["any"]
    assert opened["IPAddressAllow"]
    assert not {"any", "localhost"} & {*opened["IPAddressAllow"]}
    assert opened.keys() == {
        *("PrivateNetwork", "RestrictAddressFamilies", "IPAddressDeny", "IPAddressAllow")
    }


def test_daemon_cannot_come_as_the_portal() -> None:
    assert "-/etc/apppw-tui/portal.key" in unit(SERVICE)["InaccessiblePaths"]


def test_the_user_the_groups_and_the_folders_are_those_of_the_units(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        unavailable("only root can give folders to another user")
    (tmp_path / "etc").mkdir()
    root, recipes = f"--root={tmp_path}", RECIPES / "systemd"
    sysusers = require_program("systemd-sysusers", "systemd")
    tmpfiles = require_program("systemd-tmpfiles", "systemd")
    subprocess.run([sysusers, root, recipes / "apppw-tui.sysusers.conf"], check=True)
    subprocess.run([tmpfiles, root, "--create", recipes / "apppw-tui.tmpfiles.conf"], check=True)
    users = (tmp_path / "etc" / "passwd").read_text().splitlines()
    (user,) = [line.split(":") for line in users if line.startswith(f"{unit(SERVICE)['User'][0]}:")]
    assert user[5] == STORE
    needed = [STORE, f"{STORE}/accounts", *unit(SERVICE)["ReadWritePaths"]]
    needed += [
        *unit("apppw-kick.service")["ReadWritePaths"],
        *unit("apppw-kick.path")["PathChanged"],
    ]
    for path in needed:
        status = (tmp_path / path.lstrip("/")).stat()
        assert (status.st_mode & 0o777, str(status.st_uid)) == (0o700, user[2])


@dataclass
class Sandbox:
    """A store of an ordinary user, and a program that does to itself what the service says."""

    folder: Path
    user: OrdinaryUser
    program: Path

    def __post_init__(self) -> None:
        self.store, self.run = self.folder / "store", self.folder / "run"
        self.store.mkdir(0o700)
        house = House(store=open_store(self.store, create=True))
        self.account = house.add("ada")
        self.secret = house.issue("Phone", "ada").secret.reveal()
        for name in ("usage", "notices"):
            (self.store / name).mkdir(0o700)
        (self.store / "key").write_text("the key")
        for path in (self.store, *self.store.rglob("*")):
            os.chown(path, self.user.uid, self.user.gid)
        self.run.mkdir(0o755)
        self.said = settings(
            adapted(
                f"systemd/{SERVICE}",
                {STORE: str(self.store), PROGRAM: str(self.program), "/root": "/nowhere"},
            )
        )

    def command(self, *before: str, writable: Path | None = None) -> list[str]:
        """What systemd makes of the service's settings, with the tools of util-linux.

        `before` is done within, by the same user.
        """
        assert self.said["ProtectSystem"] == ["strict"]
        assert self.said["CapabilityBoundingSet"] == []
        assert (self.said["PrivateNetwork"], self.said["NoNewPrivileges"]) == (["yes"], ["yes"])
        store = shlex.quote(str(self.store))
        lines = ["set -e", f"mount --bind {store} {store}", f"mount -o remount,bind,ro {store}"]
        for path in [*self.said["ReadWritePaths"], *([writable] if writable else [])]:
            lines += [f"mount --bind {path} {path}", f"mount -o remount,bind,rw {path}"]
        nothing = self.folder / "nothing"
        for path in self.said["InaccessiblePaths"]:
            bare = path.removeprefix("-")
            lines.append(f"[ ! -f {bare} ] || mount --bind {nothing} {bare}")
        lines.append("mount -o remount,bind,ro /")
        user = f"--reuid={self.user.uid} --regid={self.user.gid} --clear-groups"
        less = "--no-new-privs --bounding-set=-all --inh-caps=-all"
        inside = "\n".join(["export HOME=/", *before, f"exec {shlex.join(self.said['ExecStart'])}"])
        lines.append(f"exec setpriv {user} {less} -- sh -c {shlex.quote(inside)}")
        nothing.touch()
        nothing.chmod(0)
        within = ["unshare", "--mount", "--net", "--propagation", "private"]
        return [*within, "sh", "-c", "\n".join(lines)]

    @contextmanager
    def waiting(
        self, *before: str, writable: Path | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """As systemd: sockets by the names in their units, and the first question starts it."""
        activate = require_program("systemd-socket-activate", "systemd")
        names = [unit(name)["FileDescriptorName"][0] for name in SOCKETS]
        listening = [part for name in names for part in ("-l", str(self.run / name))]
        command = self.command(*before, writable=writable)
        line = [activate, *listening, f"--fdname={':'.join(names)}", *command]
        process = subprocess.Popen(
            line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd="/"
        )
        assert process.stderr is not None
        try:
            for _ in names:
                assert process.stderr.readline().startswith("Listening on")
            yield process
        finally:
            process.kill()
            process.wait(TIMEOUT)
            process.stderr.close()

    def ask(self) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(TIMEOUT)
            asking.connect(str(self.run / "json"))
            return str(asked(asking, "ada", self.secret)["answer"])


@pytest.fixture(scope="module")
def service_program(program: Path) -> Path:
    """An `apppw-tui` that the ordinary user can run, with what the daemon needs besides."""
    copies = program.parent / "packages"
    spec = importlib.util.find_spec("h11")
    if copies.is_dir() and spec is not None and spec.submodule_search_locations:
        shutil.copytree(spec.submodule_search_locations[0], copies / "h11", dirs_exist_ok=True)
    return program


@pytest.fixture
def sandbox(user: OrdinaryUser, service_program: Path) -> Iterator[Sandbox]:
    require_program("unshare", "util-linux")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-mn", "true"], check=False).returncode:
        unavailable("nothing can be mounted here: not root")
    folder = Path(tempfile.mkdtemp(prefix="apppw-"))
    try:
        folder.chmod(0o755)
        yield Sandbox(folder, user, service_program)
    finally:
        shutil.rmtree(folder)


REFUSED = ("accounts/new", "locks/new", "key2", "../new", "/var/lib/new")
MADE = ("usage/new", "notices/new")
TRIED = (
    "tried() { if (: > $1) 2>/dev/null; then echo made $1; else echo refused $1; fi >&2; }",
    *(f"tried {path}" for path in (*REFUSED, *MADE)),
    "rm -f accounts/ada.json 2>/dev/null || echo refused to remove >&2",
    "cat key 2>/dev/null || echo refused the key >&2",
    "echo interfaces: $(grep -c : /proc/net/dev) >&2",
    "cd /",
)


def test_restricted_as_the_service_it_answers_and_cannot_do_what_it_need_not(
    sandbox: Sandbox,
) -> None:
    before = (sandbox.store / "accounts" / "ada.json").read_bytes()
    with sandbox.waiting(f"cd {sandbox.store}", *TRIED) as process:
        assert [sandbox.ask(), sandbox.ask()] == ["yes", "yes"]
        log = ended(process)
    said = log.splitlines()
    for path in REFUSED:
        assert f"refused {path}" in said
    for path in MADE:
        assert f"made {path}" in said
    assert "refused to remove" in said
    assert "refused the key" in said
    assert "interfaces: 1" in said
    for name in SOCKETS:
        assert f"serving socket={unit(name)['FileDescriptorName'][0]} " in log
    assert "not served" not in log
    assert (sandbox.store / "accounts" / "ada.json").read_bytes() == before


@pytest.mark.slow
def test_restricted_as_the_service_it_writes_down_what_was_used(sandbox: Sandbox) -> None:
    with sandbox.waiting() as process:
        assert sandbox.ask() == "yes"
        log = ended(process)
    assert "fault" not in log
    (use,) = UsageLedger(sandbox.store).record(sandbox.account.uid).uses.values()
    assert use.service == "imap"


def ended(process: subprocess.Popen[str]) -> str:
    """What it logged until it was told to end."""
    process.terminate()
    _, log = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, log
    return log


def test_the_daemon_makes_no_system_call_that_the_service_may_not(sandbox: Sandbox) -> None:
    """As a filter of strace rather than of seccomp: it shows each call outside, if there is one."""
    strace = require_program("strace", "strace")
    analyze = require_program("systemd-analyze", "systemd")
    allowed: list[str] = []
    refused: list[str] = []
    for word in sandbox.said["SystemCallFilter"]:
        # systemd.exec(5): after "~", all that follows in the line is taken away.
        (refused if refused or word.startswith("~") else allowed).append(word.removeprefix("~"))
    calls = calls_of(analyze, allowed) - calls_of(analyze, refused)
    assert {"read", "clone3", "futex"} <= calls
    assert not {"chroot", "setuid", "setrlimit", "mount"} & calls
    shown = sandbox.folder / "shown"
    shown.touch()
    shown.chmod(0o666)
    others = ",".join(f"?{call}" for call in sorted(calls - {"socket", "mmap", "mprotect"}))
    # -D: the daemon keeps the process number that LISTEN_PID names.
    traced = [strace, "-D", "-f", "-qq", "-e", "signal=none", "-o", str(shown)]
    sandbox.said["ExecStart"][:0] = [*traced, "-e", f"trace=!{others}"]
    with sandbox.waiting(writable=shown) as process:
        assert sandbox.ask() == "yes"
        ended(process)
    lines = shown.read_text().splitlines()
    assert [line for line in lines if "mmap" in line]
    assert [line for line in lines if not WITHIN.search(line)] == []


# With PrivateNetwork=, RestrictAddressFamilies= and MemoryDenyWriteExecute= (systemd.exec(5)).
WITHIN = re.compile(
    r"^\d+ +(socket\(AF_UNIX,|mprotect\((?!.*PROT_EXEC)|mmap\((?!.*PROT_WRITE\|PROT_EXEC))"
    r"|^\d+ +<\.\.\. (socket|mmap|mprotect) resumed>"
)


def calls_of(analyze: str, groups: list[str]) -> set[str]:
    """The system calls in those groups, of which one may hold another."""
    found: set[str] = set()
    for group in groups:
        if not group.startswith("@"):
            found.add(group)
            continue
        listed = subprocess.run(
            [analyze, "syscall-filter", group], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        words = [line.split("#")[0].strip() for line in listed if line.startswith(" ")]
        inner = [word for word in words if word]
        found |= calls_of(analyze, inner)
    return found
