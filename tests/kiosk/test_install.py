"""recipes/install.sh and recipes/uninstall.sh, as root types them."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.kiosk.kiosk import NEXT, VERSION, KioskServer, wheel
from tests.kiosk.scratch import CHECKOUT, GIVEN, RECIPES

pytestmark = pytest.mark.slow
INSTALL, UNINSTALL = (f"{CHECKOUT}/recipes/{name}.sh" for name in ("install", "uninstall"))
SHARE = "share/apppw-tui"
WRITTEN = ("etc", "opt", "usr", "var/lib")  # where it could leave something
KEPT = {"/etc/apppw-tui", "/var/lib/apppw-tui"}


# What other tests write into the machine's own folders meanwhile, on which a server lies.
OTHERS = "/apppw-test-"


def version(server: KioskServer) -> str:
    return server.scratch.output("apppw-tui", "--version").strip()


def mode(server: KioskServer, path: str) -> int:
    return stat.S_IMODE((server.scratch.root / path.lstrip("/")).lstat().st_mode)


def everything(server: KioskServer) -> set[str]:
    """All paths on the server that have to do with apppw-tui."""
    places = [f"/{place}" for place in WRITTEN]
    line = ["find", *places, "-xdev", "-name", "*apppw*", "-prune"]
    return {path for path in server.scratch.output(*line).splitlines() if OTHERS not in path}


def test_what_is_installed_is_roots_and_the_store_is_its_users(bare: KioskServer) -> None:
    said = bare.install(wheel(VERSION))
    assert f"apppw-tui {VERSION} is set up." in said
    assert version(bare) == f"apppw-tui {VERSION}"
    find = ["find", "/opt/apppw-tui", "/etc/apppw-tui", "/usr/local", "!", "-user", "root"]
    assert bare.scratch.output(*find) == ""
    find = ["find", "/opt/apppw-tui", "/etc/apppw-tui", "/etc/ssh/apppw_sshd_config"]
    assert bare.scratch.output(*find, "-perm", "/022", "!", "-type", "l") == ""
    config = (bare.scratch.root / "etc/apppw-tui/config.toml").read_text()
    assert "\n[store]\n" in config
    assert '\nfolder = "/var/lib/apppw-tui"\n' in config
    bare.scratch.output("apppw-tui", "config", "check", "--file-alone")
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
        return {line for line in lines if not line.startswith(unchanged) and OTHERS not in line}

    before = files()
    done = bare.scratch.run(INSTALL, wheel(VERSION))
    assert done.returncode == 0
    assert f"Version {VERSION} is in /opt/apppw-tui already" in done.stdout
    assert "/etc/ssh/apppw_sshd_config was edited, or is older, and is kept" in done.stderr
    assert files() == before
    assert "Port 2022" in config.read_text()


def unit_of(server: KioskServer) -> str:
    """Which version the daemon's unit in use is of: the wheels mark it."""
    path = server.scratch.root / "etc/systemd/system/apppw-tui.service"
    return path.read_text().splitlines()[-1].removeprefix("# Of version ").rstrip(".")


def listed(server: KioskServer) -> list[str]:
    return server.scratch.output(INSTALL, "--list").splitlines()


def test_upgrade_and_rollback_change_program_and_units_together(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    service = bare.scratch.root / "etc/systemd/system/apppw-tui.service"
    assert (version(bare), unit_of(bare)) == (f"apppw-tui {VERSION}", VERSION)
    bare.install(wheel(NEXT))
    assert (version(bare), unit_of(bare)) == (f"apppw-tui {NEXT}", NEXT)
    assert listed(bare) == [f"{NEXT} (in use)", VERSION]

    # The version that is used brings its own script, so that the checkout may be gone.
    own = f"/opt/apppw-tui/current/{SHARE}/recipes/install.sh"
    service.write_text(service.read_text() + "# mine\n")
    done = bare.scratch.run(own, "--rollback")
    assert (done.returncode, version(bare), unit_of(bare)) == (0, f"apppw-tui {VERSION}", VERSION)
    assert "apppw-tui.service was edited; that is now" in done.stderr
    assert service.with_name("apppw-tui.service.edited").read_text().endswith("# mine\n")
    assert listed(bare) == [f"{VERSION} (in use)", NEXT]

    missing = bare.scratch.run(INSTALL, "--rollback", "9.9.9")
    assert (missing.returncode, "no version 9.9.9" in missing.stderr) == (1, True)
    bare.scratch.output(INSTALL, "--rollback", NEXT)
    assert (version(bare), unit_of(bare)) == (f"apppw-tui {NEXT}", NEXT)


def test_forced_it_is_made_anew_and_only_the_last_used_are_kept(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    opt = bare.scratch.root / "opt/apppw-tui"
    for number in (7, 8, 9):
        recipes = opt / f"0.{number}.0/share/apppw-tui/recipes"
        recipes.mkdir(parents=True)
        (recipes / "installed").touch()
        (opt / f"0.{number}.0" / ".complete").touch()
        os.utime(opt / f"0.{number}.0" / ".complete", (number, number))
    said = bare.scratch.output(INSTALL, "--force", wheel(VERSION))
    assert f"apppw-tui {VERSION}~2 is used now, instead of {VERSION};" in said
    assert listed(bare) == [f"{VERSION}~2 (in use)", VERSION, "0.9.0"]
    assert {path.name for path in opt.iterdir()} == {f"{VERSION}~2", VERSION, "0.9.0", "current"}
    assert version(bare) == f"apppw-tui {VERSION}"


def has_driver(server: KioskServer) -> bool:
    line = ["/opt/apppw-tui/current/bin/python", "-c", "import psycopg"]
    return server.scratch.run(*line).returncode == 0


def test_driver_of_the_database_comes_when_it_is_asked_for_and_stays(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    assert not has_driver(bare)
    bare.scratch.output(INSTALL, "--postgresql", wheel(VERSION))
    assert has_driver(bare)
    assert listed(bare)[0] == f"{VERSION}~2 (in use)"
    said = bare.scratch.output(INSTALL, "--postgresql", wheel(VERSION))
    assert f"Version {VERSION} is in /opt/apppw-tui already" in said
    bare.install(wheel(NEXT))
    assert (version(bare), has_driver(bare)) == (f"apppw-tui {NEXT}", True)
    recipes = f"/opt/apppw-tui/{NEXT}/{SHARE}/recipes"
    bare.scratch.output(f"{recipes}/install.sh", "--dependencies")
    assert listed(bare)[0] == f"{NEXT}~2 (in use)"
    assert has_driver(bare)


def test_dependencies_are_renewed_alone_and_are_those_that_are_meant(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    recipes = f"opt/apppw-tui/{VERSION}/{SHARE}/recipes"
    said = bare.scratch.output(f"/{recipes}/install.sh", "--dependencies")
    assert f"apppw-tui {VERSION}~2 is used now, instead of {VERSION};" in said
    text = (bare.scratch.root / recipes / "requirements.txt").read_text()
    others = re.sub("sha256:[0-9a-f]{8}", "sha256:00000000", text)
    (bare.scratch.root / "tmp/requirements.txt").write_text(others)
    done = bare.scratch.run(INSTALL, "--dependencies", "/tmp/requirements.txt")
    assert done.returncode == 1
    assert "HASHES" in done.stderr
    assert "what was there before is still used" in done.stderr
    assert listed(bare) == [f"{VERSION}~2 (in use)", VERSION]
    assert version(bare) == f"apppw-tui {VERSION}"


def test_a_configuration_that_cannot_be_read_stops_an_upgrade_before_it_begins(
    bare: KioskServer,
) -> None:
    bare.install(wheel(VERSION))
    bare.configure("nonsense = true\n")
    done = bare.scratch.run(INSTALL, wheel(NEXT))
    assert (done.returncode, "nothing was changed" in done.stderr) == (1, True)
    assert "nonsense" in done.stderr
    assert (version(bare), unit_of(bare)) == (f"apppw-tui {VERSION}", VERSION)


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


def test_it_is_not_undone_while_others_ask_and_what_was_edited_stays(bare: KioskServer) -> None:
    bare.install(wheel(VERSION))
    etc = bare.scratch.root / "etc"
    asking = {
        etc / "dovecot/conf.d/05-apppw-lua.conf": "passdb {\n  driver = lua\n}\n",
        etc / "postfix/main.cf": "smtpd_sasl_path = private/apppw\n",
    }
    for path, text in asking.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    socket = etc / "systemd/system/apppw-tui-json.socket"
    socket.write_text(socket.read_text().replace("Backlog=512", "Backlog=64"))
    aside = socket.with_name("apppw-sshd.service.edited")
    aside.write_text("# mine\n")
    scripts = [etc / "dovecot" / name for name in ("used.lua", "unused.lua")]
    for script in scripts:
        script.write_text('local path = "/run/apppw-tui/json"\n')
    (etc / "dovecot/conf.d/06-site.conf").write_text("  args = file=/etc/dovecot/used.lua\n")
    done = bare.scratch.run(UNINSTALL)
    assert done.returncode == 1
    assert "  /etc/dovecot/used.lua\n" in done.stderr
    assert "unused.lua" not in done.stderr
    (etc / "dovecot/conf.d/06-site.conf").unlink()
    for path in asking:
        assert f"  /{path.relative_to(bare.scratch.root)}\n" in done.stderr
    assert version(bare) == f"apppw-tui {VERSION}"

    for path in asking:
        path.write_text("# was: /run/apppw-tui\n")
    (etc / "dovecot/conf.d/05-apppw-lua.conf").unlink()
    said = bare.scratch.output(UNINSTALL)
    assert "Edited by somebody, and left" in said
    left = sorted(path.name for path in (etc / "systemd/system").glob("apppw*"))
    assert left == [aside.name, socket.name]
    for name in left:
        assert f"  /etc/systemd/system/{name}\n" in said


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


def test_every_unit_is_installed_and_every_line_of_the_list_can_be() -> None:
    lines = [
        line.split()
        for line in (RECIPES / "installed").read_text().splitlines()
        if not line.startswith("#")
    ]
    files = {file for _, _, file, _ in lines}
    units = {f"systemd/{path.name}" for path in (RECIPES / "systemd").iterdir()}
    assert units <= files
    for mode, how, file, place in lines:
        source = RECIPES / file.replace("../man/", "../docs/")
        assert source.is_file()
        assert how in ("ours", "enabled", "kept")
        assert (mode == "755") == source.read_text().startswith("#!")
        assert place.startswith("/")
        if how == "enabled":
            assert "\n[Install]\n" in source.read_text()
