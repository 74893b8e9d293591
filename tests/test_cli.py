"""Arguments in, exit codes out."""

from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui import __version__, commands
from apppw_tui.commands import account_list
from apppw_tui.domain.errors import ConfigError, NotFound, StoreBusy, describe_fault
from apppw_tui.store.folder.location import open_store
from tests.running import CommandLine
from tests.support import PASSWORD, House

# The last is three in Arabic digits, which int() would take.
BAD_NUMBERS = ["", "five", "5.0", "1_0", " 5", "0x5", "+5", "9" * 10, "9" * 5000, "\u0663"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["account"],
        ["account", "frobnicate"],
        ["account", "add"],
        ["account", "list", "ada"],
        ["account", "show"],
        ["account", "unlock"],
        ["account", "set-password"],
        ["account", "set-password", "ada", "a word"],
        ["account", "require-verification"],
        ["account", "bypass", "ada"],
        ["account", "bypass", "--minutes", "5"],
        *(["account", "bypass", "ada", "--minutes", bad] for bad in BAD_NUMBERS),
        ["key"],
        ["key", "rotate", "ada"],
        ["--key-file", "", "account", "list"],
        ["--demo", "--key-file", "/x"],
        ["--demo", "key", "rotate"],
        ["app-password", "create", "ada"],
        ["app-password", "delete", "ada"],
        ["verify"],
        ["--stor", "/x"],  # a shortened option would mean another one some day
        ["account", "list", "--js"],
        ["--store"],
        ["--demo", "account", "list"],
        ["--demo", "verify", "ada"],
        ["--demo", "--store", "/x"],
        ["--nonsense"],
    ],
)
def test_wrong_usage_exits_2_and_shows_the_usage(run: CommandLine, arguments: list[str]) -> None:
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("usage: apppw-tui")
    assert not run.store.exists()


def test_the_version_is_told(run: CommandLine) -> None:
    assert run.good("--version") == f"apppw-tui {__version__}\n"


@pytest.mark.parametrize("code", ["0", "1", "2", "3", "64", "70", "130"])
def test_help_tells_every_exit_code(run: CommandLine, code: str) -> None:
    assert f"\n  {code} " in run.good("--help")


@pytest.mark.parametrize(
    "arguments",
    [
        ["account"],
        ["account", "add"],
        ["account", "list"],
        ["account", "remove"],
        ["account", "show"],
        ["account", "set-password"],
        ["account", "require-verification"],
        ["account", "bypass"],
        ["account", "unlock"],
        ["key"],
        ["key", "rotate"],
        ["app-password"],
        ["app-password", "create"],
        ["app-password", "list"],
        ["app-password", "delete"],
        ["verify"],
    ],
)
def test_every_command_has_help(run: CommandLine, arguments: list[str]) -> None:
    assert run.good(*arguments, "--help").startswith(f"usage: apppw-tui {' '.join(arguments)} ")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (NotFound("Not here."), 1, "Not here."),
        (StoreBusy("Busy."), 3, "Busy."),
        (ConfigError("c.toml: wrong."), 3, "c.toml: wrong."),
    ],
)
def test_what_went_wrong_is_one_sentence_and_an_exit_code(
    run: CommandLine, error: Exception, code: int, line: str
) -> None:
    stopped_by(run, error)
    said = run("account", "list")
    assert (said.code, said.out, said.line) == (code, "", line)


def stopped_by(run: CommandLine, error: BaseException) -> None:
    def dispatch(*_: object) -> NoReturn:
        raise error

    run.patch.setattr(commands, "dispatch", dispatch)


def test_an_interrupt_exits_130_and_says_nothing(run: CommandLine) -> None:
    stopped_by(run, KeyboardInterrupt())
    said = run("account", "list")
    assert (said.code, said.out, said.err) == (130, "", "")


def test_a_fault_of_the_program_names_the_line_and_tells_no_secret(run: CommandLine) -> None:
    def fail(*_: object) -> NoReturn:
        raise ValueError(f"something with {PASSWORD}")

    run.house()
    run.patch.setattr(account_list, "print_json", fail)
    said = run("account", "list", "--json")
    assert (said.code, said.out) == (70, "")
    assert said.line.startswith(
        "stopped by a fault of its own (ValueError at commands/account_list.py:"
    )
    assert said.line.endswith("What was saved before is safe; please report this line.")


def test_a_fault_outside_the_program_is_told_without_a_place() -> None:
    assert describe_fault(KeyError(PASSWORD)) == (
        "stopped by a fault of its own (KeyError). "
        "What was saved before is safe; please report this line."
    )


def test_the_store_may_be_named_before_and_after_the_command(run: CommandLine) -> None:
    house = run.house()
    house.add("ada")
    elsewhere = run.home / "elsewhere"
    (run.home / "empty").mkdir()
    run.store.rename(elsewhere)
    wheres: list[list[str | Path]] = [
        ["--store", elsewhere, "account", "list"],
        ["account", "--store", elsewhere, "list"],
        ["account", "list", "--store", elsewhere],
        ["--store", run.home / "empty", "account", "list", "--store", elsewhere],
    ]
    for arguments in wheres:
        assert "ada" in run.good(*arguments)


def test_a_part_that_cannot_be_loaded_is_named(run: CommandLine) -> None:
    stopped_by(run, ModuleNotFoundError("No module named 'tinydb'", name="tinydb"))
    said = run("account", "list")
    assert (said.code, said.out) == (70, "")
    assert said.line.startswith("its part tinydb cannot be loaded; install it")


def made(folder: Path, name: str) -> Path:
    """A store in `folder` with one account."""
    House(store=open_store(folder, create=True)).add(name)
    return folder


def test_of_all_ways_to_name_the_store_the_nearest_wins(run: CommandLine) -> None:
    made(run.store, "by-default")
    (run.home / ".config" / "apppw-tui").mkdir(parents=True)
    own = run.home / ".config" / "apppw-tui" / "config.toml"
    assert "by-default" in run.good("account", "list")
    own.write_text(f'store = "{made(run.home / "c", "by-configuration")}"')
    assert "by-configuration" in run.good("account", "list")
    run.patch.setenv("APPPW_STORE", str(made(run.home / "e", "by-environment")))
    assert "by-environment" in run.good("account", "list")
    option = made(run.home / "o", "by-option")
    assert "by-option" in run.good("account", "list", "--store", option)
    run.patch.setenv("APPPW_STORE", "")
    assert "by-configuration" in run.good("account", "list")


def test_the_users_own_folders_may_be_moved(run: CommandLine) -> None:
    run.patch.setenv("XDG_DATA_HOME", str(run.home / "data"))
    made(run.home / "data" / "apppw-tui", "moved")
    assert "moved" in run.good("account", "list")
    run.patch.setenv("XDG_DATA_HOME", "data")  # relative: to be ignored
    made(run.store, "by-default")
    assert "by-default" in run.good("account", "list")


def test_without_a_home_the_store_must_be_named(run: CommandLine) -> None:
    def home() -> NoReturn:
        raise RuntimeError("Could not determine home directory.")

    run.patch.setattr(Path, "home", home)
    said = run("account", "list", "--config", "/dev/null")
    assert (said.code, said.line) == (3, "There is no home folder: say --store PATH.")
    checked = run("config", "check")
    assert (checked.code, "There is no home folder to look for it in." in checked.out) == (1, True)
    made(run.home / "named", "ada")  # nothing else is looked for at home
    assert "ada" in run.good("account", "list", "--store", run.home / "named")


def test_on_a_server_the_systems_store_is_everybodys_default(run: CommandLine) -> None:
    made(run.store, "private")
    made(run.home / "var", "of-the-system")
    assert "private" in run.good("account", "list")
    (run.home / "etc").mkdir()
    (run.home / "etc" / "config.toml").write_text("")
    assert "of-the-system" in run.good("account", "list")
    assert "private" in run.good("account", "list", "--store", run.store)


def test_whoever_reads_the_output_may_leave(run: CommandLine) -> None:
    stopped_by(run, BrokenPipeError())
    said = run("account", "list")
    assert (said.code, said.out, said.err) == (0, "", "")
