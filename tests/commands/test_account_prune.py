"""`account prune`: who is removed where Dovecot does not know them, and who is not."""

import json
from pathlib import Path

import pytest

from tests.running import CommandLine
from tests.support import House
from tests.userdb import dovecot

KNOWN = "USER"
PRUNE = ("account", "prune")


@pytest.fixture
def house(run: CommandLine) -> House:
    """With ada, ben and cem."""
    house = run.house()
    for name in ("ada", "ben", "cem"):
        house.add(name)
    return house


@pytest.fixture
def place(run: CommandLine) -> Path:
    return run.home / "auth-userdb"


def test_whom_dovecot_no_longer_knows_is_removed(
    run: CommandLine, house: House, place: Path
) -> None:
    house.issue("Phone", "ben")
    with dovecot(place, {"ada": KNOWN}) as asked:
        out = run.good(*PRUNE, "--yes")
    assert out.splitlines() == [
        "Removed ben with 1 app password.",
        "Removed cem with 0 app passwords.",
        "Removed 2 accounts.",
    ]
    assert asked == ["ada", "ben", "cem"]
    assert house.store.list_names() == ["ada"]


def test_a_dry_run_says_who_would_go_and_keeps_them(
    run: CommandLine, house: House, place: Path
) -> None:
    with dovecot(place, {"ada": KNOWN, "cem": KNOWN}):
        out = run.good(*PRUNE, "--dry-run")
    assert out == "Would remove ben with 0 app passwords.\nWould remove 1 account.\n"
    assert house.store.list_names() == ["ada", "ben", "cem"]


def test_where_everybody_is_known_there_is_nothing_to_do(
    run: CommandLine, house: House, place: Path
) -> None:
    with dovecot(place, dict.fromkeys(house.store.list_names(), KNOWN)):
        assert run.good(*PRUNE) == "Dovecot knows every account that it answers for.\n"


@pytest.mark.parametrize(("typed", "left"), [("2", ["ada"]), ("3", None), ("y", None), ("", None)])
def test_at_a_terminal_the_number_is_asked_for(
    run: CommandLine, house: House, place: Path, typed: str, left: list[str] | None
) -> None:
    with dovecot(place, {"ada": KNOWN}):
        said = run(*PRUNE, stdin=f"{typed}\n", terminal=True)
    assert said.out.startswith("Dovecot does not know ben.\nDovecot does not know cem.\n")
    assert "Remove 2 accounts for good? Type 2 to go on: " in said.err
    assert said.code == (0 if left else 1)
    assert house.store.list_names() == (left or ["ada", "ben", "cem"])


@pytest.mark.parametrize(("more", "terminal"), [([], False), (["--json"], True)])
def test_where_nobody_can_be_asked_it_must_be_said(
    run: CommandLine, house: House, place: Path, more: list[str], terminal: bool
) -> None:
    with dovecot(place, {"ada": KNOWN}):
        said = run(*PRUNE, *more, stdin="2\n", terminal=terminal)
    assert said.code == 1
    assert said.line.endswith("There is no terminal to ask at; use --yes. Nothing was done.")
    assert house.store.list_names() == ["ada", "ben", "cem"]


def test_whoever_dovecot_does_not_speak_of_is_kept(
    run: CommandLine, house: House, place: Path
) -> None:
    house.add("o+o")  # a name that Dovecot refuses to look for, by default
    with dovecot(place, {"ada": KNOWN, "ben": "FAIL"}):
        said = run(*PRUNE, "--yes", "--json")
    assert said.code == 3
    assert [line.split(":")[1] for line in said.err.splitlines()] == [
        " Dovecot does not say for certain whether it knows ben",
        " Dovecot does not say for certain whether it knows o+o",
    ]
    assert [list(one) for one in json.loads(said.out)] == [
        ["account", "removed", "app_passwords"],
        ["account", "error"],
        ["account", "error"],
    ]
    assert house.store.list_names() == ["ada", "ben", "o+o"]


def test_where_dovecot_knows_nobody_at_all_nobody_is_removed(
    run: CommandLine, house: House, place: Path
) -> None:
    with dovecot(place, {}):
        said = run(*PRUNE, "--yes")
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith("Dovecot knows none of 3 accounts, which looks like a fault")
    assert house.store.list_names() == ["ada", "ben", "cem"]


@pytest.mark.parametrize("asked_first", [True, False])
def test_where_dovecot_does_not_answer_nobody_is_removed(
    run: CommandLine, house: House, place: Path, asked_first: bool
) -> None:
    if asked_first:
        with dovecot(place, {"ada": KNOWN, "cem": ""}):
            said = run(*PRUNE, "--yes")
    else:
        said = run(*PRUNE, "--yes")
    assert (said.code, said.out) == (3, "")
    assert said.line.startswith(f"Dovecot cannot be asked at {place}: ")
    assert house.store.list_names() == ["ada", "ben", "cem"]


def test_what_is_not_dovecot_is_not_believed(run: CommandLine, house: House, place: Path) -> None:
    with dovecot(place, {}, greeting="HTTP/1.1 400 Bad Request\n"):
        said = run(*PRUNE, "--yes")
    assert said.code == 3
    assert said.line.endswith("it speaks another version.")


def test_an_account_of_the_default_domain_may_stand_there_without_it(
    run: CommandLine, place: Path
) -> None:
    house = run.house()
    for name in ("ada@example.org", "ben@example.org", "ada@example.net"):
        house.add(name)
    config = run.home / "c.toml"
    config.write_text('default_domain = "example.org"')
    with dovecot(place, {"ada": KNOWN}):
        run.good(*PRUNE, "--yes", "--config", config)
    assert house.store.list_names() == ["ada@example.org"]
