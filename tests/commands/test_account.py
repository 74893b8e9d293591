"""Accounts from the command line: added, listed, removed."""

import getpass
import json
import re
from pathlib import Path

import pytest

from apppw_tui.commands import mail_users
from apppw_tui.integrations.dovecot_users import DovecotUsers
from tests.running import CommandLine
from tests.support import NOW, PASSWORD
from tests.unix_sockets import listening
from tests.userdb import dovecot

GOOD = f"{PASSWORD}\n"


@pytest.fixture
def ada(run: CommandLine) -> CommandLine:
    """With an account ada that has one app password, Phone."""
    run.good("account", "add", "ada", "--password-stdin", stdin=GOOD)
    run.good("app-password", "create", "ada", "Phone")
    return run


def test_an_account_is_added_and_the_store_made(run: CommandLine) -> None:
    out = run.good("account", "add", "ada@example.org", "--password-stdin", stdin=GOOD)
    assert out == "Added ada@example.org. At the first sign-in a second factor is set up.\n"
    assert run.house().sign_in("ada@example.org", PASSWORD)


def test_where_no_second_factor_is_required_none_is_promised(run: CommandLine) -> None:
    config = optional(run)
    out = run.good("account", "add", "ada", "--password-stdin", "--config", config, stdin=GOOD)
    assert out == "Added ada.\n"


def optional(run: CommandLine) -> Path:
    """A configuration under which nobody needs a second factor."""
    path = run.home / "optional.toml"
    path.write_text('[policy]\nsecond_factor = "optional"\n')
    return path


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_one_line_end_is_not_part_of_the_password(run: CommandLine, ending: str) -> None:
    run.good("account", "add", "ada", "--password-stdin", stdin=f" {PASSWORD} {ending}")
    assert run.house().sign_in("ada", f" {PASSWORD} ")


@pytest.mark.parametrize(
    ("name", "stdin", "reason"),
    [
        ("ad a", GOOD, "An account name cannot have a blank in it. One looks like ada or ada@ex"),
        ("../ada", GOOD, 'An account name cannot have "/" in it. One looks like ada or ada@exam'),
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
    assert run.house().store.list_names() == []


KNOWN = {"ada": "USER", "o+o": "USER"}


@pytest.mark.parametrize(
    ("name", "source", "knows", "warning"),
    [
        ("ada", "store", True, ""),
        ("adda", "store", False, "Dovecot does not know adda. If it is mistyped: apppw-tui account "
                                 "remove adda"),
        ("adda", "dovecot", False, "Dovecot does not know adda, so nobody can sign in as it yet. "
                                   "If it is mistyped: apppw-tui account remove adda"),
        ("e+e", "store", None, ""),  # a character for which Dovecot may not look
    ],
)  # fmt: skip
def test_whom_dovecot_does_not_know_is_added_with_a_warning(
    run: CommandLine, name: str, source: str, knows: bool | None, warning: str
) -> None:
    config = run.home / "c.toml"
    config.write_text(f"[accounts]\nsource = '{source}'\n")
    how = ["--password-stdin"] if source == "store" else []
    with dovecot(run.home / "auth-userdb", KNOWN):
        said = run("account", "add", name, "--config", config, "--json", *how, stdin=GOOD)
    assert said.code == 0
    assert json.loads(said.out) == {"account": name, "added": True, "dovecot_knows": knows}
    assert said.err == (f"apppw-tui: {warning}\n" if warning else "")


@pytest.mark.parametrize("source", ["store", "dovecot"])
def test_a_name_that_dovecot_still_knows_is_told(ada: CommandLine, source: str) -> None:
    """No account's any more, it goes on to Dovecot's other passwords."""
    config = ada.home / "c.toml"
    config.write_text(f"[accounts]\nsource = '{source}'\n")
    again = ", and the portal as a new account" if source == "dovecot" else ""
    with dovecot(ada.home / "auth-userdb", {"ada": "USER"}):
        said = ada("account", "rename", "ada", "eve", "--config", config)
    warning = "apppw-tui: Dovecot still knows ada: its old password opens its mail{}. {} it there"
    assert (said.code, said.out) == (0, "Renamed ada to eve.\n")
    assert said.err.startswith(warning.format(again, "Rename"))
    (ada.home / "auth-userdb").unlink()
    with dovecot(ada.home / "auth-userdb", {"ada": "USER"}) as asked:
        said = ada("account", "remove", "eve", "--yes", "--config", config)
        assert (said.code, said.err, asked) == (0, "", ["eve"])


def test_a_removed_account_that_dovecot_still_knows_is_told(ada: CommandLine) -> None:
    with dovecot(ada.home / "auth-userdb", {"ada": "USER"}) as asked:
        assert ada("account", "remove", "ada", "--dry-run").err == ""
    (ada.home / "auth-userdb").unlink()
    with dovecot(ada.home / "auth-userdb", {"ada": "USER"}) as asked:
        said = ada("account", "remove", "ada", "--yes")
    assert (said.code, asked) == (0, ["ada"])
    assert (
        said.line
        == "Dovecot still knows ada: its old password opens its mail. Remove it there, too."
    )


def test_a_name_that_leads_to_the_renamed_one_is_not_told(ada: CommandLine) -> None:
    config = ada.home / "c.toml"
    config.write_text("default_domain = 'example.org'\n")
    with dovecot(ada.home / "auth-userdb", {"ada": "USER"}):
        said = ada("account", "rename", "ada", "ada@example.org", "--config", config)
    assert (said.code, said.err) == (0, "")


def test_a_dovecot_that_hangs_is_waited_for_once(ada: CommandLine) -> None:
    ada.patch.setattr(mail_users, "_QUICK_TIMEOUT", 0.1)
    asked: list[str] = []
    knows_user = mail_users.knows_user

    def count(users: DovecotUsers, name: str, domain: str | None) -> bool | None:
        asked.append(name)
        return knows_user(users, name, domain)

    ada.patch.setattr(mail_users, "knows_user", count)
    for name in ("ben", "eve"):
        ada.house().add(name)
    with dovecot(ada.home / "auth-userdb", {"ada": ""}):
        ada.good("account", "remove", "ada", "ben", "eve", "--yes")
    assert asked == ["ada"]


def test_a_day_that_has_passed_is_not_taken_for_now(ada: CommandLine) -> None:
    said = ada("account", "enforce", "ada", "--on", "2020-01-01")
    assert (said.code, said.out) == (1, "")
    assert said.line == "That day has passed. Without --on, it is from now on."
    assert ada.house().now("ada").enforced_from is None
    ada.good("account", "enforce", "ada", "--on", "2026-11-22")
    # Who says the same day, day after day, hears that it is so.
    assert ada("account", "enforce", "ada", "--on", "2020-01-01").code == 5


@pytest.mark.parametrize("stdin", ["", "quiet otters count seven lanterns"])
def test_a_password_is_not_asked_for_where_none_is_kept(run: CommandLine, stdin: str) -> None:
    config = run.home / "dovecot.toml"
    config.write_text("[accounts]\nsource = 'dovecot'\n")
    said = run("account", "add", "ada", "--password-stdin", "--config", config, stdin=stdin)
    assert (said.code, said.out) == (1, "")
    assert said.line.endswith("Leave out --password-stdin.")
    assert "There is no password" not in said.line
    assert run.house().store.list_names() == []


def test_a_dovecot_that_hangs_keeps_nobody_from_being_added(run: CommandLine) -> None:
    run.patch.setattr(mail_users, "_QUICK_TIMEOUT", 0.1)
    with listening(run.home / "auth-userdb"):
        run.good("account", "add", "ada", "--password-stdin", stdin=GOOD)


def test_an_account_that_is_there_is_left_as_it_is_where_it_is_only_to_be_there(
    ada: CommandLine,
) -> None:
    before = ada.house().now("ada")
    said = ada("account", "add", "ada", "--if-missing")
    assert (said.code, said.out, said.err) == (5, "There is an account ada already.\n", "")
    assert ada.house().now("ada") == before
    told = ["account", "add", "ben", "--if-missing", "--password-stdin"]
    assert ada.good(*told, stdin=GOOD).startswith("Added ben.")


def test_an_account_is_added_once(ada: CommandLine) -> None:
    said = ada("account", "add", "ada", "--password-stdin", stdin=GOOD)
    assert (said.code, said.line) == (1, "There is already an account ada.")


_DIFFER = "apppw-tui: The two passwords differ.\n"
_SHORT = "apppw-tui: Too short. Use at least 8 characters.\n"


@pytest.mark.parametrize(
    ("answers", "code", "err"),
    [
        ((PASSWORD, PASSWORD), 0, ""),
        ((PASSWORD, PASSWORD.upper(), PASSWORD, PASSWORD), 0, _DIFFER),
        (("short", PASSWORD, PASSWORD), 0, _SHORT),
        (("short", PASSWORD, PASSWORD.upper(), "short"), 1, f"{_SHORT}{_DIFFER}{_SHORT}"),
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
def test_at_a_terminal_the_password_is_asked_twice_and_anew_where_it_will_not_do(
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
    assert left == []
    assert run.house().store.list_names() == (["ada"] if code == 0 else [])


@pytest.mark.parametrize("stdin", [b"", None])
def test_without_a_terminal_nobody_is_asked(run: CommandLine, stdin: bytes | None) -> None:
    said = run("account", "add", "ada", stdin=stdin)
    assert said.code == 1
    assert said.line == "There is no terminal to ask for a password; use --password-stdin."


def cells(table: str) -> list[list[str]]:
    """The rows of a table that pads its columns."""
    return [re.split(r" {2,}", line) for line in table.splitlines()]


def test_accounts_are_listed_as_a_table(ada: CommandLine) -> None:
    house = ada.house()
    house.add("grace@example.org")
    house.give_phone(name="grace@example.org")
    house.operator.enforce("grace@example.org")
    assert cells(ada.good("account", "list")) == [
        ["ACCOUNT", "SECOND FACTOR", "APP PASSWORDS", "OLD PASSWORDS", "LAST OLD USE", "CREATED"],
        ["ada", "required, none yet", "1", "allowed", "not known", "2026-11-22"],
        ["grace@example.org", "yes", "0", "refused", "not known", "2026-11-22"],
    ]
    config = optional(ada)
    assert cells(ada.good("account", "list", "--config", config))[1:] == [
        ["ada", "no", "1", "allowed", "not known", "2026-11-22"],
        ["grace@example.org", "yes", "0", "refused", "not known", "2026-11-22"],
    ]
    house.alter("ada", verification_required=True)
    assert cells(ada.good("account", "list", "--config", config))[1][1] == "required, none yet"


def test_accounts_are_listed_as_json(ada: CommandLine) -> None:
    ada_alone = {
        "account": "ada",
        "created": "2026-11-22T12:00:00Z",
        "enabled": True,
        "second_factor": False,
        "enforced_from": None,
        "passed_on": None,
        "passed_on_since": None,
        "app_passwords": 1,
    }
    assert json.loads(ada.good("account", "list", "--json")) == [ada_alone]
    ada.house().give_authenticator("ada")
    listed = json.loads(ada.good("account", "list", "--json"))
    assert listed == [{**ada_alone, "second_factor": True}]
    ada.house().operator.enforce("ada", NOW)
    (listed,) = json.loads(ada.good("account", "list", "--json"))
    assert listed["enforced_from"] == "2026-11-22T12:00:00Z"


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


def test_an_account_is_removed_with_its_app_passwords(ada: CommandLine) -> None:
    assert ada.good("account", "remove", "ada") == "Removed ada with 1 app password.\n"
    said = ada("account", "remove", "ada")
    assert (said.code, said.line) == (1, "There is no account ada.")
