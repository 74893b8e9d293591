"""What is done to one, several or all accounts at once, and how it is told."""

import json
from typing import Any

import pytest

from apppw_tui.commands.account_actions import ACCOUNT_ACTIONS
from apppw_tui.domain.account import Account
from tests.running import CommandLine
from tests.support import House
from tests.walking import commands


@pytest.fixture
def house(run: CommandLine) -> House:
    """With three accounts."""
    house = run.house()
    for name in ("ada", "bob", "grace"):
        house.add(name)
    return house


def enforced(house: House) -> list[str]:
    accounts: list[Account] = house.operator.accounts()[0]
    return [account.name for account in accounts if account.enforced_from is not None]


def test_each_account_that_is_named_is_done_once_and_told(run: CommandLine, house: House) -> None:
    said = run.good("account", "enforce", "grace", "ada", "grace", "--on", "2027-01-31")
    assert said.splitlines() == [
        "From 2027-01-31 on, only app passwords open the services of grace.",
        "From 2027-01-31 on, only app passwords open the services of ada.",
    ]
    assert enforced(house) == ["ada", "grace"]


def test_all_are_all_of_the_store(run: CommandLine, house: House) -> None:
    run.good("account", "enforce", "--all")
    assert enforced(house) == ["ada", "bob", "grace"]
    assert len(run.good("account", "open", "--all").splitlines()) == 3
    assert enforced(house) == []


def test_all_of_none_is_nothing_to_do(run: CommandLine) -> None:
    assert run.house().store.list_names() == []
    assert run.good("account", "enforce", "--all") == ""


@pytest.mark.parametrize("names", [[], ["ada", "--all"]])
def test_who_is_meant_must_be_said_in_one_way(
    run: CommandLine, house: House, names: list[str]
) -> None:
    assert run("account", "enforce", *names).code == 2
    assert enforced(house) == []


def test_one_that_is_not_there_is_told_and_the_others_are_done(
    run: CommandLine, house: House
) -> None:
    said = run("account", "enforce", "ada", "nobody", "bob")
    assert (said.code, said.err) == (1, "apppw-tui: There is no account nobody.\n")
    assert enforced(house) == ["ada", "bob"]


def test_one_that_cannot_be_read_is_worse_than_one_that_is_not_there(
    run: CommandLine, house: House
) -> None:
    (run.store / "accounts/ada.json").write_text("{")
    said = run("account", "enforce", "ada", "nobody", "bob")
    assert said.code == 3
    assert "ada.json" in said.err.splitlines()[0]
    (run.store / "accounts/ada.json").unlink()
    assert enforced(house) == ["bob"]


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (["enforce", "--on", "2027-01-31"], {"changed", "enforced_from"}),
        (["open"], {"changed", "enforced_from"}),
        (["disable", "--yes"], {"changed", "enabled"}),
        (["enable"], {"changed", "enabled"}),
        (["delete-app-passwords", "--dry-run"], {"deleted", "app_passwords"}),
        (["delete-app-passwords", "--yes"], {"deleted", "app_passwords"}),
        (["tidy"], {"removed_app_passwords"}),
        (["unlock"], {"locked"}),
        (["bypass", "--minutes", "5"], {"bypass_until", "told"}),
        (["require-verification"], {"changed", "second_factor_required_for_account"}),
        (["remove", "--dry-run"], {"removed", "app_passwords"}),
        (["remove", "--yes"], {"removed", "app_passwords"}),
    ],
)
def test_programs_get_an_object_for_each_account(
    run: CommandLine, house: House, arguments: list[str], facts: set[str]
) -> None:
    said = run("account", *arguments, "ada", "nobody", "--json")
    assert said.code == 1
    done, failed = json.loads(said.out)
    assert done.keys() == {"account", *facts}
    assert failed == {"account": "nobody", "error": "There is no account nobody."}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["enforce"], "ada is enforced already."),
        (["enforce", "--on", "2027-01-31"], "ada is to be enforced from then on already."),
        (["disable", "--yes"], "ada is disabled already."),
        (["require-verification"], "ada must verify with a second factor already."),
    ],
)
def test_what_is_so_already_is_not_done_again_and_has_an_exit_code_of_its_own(
    run: CommandLine, house: House, arguments: list[str], sentence: str
) -> None:
    run.good("account", *arguments, "ada")
    before, recorded = house.now("ada"), run.good("activity", "ada")
    run.clock.advance(60)
    said = run("account", *arguments, "ada")
    assert (said.code, said.out, said.err) == (5, f"{sentence}\n", "")
    assert house.now("ada") == before
    assert run.good("activity", "ada") == recorded
    changed = json.loads(run("account", *arguments, "ada", "--json").out)
    assert [one["changed"] for one in changed] == [False]
    assert run("account", *arguments, "ada", "bob").code == 0  # bob was not
    assert run("account", *arguments, "ada", "nobody").code == 1


@pytest.mark.parametrize("act", ["open", "enable"])
def test_what_an_account_is_from_the_beginning_is_so_already(
    run: CommandLine, house: House, act: str
) -> None:
    said = run("account", act, "--all")
    assert (said.code, len(said.out.splitlines()), said.err) == (5, 3, "")


def test_what_is_to_be_enforced_later_can_be_enforced_now(run: CommandLine, house: House) -> None:
    run.good("account", "enforce", "ada", "--on", "2027-01-31")
    run.good("account", "enforce", "ada")
    assert house.now("ada").is_enforced(run.clock.now())


def test_a_later_day_opens_nobody_who_is_enforced(run: CommandLine, house: House) -> None:
    """`--all` is said when some are enforced already: their old passwords stay refused."""
    run.good("account", "enforce", "ada")
    said = run("account", "enforce", "--all", "--on", "2027-01-31")
    assert said.code == 0
    assert "ada is enforced already." in said.out
    assert house.now("ada").is_enforced(run.clock.now())
    assert not house.now("grace").is_enforced(run.clock.now())
    assert run("account", "enforce", "ada", "--on", "2027-01-31").code == 5


def test_sessions_of_one_who_is_disabled_already_are_ended_again(
    run: CommandLine, house: House
) -> None:
    (run.home / "c.toml").write_text("[sessions]\nend = true\n")
    config = ["--config", str(run.home / "c.toml")]
    run.good("account", "disable", "ada", *config)
    (run.store / "ended" / "ada").unlink()
    assert run("account", "disable", "ada", *config).code == 5
    assert (run.store / "ended" / "ada").exists()


def test_a_dry_run_says_what_would_go_and_keeps_it(run: CommandLine, house: House) -> None:
    house.issue("Phone", "ada")
    said = run.good("account", "remove", "ada", "bob", "--dry-run")
    assert said.splitlines() == [
        "Would remove ada with 1 app password.",
        "Would remove bob with 0 app passwords.",
    ]
    assert (
        run.good("app-password", "delete", "ada", "Phone", "--dry-run") == "Would delete Phone.\n"
    )
    assert house.store.list_names() == ["ada", "bob", "grace"]
    assert len(house.now("ada").app_passwords) == 1


def test_programs_are_told_of_one_app_password(run: CommandLine, house: House) -> None:
    made = answer(run, "create", "ada", "Phone", "--scope", "mail", "--expires", "2027-01-31")
    assert made.keys() == {"id", "name", "scope", "expires", "networks", "password"}
    assert made["password"].startswith(made["id"])
    gone = answer(run, "delete", "ada", "Phone")
    assert gone == {"account": "ada", "id": made["id"], "name": "Phone", "deleted": True}
    assert not house.now("ada").app_passwords


def answer(run: CommandLine, *arguments: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run.good("app-password", *arguments, "--json"))
    return read


DESTROYING = [
    ("remove", "Remove 3 accounts for good?"),
    ("delete-app-passwords", "Delete all app passwords of 3 accounts?"),
    ("disable", "Disable 3 accounts?"),
]


def unharmed(house: House) -> bool:
    accounts = house.operator.accounts()[0]
    return [(one.name, one.enabled, len(one.app_passwords)) for one in accounts] == [
        (name, True, 1) for name in ("ada", "bob", "grace")
    ]


@pytest.fixture
def equipped(house: House) -> House:
    for name in ("ada", "bob", "grace"):
        house.issue("Phone", name)
    return house


@pytest.mark.parametrize(("act", "question"), DESTROYING)
@pytest.mark.parametrize("whom", [["--all"], ["ada", "bob", "grace"]])
def test_what_destroys_many_things_is_confirmed_by_its_number(
    run: CommandLine, equipped: House, act: str, question: str, whom: list[str]
) -> None:
    said = run("account", act, *whom)
    no_terminal = f"{question} There is no terminal to ask at; use --yes. Nothing was done."
    assert (said.code, said.line) == (1, no_terminal)
    for typed in ("yes", "2", ""):
        said = run("account", act, *whom, stdin=f"{typed}\n", terminal=True)
        assert (said.code, said.out) == (1, "")
        assert said.err.startswith(f"{question} Type 3 to go on: ")
        assert said.err.endswith("It was not confirmed; nothing was done.\n")
    assert unharmed(equipped)
    assert run("account", act, *whom, stdin="3\n", terminal=True).code == 0
    assert not unharmed(equipped)


@pytest.mark.parametrize(("act", "question"), DESTROYING)
def test_where_it_is_meant_nobody_is_asked(
    run: CommandLine, equipped: House, act: str, question: str
) -> None:
    assert len(run.good("account", act, "--all", "--yes").splitlines()) == 3
    assert not unharmed(equipped)


def test_one_account_is_removed_without_a_terminal_and_asked_for_at_one(
    run: CommandLine, equipped: House
) -> None:
    said = run("account", "remove", "ada", stdin="\n", terminal=True)
    assert said.err.startswith("Remove ada for good? Type 1 to go on: ")
    assert unharmed(equipped)
    assert run.good("account", "remove", "ada") == "Removed ada with 1 app password.\n"
    assert run("account", "remove", "bob", stdin="1\n", terminal=True).code == 0
    assert equipped.store.list_names() == ["grace"]


def test_several_app_passwords_of_one_account_are_deleted_by_their_number_at_a_terminal(
    run: CommandLine, equipped: House
) -> None:
    for number in range(2):
        equipped.issue(f"Tablet {number}", "ada")
    for arguments in (["ada"], ["ada", "ada"]):
        said = run("account", "delete-app-passwords", *arguments, stdin="1\n", terminal=True)
        assert (said.code, said.out) == (1, "")
        question = "Delete all app passwords of ada? Type 3 to go on: "
        assert said.err.startswith(question)
    assert len(equipped.now("ada").app_passwords) == 3
    said = run("account", "delete-app-passwords", "ada", stdin="3\n", terminal=True)
    assert (said.code, said.out) == (0, "Deleted 3 app passwords of ada.\n")


@pytest.mark.parametrize(("options", "terminal"), [(["--yes"], True), ([], False)])
def test_several_app_passwords_of_one_account_are_deleted_unasked_where_that_is_meant(
    run: CommandLine, equipped: House, options: list[str], terminal: bool
) -> None:
    equipped.issue("Tablet", "ada")
    said = run("account", "delete-app-passwords", "ada", *options, stdin="", terminal=terminal)
    assert (said.code, said.out) == (0, "Deleted 2 app passwords of ada.\n")


def test_whose_app_passwords_cannot_be_counted_is_told(run: CommandLine, house: House) -> None:
    said = run("account", "delete-app-passwords", "nobody", stdin="\n", terminal=True)
    assert (said.code, said.line) == (1, "There is no account nobody.")


@pytest.mark.parametrize("act", ["delete-app-passwords", "disable"])
def test_what_concerns_one_account_and_leaves_it_there_asks_nothing(
    run: CommandLine, equipped: House, act: str
) -> None:
    assert run("account", act, "ada", stdin="\n", terminal=True).code == 0
    assert not unharmed(equipped)


def test_each_row_is_offered_with_the_dry_run_and_the_question_that_it_has() -> None:
    offered = {
        command.words[1]: (command.takes("--dry-run"), command.takes("--yes"))
        for command in commands()
        if command.words[0] == "account" and command.takes("--all")
    }
    assert offered == {
        action.command: (action.dry_run is not None, bool(action.question))
        for action in ACCOUNT_ACTIONS
    }
