"""The command `doctor`: what people and programs are told, and how it ends."""

import io
import json
import os
import sys
from functools import partial
from pathlib import Path

import pytest

from apppw_tui import config
from apppw_tui.commands import doctor
from apppw_tui.doctor.checks import Checkup
from tests.doctor.healthy import Server
from tests.running import CommandLine

Before = dict[Path, tuple[int, int, int, bytes]]


@pytest.fixture
def run(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """Commands on the healthy server's store; what they ask is the server's own."""
    line = CommandLine(server.home, monkeypatch, capsys)
    monkeypatch.setenv("APPPW_STORE", str(server.store))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(server.home / "run"))
    examination = partial(
        Checkup,
        places=server.places,
        ask=server.programs,
        wait=server.waits.append,
        system_owner=os.geteuid(),
    )
    monkeypatch.setattr(doctor, "Checkup", examination)
    return line


def seen(folder: Path) -> Before:
    found: Before = {}
    for path in (folder, *folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[path] = (status.st_mode, status.st_ino, status.st_mtime_ns, content)
    return found


def test_of_a_healthy_server_it_says_that_nothing_is_wrong(run: CommandLine) -> None:
    assert run.good("doctor") == "Nothing is wrong.\n"
    assert json.loads(run.good("doctor", "--json")) == []


def test_it_changes_nothing(run: CommandLine, server: Server) -> None:
    (server.store / "accounts/.tmp-ada").touch()
    (server.store / "accounts/bob.json").chmod(0o644)
    before = seen(server.home)
    run("doctor")
    assert seen(server.home) == before


def test_all_says_what_is_in_order(run: CommandLine, server: Server) -> None:
    lines = run.good("doctor", "--all").splitlines()
    assert f"✓ {server.store}: Every account can be read (2)." in lines
    assert all(line.startswith("✓ ") for line in lines)
    levels = {one["level"] for one in json.loads(run.good("doctor", "--all", "--json"))}
    assert levels == {"ok"}


def test_the_exit_code_says_how_bad_it_is(run: CommandLine, server: Server) -> None:
    (server.store / "reserve").unlink()
    assert run("doctor").code == 0
    (server.store / "accounts/bob.json").chmod(0o644)
    assert run("doctor").code == 1
    (server.store / "accounts/ada.json").write_text("")
    assert run("doctor").code == 4


def test_the_worst_comes_first_each_with_what_to_do(run: CommandLine, server: Server) -> None:
    (server.store / "reserve").unlink()
    ada, bob = (server.store / f"accounts/{name}.json" for name in ("ada", "bob"))
    ada.chmod(0o644)
    bob.write_text("")
    said = run("doctor")
    assert (said.code, said.err) == (4, "")
    lines = said.out.splitlines()
    assert [line[0] for line in lines] == ["✗", " ", "!", " ", "·", " "]
    assert lines[:4] == [
        f"✗ {bob} cannot be read: it is empty; it was left alone.",
        f"  Put back a copy of {bob} from before, or move it away and add the account anew.",
        f"! {ada}: Its mode is 0644; it is its owner's alone to read and write.",
        f"  Run: chmod 600 {ada}",
    ]


def test_programs_are_told_the_same(run: CommandLine, server: Server) -> None:
    path = server.store / "accounts/bob.json"
    path.chmod(0o644)
    said = run("doctor", "--json")
    assert said.code == 1
    assert json.loads(said.out) == [
        {
            "level": "warning",
            "where": str(path),
            "what": "Its mode is 0644; it is its owner's alone to read and write.",
            "remedy": f"Run: chmod 600 {path}",
        }
    ]


def test_no_file_name_acts_on_the_terminal(run: CommandLine, server: Server) -> None:
    (server.store / "accounts" / "\x1b[2J\udcff").write_text("")
    assert "accounts/\\x1b[2J\\udcff: It does not belong" in run("doctor").out


def test_a_terminal_without_the_signs_gets_others(
    run: CommandLine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.store / "reserve").unlink()
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", out)
    run("doctor")
    out.seek(0)
    assert out.read().startswith(f"note {server.store}/reserve: ")


def test_whoever_is_neither_root_nor_its_owner_is_sent_to_root(
    run: CommandLine, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    said = run("doctor")
    assert (said.code, said.out) == (3, "")
    assert said.line.endswith(f"Ask with: sudo apppw-tui --store {server.store} doctor")


def test_a_store_that_is_not_there_is_dangerous(run: CommandLine, tmp_path: Path) -> None:
    said = run("--store", tmp_path / "gone", "doctor")
    assert said.code == 4
    assert "There is no store." in said.out


@pytest.mark.parametrize("system", [True, False])
def test_a_daemon_is_wanted_on_a_server_that_is_configured(
    run: CommandLine, server: Server, *, system: bool
) -> None:
    path = config.SYSTEM_FILE if system else server.home / "own.toml"
    path.parent.mkdir(mode=0o755, exist_ok=True)
    path.write_text("" if system else '[[serve.socket]]\nname = "a"\nprotocol = "json"\n')
    path.chmod(0o644)
    said = run("doctor") if system else run("--config", path, "doctor")
    assert said.code == 4
    assert f"✗ {server.home / 'run'}: The daemon does not run" in said.out


def test_another_folder_of_sockets_can_be_named(run: CommandLine, server: Server) -> None:
    named = server.home / "elsewhere"
    assert f"✓ {named}: No daemon runs here." in run.good("doctor", "--all", "--socket-dir", named)


def test_a_configuration_that_is_broken_keeps_nobody_from_the_rest(
    run: CommandLine, server: Server
) -> None:
    path = server.home / "own.toml"
    path.write_text("stroe = 1\n")
    path.chmod(0o600)
    (server.store / "accounts").chmod(0o755)
    said = run("--config", path, "doctor")
    assert said.code == 4
    assert f"✗ {path}:1: stroe: there is no such key" in said.out
    assert str(server.store / "accounts") in said.out


@pytest.mark.parametrize(
    "text",
    [
        '[store]\nengine = "postgresql"\ndsn = "password=x"\n',
        '[stroe]\nengine = "postgresql"\n',
        "store = 7\n",
        '[policy]\nmost = [\n[store]\nengine = "files"\n',
        '[store]\nfolder = "/nowhere"\nengine = "postgr\n',
    ],
)
def test_where_the_store_cannot_be_read_no_other_one_is_accused(
    run: CommandLine, server: Server, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.delenv("APPPW_STORE")
    path = server.home / "own.toml"
    path.write_text(text)
    path.chmod(0o600)
    result = run("--config", path, "doctor")
    assert result.code == 4
    places = [line[2:].split(": ")[0] for line in result.out.splitlines() if line[0] in "✗!·"]
    assert [place.partition(":")[0] for place in places] == [str(path), "the store"]
    assert "were looked at" in result.out


def test_a_configuration_that_is_not_there_is_told_as_ever(
    run: CommandLine, server: Server
) -> None:
    said = run("--config", server.home / "gone.toml", "doctor")
    assert (said.code, "no such file" in said.line) == (3, True)
