"""What all commands have in common: whom they refuse, what stops them, what is written down."""

import json
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.commands import context
from apppw_tui.domain.activity import as_line
from apppw_tui.domain.ports import SystemClock
from apppw_tui.store.folder import accounts as folder_accounts
from apppw_tui.store.folder import counters, engine, location
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.counters import FolderThrottleStore
from tests import walking
from tests.running import CommandLine
from tests.support import PASSWORD, House, while_counted

GOOD = f"{PASSWORD}, anew\n"
WHOSE = "WHOSE"
LOOKING = [
    ["account", "show", WHOSE],
    ["account", "show", WHOSE, "--json"],
    ["app-password", "list", WHOSE],
]
CHANGING = [
    ["account", "set-password", WHOSE, "--password-stdin"],
    ["account", "require-verification", WHOSE],
    ["account", "bypass", WHOSE, "--minutes", "5"],
    ["account", "remove", WHOSE],
    ["app-password", "create", WHOSE, "Car"],
    ["app-password", "delete", WHOSE, "Phone"],
]
UNLOCKING = ["account", "unlock", WHOSE]
OF_ONE = [*LOOKING, *CHANGING, UNLOCKING]


@pytest.fixture
def house(run: CommandLine) -> House:
    """With an account ada that has one app password, Phone, and a telephone number."""
    house = run.house()
    house.add("ada")
    house.issue("Phone", "ada")
    house.give_phone(name="ada")
    return house


LIKE = "One looks like ada or ada@example.org."


def of(name: str, arguments: list[str]) -> list[str]:
    return [name if argument == WHOSE else argument for argument in arguments]


def everything(folder: Path) -> dict[Path, bytes]:
    """All that is kept; locks and what is counted are no part of it."""
    files = {path: path.read_bytes() for path in (folder / "accounts").iterdir()}
    happened = FolderActivityLog(folder, SystemClock()).read_all()
    return files | {folder / "ledger": repr(happened).encode()}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("grace", "There is no account grace."),
        ("ad a", f"An account name cannot have a blank in it. {LIKE}"),
        ("../ada", f'An account name cannot have "/" in it. {LIKE}'),
        ("a\x1b[31m", f"An account name cannot have U+001B in it. {LIKE}"),
    ],
)
@pytest.mark.parametrize("arguments", OF_ONE, ids=" ".join)
def test_what_is_no_account_is_refused(
    run: CommandLine, house: House, arguments: list[str], name: str, reason: str
) -> None:
    before = everything(run.store)
    said = run(*of(name, arguments), stdin=GOOD)
    assert (said.code, said.out, said.line) == (1, "", reason)
    assert everything(run.store) == before
    assert not (run.store / "locks" / "grace.lock").exists()


@pytest.mark.parametrize("arguments", OF_ONE, ids=" ".join)
def test_a_default_domain_completes_the_name(run: CommandLine, arguments: list[str]) -> None:
    house = run.house()
    house.add("ada@example.org")
    house.issue("Phone")
    config = run.home / "c.toml"
    config.write_text('default_domain = "example.org"')
    assert run.good(*of("ada", arguments), "--config", config, stdin=GOOD)


def empty_arguments() -> Iterator[tuple[str, list[str]]]:
    """Every argument of every command, left empty, by what the usage calls it."""
    for one in walking.commands():
        before: list[str] = []
        for argument in one.arguments if one.acts else []:
            handed_on = one.words == ("verify",) and argument.dest in (
                "account",
                "service",
                "rhost",
            )
            if argument.nargs == 0 or handed_on:
                continue
            if argument.option_strings:
                (named,) = argument.option_strings
                yield named, [*one.words, named, ""]
            else:
                yield str(argument.metavar or argument.dest), [*one.words, *before, ""]
                before.append("ada")


@pytest.mark.parametrize(("named", "arguments"), list(empty_arguments()), ids=str)
def test_an_empty_argument_is_wrong_usage(
    run: CommandLine, named: str, arguments: list[str]
) -> None:
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert re.search(f"argument {named}: must|there is no such", said.err), said.err
    assert not run.store.exists()


@pytest.mark.parametrize("option", ["--store", "--config", "--key-file"])
def test_an_empty_path_before_the_command_is_wrong_usage(run: CommandLine, option: str) -> None:
    assert run(option, "", "account", "list").code == 2


@pytest.mark.parametrize("scope", ["", " ", "\t"])
def test_an_empty_scope_is_not_any_app(run: CommandLine, house: House, scope: str) -> None:
    for making in ("create", "ensure"):
        assert run("app-password", making, "ada", "Tablet", "--scope", scope).code == 2
    assert run("app-password", "create", "ada", "Tablet", "--scope", ",").code == 1
    assert [kept.name for kept in house.now("ada").app_passwords] == ["Phone"]


@pytest.mark.parametrize("arguments", OF_ONE, ids=" ".join)
def test_nothing_that_the_operator_does_needs_the_key(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    run.key.unlink()
    assert run.good(*of("ada", arguments), stdin=GOOD)
    assert not run.key.exists()


@pytest.mark.parametrize("arguments", CHANGING, ids=" ".join)
def test_while_somebody_else_holds_the_account_nothing_is_done(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    impatient = partial(FolderStore, lock_timeout=0.0)
    run.patch.setattr(folder_accounts, "FolderStore", impatient)
    before = everything(run.store)
    with house.store.transaction("ada", house.now("ada").uid):
        said = run(*of("ada", arguments), stdin=GOOD)
    assert (said.code, said.out) == (3, "")
    assert said.line == "The store is busy. Try again in a moment."
    assert everything(run.store) == before


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_looking_waits_for_nobody(run: CommandLine, house: House, arguments: list[str]) -> None:
    run.patch.setattr(folder_accounts, "FolderStore", partial(FolderStore, lock_timeout=0.0))
    with house.store.transaction("ada", house.now("ada").uid):
        assert run.good(*of("ada", arguments))


def test_while_the_counters_are_held_nothing_is_unlocked(run: CommandLine, house: House) -> None:
    impatient = partial(FolderThrottleStore, lock_timeout=0.0)
    run.patch.setattr(counters, "FolderThrottleStore", impatient)
    said = while_counted(house, lambda: run(*of("ada", UNLOCKING)))
    assert (said.code, said.out) == (3, "")
    assert said.line == "The store is busy. Try again in a moment."


@pytest.mark.parametrize("arguments", [*CHANGING, UNLOCKING], ids=" ".join)
def test_a_damaged_account_is_named_and_left_alone(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    path = run.store / "accounts" / "ada.json"
    path.write_bytes(b"{")
    said = run(*of("ada", arguments), stdin=GOOD)
    assert (said.code, said.out) == (3, "")
    assert said.line == f"{path} cannot be read: it is not JSON; it was left alone."
    assert path.read_bytes() == b"{"


# --- the record -----------------------------------------------------------------------------

RECORDED = {
    "app password created": (["app-password", "create", "ada", "Car"], {"id", "name"}),
    "app password deleted": (["app-password", "delete", "ada", "Phone"], {"id", "name"}),
    "verification required": (["account", "require-verification", "ada"], set[str]()),
    "bypass given": (["account", "bypass", "ada", "--minutes", "5"], {"minutes"}),
    "unlocked": (["account", "unlock", "ada"], set[str]()),
    "password set": (["account", "set-password", "ada", "--password-stdin"], set[str]()),
}


def acts(run: CommandLine, house: House) -> list[dict[str, Any]]:
    log = FolderActivityLog(run.store, run.clock)
    return [dict(as_line(event)) for event in log.read(house.now("ada").uid)]


@pytest.mark.parametrize("what", RECORDED)
def test_what_the_operator_did_is_written_down_without_a_secret(
    run: CommandLine, house: House, what: str
) -> None:
    arguments, facts = RECORDED[what]
    out = run.good(*arguments, stdin=GOOD)
    (act,) = acts(run, house)
    assert act.keys() - facts == {"time", "what", "by"}
    assert (act["what"], act["time"]) == (what, "2026-11-22T12:00:00Z")
    assert act["by"] == f"operator (uid {os.getuid()})"
    text = json.dumps(act)
    assert GOOD.strip() not in text
    assert "argon2" not in text
    if what == "app password created":
        assert out.strip() not in text


@pytest.mark.parametrize(
    ("login", "by"),
    [
        (None, "operator (uid 1001, by sudo from ada)"),
        ("0", "operator (uid 1001, by sudo from ada, logged in as root)"),
        ("4000000000\n", "operator (uid 1001, by sudo from ada, logged in as uid 4000000000)"),
        ("4294967295", "operator (uid 1001, by sudo from ada)"),  # a service, or nobody
        ("-1", "operator (uid 1001, by sudo from ada)"),
        ("99999999999999999999", "operator (uid 1001, by sudo from ada)"),
    ],
)
def test_who_logged_in_and_who_called_sudo_are_written_down(
    run: CommandLine, house: House, login: str | None, by: str
) -> None:
    run.patch.setattr(os, "getuid", lambda: 0)
    run.patch.setenv("SUDO_UID", "1001")
    run.patch.setenv("SUDO_USER", "ada")
    if login is not None:
        context.LOGIN_UID.write_text(login)
    run.good("account", "unlock", "ada")
    assert [act["by"] for act in acts(run, house)] == [by]
    assert by.replace("operator", "administrator") in run.good("activity", "ada")


@pytest.mark.parametrize("user", ["", "a b", "ada\n", "ada)", "\x1b[1m", "x" * 66])
def test_what_cannot_be_a_users_name_is_not_written_down(
    run: CommandLine, house: House, user: str
) -> None:
    run.patch.setattr(os, "getuid", lambda: 0)
    run.patch.setenv("SUDO_UID", "1001")
    run.patch.setenv("SUDO_USER", user)
    run.good("account", "unlock", "ada")
    assert [act["by"] for act in acts(run, house)] == ["operator (uid 1001, by sudo)"]


@pytest.mark.parametrize(
    ("uid", "sudo", "by"),
    [
        (1000, None, "operator (uid 1000)"),
        (1000, "1001", "operator (uid 1000)"),  # anybody can set a variable
        (0, None, "operator (uid 0)"),
        (0, "1001", "operator (uid 1001, by sudo)"),
        (0, "", "operator (uid 0)"),
        (0, "ada", "operator (uid 0)"),
        (0, "1001)\n", "operator (uid 0)"),
        (0, "1" * 11, "operator (uid 0)"),
        (0, "\u0663", "operator (uid 0)"),
    ],
)
def test_who_did_it_is_who_came_before_root_became_the_owner(
    run: CommandLine, house: House, uid: int, sudo: str | None, by: str
) -> None:
    def become_owner(folder: Path, **settings: bool) -> Path:
        run.patch.setattr(os, "getuid", lambda: 4242)
        return location.check_store(folder, **settings)

    run.patch.setattr(engine, "check_store", become_owner)
    run.patch.setattr(os, "getuid", lambda: uid)
    run.patch.delenv("SUDO_UID", raising=False)
    if sudo is not None:
        run.patch.setenv("SUDO_UID", sudo)
    run.good("account", "unlock", "ada")
    assert [act["by"] for act in acts(run, house)] == [by]
