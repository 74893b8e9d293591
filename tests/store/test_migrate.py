"""To a new major schema, with a step that is made up: there is none yet."""

from pathlib import Path

import pytest

from apppw_tui.domain.errors import NotFound, StoreDamaged
from apppw_tui.store import documents
from apppw_tui.store.backup.restore import Aside
from apppw_tui.store.fields import Tables
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.migrate import STEPS, SchemaOf, Step, found, migrate
from tests.store.backing import SCHEMA
from tests.store.making import account_file, add, tables
from tests.support import NOW


def step(tables: Tables) -> Tables:
    """Schema 2 calls the appearance a theme, say."""
    (head,) = tables["account"].values()
    return {**tables, "account": {"1": {**head, "schema": "2.0", "theme": head["appearance"]}}}


def broken(tables: Tables) -> Tables:
    raise KeyError("a secret")


def not_raised(tables: Tables) -> Tables:
    return tables


@pytest.fixture
def two(disk: FolderStore, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    """A store with an account of schema 1, in a program whose schema is 2."""
    add(disk)
    monkeypatch.setattr(documents, "SCHEMA_MAJOR", 2)
    monkeypatch.setattr(documents, "SCHEMA_MINOR", 0)
    return disk


@pytest.fixture
def aside(folder: Path) -> Aside:
    return Aside(folder, "before-migration", NOW)


def test_there_is_a_step_from_every_older_major_schema_to_this_one() -> None:
    assert [*STEPS] == [*range(1, documents.SCHEMA_MAJOR)]


def test_an_account_of_this_schema_needs_nothing(
    disk: FolderStore, folder: Path, aside: Aside
) -> None:
    add(disk)
    before = account_file(folder).read_bytes()
    one = found(disk, "ada")
    assert (one.older, one.older_minor) == (False, False)
    assert not migrate(disk, "ada", aside)
    assert account_file(folder).read_bytes() == before
    assert aside.path is None


def test_an_older_minor_is_told_and_left_alone(
    disk: FolderStore, folder: Path, aside: Aside
) -> None:
    add(disk)
    text = account_file(folder).read_text().replace(f'"schema": "{SCHEMA}"', '"schema": "1.0"')
    account_file(folder).write_text(text)
    assert found(disk, "ada") == SchemaOf("ada", 1, 0)
    assert found(disk, "ada").older_minor
    assert not migrate(disk, "ada", aside)
    assert account_file(folder).read_text() == text


def test_an_older_major_is_migrated_and_what_was_there_kept(
    two: FolderStore, folder: Path, aside: Aside
) -> None:
    before = account_file(folder).read_bytes()
    with pytest.raises(StoreDamaged):
        two.get("ada")
    assert found(two, "ada") == SchemaOf("ada", *map(int, SCHEMA.split(".")))
    assert found(two, "ada").older
    assert migrate(two, "ada", aside, {1: step})
    account = two.get("ada")
    assert account is not None
    assert len(account.app_passwords) == 1
    assert aside.path is not None
    assert (aside.path / "accounts" / "ada.json").read_bytes() == before
    assert not migrate(two, "ada", aside, {1: step})


def test_several_steps_are_taken_one_after_the_other(
    two: FolderStore, folder: Path, aside: Aside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "SCHEMA_MAJOR", 3)

    def second(tables: Tables) -> Tables:
        (head,) = tables["account"].values()
        assert head["schema"] == "2.0"
        return {**tables, "account": {"1": {**head, "schema": "3.0"}}}

    assert migrate(two, "ada", aside, {1: step, 2: second})
    assert tables(folder)["account"]["1"]["schema"] == "3.0"


@pytest.mark.parametrize("steps", [{}, {1: broken}, {1: not_raised}])
def test_a_step_that_fails_or_is_missing_changes_nothing(
    two: FolderStore, folder: Path, aside: Aside, steps: dict[int, Step]
) -> None:
    before = account_file(folder).read_bytes()
    with pytest.raises(StoreDamaged, match=r"ada\.json cannot be") as error:
        migrate(two, "ada", aside, steps)
    assert "a secret" not in str(error.value)
    assert account_file(folder).read_bytes() == before


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"{", "it is not JSON"),
        (b"[1]", "it is not a TinyDB document with one account"),
        (b'{"account": {"1": 7}}', "it is not a TinyDB document with one account"),
        (b'{"account": {"1": {"schema": "x"}}}', "its schema is not a version"),
        (b'{"account": {"1": {"schema": "9.0"}}}', "its schema is 9, of a newer apppw-tui"),
    ],
)
def test_what_is_damaged_or_newer_is_named_and_left_alone(
    disk: FolderStore, folder: Path, aside: Aside, content: bytes, why: str
) -> None:
    add(disk)
    account_file(folder).write_bytes(content)
    said = f"{account_file(folder)} cannot be read: {why}; it was left alone."
    with pytest.raises(StoreDamaged) as error:
        found(disk, "ada")
    assert str(error.value) == said
    with pytest.raises(StoreDamaged) as error:
        migrate(disk, "ada", aside, {1: step})
    assert str(error.value) == said
    assert account_file(folder).read_bytes() == content


def test_who_is_removed_meanwhile_is_not_migrated(two: FolderStore, aside: Aside) -> None:
    two.remove("ada")
    with pytest.raises(NotFound):
        found(two, "ada")
    assert not migrate(two, "ada", aside, {1: step})
    assert two.list_names() == []
