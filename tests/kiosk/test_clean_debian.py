"""The README's "On a server", on a Debian on which nothing was done before."""

import os
import shlex
import shutil
import socket
from pathlib import Path

import pytest

from tests.kiosk import person
from tests.kiosk.debian import debian, fetch_packages
from tests.kiosk.keys import generate
from tests.kiosk.kiosk import ACCOUNT, kiosk_server
from tests.kiosk.scratch import CHECKOUT, await_end
from tests.services.require import unavailable
from tests.serving import asked
from tests.terminal.program import PATIENCE, copied
from tests.terminal.tmux import Tmux

pytestmark = pytest.mark.slow
SOURCES = Path(__file__).parents[2]
INSTALL, UNINSTALL = (f"{CHECKOUT}/recipes/{name}.sh" for name in ("install", "uninstall"))


@pytest.mark.parametrize(("suite", "python"), [("bookworm", "3.11"), ("trixie", "3.13")])
def test_installed_twice_it_is_signed_in_to_answers_and_can_be_undone(
    suite: str, python: str, tmp_path: Path, tmux: Tmux
) -> None:
    if os.geteuid() != 0:
        unavailable("only root can make a Debian in a folder")
    given = tmp_path / "given"
    (given / "wheels").mkdir(parents=True)
    fetch_packages(given / "wheels", python)
    for name in ("apppw_tui", "docs", "recipes"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(SOURCES / name, given / "checkout" / name, ignore=unwanted)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(SOURCES / name, given / "checkout" / name)
    checkout = {path: path.stat().st_mtime_ns for path in (given / "checkout").rglob("*")}

    with debian(suite) as root, kiosk_server(root, given) as server:
        for _ in range(2):
            server.scratch.output(INSTALL)
        assert {path: path.stat().st_mtime_ns for path in checkout} == checkout
        assert set((given / "checkout").rglob("*")) == checkout.keys()
        server.configure('[policy]\nsecond_factor = "optional"\n')
        server.add_account()
        server.listen()
        server.scratch.output("mkdir", "-p", "/run/apppw-tui")
        server.scratch.start(["apppw-tui", "serve"], "serving socket=json ")
        before = server.sessions().keys()

        tmux.run(f"{shlex.join(server.ssh())}; echo code=$?")
        person.sign_in(tmux)
        password = person.create_and_copy(tmux)
        assert copied(tmux.raw) == [password]
        assert answer(server.scratch.root / "run/apppw-tui/json", password) == "yes"
        assert server.scratch.output("apppw-tui", "doctor").strip() != ""
        person.delete(tmux)
        assert answer(server.scratch.root / "run/apppw-tui/json", password) != "yes"
        session = [pid for pid in server.sessions() if pid not in before]
        assert session
        tmux.press("C-q")
        tmux.see("code=0")
        assert await_end(session) == []
        key = generate(tmp_path, "laptop")
        tmux.run(f"clear; {shlex.join(server.ssh(options=key.options))}; echo code=$?")
        tmux.see(
            f"No account knows your key {key.fingerprint}."
        )  # sshd tells, of this version, too
        tmux.press("C-q")
        tmux.see("code=0")
        assert server.said(*server.ssh("id")).returncode == 64
        assert server.said(*server.ssh("id", user="root")).returncode == 255

        server.scratch.output(UNINSTALL)
        find = ["find", "/etc", "/opt", "/usr", "/var/lib", "-name", "*apppw*", "-prune"]
        left = server.scratch.output(*find).split()
        assert sorted(left) == ["/etc/apppw-tui", "/var/lib/apppw-tui"]


def answer(path: Path, password: str) -> str:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(PATIENCE)
        asking.connect(str(path))
        return str(asked(asking, ACCOUNT, password)["answer"])
