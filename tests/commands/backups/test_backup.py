"""`backup` into one file or to standard output."""

import json
import os
from pathlib import Path

import pytest

from tests.running import CommandLine
from tests.store.backing import members
from tests.store.making import account_file
from tests.support import House


def test_a_backup_is_a_file_for_its_owner_alone(run: CommandLine, house: House, file: Path) -> None:
    before = os.umask(0)
    try:
        assert run.good("backup", file) == f"Backed up 2 accounts to {file}.\n"
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert "key" not in members(file.read_bytes())
    assert not [*run.home.glob(".apppw-tui-*")]


def test_with_the_key_it_is_said_how_secret_it_is(
    run: CommandLine, house: House, file: Path
) -> None:
    assert run.good("backup", file, "--with-key") == (
        f"Backed up 2 accounts to {file}. It holds the key, and is as secret as the store itself.\n"
    )
    assert members(file.read_bytes())["key"] == run.key.read_bytes()


def test_what_is_there_is_not_overwritten(run: CommandLine, house: House, file: Path) -> None:
    file.symlink_to(run.home / "elsewhere")
    for _ in range(2):
        said = run("backup", file)
        assert (said.code, said.out) == (1, "")
        assert said.line == f"{file} is there already; name another file."
        file.unlink(missing_ok=True)
        file.write_text("mine")
    assert file.read_text() == "mine"
    assert not (run.home / "elsewhere").exists()


def test_where_it_cannot_be_written_nothing_is_left(run: CommandLine, house: House) -> None:
    said = run("backup", run.home / "nowhere" / "backup.tar")
    assert (said.code, said.out) == (1, "")
    assert (
        said.line == f"{run.home}/nowhere/backup.tar cannot be written: no such file or directory."
    )
    file = run.home / "backup.tar"
    (run.store / "ledger" / "deleted.sqlite").unlink()
    (run.store / "ledger" / "deleted.sqlite").mkdir()
    said = run("backup", file)
    assert said.code == 3
    assert "deleted.sqlite is not an ordinary file" in said.line
    assert not file.exists()
    assert not [*run.home.glob(".apppw-tui-*")]


def test_a_damaged_account_is_named_and_the_others_are_backed_up(
    run: CommandLine, house: House, file: Path
) -> None:
    account_file(run.store).write_text("{")
    said = run("backup", file, "--json")
    assert said.code == 3
    why = f"{run.store}/accounts/ada.json cannot be read: it is not JSON."
    assert said.line == f"ada is not in the backup: {why}"
    assert json.loads(said.out) == {
        "file": str(file),
        "time": "2026-11-22T12:00:00Z",
        "accounts": 1,
        "with_key": False,
        "left_out": {"ada": why},
        "pruned": [],
    }
    said = run("restore", file)
    assert said.line == f"ada was left out when the backup was made: {why}"


@pytest.mark.parametrize(
    ("ledger", "why"),
    [
        ("usage/usage.sqlite", "is damaged; it was left alone."),
        ("usage/activity.sqlite", "is damaged; it was left alone."),
        ("ledger/activity.sqlite", "was damaged, and begun anew: see"),
    ],
)
@pytest.mark.usefixtures("house")
def test_a_ledger_that_cannot_be_read_is_named_and_the_accounts_are_backed_up(
    run: CommandLine, file: Path, ledger: str, why: str
) -> None:
    path = run.store / ledger
    path.parent.mkdir(0o700, exist_ok=True)
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    path.write_bytes(b"foreign" * 1000)
    result = run("backup", file, "--json")
    assert result.code == 3
    assert result.line.startswith(f"{ledger} is not in the backup: {path} {why}")
    backup = json.loads(result.out)
    assert (backup["accounts"], [*backup["left_out"]]) == (2, [ledger])
    assert f"{ledger} was left out when the backup was made" in run("restore", file).err
