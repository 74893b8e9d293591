"""SAFETY 8: a file that is no account of ours is refused by name and left as it is."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import account_file, add, tables, version_of

COSTLY = "$argon2id$v=19$m=1048577,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo"
LANES = COSTLY.replace("m=1048577,t=1,p=1", "m=127,t=1,p=16")  # Argon2 wants 8 KiB for each
SLOW = COSTLY.replace("m=1048577,t=1", "m=8,t=2000000000")
Edit = Callable[[dict[str, Any]], object]


def refused_and_untouched(disk: FolderStore, path: Path, uid: str, reason: str) -> None:
    before, inode = path.read_bytes(), path.stat().st_ino
    for call in (
        lambda: disk.get("ada"),
        lambda: version_of(disk, "ada"),
        lambda: disk.transaction("ada", uid).__enter__(),
        lambda: disk.transaction("ada", None).__enter__(),
    ):
        with pytest.raises(StoreDamaged) as refusal:
            call()
        assert str(refusal.value) == f"{path} cannot be read: {reason}; it was left alone."
        assert refusal.value.__suppress_context__
    assert path.read_bytes() == before
    assert path.stat().st_ino == inode
    assert disk.list_names() == ["ada"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"\0" * 4096, "it is not JSON"),
        (b"{", "it is not JSON"),
        (b'{"account": {"1": {"name": "ada"', "it is not JSON"),
        (b"\xff\xfe\xfa", "it is not JSON"),
        (b"hello", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"9" * 5000, "it is not JSON"),
        (b"null", "it is empty"),
        (b"{}", "it does not hold exactly one account"),
        (b"[]", "it is not a TinyDB document"),
        (b"7", "it is not a TinyDB document"),
        (b'"text"', "it is not a TinyDB document"),
        (b"true", "it is not a TinyDB document"),
        (b'{"_default": {"1": {"a": 1}}}', "it does not hold exactly one account"),
        (b'{"account": []}', "it is not a TinyDB document"),
        (b'{"account": null}', "it is not a TinyDB document"),
        (b'{"account": {"1": 5}}', "it is not a TinyDB document"),
        (b'{"account": {"x": {}}}', "it is not a TinyDB document"),
        (b'{"account": {"1": [["name", "ada"]]}}', "it is not a TinyDB document"),
        (b'{"account": {"1": {}}}', "its schema is missing or of the wrong kind"),
        (b'{"users": [{"name": "ada"}]}', "it does not hold exactly one account"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_file_without_an_account_is_refused(
    disk: FolderStore, folder: Path, content: bytes, reason: str
) -> None:
    account = add(disk)
    account_file(folder).write_bytes(content)
    refused_and_untouched(disk, account_file(folder), account.uid, reason)


def head(key: str, value: object) -> Edit:
    return lambda content: content["account"]["1"].update({key: value})


def password(key: str, value: object) -> Edit:
    return lambda content: content["app_passwords"]["1"].update({key: value})


EDITS: list[tuple[Edit, str]] = [
    (head("schema", "3.0"), "its schema is 3, this program reads 1 and 2"),
    (head("schema", "0.9"), "its schema is 0, this program reads 1 and 2"),
    (head("schema", "12.0"), "its schema is 12, this program reads 1 and 2"),
    *((head("schema", value), "its schema is not a version") for value in ("", "1", "1.", "1.x")),
    (head("schema", 1.0), "its schema is missing or of the wrong kind"),
    (
        head("name", "grace"),
        "it belongs to an account of another name, grace: if that was being renamed, do it again",
    ),
    (head("name", "Ada"), "it belongs to an account of another name"),
    (head("name", None), "its name is missing or of the wrong kind"),
    (head("uid", "x" * 32), "its uid is malformed"),
    (head("uid", "0" * 31), "its uid is malformed"),
    (head("version", True), "its version is missing or of the wrong kind"),
    (head("version", 1.5), "its version is missing or of the wrong kind"),
    (head("epoch", "0"), "its epoch is missing or of the wrong kind"),
    (head("enabled", 1), "its enabled is missing or of the wrong kind"),
    (head("enabled", None), "its enabled is missing or of the wrong kind"),
    (head("password_hash", "plain"), "its password_hash is not an Argon2id hash"),
    (head("password_hash", "$2y$10$x"), "its password_hash is not an Argon2id hash"),
    (head("created", "yesterday"), "its created is not a time"),
    (head("created", "2026-11-22T12:00:00"), "its created has no time zone"),
    (head("created", "0001-01-01T00:00:00+14:00"), "its created is not a time"),
    (head("appearance", 5), "its appearance is missing or of the wrong kind"),
    (head("appearance", "\ud800"), "its appearance is not text"),
    (head("deleted_ids", "abc"), "its deleted_ids is missing or of the wrong kind"),
    (head("deleted_ids", [1]), "its deleted_ids is missing or of the wrong kind"),
    (head("deleted_ids", ["\ud800"]), "its deleted_ids is not text"),
    (password("id", "abu"), "its id is malformed"),
    (password("id", "abcd"), "its id is malformed"),
    (password("name", "half \udfff"), "its name is not text"),
    (password("hash", ""), "its hash is not an Argon2id hash"),
    (head("password_hash", COSTLY), "its password_hash costs too much: m=1048577,t=1,p=1"),
    (head("password_hash", LANES), "its password_hash is not an Argon2id hash"),
    (password("hash", COSTLY), "its hash costs too much: m=1048577,t=1,p=1"),
    (password("hash", SLOW), "its hash costs too much: m=8,t=2000000000,p=1"),
    (password("scope", "any"), "its scope is missing or of the wrong kind"),
    (password("scope", ["\udfff"]), "its scope is not text"),
    (password("expires", ""), "its expires is not a time"),
    (password("expires", 0), "its expires is missing or of the wrong kind"),
    (password("expires", False), "its expires is missing or of the wrong kind"),
    (lambda content: content["account"]["1"].pop("enabled"), "its enabled is missing or of the "),
    (lambda content: content.pop("account"), "it does not hold exactly one account"),
    (
        lambda content: content["account"].update({"2": content["account"]["1"]}),
        "it does not hold exactly one account",
    ),
    (
        lambda content: content["app_passwords"].update({"2": content["app_passwords"]["1"]}),
        "two app passwords have the same id",
    ),
    (lambda content: content.update({"app_passwords": ["x"]}), "it is not a TinyDB document"),
]


@pytest.mark.parametrize(("edit", "reason"), EDITS)
def test_a_document_that_is_not_the_accounts_is_refused(
    disk: FolderStore, folder: Path, edit: Edit, reason: str
) -> None:
    account = add(disk)
    content = tables(folder)
    edit(content)
    account_file(folder).write_text(json.dumps(content))
    if reason.endswith(" "):
        reason += "wrong kind"
    refused_and_untouched(disk, account_file(folder), account.uid, reason)


def test_a_refusal_does_not_repeat_what_the_file_says(disk: FolderStore, folder: Path) -> None:
    add(disk)
    content = tables(folder)
    content["account"]["1"]["password_hash"] = "hunter2"
    account_file(folder).write_text(json.dumps(content))
    with pytest.raises(StoreDamaged) as refusal:
        disk.get("ada")
    assert "hunter2" not in str(refusal.value)


def test_what_is_not_an_ordinary_file_is_refused_at_once(disk: FolderStore, folder: Path) -> None:
    path = account_file(folder)
    match = r"accounts/ada\.json is not an ordinary file; it was left alone\."
    os.mkfifo(path)  # opening a pipe that nobody writes to would wait for ever
    with pytest.raises(StoreDamaged, match=match):
        disk.get("ada")
    assert path.is_fifo()
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreDamaged, match=match):
        add(disk)
    assert path.is_dir()


def test_a_file_larger_than_any_account_is_refused_unread(disk: FolderStore, folder: Path) -> None:
    account = add(disk)
    path = account_file(folder)
    os.truncate(path, 16 * 1024 * 1024 + 1)
    before = path.stat()
    with pytest.raises(StoreDamaged, match=r"ada\.json is larger than any account"):
        disk.get("ada")
    with pytest.raises(StoreDamaged), disk.transaction("ada", account.uid):
        pytest.fail("the block must not run")
    assert (path.stat().st_ino, path.stat().st_size) == (before.st_ino, before.st_size)


def test_one_damaged_file_concerns_one_person(disk: FolderStore, folder: Path) -> None:
    add(disk)
    grace = add(disk, "grace")
    account_file(folder).write_bytes(b"{")
    assert disk.list_names() == ["ada", "grace"]
    assert disk.get("grace") == grace


def test_a_damaged_account_can_still_be_removed(disk: FolderStore, folder: Path) -> None:
    add(disk)
    account_file(folder).write_bytes(b"{")
    disk.remove("ada")
    assert disk.list_names() == []
