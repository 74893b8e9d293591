"""`backup` into a folder: a name for each, and the older ones pruned."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apppw_tui import cli
from apppw_tui.commands import backup
from tests.folders import copy_closed
from tests.running import CommandLine, run_program
from tests.store.backing import members
from tests.store.making import account_file
from tests.store.other_uid import OTHER, only_root, said_as
from tests.support import NOW, House


@pytest.fixture
def kept(run: CommandLine) -> Path:
    folder = run.home / "kept"
    folder.mkdir()
    return folder


def test_in_a_folder_it_is_named_for_the_time(run: CommandLine, house: House, kept: Path) -> None:
    named = kept / "apppw-tui-20261122T120000Z.tar"
    assert run.good("backup", kept) == f"Backed up 2 accounts to {named}.\n"
    assert named.stat().st_mode & 0o777 == 0o600
    assert run("backup", named).line == f"{named} is there already; name another file."


def test_in_a_folder_those_of_one_second_are_numbered_and_kept_in_their_order(
    run: CommandLine, house: House, kept: Path
) -> None:
    named = [
        f"apppw-tui-20261122T120000Z{number}.tar"
        for number in ("", *map("-{}".format, range(2, 12)))
    ]
    for name in named:
        assert json.loads(run.good("backup", kept, "--json"))["file"] == str(kept / name)
    out = run.good("backup", kept, "--keep", "2", "--json")
    assert json.loads(out)["pruned"] == named[:-1]
    assert {path.name for path in kept.iterdir()} == {
        named[-1],
        "apppw-tui-20261122T120000Z-12.tar",
    }


def test_one_that_is_made_stays_though_those_of_a_clock_that_was_ahead_pass_for_newer(
    run: CommandLine, house: House, kept: Path
) -> None:
    run.clock.advance(12 * 365 * 86400)
    for _ in range(2):
        run.good("backup", kept, "--keep", "2")
    run.clock.instant = NOW
    for hours in range(2):
        run.clock.instant = NOW + timedelta(hours=hours)
        run.good("backup", kept, "--keep", "2")
        assert len([*kept.iterdir()]) == 2
        assert (kept / f"apppw-tui-20261122T1{2 + hours}0000Z.tar").exists()


def test_in_a_folder_a_name_that_is_taken_meanwhile_is_left(
    run: CommandLine, house: House, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = kept / "apppw-tui-20261122T120000Z.tar"
    write = backup._write_as_owner

    def slowly(*given: Any) -> None:
        write(*given)
        named.touch()

    monkeypatch.setattr(backup, "_write_as_owner", slowly)
    assert run.good("backup", kept).endswith("apppw-tui-20261122T120000Z-2.tar.\n")
    assert named.read_bytes() == b""


def test_the_oldest_go_and_nothing_that_it_did_not_make(
    run: CommandLine, house: House, kept: Path
) -> None:
    made = []
    for _ in range(4):
        run.good("backup", kept)
        made.append(f"apppw-tui-{run.clock.now():%Y%m%dT%H%M%SZ}.tar")
        run.clock.advance(3600)
    others = {
        "apppw-tui-20200101T000000Z.tar": b"of somebody else",
        "apppw-tui-20200102T000000Z.tar": (kept / made[0]).read_bytes(),  # called otherwise
        f"{made[0]}.gz": b"packed",
        "notes": b"mine",
        ".apppw-tui-fresh": b"one that is being made",
        ".apppw-tui-old": b"one that was killed",
    }
    for name, content in others.items():
        (kept / name).write_bytes(content)
    (kept / "apppw-tui-20200103T000000Z.tar").symlink_to(made[3])
    os.utime(kept / ".apppw-tui-old", (0, 0))
    foreign = run.home / "foreign.toml"
    foreign.write_text("host_name = 'another'")
    run.good("backup", kept, "--config", foreign)  # another server keeps its own here
    run.clock.advance(3600)
    out = run.good("backup", kept, "--keep", "2", "--json")
    assert json.loads(out)["pruned"] == made[:3]
    left = {path.name for path in kept.iterdir()}
    newest = {"apppw-tui-20261122T160000Z.tar", "apppw-tui-20261122T170000Z.tar"}
    assert left == (
        {*others, "apppw-tui-20200103T000000Z.tar", made[3], *newest} - {".apppw-tui-old"}
    )
    run.clock.advance(3600)
    assert run.good("backup", kept, "--keep", "2").endswith("Removed 1 older backup.\n")


def test_while_an_account_is_damaged_no_older_backup_goes(
    run: CommandLine, house: House, kept: Path
) -> None:
    run.good("backup", kept)
    account_file(run.store).write_text("{")
    run.clock.advance(3600)
    assert run("backup", kept, "--keep", "1").code == 3
    assert len([*kept.iterdir()]) == 2


@pytest.mark.parametrize("words", [["{home}/b.tar", "1"], ["-", "1"], ["{home}", "0"]])
def test_nothing_is_kept_but_in_a_folder(run: CommandLine, house: House, words: list[str]) -> None:
    where, keep = (word.replace("{home}", str(run.home)) for word in words)
    said = run("backup", where, "--keep", keep)
    assert (said.code, said.out) == (1, "")
    assert said.line == "--keep is a number from 1 on, and goes with a folder that is there."


def test_standard_output_gets_the_backup_and_nothing_else(run: CommandLine, house: House) -> None:
    done = run_program(run.home, "backup", "-")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "accounts/ada.json" in members(done.stdout)


def test_a_file_that_a_shell_has_made_is_closed_to_others(
    run: CommandLine, house: House, file: Path
) -> None:
    with file.open("wb") as out:
        file.chmod(0o644)
        assert run_program(run.home, "backup", "-", "--with-key", stdout=out).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert "key" in members(file.read_bytes())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_backup_that_could_not_be_written_is_no_success(run: CommandLine, house: House) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run_program(run.home, "backup", "-", stdout=full)
    assert done.returncode == 1
    assert b"The backup could not be written: no space left on device." in done.stderr
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = run_program(run.home, "backup", "-", stdout=pipe)
    assert done.returncode == 1
    assert b"The backup could not be written: broken pipe." in done.stderr


def test_a_terminal_gets_no_backup(run: CommandLine, house: House) -> None:
    terminal, other = os.openpty()
    try:
        with os.fdopen(other, "wb") as out:
            done = run_program(run.home, "backup", "-", stdout=out)
    finally:
        os.close(terminal)
    assert done.returncode == 1
    assert b"A backup is nothing for a terminal" in done.stderr


def test_json_and_the_backup_do_not_share_standard_output(run: CommandLine, house: House) -> None:
    said = run("backup", "-", "--json")
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith("--json needs a file")


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those that pytest makes."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@only_root
def test_root_backs_up_anothers_store_into_a_folder_of_its_own_and_restores_it(
    run: CommandLine, house: House, ground: Path
) -> None:
    store = ground / "store"
    copy_closed(run.store, store)
    for path in (store, *store.rglob("*")):
        os.chown(path, OTHER, OTHER)
    own = ground / "own"
    own.mkdir(0o700)
    file = own / "backup.tar"
    run.good("backup", run.home / "first.tar", "--with-key")  # imports what OTHER may not read

    def as_root(*arguments: str | Path) -> str:
        return said_as(0, lambda: cli.main(["--store", str(store), *map(str, arguments)]))

    assert as_root("backup", file, "--with-key") == "0"
    assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (0, 0o600)
    assert [path.name for path in own.iterdir()] == ["backup.tar"]
    (store / "accounts" / "ada.json").unlink()
    assert as_root("restore", file) == "0"
    assert (store / "accounts" / "ada.json").stat().st_uid == OTHER
    (store / "ledger" / "deleted.sqlite").unlink()
    (store / "ledger" / "deleted.sqlite").mkdir()
    assert as_root("backup", own / "second.tar") == "3"
    assert [path.name for path in own.iterdir()] == ["backup.tar"]


@only_root
def test_root_copies_anothers_store_by_configurations_of_its_own(
    run: CommandLine, house: House, ground: Path
) -> None:
    store, target = ground / "store", ground / "target"
    copy_closed(run.store, store)
    target.mkdir()
    for path in (store, *store.rglob("*"), target):
        os.chown(path, OTHER, OTHER)
    own = ground / "own"
    own.mkdir(0o700)
    for folder in (store, target):
        (own / f"{folder.name}.toml").write_text(f'store = "{folder}"\n')
    run.good("backup", run.home / "first.tar", "--with-key")  # imports what OTHER may not read
    line = ["store", "copy", str(own / "store.toml"), str(own / "target.toml")]
    assert said_as(0, lambda: cli.main(line)) == "0"
    assert {path.name for path in (target / "accounts").iterdir()} == {
        path.name for path in (store / "accounts").iterdir()
    }
