"""What a command does not need it does not import: a service asks often, and starts are cost."""

import subprocess
import sys
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.running import ROOT, environment
from tests.support import House

# What was imported comes last, in one line.
PROGRAM = """
import sys
code = 0
if sys.argv[1] == "nothing":
    import apppw_tui
elif sys.argv[1] == "parser":
    import apppw_tui.cli
else:
    from apppw_tui.cli import main
    try:
        code = main(sys.argv[1:])
    except SystemExit as end:  # --help
        code = end.code
print()
print(*sorted(sys.modules))
sys.exit(code)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    return house


def imported(tmp_path: Path, *arguments: str, stdin: str = "") -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(tmp_path, APPPW_STORE=str(tmp_path / "store")),
        cwd=ROOT,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.splitlines()[-1].split())


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "apppw_tui"}


FOR_SCREENS = {
    "textual",
    "rich",
    "pyperclip",
    "zxcvbn",
    "apppw_tui.ui",
    "apppw_tui.commands.portal",
}
FOR_METHODS = {"cryptography", "pyotp", "phonenumbers", "segno"}
FOR_THE_PORTAL = {"apppw_tui.portal", "apppw_tui.bootstrap", "apppw_tui.store.keyring"}


def test_the_package_itself_imports_nothing_of_its_own(tmp_path: Path) -> None:
    assert own(imported(tmp_path, "nothing")) == {"apppw_tui"}


def test_the_arguments_are_read_before_any_room_is_opened(tmp_path: Path) -> None:
    modules = imported(tmp_path, "parser")
    assert own(modules) <= {
        *("apppw_tui", "apppw_tui.cli", "apppw_tui.exit_codes"),
        *("apppw_tui.integrations", "apppw_tui.integrations.journald"),
        *(name for name in modules if name.startswith("apppw_tui.arguments")),
        *("apppw_tui.domain", "apppw_tui.domain.errors"),
    }
    assert not modules & {"tinydb", "argon2", "filelock", *FOR_SCREENS, *FOR_METHODS}


@pytest.mark.parametrize("arguments", [[], ["account", "bypass"], ["key", "rotate"], ["verify"]])
def test_help_needs_no_room_at_all(tmp_path: Path, arguments: list[str]) -> None:
    modules = imported(tmp_path, *arguments, "--help")
    assert not modules & {"tinydb", "argon2", "filelock", *FOR_SCREENS, *FOR_METHODS}
    assert not modules & {"apppw_tui.commands", "apppw_tui.store", *FOR_THE_PORTAL}


def test_verifying_imports_neither_screens_nor_locks_nor_keys(tmp_path: Path, house: House) -> None:
    secret = house.issue("Phone", "ada").secret.reveal()
    modules = imported(tmp_path, "verify", "ada", stdin=secret)
    assert not modules & {"filelock", "subprocess", *FOR_SCREENS, *FOR_METHODS, *FOR_THE_PORTAL}
    assert {"tinydb", "argon2", "apppw_tui.verifier.decision"} <= modules  # it did verify


def test_listing_imports_neither_screens_nor_the_verifier(tmp_path: Path, house: House) -> None:
    house.give_phone(name="ada")
    house.give_authenticator("ada")
    modules = imported(tmp_path, "account", "list")
    assert not modules & {"apppw_tui.verifier", "filelock", *FOR_SCREENS, *FOR_METHODS}
    assert "apppw_tui.portal.admin" in modules


def test_showing_whom_nothing_is_sealed_of_needs_no_cryptography(
    tmp_path: Path, house: House
) -> None:
    modules = imported(tmp_path, "account", "show", "ada")
    assert not modules & {"apppw_tui.verifier", *FOR_SCREENS, *FOR_METHODS}


def test_creating_imports_no_screens(tmp_path: Path, house: House) -> None:
    modules = imported(tmp_path, "app-password", "create", "ada", "Phone")
    assert not modules & {*FOR_SCREENS, *FOR_METHODS}
    assert "filelock" in modules


def test_only_a_configuration_needs_what_reads_one(tmp_path: Path, house: House) -> None:
    file = tmp_path / "c.toml"
    file.write_text('host_name = "mail.example.org"')
    readers = {"msgspec", "tomllib", "apppw_tui.config.reader", "apppw_tui.config.tables"}
    assert not imported(tmp_path, "account", "list") & readers
    assert readers <= imported(tmp_path, "--config", str(file), "account", "list")
