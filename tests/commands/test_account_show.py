"""`account show`: what is known about one account, and nothing that is secret."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from apppw_tui.domain.errors import SignInRefused
from apppw_tui.store.folder import counters
from apppw_tui.store.folder.counters import FolderThrottleStore
from tests.running import CommandLine
from tests.support import NOW, House, while_counted

BARE = {
    "account": "ada",
    "created": "2026-11-22T12:00:00Z",
    "enabled": True,
    "second_factor": False,
    "second_factor_required_by_policy": True,
    "second_factor_required_for_account": False,
    "authenticator": None,
    "phones": [],
    "ssh_keys": [],
    "recovery_codes": None,
    "preferred": None,
    "enforced_from": None,
    "passed_on": None,
    "passed_on_since": None,
    "app_passwords": 0,
    "app_passwords_limit": 40,
    "password_changed": "2026-11-22T12:00:00Z",
    "bypass_until": None,
    "sign_in": {"allowed": True, "locked": False, "wait_seconds": 0},
    "key_trouble": None,
}


@pytest.fixture
def house(run: CommandLine) -> House:
    house = run.house()
    house.add("ada")
    return house


def with_everything(house: House) -> list[str]:
    """Gives ada all that there is; what must not be shown of it."""
    secret = house.give_authenticator("ada").reveal()
    house.give_phone("office", "+493012345699", "ada")
    house.clock.advance(86_400)
    house.give_phone(name="ada")
    codes = [code.reveal() for code in house.give_recovery_codes("ada")]
    recovery = house.now("ada").recovery
    assert recovery is not None
    hash_ = recovery.hash(3)
    assert hash_ is not None
    phone = house.issue("Phone", "ada").secret.reveal()
    house.alter(
        "ada", recovery=recovery.consume(3, hash_), preferred="text", verification_required=True
    )
    account = house.now("ada")
    sealed = account.sealed_values().values()
    return [secret, "493012345699", "4915123456767", *codes, phone, *sealed, account.uid, "argon2"]


def known(run: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.good("account", "show", "ada", "--json"))
    return found


def row(run: CommandLine, name: str, *more: str | Path) -> str:
    """What the table says after that name."""
    lines = run.good("account", "show", "ada", *more).splitlines()
    (found,) = [line.removeprefix(f"{name}:") for line in lines if line.startswith(f"{name}:")]
    return found.strip()


def test_a_new_account_has_little_to_show(run: CommandLine, house: House) -> None:
    assert run.good("account", "show", "ada").splitlines() == [
        "Account:            ada",
        "Created:            2026-11-22",
        "Enabled:            yes",
        "Second factor:      required by the configuration, none yet",
        "Authenticator app:  none",
        "Phones:             none",
        "Recovery codes:     none",
        "Preferred option:   none",
        "App passwords:      0 of 40",
        "Old passwords:      allowed",
        "Last old use:       not known",
        "Password changed:   2026-11-22",
        "Sign-in:            allowed",
    ]


def test_a_new_account_as_json(run: CommandLine, house: House) -> None:
    assert known(run) == BARE


def test_all_that_there_is_is_shown_and_no_secret(run: CommandLine, house: House) -> None:
    hidden = with_everything(house)
    out = run.good("account", "show", "ada")
    assert out.splitlines()[3:12] == [
        "Second factor:         required by the configuration",
        "Authenticator app:     since 2026-11-22",
        "Authentication phone:  ends in 67, since 2026-11-23",
        "Office phone:          ends in 99, since 2026-11-22",
        "Recovery codes:        9 of 10 left",
        "Preferred option:      Text code to my authentication phone",
        "App passwords:         1 of 40",
        "Old passwords:         allowed",
        "Last old use:          not known",
    ]
    assert [secret for secret in hidden if secret in out] == []


def test_all_that_there_is_as_json(run: CommandLine, house: House) -> None:
    hidden = with_everything(house)
    assert known(run) == {
        **BARE,
        "second_factor": True,
        "second_factor_required_for_account": True,
        "authenticator": {"since": "2026-11-22T12:00:00Z"},
        "phones": [
            {"phone": "authentication", "since": "2026-11-23T12:00:00Z", "ends_in": "67"},
            {"phone": "office", "since": "2026-11-22T12:00:00Z", "ends_in": "99"},
        ],
        "recovery_codes": {"left": 9, "since": "2026-11-23T12:00:00Z"},
        "preferred": "text",
        "app_passwords": 1,
    }
    out = run.good("account", "show", "ada", "--json")
    assert [secret for secret in hidden if secret in out] == []


@pytest.mark.parametrize("kind", ["phone", "authenticator"])
def test_a_missing_key_is_said_and_the_rest_is_shown(
    run: CommandLine, house: House, kind: str
) -> None:
    if kind == "phone":
        house.give_phone(name="ada")
    else:
        house.give_authenticator("ada")
    run.key.unlink()
    missing = f"The key of the store is missing: {run.key}. Put it back; nothing was changed."
    assert row(run, "Key") == missing
    found = known(run)
    assert found["key_trouble"] == missing
    if kind == "phone":
        shown = row(run, "Authentication phone")
        assert shown == "its number cannot be opened, since 2026-11-22"
        assert found["phones"][0]["ends_in"] is None
    assert not run.key.exists()


def test_another_key_is_said_too(run: CommandLine, house: House) -> None:
    house.give_phone(name="ada")
    run.key.unlink()
    stranger = run.house()
    stranger.add("grace")
    account = house.now("ada")
    house.alter("ada", phones=())
    stranger.give_phone(name="grace")  # makes a key
    house.alter("ada", phones=account.phones)
    assert row(run, "Key").startswith("The phone authentication of this account cannot be opened")
    assert row(run, "Authentication phone").startswith("its number cannot be opened")


def test_of_whom_a_second_factor_is_asked(run: CommandLine, house: House) -> None:
    config = run.home / "optional.toml"
    config.write_text('[policy]\nsecond_factor = "optional"\napp_passwords_per_account = 3\n')
    assert row(run, "Second factor", "--config", config) == "not required"
    assert row(run, "App passwords", "--config", config) == "0 of 3"
    house.alter("ada", verification_required=True)
    assert row(run, "Second factor", "--config", config) == "required for this account, none yet"
    house.give_phone(name="ada")
    assert row(run, "Second factor", "--config", config) == "required for this account"


def test_a_bypass_is_shown_while_it_is_open(run: CommandLine, house: House) -> None:
    house.alter("ada", bypass_until=NOW + timedelta(minutes=30))
    assert row(run, "Bypass") == "until 12:30"
    assert known(run)["bypass_until"] == "2026-11-22T12:30:00Z"
    run.clock.advance(30 * 60)
    assert "Bypass" not in run.good("account", "show", "ada")
    assert known(run)["bypass_until"] is None


def test_a_closed_account_is_shown_as_closed(run: CommandLine, house: House) -> None:
    house.alter("ada", enabled=False, preferred="carrier pigeon")
    assert row(run, "Enabled") == "no"
    assert row(run, "Preferred option") == "none"
    assert row(run, "Sign-in") == "refused, as the account is disabled"
    assert known(run)["enabled"] is False
    assert known(run)["sign_in"] == {"allowed": False, "locked": False, "wait_seconds": 0}


@pytest.mark.parametrize(
    ("enforced_from", "enabled", "told"),
    [
        (None, True, "allowed"),
        (NOW - timedelta(days=1), True, "refused since 2026-11-21"),
        (NOW + timedelta(days=9), True, "refused from 2026-12-01"),
        (NOW - timedelta(days=1), False, "refused since 2026-11-21 (account disabled)"),
    ],
)
def test_since_when_or_from_when_on_an_account_is_enforced(
    run: CommandLine, house: House, enforced_from: datetime | None, enabled: bool, told: str
) -> None:
    with house.store.transaction("ada", house.now("ada").uid) as change:
        change.account = replace(change.existing, enforced_from=enforced_from, enabled=enabled)
    assert row(run, "Old passwords") == told


def fail(house: House, tries: int) -> None:
    for _ in range(tries):
        house.clock.advance(900)
        with pytest.raises(SignInRefused):
            house.portal.sign_in("ada", "wrong")


def test_who_has_to_wait_or_is_locked_out_is_shown_and_goes_on_as_before(
    run: CommandLine, house: House
) -> None:
    fail(house, 4)
    assert row(run, "Sign-in") == "allowed"
    fail(house, 1)
    run.clock.advance(0.5)
    assert row(run, "Sign-in") == "too many tries: wait 5 s"
    assert known(run)["sign_in"] == {"allowed": False, "locked": False, "wait_seconds": 5}
    fail(house, 85)
    assert row(run, "Sign-in") == (
        "refused from new addresses for 24 h, or until: apppw-tui account unlock ada"
    )
    assert known(run)["sign_in"] == {
        "allowed": False,
        "locked": True,
        "wait_seconds": 86_400,
    }
    counted = {path: path.read_bytes() for path in (run.store / "throttle").iterdir()}
    run.good("account", "show", "ada")
    assert {path: path.read_bytes() for path in (run.store / "throttle").iterdir()} == counted


def test_waiting_from_an_address_that_is_known_is_shown_too(run: CommandLine, house: House) -> None:
    house.sign_in("ada")
    fail(house, 5)
    assert row(run, "Sign-in") == "too many tries: wait 5 s"


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_counters_that_cannot_be_read_are_said_and_the_rest_is_shown(
    run: CommandLine, house: House, arguments: list[str]
) -> None:
    impatient = partial(FolderThrottleStore, lock_timeout=0.0)
    run.patch.setattr(counters, "FolderThrottleStore", impatient)
    said = while_counted(house, lambda: run("account", "show", "ada", *arguments))
    assert (said.code, said.line) == (0, "The store is busy. Try again in a moment.")
    if arguments:
        assert json.loads(said.out) == {**BARE, "sign_in": None}
    else:
        assert "Sign-in:            not known now" in said.out.splitlines()


def test_looking_changes_nothing(run: CommandLine, house: House) -> None:
    with_everything(house)
    before = replace(house.now("ada"))
    run.good("account", "show", "ada")
    assert house.now("ada") == before
    assert not (run.store / "ledger" / "activity.sqlite").exists()
