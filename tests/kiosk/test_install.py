"""recipes/install.sh and recipes/uninstall.sh, as root types them."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from tests.kiosk.kiosk import NEXT, VERSION, KioskServer, wheel
from tests.kiosk.scratch import CHECKOUT, GIVEN, RECIPES

pytestmark = pytest.mark.slow
INSTALL, UNINSTALL = (f"{CHECKOUT}/recipes/{name}.sh" for name in ("install", "uninstall"))
WRITTEN = ("etc", "opt", "usr", "var/lib")  # where it could leave something
KEPT = {"/etc/apppw-tui", "/var/lib/apppw-tui"}


def version(server: KioskServer) -> str:
    return server.scratch.output("apppw-tui", "--version").strip()


def mode(server: KioskServer, path: str) -> int:
    return stat.S_IMODE((server.scratch.root / path.lstrip("/")).lstat().st_mode)


def everything(server: KioskServer) -> set[str]:
    """All paths on the server that have to do with apppw-tui."""
    places = [f"/{place}" for place in WRITTEN]
    line = ["find", *places, "-xdev", "-name", "*apppw*", "-prune"]
    return set(server.scratch.output(*line).splitlines())


def test_what_is_installed_is_roots_and_the_store_is_its_users(bare: KioskServer) -> None:
    said = bare.install(wheel(VERSION))
    assert f"apppw-tui {VERSION} is set up." in said
    assert version(bare) == f"apppw-tui {VERSION}"
    find = ["find", "/opt/apppw-tui", "/etc/apppw-tui", "/usr/local", "!", "-user", "root"]
    assert bare.scratch.output(*find) == ""
    find = ["find", "/opt/apppw-tui", "/etc/apppw-tui", "/etc/ssh/apppw_sshd_config"]
    assert bare.scratch.output(*find, "-perm", "/022", "!", "-type", "l") == ""
    config = (bare.scratch.root / "etc/apppw-tui/config.toml").read_text()
    assert '\nstore = "/var/lib/apppw-tui"\n' in config
    user = bare.scratch.output("getent", "passwd", "apppw").strip().split(":")
    assert user[5:] == ["/var/lib/apppw-tui", "/usr/local/libexec/apppw-kiosk"]
    assert int(user[2]) < 1000
    shadow = bare.scratch.output("getent", "shadow", "apppw").split(":")
    assert shadow[1].startswith("!")
    assert mode(bare, "/var/lib/apppw-tui") == 0o700
    assert bare.scratch.output("stat", "-c", "%U", "/var/lib/apppw-tui") == "apppw\n"
    bare.add_account()
    (account,) = (bare.scratch.root / "var/lib/apppw-tui/accounts").iterdir()
    assert account.stat().st_uid == int(user[2])


def test_again_it_changes_nothing_and_keeps_what_was_edited(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    bare.add_account()
    config = bare.scratch.root / "etc/ssh/apppw_sshd_config"
    config.write_text(config.read_text().replace("Port 2222", "Port 2022"))
    bare.configure('host_name = "mail.example.org"\n')
    state = [
        "sh",
        "-c",
        "cd / && find etc opt usr/local var/lib/apppw-tui -type f -printf '%p %T@\\n'",
    ]
    unchanged = ("etc/systemd", "etc/sysusers.d", "etc/tmpfiles.d", "usr/local/libexec")

    def files() -> set[str]:
        lines = bare.scratch.output(*state).splitlines()
        return {line for line in lines if not line.startswith(unchanged)}

    before = files()
    done = bare.scratch.run(INSTALL, wheel(VERSION))
    assert done.returncode == 0
    assert f"Version {VERSION} is in /opt/apppw-tui already" in done.stdout
    assert "/etc/ssh/apppw_sshd_config was edited, or is older, and is kept" in done.stderr
    assert files() == before
    assert "Port 2022" in config.read_text()


def test_another_version_stands_beside_it_and_the_link_rolls_back(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    bare.install(wheel(NEXT))
    assert version(bare) == f"apppw-tui {NEXT}"
    bare.scratch.output("ln", "-sfn", VERSION, "/opt/apppw-tui/current")
    assert version(bare) == f"apppw-tui {VERSION}"
    installed = {path.name for path in (bare.scratch.root / "opt/apppw-tui").iterdir()}
    assert installed == {VERSION, NEXT, "current"}


def test_what_was_left_half_made_is_made_anew_and_what_fails_is_not_used(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    half = bare.scratch.root / "opt/apppw-tui" / NEXT
    half.mkdir()
    (half / "left").touch()
    broken = bare.scratch.run("env", "PIP_FIND_LINKS=/nowhere", INSTALL, wheel(NEXT))
    assert broken.returncode != 0
    assert version(bare) == f"apppw-tui {VERSION}"
    bare.install(wheel(NEXT))
    assert version(bare) == f"apppw-tui {NEXT}"
    assert not (half / "left").exists()


@pytest.mark.parametrize(
    ("before", "what", "why"),
    [
        ("true", f"{GIVEN}/wheels/nothing.whl", "is not there"),
        ("touch /tmp/some-1.0-py3-none-any.whl", "/tmp/some-1.0-py3-none-any.whl", "not a wheel"),
        ("touch /usr/local/bin/apppw-tui", wheel(VERSION), "not a link; move it away"),
        ("useradd --home /home/apppw apppw", wheel(VERSION), "is somebody else"),
        ("true", "", "only root can install"),
    ],
)
def test_it_says_why_not_before_it_changes_anything(
    bare: KioskServer, before: str, what: str, why: str
) -> None:
    bare.scratch.output("sh", "-c", before)
    present = everything(bare)
    line = [INSTALL, what] if what else ["setpriv", "--reuid=65534", INSTALL, wheel(VERSION)]
    done = bare.scratch.run(*line)
    assert done.returncode == 1
    assert why in done.stderr
    assert everything(bare) == present


def test_what_undoes_it_keeps_the_accounts_and_says_so(bare: KioskServer) -> None:
    before = everything(bare)
    bare.install(wheel(VERSION))
    bare.add_account()
    said = bare.scratch.output(UNINSTALL)
    assert everything(bare) - before == KEPT
    assert len(list((bare.scratch.root / "var/lib/apppw-tui/accounts").iterdir())) == 1
    assert "the accounts in /var/lib/apppw-tui" in said
    shell = bare.scratch.output("getent", "passwd", "apppw").strip().rpartition(":")[2]
    assert shell == "/usr/sbin/nologin"
    assert bare.scratch.output(UNINSTALL) == said
    bare.install(wheel(VERSION))
    assert bare.scratch.output("apppw-tui", "account", "list").count("ada@example.org") == 1


@pytest.mark.parametrize("script", ["install.sh", "uninstall.sh", "sshd/apppw-kiosk"])
def test_the_scripts_are_posix_and_can_be_run(script: str) -> None:
    path = RECIPES / script
    assert os.access(path, os.X_OK)
    subprocess.run(["dash", "-n", path], check=True)
    assert Path(path).read_text().startswith("#!/bin/sh\n")
