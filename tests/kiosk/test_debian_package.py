"""The Debian package: built where it is for, installed on a Debian that has nothing, and undone."""

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kiosk import person
from tests.kiosk.debian import debian, fetch_packages
from tests.kiosk.kiosk import ACCOUNT, CLIENT, OPTIONS, PORT
from tests.kiosk.test_clean_debian import answer
from tests.programs import finished
from tests.running import ROOT
from tests.support import PASSWORD
from tests.systemd.machine import ENVIRONMENT, Machine, booted, require_namespaces
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.long  # some five minutes for each suite
_BUILD = ("build-essential", "debhelper", "dh-python", "fakeroot", "python3-venv")
_WITH_DEBIANS_OWN = ("pybuild-plugin-pyproject", "python3-setuptools")
_RUN = ("systemd", "systemd-sysv", "dbus", "procps", "man-db")
_LONG = 900.0  # seconds; it takes a minute or two
_CONFIG = "/etc/apppw-tui/config.toml"
_UNITS = ("apppw-tui", "apppw-sshd", "apppw-follow")


def build(suite: str, python: str | None, folder: Path) -> Path:
    """The package; with its own libraries for that Python, or with Debian's."""
    wheels = folder / "wheels"
    wheels.mkdir()
    if python is not None:
        fetch_packages(wheels, python)
    packages = _BUILD if python is not None else (*_BUILD, *_WITH_DEBIANS_OWN)
    with debian(suite, packages) as root:
        for name in ("apppw_tui", "debian", "docs", "recipes"):
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, root / "srv/checkout" / name, ignore=ignore)
        for pattern in ("*.md", "*.py", "*.toml", "LICENSE"):
            for path in ROOT.glob(pattern):
                shutil.copy(path, root / "srv/checkout")
        shutil.copytree(wheels, root / "srv/wheels")
        line = ["checkout/debian/build.sh", *(["--bundled"] if python is not None else [])]
        done = finished(
            ["chroot", root, "sh", "-c", f"cd /srv && {shlex.join(line)}"],
            env={**ENVIRONMENT, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/srv/wheels"},
            timeout=_LONG,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        (built,) = (root / "srv").glob("*.deb")
        return Path(shutil.copy(built, folder))


def older(package: Path, folder: Path) -> Path:
    """The same, which says that it is of before."""
    tree = folder / "tree"
    finished(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("(?m)^Version: .*", "Version: 0.0.1", control.read_text()))
    made = folder / "older.deb"
    finished(["dpkg-deb", "-b", "-Znone", tree, made], check=True)
    return made


@pytest.fixture(
    params=[("trixie", "3.13"), ("forky", None)], ids=["trixie-bundled", "forky-debians-own"]
)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """A server with what the package says it depends on; in /srv, the package and an older one."""
    require_namespaces()
    suite, python = request.param
    package = build(suite, python, tmp_path)
    depends = finished(["dpkg-deb", "-f", package, "Depends"], check=True).stdout
    names = set(re.findall(r"(?:^|, )([a-z0-9+.-]+)", depends))
    with debian(suite, (*_RUN, *sorted(names))) as root:
        # debootstrap may leave it, and then nothing is ever started or stopped by a package.
        (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        shutil.copy(package, root / "srv/new.deb")
        shutil.copy(older(package, tmp_path), root / "srv/older.deb")
        with booted(root, "mail.example.org") as machine:
            yield machine


def started(machine: Machine) -> dict[str, str]:
    """Which start of each unit is the one that runs; empty for none."""
    line = ["systemctl", "show", "-P", "InvocationID"]
    return {
        unit: machine.output(*line, unit).strip()
        for unit in _UNITS
        if machine.run("systemctl", "is-active", unit).stdout == "active\n"
    }


def units(machine: Machine, state: str) -> set[str]:
    line = ["systemctl", "list-units", "--no-legend", "--plain", f"--state={state}", "apppw*"]
    return {row.split()[0] for row in machine.output(*line).splitlines()}


def listen(machine: Machine) -> None:
    """As the portal says that it is done: the sockets first, then whoever answers at them."""
    machine.shell("systemctl enable apppw-tui-json.socket && systemctl restart apppw-tui")
    machine.output("systemctl", "enable", "--now", "apppw-sshd")


def ssh(machine: Machine) -> str:
    client = ["ssh", *OPTIONS, "-p", str(PORT), "apppw@127.0.0.1"]
    return shlex.join([*machine.network, *client])


def test_installed_used_upgraded_and_purged(machine: Machine, tmux: Tmux) -> None:
    machine.output("dpkg", "-i", "/srv/older.deb")
    sees_what_was_installed(machine)
    sees_the_demo(machine, tmux)
    with (machine.root / _CONFIG.lstrip("/")).open("a") as file:
        file.write('\n[policy]\nsecond_factor = "optional"\n')
    machine.output("apppw-tui", "account", "add", ACCOUNT, "--password-stdin", stdin=PASSWORD)
    listen(machine)
    socket = Path(f"/proc/{machine.first_process}/root/run/apppw-tui/json")
    tmux.run(f"clear; {ssh(machine)}; echo code=$?")
    person.sign_in(tmux)
    password = person.create_and_copy(tmux)
    assert answer(socket, password) == "yes"
    machine.output("systemctl", "start", "apppw-backup")
    assert list((machine.root / "var/backups/apppw-tui").iterdir())

    config = machine.output("cat", _CONFIG)
    before = started(machine)
    assert before.keys() == {"apppw-tui", "apppw-sshd"}
    refuses_what_cannot_be_read(machine, config)
    assert started(machine) == before
    assert answer(socket, password) == "yes"
    machine.output("dpkg", "--configure", "apppw-tui")
    after = started(machine)
    # The daemon is the new one; nothing else was started, and the session goes on.
    assert after.keys() == before.keys()
    assert after["apppw-tui"] != before["apppw-tui"]
    assert after["apppw-sshd"] == before["apppw-sshd"]
    assert machine.output("cat", _CONFIG) == config
    assert answer(socket, password) == "yes"
    person.delete(tmux)
    assert answer(socket, password) != "yes"
    tmux.press("C-q")
    tmux.see("code=0")

    machine.output("dpkg", "-r", "apppw-tui")
    assert units(machine, "active") == set()
    user = machine.output("getent", "passwd", "apppw").strip().split(":")
    assert user[-1].endswith("/nologin")
    assert machine.output("cat", _CONFIG) == config
    machine.output("dpkg", "-P", "apppw-tui")
    find = "find /etc /opt /usr /var/lib -name '*apppw*' -prune"
    assert machine.shell(find).split() == ["/var/lib/apppw-tui"]
    accounts = machine.root / "var/lib/apppw-tui/accounts"
    assert [path.name for path in accounts.iterdir()] == [f"{ACCOUNT}.json"]


def sees_what_was_installed(machine: Machine) -> None:
    """All of it at its place, with the paths of the package, and nothing of it running."""
    assert re.fullmatch(r"apppw-tui \d\S+\n", machine.output("apppw-tui", "--version"))
    assert units(machine, "active") == set()
    enabled = ["systemctl", "list-unit-files", "--no-legend", "--state=enabled", "apppw*"]
    assert machine.run(*enabled).stdout == ""
    machine.shell("systemd-analyze verify /usr/lib/systemd/system/apppw-*")
    unit = machine.output("apppw-tui", "recipes", "show", "systemd/apppw-tui.service")
    assert "\nExecStart=/usr/bin/apppw-tui " in unit
    for page in ("apppw-tui", "apppw-tui.toml"):
        assert machine.output("man", "-w", page).startswith("/usr/share/man/")
    completion = "/usr/share/bash-completion/completions/apppw-tui"
    assert "apppw-tui" in machine.shell(f". {completion}; complete -p apppw-tui")


def sees_the_demo(machine: Machine, tmux: Tmux) -> None:
    given = {**ENVIRONMENT, "TERM": CLIENT["TERM"]}
    words = ["env", "-i", *(f"{name}={value}" for name, value in given.items())]
    tmux.run(f"{shlex.join(machine.inside(*words, 'apppw-tui', '--demo'))}; echo code=$?")
    tmux.see("App passwords")
    tmux.press("C-q")
    tmux.see("code=0")


def refuses_what_cannot_be_read(machine: Machine, config: str) -> None:
    """An upgrade stops at a configuration that the new version cannot read."""
    machine.write(_CONFIG, f"{config}nonsense = \n")
    done = machine.run("dpkg", "-i", "/srv/new.deb")
    assert done.returncode != 0
    assert f"apppw-tui cannot use {_CONFIG}. Correct it" in done.stderr
    machine.write(_CONFIG, config)
