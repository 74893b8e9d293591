"""`backup`, `restore` and `store`: sentences for people, JSON for programs, exit codes."""

import gzip
import json
import lzma
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import argon2
import pytest

from apppw_tui import cli
from apppw_tui.commands import backup
from apppw_tui.domain.ports import UNLISTED
from apppw_tui.store import documents
from apppw_tui.store import migrate as migrating
from apppw_tui.store.folder import deleted_ids
from apppw_tui.store.folder.deleted_ids import DeletedIds
from apppw_tui.store.folder.profiles import HashProfilesFile
from tests.running import CommandLine, run_program
from tests.store.backing import SCHEMA, members, packed
from tests.store.making import account_file
from tests.store.other_uid import OTHER, only_root, said_as
from tests.store.test_migrate import step
from tests.support import PASSWORD, House


@pytest.fixture
def house(run: CommandLine) -> House:
    """With ada, who has two app passwords and a phone, and ben, who has nothing."""
    house = run.house()
    for name in ("ada", "ben"):
        house.add(name)
    for name in ("Phone", "Tablet"):
        house.issue(name, "ada")
    house.give_phone(name="ada")
    return house


@pytest.fixture
def file(run: CommandLine) -> Path:
    return run.home / "backup.tar"


# --- backup ----------------------------------------------------------------------------------


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
    (run.store / "deleted").unlink()
    (run.store / "deleted").mkdir()
    said = run("backup", file)
    assert said.code == 3
    assert "deleted is not an ordinary file" in said.line
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


# --- a folder of them ------------------------------------------------------------------------


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
    shutil.copytree(run.store, store)
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
    (store / "deleted").unlink()
    (store / "deleted").mkdir()
    assert as_root("backup", own / "second.tar") == "3"
    assert [path.name for path in own.iterdir()] == ["backup.tar"]


# --- restore ---------------------------------------------------------------------------------


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
    (line,) = (
        (run.store / "activity" / f"{house.now('ada').uid}.jsonl").read_text().splitlines()[-1:]
    )
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
                found[name] = b"x" + found[name][1:]
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


@pytest.mark.parametrize("name", ["-", "/dev/stdin"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
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


# --- store migrate ---------------------------------------------------------------------------


def test_where_all_is_of_this_schema_nothing_has_to_be_done(run: CommandLine, house: House) -> None:
    nothing = "Nothing has to be migrated: every account that can be read is of schema 1.\n"
    assert run.good("store", "migrate") == nothing
    text = account_file(run.store).read_text().replace(f'"schema": "{SCHEMA}"', '"schema": "1.0"')
    account_file(run.store).write_text(text)
    assert run.good("store", "migrate", "--dry-run") == (
        f"{nothing}1 account will be of schema {SCHEMA} from the next change.\n"
    )
    assert account_file(run.store).read_text() == text


@pytest.fixture
def newer(run: CommandLine, house: House) -> CommandLine:
    """A program whose schema is 2, where both accounts are of schema 1."""
    run.patch.setattr(documents, "SCHEMA_MAJOR", 2)
    run.patch.setattr(documents, "SCHEMA_MINOR", 0)
    run.patch.setattr(migrating.migrate, "__defaults__", ({1: step},))
    return run


def test_a_migration_is_tried_told_and_done(newer: CommandLine) -> None:
    before = account_file(newer.store).read_bytes()
    assert newer.good("store", "migrate", "--dry-run") == (
        "ada: would be migrated from schema 1 to schema 2.\n"
        "ben: would be migrated from schema 1 to schema 2.\n"
    )
    assert account_file(newer.store).read_bytes() == before
    folder = f"{newer.store}/before-migration-20261122T120000Z"
    assert newer.good("store", "migrate") == (
        f"Migrated 2 accounts to schema 2.\nWhat was there before is in {folder}.\n"
    )
    assert newer.good("store", "migrate").startswith("Nothing has to be migrated")


def test_what_cannot_be_migrated_is_named(newer: CommandLine) -> None:
    account_file(newer.store).write_text("{")
    said = newer("store", "migrate", "--json")
    assert said.code == 3
    why = f"{account_file(newer.store)} cannot be read: it is not JSON; it was left alone."
    assert said.line == why
    assert json.loads(said.out) == {
        "schema": "2.0",
        "older": ["ben"],
        "older_minor": 0,
        "migrated": ["ben"],
        "unreadable": {"ada": why},
        "kept": f"{newer.store}/before-migration-20261122T120000Z",
    }


def test_while_the_daemon_runs_nothing_is_migrated(newer: CommandLine) -> None:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        listening = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listening.bind(f"{name}/json")
        listening.listen()
        before = account_file(newer.store).read_bytes()
        newer.good("store", "migrate", "--dry-run", "--socket-dir", name)
        said = newer("store", "migrate", "--socket-dir", name)
        assert (said.code, said.out) == (1, "")
        assert said.line == (
            f"The daemon listens at {name}/json: stop it, and its sockets in systemd, "
            "before migrating."
        )
        assert account_file(newer.store).read_bytes() == before
        listening.close()  # what a killed daemon leaves behind
        assert newer.good("store", "migrate", "--socket-dir", name).startswith("Migrated 2")


# --- store tidy ------------------------------------------------------------------------------


def test_tidying_makes_what_services_are_told_right(run: CommandLine, house: House) -> None:
    right = "What services are told of every account is right.\n"
    run.good("account", "enforce", "ada")
    assert run.good("store", "tidy") == right
    told = run.store / "enforced" / "ada"
    content = told.read_text()
    told.unlink()
    (run.store / "enforced" / "gone").write_text(content)
    assert run.good("store", "tidy") == "Mended what services are told of 2 accounts.\n"
    assert [path.name for path in told.parent.iterdir()] == ["ada"]
    assert told.read_text() == content
    assert json.loads(run.good("store", "tidy", "--json")) == {"mended": 0}


def test_tidying_lists_what_was_deleted(run: CommandLine, house: House) -> None:
    house.issue("Watch", "ada")
    listed = run.store / "deleted"
    listed.unlink()
    listed.symlink_to("/nowhere/at/all")
    assert UNLISTED in run("app-password", "delete", "ada", "Watch").err
    said = run("store", "tidy")
    assert (said.code, UNLISTED in said.line) == (3, True)
    listed.unlink()
    run.good("store", "tidy")
    assert "ids" in listed.read_text()


@pytest.mark.parametrize(
    "command", [("store", "tidy"), ("account", "list"), ("account", "open", "ben")]
)
def test_a_store_of_before_is_told_of_by_the_first_command(
    run: CommandLine, house: House, command: tuple[str, ...]
) -> None:
    run.good("account", "enforce", "ada")
    shutil.rmtree(run.store / "enforced")
    said = run(*command)
    assert (said.code, said.err) == (5 if "open" in command else 0, "")  # ben is open already
    assert [path.name for path in (run.store / "enforced").iterdir()] == ["ada"]


def test_a_hash_of_another_cost_is_listed_or_it_is_said_that_the_clock_tells(
    run: CommandLine, house: House, file: Path
) -> None:
    costs = [(19456, 1), (20000, 1), (20001, 1)]
    names = [f"user{number}" for number in range(len(costs))]
    for name, (memory, passes) in zip(names, costs, strict=True):
        house.add(name)
        house.alter(name, password_hash=argon2.PasswordHasher(passes, memory, 1).hash(PASSWORD))
    run.good("backup", file)
    for name in names:
        house.store.remove(name)
    said = run("restore", file, "--account", *names)
    assert said.code == 0
    assert said.line.startswith("user2: its hash costs m=20001,t=1,p=1, unlike all others, so that")
    in_use = HashProfilesFile(run.store, run.clock).in_use()
    assert [str(one) for one in in_use] == ["m=19456,t=1,p=1", "m=20000,t=1,p=1"]


def test_overwriting_and_bringing_back_is_confirmed_by_the_number_that_changes(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    kept = house.now("ada").app_passwords
    run.good("app-password", "delete", "ada", "Phone")
    for option, also in (
        ("--overwrite", ""),
        ("--bring-back-deleted", ", with what was deleted since"),
    ):
        said = run("restore", file, option)
        question = f"Put 1 account back to what the backup has{also}?"
        assert said.code == 1
        assert said.line.startswith(f"{question} There is no terminal")
        said = run("restore", file, option, stdin="2\n", terminal=True)
        assert said.err.startswith(f"{question} Type 1 to go on: ")
        assert len(house.now("ada").app_passwords) == 1
    assert run("restore", file, "--bring-back-deleted", "--dry-run").code == 0
    said = run("restore", file, "--bring-back-deleted", stdin="1\n", terminal=True)
    assert "ada: restored with 2 app passwords; 1 deleted since came back." in said.out
    assert house.now("ada").app_passwords == kept
    assert house.now("ada").deleted_ids == set()


def test_what_was_deleted_is_listed_where_a_restore_is_confirmed(
    run: CommandLine, house: House, file: Path
) -> None:
    gone = house.now("ada").app_passwords[0].id
    run.good("app-password", "delete", "ada", gone)
    run.good("backup", file, "--with-key")
    uid, other = house.now("ada").uid, run.home / "other"
    told = ["restore", str(file), "--overwrite", "--store", str(other)]
    assert run(*told, stdin="2\n", terminal=True).code == 0
    assert gone in deleted_ids.parse(DeletedIds(other).content() or b"").of(uid)


def test_nobody_is_asked_where_everything_is_as_it_was(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    assert "2 accounts unchanged since." in run.good("restore", file, "--overwrite")


def test_app_passwords_of_a_removed_account_come_back_only_where_that_is_said(
    run: CommandLine, house: House, file: Path
) -> None:
    run.good("backup", file)
    run.good("account", "remove", "ada")
    assert "ada: restored with 0 app passwords; 2 stay deleted" in run.good("restore", file)
    run.good("restore", file, "--bring-back-deleted", "--yes")
    assert len(house.now("ada").app_passwords) == 2
