"""`restore`: sentences for people, JSON for programs, exit codes."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import CommandLine, run_program
from tests.store.backing import members, packed
from tests.store.making import account_file
from tests.support import House, first_quick


def test_a_restore_says_of_each_account_what_came_back(
    run: CommandLine, house: House, file: Path
) -> None:
    house.give_recovery_codes("ada")
    run.good("backup", file)
    run.good("app-password", "delete", "ada", "Phone")
    run.good("app-password", "create", "ada", "Laptop")
    tried = run.good("restore", file, "--overwrite", "--dry-run")
    host = json.loads(members(file.read_bytes())["manifest.json"])["host"]
    assert tried == (
        f"Backup of 12:00 from {host}:\n"
        "ada: would be restored with 1 app password; 1 stays deleted; 1 made since would go; "
        "the recovery codes are void.\n"
        "What was deleted since stays deleted: it may be on a device that was lost. If it was "
        "deleted by mistake: --bring-back-deleted\n"
        "1 account unchanged since.\n"
    )
    out = run.good("restore", file, "--overwrite", "--yes")
    assert out == (
        f"Backup of 12:00 from {host}:\n"
        "ada: restored with 1 app password; 1 stays deleted; 1 made since went; "
        "the recovery codes are void.\n"
        "What was deleted since stays deleted: it may be on a device that was lost. If it was "
        "deleted by mistake: --bring-back-deleted\n"
        "1 account unchanged since.\n"
        f"What was there before is in {run.store}/before-restore-20261122T120000Z.\n"
    )
    (line,) = run.good("activity", "ada", "--json").splitlines()[-1:]
    told = json.loads(line)
    assert (told["what"], told["backup"]) == ("account restored", "2026-11-22T12:00:00Z")
    assert told["by"].startswith("operator")


def test_what_may_not_come_back_is_told_and_the_exit_code_says_so(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    run.good("app-password", "delete", "ada", "Phone")
    run.good("account", "remove", "ben")
    said = run("restore", file, "--json")
    assert said.code == 1
    why = "ada has changed since the backup; --overwrite brings the older one back."
    assert said.line == why
    told = json.loads(said.out)
    assert told["accounts"] == [
        {"account": "ada", "restored": False, "error": why},
        {
            "account": "ben",
            "restored": True,
            "app_passwords": [],
            "stay_deleted": [],
            "brought_back": [],
            "gone": [],
            "recovery_codes_void": False,
            "unopened": [],
        },
    ]
    assert (told["made"], told["dry_run"]) == ("2026-11-22T12:00:00Z", False)
    assert (told["key"], told["kept"]) == (False, None)
    assert house.now("ben")


def test_named_accounts_alone_come_back(run: CommandLine, house: House, file: Path) -> None:
    run.good("backup", file)
    for name in ("ada", "ben"):
        run.good("account", "remove", name)
    said = run("restore", file, "--account", "ben", "eve")
    assert said.code == 1
    assert said.line == "There is no account eve in the backup."
    assert house.store.list_names() == ["ben"]


def test_into_a_new_store_the_key_comes_back_first(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file, "--with-key")
    other = run.home / "other"
    out = run.good("--store", other, "restore", file)
    assert "The key of the store came back.\n" in out
    assert (other / "key").read_bytes() == run.key.read_bytes()
    assert "systemctl" not in out


def test_on_a_server_whatever_runs_is_to_be_started_anew_where_a_store_is_made(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    system = run.home / "etc" / "config.toml"
    system.parent.mkdir()
    system.touch()
    told = "Let what runs find the new store: systemd-tmpfiles --create && systemctl "
    told += "try-restart apppw-tui apppw-sshd\n"
    assert run("restore", file, "--account", "ben").out.endswith(told)  # to the system's store
    assert told not in run("restore", file).out


def test_on_trial_no_store_is_made(run: CommandLine, house: House, file: Path) -> None:
    run.good("backup", file, "--with-key")
    before = sorted(run.home.parent.iterdir())
    out = run.good("--store", run.home / "other", "restore", file, "--dry-run")
    assert out.splitlines()[1:] == [
        f"A store would be made at {run.home}/other.",
        "The key of the store would come back.",
        "ada: would be restored with 2 app passwords.",
        "ben: would be restored with 0 app passwords.",
    ]
    assert not (run.home / "other").exists()
    assert sorted(run.home.parent.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        "--account ben {file}",
        "--account ben eve {file}",
        "--account ben --overwrite --yes {file}",
        "--yes --overwrite --account ben --account eve {file}",
        "{file} --account ben eve",
    ],
)
def test_accounts_may_be_named_before_the_file_and_after_it(
    run: CommandLine, house: House, file: Path, words: str
) -> None:
    run.good("backup", file)
    for name in ("ada", "ben"):
        run.good("account", "remove", name)
    said = run("restore", *words.format(file=file).split())
    assert said.code == (1 if "eve" in words else 0)
    assert house.store.list_names() == ["ben"]


@pytest.mark.parametrize("words", [[], ["--account", "ada"], ["--overwrite", "--yes"]])
def test_without_a_file_nothing_is_restored(run: CommandLine, words: list[str]) -> None:
    said = run("restore", *words)
    assert (said.code, said.out) == (2, "")
    assert "the following arguments are required: FILE" in said.err


def test_without_the_key_it_is_said_what_cannot_be_opened(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    said = run("--store", run.home / "other", "restore", file)
    assert said.code == 3
    assert said.line == (
        "ada: no key opens the phone authentication; put back the key that sealed it, as one more "
        f"line of {run.home}/other/key, or let them set up another with "
        "apppw-tui account bypass ada"
    )
    assert "ada: restored with 2 app passwords." in said.out


def test_what_is_no_backup_is_refused_before_any_store_is_made(
    run: CommandLine, file: Path
) -> None:
    file.write_bytes(b"something else")
    for name in (file, run.home / "nowhere", run.home):
        said = run("restore", name)
        assert (said.code, said.out) == (1, "")
    assert not run.store.exists()
    assert run("restore", run.home / "nowhere").line == (
        f"{run.home}/nowhere cannot be read: no such file or directory."
    )
    assert run("restore", file).line == "The file is no backup."


@pytest.mark.parametrize("change", ["sum", "key", "absent"])
def test_where_nothing_can_come_back_no_store_is_made(
    run: CommandLine, house: House, file: Path, change: str
) -> None:
    run.good("backup", "--with-key", file)
    found = members(file.read_bytes())
    if change != "absent":
        for name in found:
            if name == "key" if change == "key" else name.startswith("accounts/"):
                found[name] = bytes([found[name][0] ^ 1]) + found[name][1:]
    file.write_bytes(packed(found))
    words = ["--account", "nobody"] if change == "absent" else []
    other = run.home / "other"
    said = run("--store", other, "restore", file, *words)
    assert (said.code, said.out) == (1, "")
    assert not other.exists()


def test_what_does_not_belong_into_a_backup_is_named(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    file.write_bytes(packed(members(file.read_bytes()) | {"../x\x1b": b"x"}))
    said = run("restore", file)
    assert said.code == 1
    assert said.line == "../x\\x1b does not belong into the backup; it was left there."


def test_lines_of_the_list_that_cannot_be_read_are_told(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    (run.store / "deleted").write_text("half of a li")
    said = run("restore", file)
    assert said.line.startswith("1 line of the list of deleted app passwords cannot be read: ")


@pytest.mark.parametrize("name", first_quick("-", "/dev/stdin"))
@pytest.mark.parametrize("pack", first_quick(gzip.compress, bytes, lzma.compress))
def test_a_backup_comes_back_from_a_pipe_packed_or_not(
    run: CommandLine, house: House, file: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    run.good("backup", file)
    account_file(run.store).unlink()
    done = run_program(run.home, "restore", name, stdin=pack(file.read_bytes()))
    assert (done.returncode, done.stderr) == (0, b"")
    assert house.now("ada")


def test_at_a_terminal_no_backup_is_waited_for(run: CommandLine) -> None:
    said = run("restore", "-", terminal=True)
    assert (said.code, said.out) == (1, "")
    assert said.line == ("There is no backup on standard input; send it there, or name a file.")
