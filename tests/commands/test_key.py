"""Where the key is; `key rotate`: a new one, everything sealed anew, then the old one dropped."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from apppw_tui import cli
from apppw_tui.domain.phone import PHONES
from apppw_tui.store.folder import accounts as folder_accounts
from apppw_tui.store.folder import key_file
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.key_file import FolderKeyring
from tests.folders import copy_closed
from tests.running import CommandLine
from tests.store.other_uid import OTHER, only_root, said_as
from tests.support import House

NEXT = "When nothing runs with a copy of the old key any more: apppw-tui key rotate --finish\n"
NUMBERS = ["+4915123456701", "+4915123456702", "+4915123456703"]


@pytest.fixture
def house(run: CommandLine) -> House:
    """With ada, who has three telephone numbers, grace, who has an app, and eve, who has none."""
    house = run.house()
    for name in ("ada", "eve", "grace"):
        house.add(name)
    for which, number in zip(PHONES, NUMBERS, strict=True):
        house.give_phone(which, number, "ada")
    house.give_authenticator("grace")
    return house


def keys(run: CommandLine) -> list[str]:
    return run.key.read_text().split()


def values(house: House, names: Iterable[str] = ("ada", "eve", "grace")) -> dict[str, str]:
    """All that is sealed, opened."""
    accounts = [house.now(name) for name in names]
    return {
        f"{account.name} {field}": house.means.sealer.decrypt(account.uid, field, sealed).reveal()
        for account in accounts
        for field, sealed in account.sealed_values().items()
    }


def test_a_rotation_seals_anew_and_everything_still_opens(run: CommandLine, house: House) -> None:
    (old,), before = keys(run), values(house)
    out = run.good("key", "rotate")
    assert out == f"Made a new key and sealed 2 accounts anew. {NEXT}"
    new, kept = keys(run)
    assert kept == old
    assert new not in out
    assert values(house) == before
    assert run.good("key", "rotate", "--finish", "--yes") == "Dropped 1 old key.\n"
    assert keys(run) == [new]
    assert values(house) == before
    assert len(before) == 4
    assert run.key.stat().st_mode & 0o777 == 0o600


def test_where_there_is_no_old_key_none_is_dropped(run: CommandLine, house: House) -> None:
    before = keys(run)
    said = run("key", "rotate", "--finish", "--yes")
    assert (said.code, said.out, said.err) == (5, "There was no old key.\n", "")
    assert keys(run) == before


def test_a_rotation_that_is_begun_twice_goes_on_with_its_key(
    run: CommandLine, house: House
) -> None:
    run.good("key", "rotate")
    before = keys(run)
    assert (
        run.good("key", "rotate") == f"Went on with the new key and sealed 0 accounts anew. {NEXT}"
    )
    assert keys(run) == before


def test_one_account_is_counted_as_one(run: CommandLine) -> None:
    house = run.house()
    house.add("ada")
    house.give_phone(name="ada")
    assert run.good("key", "rotate").startswith("Made a new key and sealed 1 account anew. ")


@pytest.mark.parametrize("arguments", [[], ["--finish", "--yes"]])
def test_where_nothing_is_sealed_there_is_no_key_to_replace(
    run: CommandLine, arguments: list[str]
) -> None:
    run.house().add("ada")
    said = run("key", "rotate", *arguments)
    assert (said.code, said.out) == (1, "")
    assert said.line == "Nothing is sealed yet, so there is no key to replace."
    assert not run.key.exists()


@pytest.mark.parametrize("arguments", [[], ["--finish", "--yes"]])
def test_a_missing_key_is_not_replaced(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    run.key.unlink()
    said = run("key", "rotate", *arguments)
    assert (said.code, said.out) == (3, "")
    assert said.line.startswith(f"The key of the store is missing: {run.key}.")
    assert not run.key.exists()


def test_who_could_not_be_sealed_anew_is_named_and_keeps_the_old_key(
    run: CommandLine, house: House
) -> None:
    before = values(house)
    damaged = run.store / "accounts" / "eve.json"
    damaged.write_text("{")
    with house.store.transaction("ada", house.now("ada").uid):
        run.patch.setattr(folder_accounts, "FolderStore", partial(FolderStore, lock_timeout=0.0))
        said = run("key", "rotate")
    assert said.code == 3
    assert said.out == (
        "Made a new key and sealed 1 account anew. The others still need the old key.\n"
    )
    assert said.err.splitlines() == [
        "apppw-tui: ada: The store is busy. Try again in a moment.",
        f"apppw-tui: eve: {damaged} cannot be read: it is not JSON; it was left alone.",
    ]
    said = run("key", "rotate", "--finish", "--yes")
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith("The older key stays: accounts that still need it: 1; ")
    assert len(keys(run)) == 2
    assert values(house, ["ada", "grace"]) == before


@pytest.mark.parametrize("arguments", [[], ["--finish", "--yes"]])
def test_while_somebody_else_rotates_nothing_is_done(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    before = keys(run)
    seals = house.means.sealer
    assert isinstance(seals, FolderKeyring)
    run.patch.setattr(key_file, "FolderKeyring", partial(FolderKeyring, lock_timeout=0.0))
    with seals.locked():
        said = run("key", "rotate", *arguments)
    assert (said.code, said.out) == (3, "")
    assert said.line == "The key of the store is in use. Try again in a moment."
    assert keys(run) == before


def test_a_key_that_lies_elsewhere_is_replaced_there(run: CommandLine, house: House) -> None:
    before = values(house)
    elsewhere = run.home / "elsewhere"
    run.key.rename(elsewhere)
    run.good("key", "rotate", "--key-file", elsewhere)
    run.good("key", "rotate", "--finish", "--yes", "--key-file", elsewhere)
    assert not run.key.exists()
    elsewhere.rename(run.key)
    assert values(house) == before
    assert len(keys(run)) == 1


@pytest.mark.parametrize("arguments", [[], ["--finish", "--yes"]])
def test_what_is_no_key_is_left_alone_and_not_repeated(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    run.key.write_text("half of a key\n")
    said = run("key", "rotate", *arguments)
    assert (said.code, said.out) == (3, "")
    assert said.line == f"{run.key} holds something that is no key; it was left alone."
    assert run.key.read_text() == "half of a key\n"


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those that pytest makes."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@only_root
@pytest.mark.parametrize(("owner", "mode"), [(OTHER, 0o600), (0, 0o640)])
def test_root_replaces_a_key_in_a_folder_of_its_own(
    run: CommandLine, house: House, ground: Path, owner: int, mode: int
) -> None:
    before = values(house)
    store, key = ground / "store", ground / "etc" / "key"
    key.parent.mkdir()
    copy_closed(run.store, store)
    (store / "key").rename(key)
    for path in (store, *store.rglob("*")):
        os.chown(path, OTHER, OTHER)
    os.chown(key, owner, OTHER)
    key.chmod(mode)
    old = key.read_bytes()
    where = ["--store", str(store), "--key-file", str(key)]
    rotate = ["key", "rotate", *where]
    run("key", "rotate")  # imports what OTHER may not read
    assert said_as(0, lambda: cli.main(rotate)) == "0"
    assert key.read_bytes().endswith(old)
    assert said_as(0, lambda: cli.main([*rotate, "--finish", "--yes"])) == "0"
    assert old not in key.read_bytes()
    status = key.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (owner, OTHER, mode)
    assert [path.name for path in key.parent.iterdir()] == ["key"]
    copy_closed(store / "accounts", run.store / "accounts")
    shutil.copy(key, run.key)
    assert values(house) == before


@only_root
def test_a_key_comes_back_into_a_folder_of_roots_own(
    run: CommandLine, house: House, ground: Path
) -> None:
    run.good("backup", ground / "backup.tar", "--with-key")
    store, key = ground / "store", ground / "etc" / "key"
    for folder in (store, key.parent):
        folder.mkdir()
    os.chown(store, OTHER, OTHER)
    told = ["restore", str(ground / "backup.tar"), "--store", str(store), "--key-file", str(key)]
    assert said_as(0, lambda: cli.main(told)) == "0"
    assert key.read_bytes() == run.key.read_bytes()
    assert (key.stat().st_uid, key.stat().st_mode & 0o777) == (OTHER, 0o600)


# --- where the key is -----------------------------------------------------------------------


def test_the_key_may_be_named_before_and_after_the_command(run: CommandLine, house: House) -> None:
    run.key.rename(elsewhere := run.home / "elsewhere")
    assert "ends in 01" not in run.good("account", "show", "ada")
    (run.home / "wrong").write_text("")
    wheres: list[list[str | Path]] = [
        ["--key-file", elsewhere, "account", "show", "ada"],
        ["account", "--key-file", elsewhere, "show", "ada"],
        ["account", "show", "ada", "--key-file", elsewhere],
        ["--key-file", run.home / "wrong", "account", "show", "ada", "--key-file", elsewhere],
    ]
    for arguments in wheres:
        assert "ends in 01" in run.good(*arguments)


def test_the_configuration_names_the_key_and_the_option_goes_first(
    run: CommandLine, house: House
) -> None:
    run.key.rename(elsewhere := run.home / "elsewhere")
    config = run.home / "c.toml"
    config.write_text(f'key_file = "{elsewhere}"')
    assert "ends in 01" in run.good("account", "show", "ada", "--config", config)
    config.write_text(f'key_file = "{run.home}/nowhere"')
    show: list[str | Path] = ["account", "show", "ada", "--config", config]
    assert f"key of the store is missing: {run.home}/nowhere" in run.good(*show)
    assert "ends in 01" in run.good(*show, "--key-file", elsewhere)


def test_dropping_a_key_is_confirmed_by_the_number(run: CommandLine, house: House) -> None:
    house.give_authenticator("ada")
    run.good("key", "rotate")
    question = "Drop 1 old key for good? Backups that need one stay sealed."
    said = run("key", "rotate", "--finish")
    assert (said.code, said.line.startswith(question)) == (1, True)
    said = run("key", "rotate", "--finish", stdin="2\n", terminal=True)
    assert said.err.startswith(f"{question} Type 1 to go on: ")
    said = run("key", "rotate", "--finish", stdin="1\n", terminal=True)
    assert said.out == "Dropped 1 old key.\n"
