"""What a command does not need it does not import: a service asks often, and starts are cost."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.programs import finished
from tests.running import ROOT, environment
from tests.support import House, first_row_quick

# What was imported comes last, in one line.
PROGRAM = """
import sys
code = 0
if sys.argv[1] == "nothing":
    import apppw_tui
elif sys.argv[1] == "parser":
    import apppw_tui.cli
elif sys.argv[1] == "frame":
    import asyncio
    from apppw_tui.ui.app import PortalApp

    async def draw(app):
        async with app.run_test() as pilot:
            await pilot.pause()
            modules.update(sys.modules)

    modules = set()
    PortalApp.run_guarded = lambda app: asyncio.run(draw(app)) or 0
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.isatty = lambda: True
    from apppw_tui.cli import main
    code = main(sys.argv[2:])
else:
    from apppw_tui.cli import main
    try:
        code = main(sys.argv[1:])
    except SystemExit as end:  # --help
        code = end.code
print()
print(*sorted(modules if sys.argv[1] == "frame" else sys.modules))
sys.exit(code)
"""


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add("ada")
    return house


def imported(tmp_path: Path, *arguments: str, stdin: str = "") -> set[str]:
    done = finished(
        [sys.executable, "-c", PROGRAM, *arguments],
        stdin,
        env=environment(tmp_path, APPPW_STORE=str(tmp_path / "store"), TERM="xterm"),
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.splitlines()[-1].split())


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "apppw_tui"}


def dataclasses_in(module: str) -> int:
    return len(re.findall(r"^ *@dataclass", source_of(module), re.MULTILINE))


def source_of(module: str) -> str:
    origin = None if (spec := find_spec(module)) is None else spec.origin
    assert origin is not None, module
    return Path(origin).read_text()


FOR_SCREENS = {
    "textual",
    "rich",
    "pyperclip",
    "zxcvbn",
    "apppw_tui.ui",
    "apppw_tui.commands.portal",
}
FOR_METHODS = {"cryptography", "pyotp", "phonenumbers", "segno"}
MOST_FOR_THE_FRAME = 60  # modules of ours
MOST_DATACLASSES = 4  # each takes as long to define as seven NamedTuples
FOR_THE_PORTAL = {"apppw_tui.portal", "apppw_tui.bootstrap", "apppw_tui.store.folder.key_file"}


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


def test_completing_names_needs_neither_parser_nor_screens_nor_portal(
    tmp_path: Path, house: House
) -> None:
    modules = imported(tmp_path, "complete", "accounts", "bash", "", "apppw-tui", "account", "show")
    assert not modules & {"shtab", "filelock", *FOR_SCREENS, *FOR_METHODS}
    assert not modules & {"apppw_tui.arguments.accounts", *FOR_THE_PORTAL}


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
    assert imported(tmp_path, "account", "list", "--json") & readers == {"msgspec"}
    assert readers <= imported(tmp_path, "--config", str(file), "account", "list")


@pytest.mark.parametrize(
    ("configured", "account"),
    first_row_quick((True, True), (True, False), (False, True), (False, False)),
)
def test_the_first_frame_needs_the_screen_that_it_shows_and_no_room_behind_it(
    tmp_path: Path, *, account: bool, configured: bool
) -> None:
    house = House(store=open_store(tmp_path / "store", create=True))
    if account:
        house.add("ada")
    (tmp_path / "c.toml").write_text('default_domain = "example.org"')
    file = ["--config", str(tmp_path / "c.toml")] if configured else []
    modules = imported(tmp_path, "frame", *file)
    assert "apppw_tui.ui.screens.login" in modules
    assert not modules & {"tinydb", "argon2", "filelock", "sqlite3", *FOR_METHODS}
    assert not modules & FOR_THE_PORTAL
    assert len(own(modules)) <= MOST_FOR_THE_FRAME
    assert sum(map(dataclasses_in, own(modules))) <= MOST_DATACLASSES


@pytest.mark.slow
def test_a_stranger_at_the_door_has_no_room_loaded_its_counters_neither(
    tmp_path: Path, house: House
) -> None:
    modules = imported(tmp_path, "frame", "--kiosk", "--store", str(tmp_path / "store"))
    assert "apppw_tui.commands.kiosk" in modules
    assert not modules & {"tinydb", "argon2", "filelock", "sqlite3", *FOR_METHODS, *FOR_THE_PORTAL}
    assert "apppw_tui.store.folder.counters" not in modules


def test_the_event_loop_is_loaded_without_tls_which_whoever_needs_it_still_gets() -> None:
    program = """
import sys
from apppw_tui.commands.portal import load_asyncio_without_tls
load_asyncio_without_tls()
import textual.app
assert "ssl" not in sys.modules
async def nothing(): pass
sys.modules["asyncio"].run(nothing())
import ssl
ssl.create_default_context()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
