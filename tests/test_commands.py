"""What each command prints and how it exits."""

import getpass
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.running import CommandLine
from tests.support import PASSWORD

GOOD = f"{PASSWORD}\n"


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def ada(run: CommandLine) -> CommandLine:
    """With an account ada that has one app password, Phone."""
    run.good("account", "add", "ada", "--password-stdin", stdin=GOOD)
    run.good("app-password", "create", "ada", "Phone")
    return run


def test_an_account_is_added_and_the_store_made(run: CommandLine) -> None:
    out = run.good("account", "add", "ada@example.org", "--password-stdin", stdin=GOOD)
    assert out == "Added ada@example.org.\n"
    assert run.house().portal.sign_in("ada@example.org", PASSWORD)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_line_end_is_not_part_of_the_password(run: CommandLine, ending: str) -> None:
    run.good("account", "add", "ada", "--password-stdin", stdin=f" {PASSWORD} {ending}")
    assert run.house().portal.sign_in("ada", f" {PASSWORD} ")


@pytest.mark.parametrize(
    ("name", "stdin", "reason"),
    [
        ("Ada", GOOD, "Account names are lower case, without spaces, like ada or ada@example.org."),
        ("../ada", GOOD, "That is not an account name. One looks like ada or ada@example.org."),
        ("ada", "hunter2", "Too short. Use at least 8 characters."),
        ("ada", "7kfm2xqd9h3vtw5nc8rw", "That is an app password. Choose another one for your acc"),
        ("ada", "", "There is no password, in one line, on standard input."),
        ("ada", "\n", "There is no password, in one line, on standard input."),
        ("ada", None, "There is no password, in one line, on standard input."),
        ("ada", GOOD * 2, "There is no password, in one line, on standard input."),
        ("ada", GOOD.strip() + "\0", "There is no password, in one line, on standard input."),
        ("ada", b"\xff" * 12, "The password on standard input is not UTF-8."),
        ("ada", "x" * 5000, "Too long. Use at most 1024 characters."),
    ],
)
def test_a_bad_name_or_password_adds_nothing(
    run: CommandLine, name: str, stdin: bytes | str | None, reason: str
) -> None:
    said = run("account", "add", name, "--password-stdin", stdin=stdin)
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith(reason)
    assert run.house().store.names() == []


def test_an_account_is_added_once(ada: CommandLine) -> None:
    said = ada("account", "add", "ada", "--password-stdin", stdin=GOOD)
    assert (said.code, said.line) == (1, "There is already an account ada.")


@pytest.mark.parametrize(
    ("answers", "code", "err"),
    [
        ((PASSWORD, PASSWORD), 0, ""),
        ((PASSWORD, PASSWORD.upper()), 1, "apppw-tui: The two passwords differ.\n"),
        ((EOFError(),), 1, "apppw-tui: No password was given.\n"),
        ((PASSWORD, EOFError()), 1, "apppw-tui: No password was given.\n"),
        ((KeyboardInterrupt(),), 130, ""),
        (
            (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"),),
            1,
            "apppw-tui: The password is not UTF-8.\n",
        ),
    ],
)
def test_at_a_terminal_the_password_is_asked_twice(
    run: CommandLine, answers: tuple[str | BaseException, ...], code: int, err: str
) -> None:
    left = list(answers)

    def answer(_prompt: str) -> str:
        given = left.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    run.patch.setattr(getpass, "getpass", answer)
    said = run("account", "add", "ada", terminal=True)
    assert (said.code, said.err) == (code, err)
    assert run.house().store.names() == (["ada"] if code == 0 else [])


@pytest.mark.parametrize("stdin", [b"", None])
def test_without_a_terminal_nobody_is_asked(run: CommandLine, stdin: bytes | None) -> None:
    said = run("account", "add", "ada", stdin=stdin)
    assert said.code == 1
    assert said.line == "There is no terminal to ask for a password; use --password-stdin."


def test_accounts_are_listed_as_a_table(ada: CommandLine) -> None:
    ada.good("account", "add", "grace@example.org", "--password-stdin", stdin=GOOD)
    assert ada.good("account", "list").splitlines() == [
        "ACCOUNT            APP PASSWORDS  CREATED",
        "ada                1              2026-11-22",
        "grace@example.org  0              2026-11-22",
    ]


def test_accounts_are_listed_as_json(ada: CommandLine) -> None:
    assert json.loads(ada.good("account", "list", "--json")) == [
        {"account": "ada", "created": "2026-11-22T12:00:00Z", "enabled": True, "app_passwords": 1}
    ]


def test_an_empty_store_says_what_to_do_next_and_prints_nothing(run: CommandLine) -> None:
    run.house()
    said = run("account", "list")
    assert (said.code, said.out) == (0, "")
    assert said.err == "No accounts yet. Add one with: apppw-tui account add NAME\n"
    assert json.loads(run.good("account", "list", "--json")) == []


def test_a_damaged_account_is_named_and_the_others_are_listed(ada: CommandLine) -> None:
    (ada.store / "accounts" / "grace.json").write_text("{}")
    said = ada("account", "list")
    assert said.code == 3
    assert "ada " in said.out
    assert "grace.json cannot be read" in said.err


def test_an_empty_path_is_wrong_usage_and_makes_no_store_here(ada: CommandLine) -> None:
    assert ada("--store", "", "account", "list").code == 2


def test_an_account_is_removed_with_its_app_passwords(ada: CommandLine) -> None:
    assert ada.good("account", "remove", "ada") == "Removed ada with 1 app password.\n"
    said = ada("account", "remove", "ada")
    assert (said.code, said.line) == (1, "There is no account ada.")


def test_creating_prints_the_app_password_and_nothing_else(ada: CommandLine) -> None:
    out = ada.good("app-password", "create", "ada", "Car")
    password = out.removesuffix("\n")
    assert len(password) == 20
    assert password.isalnum()
    assert ada.good("verify", "ada", stdin=password) == "Car\n"


@pytest.mark.parametrize(
    ("account", "name", "reason"),
    [
        ("ada", "pHONE", "You already have one called Phone."),
        ("ada", "  ", "Give it a name, such as the device or program that will use it."),
        ("ada", "x" * 65, "A name has at most 64 characters; this one has 65."),
        ("ada", "\x1b[31m", "That name has a character that cannot be shown. Type it again witho"),
        ("ada", "\udcff", "That name has a character that cannot be shown. Type it again withou"),
        ("grace", "Phone", "There is no account grace."),
        ("a\x1b[31m", "Phone", "That is not an account name. One looks like ada or ada@example"),
    ],
)
def test_a_refused_app_password_is_not_made(
    ada: CommandLine, account: str, name: str, reason: str
) -> None:
    said = ada("app-password", "create", account, name)
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith(reason)
    assert [one.name for one in ada.house().now("ada").app_passwords] == ["Phone"]


def test_app_passwords_are_listed_as_a_table(ada: CommandLine) -> None:
    house = ada.house()
    (phone,) = house.now("ada").app_passwords
    never = replace(phone, id="abc", name="B\u00fcro \U0001f4f1")
    soon = replace(
        phone, id="abd", name="[red]x[/red]", expires=datetime(2027, 1, 2, 12, tzinfo=UTC)
    )
    house.alter("ada", app_passwords=(never, soon))
    assert ada.good("app-password", "list", "ada").splitlines() == [
        "ID   NAME          CREATED     EXPIRES",
        "abc  B\u00fcro \U0001f4f1        2026-11-22  never",
        "abd  [red]x[/red]  2026-11-22  2027-01-02",
    ]


def test_the_end_of_time_is_a_date_too(ada: CommandLine) -> None:
    house = ada.house()
    for instant in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        (phone,) = house.now("ada").app_passwords
        house.alter("ada", app_passwords=(replace(phone, expires=instant),))
        assert ada.good("app-password", "list", "ada").count("\n") == 2


def test_app_passwords_are_listed_as_json_without_their_hashes(ada: CommandLine) -> None:
    (phone,) = ada.house().now("ada").app_passwords
    out = ada.good("app-password", "list", "ada", "--json")
    assert json.loads(out) == [
        {
            "id": phone.id,
            "name": "Phone",
            "scope": ["any"],
            "created": "2026-11-22T12:00:00Z",
            "expires": None,
        }
    ]
    assert "argon2" not in out


def test_an_account_without_app_passwords_says_so(run: CommandLine) -> None:
    run.good("account", "add", "ada", "--password-stdin", stdin=GOOD)
    said = run("app-password", "list", "ada")
    assert (said.code, said.out, said.err) == (0, "", "ada has no app passwords.\n")
    said = run("app-password", "list", "grace")
    assert (said.code, said.line) == (1, "There is no account grace.")


def test_an_app_password_is_deleted_by_name_or_id(ada: CommandLine) -> None:
    car = ada.good("app-password", "create", "ada", "Car").strip()
    assert ada.good("app-password", "delete", "ada", "pHONE") == "Deleted Phone.\n"
    assert ada.good("app-password", "delete", "ada", car[:3]) == "Deleted Car.\n"
    said = ada("app-password", "delete", "ada", "Car")
    assert (said.code, said.line) == (1, "ada has no app password Car.")
    assert ada("verify", "ada", stdin=car).code == 1


def test_what_somebody_wrote_into_the_file_by_hand_cannot_act_on_the_terminal(
    ada: CommandLine,
) -> None:
    house = ada.house()
    (phone,) = house.now("ada").app_passwords
    house.alter("ada", app_passwords=(replace(phone, name="\x1b[2J\x9b31m\u202eevil"),))
    for arguments in (["list", "ada"], ["list", "ada", "--json"], ["delete", "ada", phone.id]):
        out = ada.good("app-password", *arguments)
        assert "evil" in out
        assert all(character == "\n" or character.isprintable() for character in out)


def test_commands_on_a_missing_store_make_none(run: CommandLine) -> None:
    for arguments in (
        ["account", "list"],
        ["account", "remove", "ada"],
        ["app-password", "create", "ada", "Phone"],
        ["app-password", "list", "ada"],
        ["app-password", "delete", "ada", "Phone"],
        ["verify", "ada"],
    ):
        said = run(*arguments, stdin="7kfm2xqd9h3vtw5nc8rw")
        assert (said.code, said.out) == (3, "")
        assert said.line == f"There is no store at {run.store}."
    assert not run.store.exists()
