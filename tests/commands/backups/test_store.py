"""`store migrate` and `store tidy`."""

import json
import shutil
from pathlib import Path

import argon2
import pytest

from apppw_tui.domain import deleted_ids
from apppw_tui.domain.account import UNLISTED
from apppw_tui.store.folder.deleted_ids import DeletedIds
from apppw_tui.store.folder.profiles import HashProfilesFile
from tests.running import CommandLine
from tests.store.backing import SCHEMA
from tests.store.making import account_file
from tests.support import PASSWORD, House

# --- store migrate --------------------------------------------------------------------------------


def test_where_all_is_of_this_schema_nothing_has_to_be_done(run: CommandLine, house: House) -> None:
    nothing = "Nothing has to be migrated: every account that can be read is of schema 1.\n"
    assert run.good("store", "migrate") == nothing
    text = account_file(run.store).read_text().replace(f'"schema": "{SCHEMA}"', '"schema": "1.0"')
    account_file(run.store).write_text(text)
    assert run.good("store", "migrate", "--dry-run") == (
        f"{nothing}1 account will be of schema {SCHEMA} from the next change.\n"
    )
    assert account_file(run.store).read_text() == text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"[1]", "it is not a TinyDB document with one account"),
        (b'{"account": {"1": 7}}', "it is not a TinyDB document with one account"),
        (b'{"account": {"1": {"schema": "x"}}}', "its schema is not a version"),
        (b'{"account": {"1": {"schema": "9.0"}}}', "its schema is 9, of a newer apppw-tui"),
        (b'{"account": {"1": {"schema": "0.1"}}}', "its schema is 0"),
    ],
)
def test_account_that_cannot_be_read_is_named_and_left_alone(
    run: CommandLine, house: House, content: bytes, why: str
) -> None:
    account_file(run.store).write_bytes(content)
    said = run("store", "migrate", "--json")
    sentence = f"{account_file(run.store)} cannot be read: {why}; it was left alone."
    assert json.loads(said.out) == {
        "schema": SCHEMA,
        "older": [],
        "older_minor": 0,
        "migrated": [],
        "unreadable": {"ada": sentence},
        "kept": None,
    }
    assert (said.code, sentence in said.err) == (3, True)
    assert account_file(run.store).read_bytes() == content


# --- store tidy -----------------------------------------------------------------------------------


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
    assert json.loads(run.good("store", "tidy", "--json")) == {"mended": 0, "listed": 0}


def test_tidying_lists_what_was_deleted(run: CommandLine, house: House) -> None:
    house.issue("Watch", "ada")
    listed = run.store / "ledger" / "deleted.sqlite"
    listed.unlink()
    listed.symlink_to("/nowhere/at/all")
    assert UNLISTED in run("app-password", "delete", "ada", "Watch").err
    said = run("store", "tidy")
    assert (said.code, UNLISTED in said.err, str(listed) in said.err) == (3, True, True)
    listed.unlink()
    run.good("store", "tidy")
    (gone,) = DeletedIds(run.store).read().ids.values()
    assert len(gone) == 1


def test_tidying_lists_anew_what_the_accounts_know_of_a_list_that_was_lost(
    run: CommandLine, house: House
) -> None:
    run.good("app-password", "delete", "ada", "Phone")
    run.good("app-password", "create", "ben", "Watch")
    run.good("app-password", "delete", "ben", "Watch")
    expected = DeletedIds(run.store).read().ids
    shutil.rmtree(run.store / "ledger")
    (run.store / "deleted").unlink()
    assert "Put 2 app passwords on the list of what was deleted" in run.good("store", "tidy")
    assert DeletedIds(run.store).read().ids == expected
    assert deleted_ids.parse((run.store / "deleted").read_bytes()).ids == expected
    assert json.loads(run.good("store", "tidy", "--json")) == {"mended": 0, "listed": 0}


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
