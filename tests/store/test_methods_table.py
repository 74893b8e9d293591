"""Verification methods in the store's documents: one table, a document for each."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.phone import PHONES, Phone
from apppw_tui.domain.ports import AccountStore
from apppw_tui.domain.recovery_codes import RecoveryCodes
from apppw_tui.domain.totp import Authenticator
from apppw_tui.store.engine import Engine
from apppw_tui.store.folder.accounts import FolderStore
from tests.store.making import HASH, account_file, add, new_account, tables, touch
from tests.support import NOW

APP = Authenticator("gAAAAA==", NOW, 59844960)
THREE = tuple(Phone(which, f"sealed-{which}", NOW + timedelta(days=1)) for which in PHONES)
CODES = RecoveryCodes((HASH, None) * 5, NOW + timedelta(microseconds=1))
FULL: dict[str, Any] = {
    "authenticator": APP,
    "phones": THREE,
    "recovery": CODES,
    "preferred": "text",
    "verification_required": True,
    "bypass_until": NOW + timedelta(minutes=30),
}


@pytest.fixture
def store(engine: Engine) -> AccountStore:
    return engine.accounts


def change(store: AccountStore, **fields: Any) -> Account:
    """Ada's account with these fields, as the store gives it back."""
    account = store.get("ada")
    assert account is not None
    with store.transaction("ada", account.uid) as changing:
        changing.account = replace(changing.existing, **fields)
    found = store.get("ada")
    assert found is not None
    return found


# --- there and back -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"authenticator": APP},
        *({"phones": (phone,)} for phone in THREE),
        {"phones": THREE},
        {"recovery": CODES},
        {"recovery": RecoveryCodes((None,) * 10, NOW)},
        {"preferred": "call"},
        {"verification_required": True},
        {"bypass_until": NOW},
        FULL,
    ],
)
def test_what_was_written_is_read_again(store: AccountStore, fields: dict[str, Any]) -> None:
    before = add(store)
    after = change(store, **fields)
    assert after == replace(before, version=before.version + 1, **fields)
    emptied = {name: getattr(before, name) for name in fields}
    assert change(store, **emptied) == replace(before, version=before.version + 2)


def test_a_new_account_may_have_them_from_its_beginning(store: AccountStore) -> None:
    full = replace(new_account(), **FULL)
    with store.transaction("ada", None) as changing:
        changing.account = full
    assert store.get("ada") == full


def test_each_changes_for_itself(store: AccountStore) -> None:
    add(store)
    change(store, **FULL)
    later = replace(APP, last_step=APP.last_step + 1)
    assert change(store, authenticator=later).authenticator == later
    used = CODES.consume(0, HASH)
    account = change(store, recovery=used)
    assert (account.recovery, account.authenticator, account.phones) == (used, later, THREE)
    moved = replace(THREE[1], sealed="other")
    account = change(store, phones=(THREE[0], moved, THREE[2]))
    assert account.phone("office") == moved
    account = change(store, phones=(THREE[2],))
    assert account.phones == (THREE[2],)
    assert (account.recovery, account.authenticator) == (used, later)


# --- as it lies on disk ---------------------------------------------------------------------


@pytest.fixture
def full(disk: FolderStore) -> Account:
    add(disk)
    return change(disk, **FULL)


def rewrite(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    document = tables(folder)
    edit(document)
    account_file(folder).write_text(json.dumps(document))


def by_kind(folder: Path) -> dict[str, dict[str, Any]]:
    return {one["method"]: one for one in tables(folder)["methods"].values()}


def test_each_method_is_one_document(full: Account, folder: Path) -> None:
    assert by_kind(folder) == {
        "authenticator": {
            "method": "authenticator",
            "sealed": "gAAAAA==",
            "since": "2026-11-22T12:00:00Z",
            "last_step": 59844960,
        },
        **{
            f"phone {which}": {
                "method": f"phone {which}",
                "sealed": f"sealed-{which}",
                "since": "2026-11-23T12:00:00Z",
            }
            for which in PHONES
        },
        "recovery codes": {
            "method": "recovery codes",
            "hashes": [HASH, None] * 5,
            "since": "2026-11-22T12:00:00.000001Z",
        },
    }
    head = tables(folder)["account"]["1"]
    assert head["schema"] == "1.5"
    assert head["bypass_until"] == "2026-11-22T12:30:00Z"


def test_methods_and_keys_that_only_a_newer_program_knows_survive(
    disk: FolderStore, full: Account, folder: Path
) -> None:
    def newer(document: dict[str, Any]) -> None:
        document["account"]["1"].update(schema="1.9", mood="calm")
        for one in document["methods"].values():
            one["colour"] = one["method"]
        document["methods"]["77"] = {"method": "security key", "handle": [1, {"a": None}]}
        document["methods"]["78"] = {"method": "passkey"}

    rewrite(folder, newer)
    assert disk.get("ada") == full
    # Every way of changing: an update, a removal, an addition, and one that concerns none of them.
    change(disk, authenticator=replace(APP, last_step=APP.last_step + 1))
    change(disk, phones=THREE[:2])
    change(disk, phones=THREE)
    touch(disk, full, "nord")
    found = by_kind(folder)
    assert found["security key"] == {"method": "security key", "handle": [1, {"a": None}]}
    assert found["passkey"] == {"method": "passkey"}
    assert found["authenticator"]["colour"] == "authenticator"
    assert found["authenticator"]["last_step"] == APP.last_step + 1
    assert found["recovery codes"]["colour"] == "recovery codes"
    assert "colour" not in found["phone alternate"]  # removed, and another one since
    assert tables(folder)["account"]["1"]["schema"] == "1.9"
    assert tables(folder)["account"]["1"]["mood"] == "calm"
    change(disk, authenticator=None, phones=(), recovery=None)
    assert set(by_kind(folder)) == {"security key", "passkey"}


def test_a_document_of_schema_1_0_is_read_and_raised_when_it_is_written(
    disk: FolderStore, folder: Path
) -> None:
    account = add(disk)

    def older(document: dict[str, Any]) -> None:
        document.pop("methods", None)
        head = document["account"]["1"]
        head["schema"] = "1.0"
        for key in ("preferred", "verification_required", "bypass_until", "enforced_from"):
            del head[key]
        for one in document["app_passwords"].values():
            del one["by_operator"]

    rewrite(folder, older)
    assert disk.get("ada") == account
    found = change(disk, authenticator=APP)
    assert found == replace(account, authenticator=APP, version=account.version + 1)
    assert tables(folder)["account"]["1"]["schema"] == "1.5"


def test_whatever_they_are_called_methods_are_found_by_their_kind(
    disk: FolderStore, full: Account, folder: Path
) -> None:
    def renumber(document: dict[str, Any]) -> None:
        turned = reversed(document["methods"].values())
        document["methods"] = {str(100 + number): one for number, one in enumerate(turned)}

    rewrite(folder, renumber)
    found = disk.get("ada")
    assert found is not None
    assert replace(found, phones=THREE) == full
    assert set(found.phones) == set(THREE)
    moved = replace(APP, last_step=0)
    assert change(disk, authenticator=moved).authenticator == moved


# --- damaged --------------------------------------------------------------------------------

Edit = Callable[[dict[str, Any]], object]


def put(kind: str, key: str, value: Any) -> Edit:
    """Puts `value` in the document of that kind."""

    def edit(document: dict[str, Any]) -> None:
        for one in document["methods"].values():
            if one["method"] == kind:
                one[key] = value

    return edit


def drop(kind: str, key: str) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        for one in document["methods"].values():
            if one["method"] == kind:
                del one[key]

    return edit


def twice(document: dict[str, Any]) -> None:
    document["methods"]["99"] = dict(document["methods"]["1"])


def unnamed(document: dict[str, Any]) -> None:
    document["methods"]["99"] = {"sealed": "x"}


def no_documents(document: dict[str, Any]) -> None:
    document["methods"] = {"1": ["method"]}


def no_table(document: dict[str, Any]) -> None:
    document["methods"] = "none"


def unstamped(document: dict[str, Any]) -> None:
    document["account"]["1"]["bypass_until"] = "tomorrow"


def unflagged(document: dict[str, Any]) -> None:
    document["account"]["1"]["verification_required"] = None


CODES_KIND = "recovery codes"
DAMAGES: list[tuple[Edit, str]] = [
    (put("authenticator", "sealed", ""), "sealed"),
    (put("authenticator", "sealed", "two words"), "sealed"),
    (put("authenticator", "sealed", "\u00fc"), "sealed"),
    (put("authenticator", "sealed", 1), "sealed"),
    (put("authenticator", "last_step", "1"), "last_step"),
    (put("authenticator", "last_step", True), "last_step"),
    (put("authenticator", "last_step", 1.5), "last_step"),
    (drop("authenticator", "last_step"), "last_step"),
    (drop("authenticator", "since"), "since"),
    (put("phone office", "sealed", "a\nb"), "sealed"),
    (put("phone office", "since", "2026-11-22T12:00:00"), "since"),
    (drop("phone alternate", "sealed"), "sealed"),
    (put(CODES_KIND, "hashes", [None] * 9), "recovery codes are malformed"),
    (put(CODES_KIND, "hashes", [None] * 11), "recovery codes are malformed"),
    (put(CODES_KIND, "hashes", {}), "recovery codes are malformed"),
    (put(CODES_KIND, "hashes", [*[None] * 9, "plain"]), "hash"),
    (put(CODES_KIND, "hashes", [*[None] * 9, 5]), "hash"),
    (put(CODES_KIND, "since", None), "since"),
    (put("phone office", "method", 3), "method"),
    (twice, "a verification method twice"),
    (unnamed, "method"),
    (no_documents, "it is not a TinyDB document"),
    (no_table, "it is not a TinyDB document"),
    (unstamped, "bypass_until"),
    (unflagged, "verification_required"),
]


@pytest.mark.parametrize(("edit", "reason"), DAMAGES)
def test_what_is_malformed_is_refused_by_name_and_left_alone(
    disk: FolderStore, full: Account, folder: Path, edit: Edit, reason: str
) -> None:
    rewrite(folder, edit)
    before = account_file(folder).read_bytes()
    with pytest.raises(StoreDamaged, match=reason) as refused:
        disk.get("ada")
    assert str(account_file(folder)) in str(refused.value)
    assert "sealed-" not in str(refused.value)
    with pytest.raises(StoreDamaged):
        touch(disk, full, "nord")
    assert account_file(folder).read_bytes() == before
