"""Arguments in, exit codes out."""

import re
import shlex
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui import __version__, commands
from apppw_tui.arguments import parser
from apppw_tui.arguments.examples import EXAMPLES
from apppw_tui.commands import account_list
from apppw_tui.domain.errors import ConfigError, NotFound, StoreBusy, describe_fault
from apppw_tui.store.folder.location import open_store
from tests.running import CommandLine
from tests.support import PASSWORD, House
from tests.walking import Command
from tests.walking import commands as commands_of_the_line

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


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(run: CommandLine, option: str) -> None:
    assert run.good(option) == f"apppw-tui {__version__}\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["acount", "list"], "there is no command acount. Did you mean account?"),
        (["app-pasword"], "there is no command app-pasword. Did you mean app-password?"),
        (["account", "lst"], "there is no command account lst. Did you mean account list?"),
        (
            ["account", "dis", "ada"],
            "there is no command account dis. Did you mean account disable?",
        ),
        (["key", "rotat"], "there is no command key rotat. Did you mean key rotate?"),
        (["frobnicate"], "there is no command frobnicate. See: apppw-tui --help"),
        (["account", "frob"], "there is no command account frob. See: apppw-tui account --help"),
        (["help", "acount"], "there is no command acount. Did you mean account?"),
        (["completion", "tcsh"], "there is no shell tcsh. There are: bash, zsh, fish."),
        (["account", "list", "--jsn"], "there is no option --jsn. Did you mean --json?"),
        (["--stor", "/x"], "there is no option --stor. Did you mean --store?"),
        (["--demoo"], "there is no option --demoo. Did you mean --demo?"),
        (
            ["verify", "ada", "--servic=imap"],
            "there is no option --servic. Did you mean --service?",
        ),
        (["doctor", "--xyz"], "there is no option --xyz. See: apppw-tui doctor --help"),
    ],
)
def test_what_was_meant_is_said(run: CommandLine, words: list[str], sentence: str) -> None:
    said = run(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].partition(": error: ")[2] == sentence


@pytest.mark.parametrize(
    "words",
    [
        ["account", "set-password", "ada", PASSWORD],
        ["account", "show", "ada", f"--{PASSWORD}"],
        [PASSWORD],
        ["completion", PASSWORD],
    ],
)
def test_what_could_be_a_password_is_not_repeated(run: CommandLine, words: list[str]) -> None:
    said = run(*words)  # which looks for it
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize("words", ["", "account", "account add", "help", "account ls"])
def test_help_says_what_the_option_says(run: CommandLine, words: str) -> None:
    assert run.good("help", *words.split()) == run.good(*words.split(), "--help")


@pytest.mark.parametrize("words", ["account ls", "app-password ls ada"])
def test_ls_is_list(run: CommandLine, words: str) -> None:
    run.house().add("ada")
    assert run(*words.split()) == run(*words.replace("ls", "list").split())


def test_rm_is_delete_and_remove(run: CommandLine) -> None:
    house = run.house()
    house.add("ada")
    house.issue("Phone", "ada")
    assert run.good("app-password", "rm", "ada", "Phone") == "Deleted Phone.\n"
    assert run.good("account", "rm", "ada") == "Removed ada with 0 app passwords.\n"
    assert "list (ls)" in run.good("account", "--help")


@pytest.mark.parametrize("command", [one for one in commands_of_the_line() if one.acts], ids=str)
def test_every_command_has_examples_that_are_right(
    command: Command,
) -> None:
    top = parser()
    examples = EXAMPLES[str(command)]
    shown = command.parser.format_help()
    for example in examples:
        assert f"\n  {example}\n" in shown
        line = re.split(r" [|<>] |\)\"", example.partition(f"apppw-tui {command}")[2])[0]
        top.parse_args([*command.words, *shlex.split(line)])


def test_no_example_is_of_a_command_that_is_gone() -> None:
    assert EXAMPLES.keys() == {str(one) for one in commands_of_the_line() if one.acts}


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


@pytest.mark.parametrize("name", ["FORCE_COLOR", "PYTHON_COLORS"])
def test_help_and_mistakes_are_without_colours_on_every_python(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")  # argparse of Python 3.14 goes by both
    assert "\x1b" not in run.good("account", "--help")
    done = run("account", "add")
    assert "usage: apppw-tui account add" in done.err
    assert "\x1b" not in done.err


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
    assert (said.code, said.line) == (3, "There is no home folder: use --store PATH.")
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
