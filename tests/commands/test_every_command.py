"""Every command that the parser knows: its help, what it refuses, and its JSON by the schema."""

import json
import shutil
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import argon2
import jsonschema
import pytest

from apppw_tui.commands import doctor
from apppw_tui.doctor.checks import Checkup
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.domain.lines import lines
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.attempt_memory import FREE
from apppw_tui.verifier.protocols import admin_questions
from docs.make_schema import output_schema
from tests.doctor.healthy import Programs
from tests.folders import copy_closed
from tests.running import ROOT, CommandLine, run_program
from tests.support import House, first_quick
from tests.userdb import dovecot
from tests.verifier.harness import Desk
from tests.walking import Command, commands

SCHEMA = json.loads((ROOT / "docs" / "output.schema.json").read_text())
DEFINITIONS: dict[str, dict[str, Any]] = SCHEMA["$defs"]
COMMANDS = commands()
ACTING = [one for one in COMMANDS if one.acts]
WITH_JSON = [str(one) for one in ACTING if one.takes("--json")]
PASSWORD = "quiet otters count seven lanterns"
UNKNOWN_UID = "nobody"

# What each command is asked, with its exit code, on a store with ada, who has everything, and ben,
# who has nothing; "{home}" is a folder with a backup, a passwd-file and configurations.
SEVERAL = {"ada": 0, "ben nobody": 1, "--all": 0}
ASKING = {"ada": 0, "ben nobody --yes": 1, "--all --yes": 0}
ALREADY = {"ada": 5, "ben nobody": 1, "--all": 5}  # it is so of both
ASKED: dict[str, dict[str, int]] = {
    "account add": {"cem --password-stdin": 0, "ada --if-missing": 5},
    "account list": {"": 0},
    "account import": {
        "{home}/passwd": 1,
        "{home}/passwd --dry-run": 1,
        "{home}/names --names --config {home}/dovecot": 0,
    },
    "account prune": {"--yes": 0, "--dry-run": 0},
    "account show": {"ada": 0, "ben": 0},
    "account set-password": {"ben --password-stdin": 0},
    "account disable": ASKING,
    "account enable": ALREADY,
    "account rename": {"ben cem": 0},
    "account remove-key": {"ada Laptop": 0},
    "account require-verification": SEVERAL,
    "account bypass": {f"{who} --minutes 5": code for who, code in SEVERAL.items()},
    "account enforce": {**SEVERAL, "ada --on 2099-12-31": 0},
    "account open": ALREADY,
    "account tidy": SEVERAL,
    "account unlock": SEVERAL,
    "account delete-app-passwords": {**ASKING, "ada --dry-run": 0},
    "account remove": {**ASKING, "ada --dry-run": 0},
    "activity": {"": 0, "ada --since 5": 0},
    "app-password create": {"ada Tablet --scope imap,smtp --expires 30": 0, "ben Phone": 0},
    "app-password ensure": {"ada Tablet --scope mail": 0, "ada phone": 5, "ben Phone": 0},
    "app-password list": {"ada": 0, "ben": 0},
    "app-password edit": {
        "ada Phone --name Car --scope mail --expires 9 --networks 192.0.2.0/24": 0,
        "ada Phone --scope any": 5,
    },
    "app-password pause": {"ada Phone": 0},
    "app-password resume": {"ada Phone": 5},
    "app-password delete": {"ada Phone --dry-run": 0, "ada Phone": 0},
    "backup": {"{home}/new.tar": 0, "{home}/new.tar --with-key": 0, "{home} --keep 2": 0},
    "restore": {
        "{home}/backup.tar --overwrite --yes": 0,
        "{home}/backup.tar --overwrite --yes --account ada nobody": 1,
    },
    "store copy": {"{home}/right {home}/empty": 0},
    # They need a database: see tests/store/postgres.
    "store forget": {},
    "store init": {},
    "store machines": {},
    "store migrate": {"": 0, "--dry-run": 0},
    "store tidy": {"": 0},
    "status": {"": 0},
    "throttle list": {"": 0},
    "throttle clear": {"192.0.2.7": 0, "ada nobody": 0, "--all": 0},
    "recipes list": {"": 0},
    "recipes install": {"{home}/new": 0},
    "doctor": {"--all": 0, "--config {home}/lacking": 4},
    "config check": {"": 0, "{home}/right": 0, "{home}/lacking": 1, "{home}/wrong": 3},
}
HASH = argon2.PasswordHasher(1, 19456, 1).hash(PASSWORD)  # none that is cheaper is taken over
LINE_BY_LINE = ("activity",)
LOOKING = ("doctor", "config check")  # what they find is what they are asked for, and no trouble
RUNS = [(name, words, code) for name, asked in ASKED.items() for words, code in asked.items()]
each_run = pytest.mark.parametrize(
    ("name", "words", "code"), RUNS, ids=[f"{name} {words}" for name, words, _ in RUNS]
)
# They open no store before they are told something else, or need none.
WITHOUT_STORE = {
    *("status", "throttle list", "throttle clear"),
    *("pam", "completion", "help", "config check", "doctor", "restore", "backup"),
    *("recipes list", "recipes show", "recipes install"),
    *("account add", "account import", "account prune", "store copy", "store init"),
    *("store follow", "store forget", "store machines"),  # they need a database
}
WITHOUT_CONFIGURATION = {
    *("pam", "completion", "status", "help"),
    *("recipes list", "recipes show", "recipes install"),
}


@pytest.fixture
def run(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    looking = partial(Checkup, places=SystemPaths(tmp_path / "root"), ask=Programs())
    monkeypatch.setattr(doctor, "Checkup", looking)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    return run


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves its folder, for the others to begin with."""
    return tmp_path_factory.mktemp("kept") / "home"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The command that is tried; a test that is parametrized has its own."""
    raise AssertionError(request.node.name)


@contextmanager
def slowed_down(path: Path, *, wanted: bool) -> Iterator[None]:
    """A daemon, as far as an administrator asks it: somebody was wrong there too often."""
    if not wanted:
        yield
        return
    path.parent.mkdir()
    desk = Desk(House())
    rate_limiter = desk.auth_service.rate_limiter
    for number in range(FREE + 1):
        rate_limiter.record_failure("192.0.2.7", "ada", Secret(str(number)), known=True)
    for who in ("ada", "correct horse battery"):
        rate_limiter.record_failure(None, who, Secret("1"), known=who == "ada")

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            answer = admin_questions.answer(json.loads(self.rfile.readline()), desk.auth_service)
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.UnixStreamServer(str(path), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            desk.close()


@pytest.fixture
def house(run: CommandLine, kept: Path, name: str) -> Iterator[None]:
    if kept.exists():
        shutil.copytree(kept, run.home, dirs_exist_ok=True)
    else:
        furnish(run)
        copy_closed(run.home, kept)
    (run.home / "right").write_text(f"store = '{run.store}'")
    (run.home / "empty").write_text(f"store = '{run.home}/empty.store'")
    with (
        dovecot(run.home / "auth-userdb", {"ada": "USER", "cem": "USER"}),
        slowed_down(run.home / "run" / "json", wanted=name.startswith(("status", "throttle"))),
    ):
        yield


def furnish(run: CommandLine) -> None:
    house = run.house()
    for name in ("ada", "ben"):
        house.add(name)
    issued = house.issue("Phone", "ada")
    house.give_authenticator("ada")
    house.give_phone(name="ada")
    house.give_recovery_codes("ada")
    house.give_ssh_key(name="ada")
    run.good("verify", "ada", "--service", "imap", stdin=issued.secret.reveal())
    run.good("backup", run.home / "backup.tar")
    house.issue("Since", "ada")
    run.good("account", "unlock", "ada")
    (run.home / "passwd").write_text(f"dora:{{ARGON2ID}}{HASH}\nela:x\n")
    (run.home / "names").write_text("ada\ncem\n")
    (run.home / "dovecot").write_text("[accounts]\nsource = 'dovecot'\n")
    (run.home / "lacking").write_text(
        "store = '/nowhere'\nkey_file = '/nowhere'\n"
        "[delivery]\ncommand = ['/nowhere', '{kind}', '{number}']\nkinds = ['text']"
    )
    (run.home / "wrong").write_text("stor = '/nowhere'")


def of(run: CommandLine, name: str, words: str) -> list[str]:
    return [*name.split(), *words.replace("{home}", str(run.home)).split()]


def check(name: str, told: object) -> None:
    """Raises ValidationError unless that is what the schema says of the command."""
    jsonschema.Draft202012Validator({"$defs": DEFINITIONS, **DEFINITIONS[name]}).validate(told)


# --- help ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_every_command_has_help(run: CommandLine, command: Command) -> None:
    assert command.help
    assert all(one.help or not command.acts for one in command.arguments)
    said = run.good(*command.words, "--help")
    assert said.startswith(f"usage: apppw-tui {command} ")
    assert not run.store.exists()


# --- JSON ------------------------------------------------------------------------------------


def test_every_command_with_json_is_in_the_schema_and_tried() -> None:
    assert {*WITH_JSON} == {*ASKED} == {*DEFINITIONS} & {str(one) for one in COMMANDS}


def test_the_schema_is_made_of_the_facts_that_commands_print() -> None:
    assert output_schema() == SCHEMA, "run: python -m docs.make_schema"


def test_the_schema_is_one_and_leaves_nothing_open() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def closed(part: object) -> bool:
        if isinstance(part, dict):
            own = part.get("type") != "object" or "additionalProperties" in part
            return own and all(map(closed, part.values()))
        return all(map(closed, part)) if isinstance(part, list) else True

    assert closed(DEFINITIONS)


@each_run
def test_what_it_says_for_programs_is_as_the_schema_says(
    run: CommandLine, house: None, name: str, words: str, code: int
) -> None:
    said = run(*of(run, name, words), "--json", stdin=PASSWORD)
    for told in said.out.splitlines() if name in LINE_BY_LINE else [said.out]:
        check(name, json.loads(told))
    assert said.out
    assert said.code == code
    still = [line for line in lines(said.err) if "Dovecot still knows" in line]
    assert (lines(said.err) == still) == (code in (0, 5) or (name in LOOKING and code != 3))
    assert not still or name == "account remove"  # which is a warning, and no error
    assert said.out.isascii()


@pytest.mark.slow
@each_run
def test_for_people_it_is_no_json_and_ends_alike(
    run: CommandLine, house: None, name: str, words: str, code: int
) -> None:
    said = run(*of(run, name, words), stdin=PASSWORD)
    assert said.code == code
    assert not {"{", "[", "\x1b"} & {*said.out, *said.err}


@pytest.mark.parametrize(
    "name",
    [
        one
        for one in ASKED
        if one not in ("account list", "account prune") and "error" in str(DEFINITIONS[one])
    ],
)
def test_what_could_not_be_done_is_told_beside_what_was(
    run: CommandLine, house: None, name: str
) -> None:
    wrong = next(
        words for words in ASKED[name] if {UNKNOWN_UID, "{home}/passwd"} & {*words.split()}
    )
    answers = json.loads(run(*of(run, name, wrong), "--json").out)
    told = answers["accounts"] if name == "restore" else answers
    assert [one for one in told if "error" in one]
    assert [one for one in told if "error" not in one]


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_an_unknown_option_is_wrong_usage(run: CommandLine, command: Command) -> None:
    asked = asked_well(command)
    # An option in short would be another one from the day on that there are two.
    for wrong in ([*asked, "--nonsense"], [*asked, "--conf=/nowhere"], ["--conf=/nowhere", *asked]):
        said = run(*wrong)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("usage: apppw-tui ")


@pytest.mark.parametrize("command", [one for one in COMMANDS if one.needs], ids=str)
def test_what_it_needs_may_not_be_left_out(run: CommandLine, command: Command) -> None:
    said = run(*command.words)
    assert (said.code, said.out) == (2, "")
    assert "required" in said.err


@pytest.mark.parametrize("command", ACTING, ids=str)
def test_more_than_it_takes_is_wrong_usage(run: CommandLine, command: Command) -> None:
    if any(one.nargs == "*" and not one.option_strings for one in command.arguments):
        said = run(*command.words, "ada", "--all")
    else:
        said = run(*command.words, *["x"] * 9)
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize("command", ACTING, ids=str)
def test_strangers_are_given_no_command(run: CommandLine, command: Command) -> None:
    said = run("--kiosk", *asked_well(command))
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize(
    ("command", "content"),
    [
        (one, content)
        for one in ACTING
        if str(one) not in WITHOUT_CONFIGURATION
        for content in (None, "stor = '/'")
        if (str(one), content) != ("doctor", "stor = '/'")  # looks at what is left of it
    ],
    ids=str,
)
def test_a_wrong_configuration_stops_every_command(
    run: CommandLine, command: Command, content: str | None
) -> None:
    file = run.home / "c.toml"
    if content is not None:
        file.write_text(content)
    said = run(*asked_well(command), "--config", file, stdin=PASSWORD)
    assert (said.code, said.out) == (3, "")
    assert said.line.startswith(f"{file}: " if content is None else f"{file}:1: ")
    assert not run.store.exists()


@pytest.mark.parametrize(
    "command", [one for one in ACTING if str(one) not in WITHOUT_STORE], ids=str
)
def test_a_missing_store_stops_every_command_that_makes_none(
    run: CommandLine, command: Command
) -> None:
    said = run(*asked_well(command), "--store", run.home / "none", stdin="7kfm2xqd9h3vtw5nc8rw")
    assert (said.code, said.out) == (3, "")
    assert said.line == f"There is no store at {run.home / 'none'}."
    assert not (run.home / "none").exists()


def asked_well(command: Command) -> list[str]:
    """The shortest that the parser takes."""
    words = [*command.words]
    for one in command.arguments:
        if one.option_strings and one.required:
            words += [one.option_strings[0], "5"]
        elif one.nargs == "*" or one in command.needs:
            words.append(next(iter(one.choices)) if one.choices else __file__)
    return words


# --- colour ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more", first_quick({"FORCE_COLOR": "1", "NO_COLOR": "1"}, {"NO_COLOR": "1"})
)
def test_no_command_prints_a_colour(tmp_path: Path, more: dict[str, str]) -> None:
    for arguments in (["--help"], ["account", "list"], ["account"], ["config", "check"]):
        done = run_program(tmp_path, *arguments, more={**more, "TERM": "xterm-256color"})
        assert b"\x1b" not in done.stdout + done.stderr
