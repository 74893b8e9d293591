"""App passwords from the command line."""

import json
import plistlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apppw_tui.domain.lines import columns
from tests.running import CommandLine
from tests.support import PASSWORD

GOOD = f"{PASSWORD}\n"


@pytest.fixture
def ada(run: CommandLine) -> CommandLine:
    """With an account ada that has one app password, Phone."""
    run.good("account", "add", "ada", "--password-stdin", stdin=GOOD)
    run.good("app-password", "create", "ada", "Phone")
    return run


def test_creating_prints_the_app_password_and_nothing_else(ada: CommandLine) -> None:
    out = ada.good("app-password", "create", "ada", "Car")
    password = out.removesuffix("\n")
    assert len(password) == 16
    assert password.isalnum()
    assert ada.good("verify", "ada", stdin=password) == "Car\n"


@pytest.mark.parametrize(
    ("options", "scope", "expires"),
    [
        (["--scope", "mail"], ["mail"], None),
        (["--scope", "imaps, submission"], ["imap", "smtp"], None),
        (["--scope", "mail calendar"], ["mail", "calendar"], None),
        (["--scope", "mail,calendar"], ["mail", "calendar"], None),
        (["--expires", "tomorrow"], ["any"], "2026-11-24T00:00:00Z"),
        (["--expires", "30"], ["any"], "2026-12-23T00:00:00Z"),
        (["--expires", "2027-01-31", "--scope", "web"], ["web"], "2027-02-01T00:00:00Z"),
        (["--expires", "never", "--scope", "any"], ["any"], None),
    ],
)
def test_it_is_what_it_was_asked_to_be(
    ada: CommandLine, options: list[str], scope: list[str], expires: str | None
) -> None:
    ada.good("app-password", "create", "ada", "Car", *options)
    car = json.loads(ada.good("app-password", "list", "ada", "--json"))[1]
    assert (car["scope"], car["expires"]) == (scope, expires)


def test_columns_stand_one_below_the_other_whatever_the_script(ada: CommandLine) -> None:
    names = ["क्षेत्र मेरा फ़ोन", "日本語"]
    for name in names:
        ada.good("app-password", "create", "ada", name)
    rows = ada.good("app-password", "list", "ada").splitlines()
    assert len({columns(row[: row.index("Any app")]) for row in rows[1:]}) == 1, rows


# --- ensure ----------------------------------------------------------------------------------


def test_one_that_is_to_be_there_is_made_once_and_its_secret_printed_once(ada: CommandLine) -> None:
    told = ["app-password", "ensure", "ada", "Printer", "--scope", "sending"]
    assert ada.good("verify", "ada", "--service", "smtp", stdin=ada.good(*told)) == "Printer\n"
    for again in (told, [*told[:3], " printer "]):
        said = ada(*again)
        assert (said.code, said.out) == (5, "")
        assert said.line == "ada has an app password Printer already."
    assert len(ada.house().now("ada").app_passwords) == 2


def test_programs_are_told_whether_it_was_made(ada: CommandLine) -> None:
    told = ["app-password", "ensure", "ada", "Printer", "--json"]
    made = json.loads(ada.good(*told))
    assert made["created"]
    assert len(made["password"]) == 16
    said = ada(*told)
    assert json.loads(said.out) == {**made, "created": False, "password": None}
    assert (said.code, said.err) == (5, "")


@pytest.mark.parametrize(
    ("expires", "more", "reason"),
    [
        (
            "2",
            ["--scope", "mail"],
            "Printer of ada has expired; change it, or delete it to have another.",
        ),
        (
            "never",
            ["--scope", "web"],
            "Printer of ada is there, but for Mail; change it, or delete it",
        ),
        ("never", ["--scope", "ftp"], "There is no scope ftp."),
        ("never", ["--networks", "::1"], "Printer of ada is there, but good from anywhere; change"),
    ],
)
def test_one_that_does_not_do_what_was_asked_for_is_no_such_one(
    ada: CommandLine, expires: str, more: list[str], reason: str
) -> None:
    told = ["app-password", "ensure", "ada", "Printer"]
    ada.good(*told, "--scope", "mail", "--expires", expires)
    ada.clock.advance(7 * 86400)
    said = ada(*told, *more)
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith(reason)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--scope", "ftp"], "There is no scope ftp. There are: any, mail,"),
        (["--scope", "\x1b[31m"], "There is no scope "),
        (["--scope", "mail,"], "There is no scope beside one of the commas."),
        (["--scope", ",mail"], "There is no scope beside one of the commas."),
        (["--expires", "soon"], "Use never, tomorrow, 30d, or a date such as 2027-01-31."),
    ],
)
def test_a_wrong_scope_or_day_is_told_and_nothing_is_made(
    ada: CommandLine, options: list[str], reason: str
) -> None:
    said = ada("app-password", "create", "ada", "Car", *options)
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith(reason)
    assert said.line.isprintable()
    assert [one.name for one in ada.house().now("ada").app_passwords] == ["Phone"]


@pytest.mark.parametrize(
    ("account", "name", "reason"),
    [
        ("ada", "pHONE", "You already have one called Phone."),
        ("ada", "x" * 65, "A name has at most 64 characters; this one has 65."),
        ("ada", "\udcff", "A name cannot have a byte that is no UTF-8."),
        ("grace", "Phone", "There is no account grace."),
        ("a\x1b[31m", "Phone", "An account name cannot have U+001B in it. One looks like ada or "),
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
        phone,
        id="abd",
        name="[red]x[/red]",
        scope=("calendar",),
        expires=datetime(2027, 1, 3, tzinfo=UTC),  # the first instant in which it is refused
        created_by_admin=False,
    )
    house.alter("ada", app_passwords=(never, soon))
    assert ada.good("app-password", "list", "ada").splitlines() == [
        "ID   NAME          FOR                    LAST USED  CREATED     EXPIRES     BY",
        "abc  B\u00fcro \U0001f4f1       Any app                never      2026-11-22  "
        "never       administrator",
        "abd  [red]x[/red]  Calendar and contacts  never      2026-11-22  2027-01-02  ada",
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
            "networks": [],
            "paused": False,
            "last_used": None,
            "by_operator": True,
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


# --- changing one -----------------------------------------------------------------------------


def test_one_is_edited_and_said_as_it_is_now(ada: CommandLine) -> None:
    edit = ["app-password", "edit", "ada", "phone"]
    more = ["--scope", "mail,chat", "--expires", "2027-01-31", "--networks", "192.0.2.0/24 ::1"]
    assert ada.good(*edit, "--name", "Laptop", *more) == (
        "Changed Laptop: Mail, Chat, until 2027-01-31, from 192.0.2.0/24 ::1 alone.\n"
    )
    assert ada.good("app-password", "list", "ada").splitlines()[1].split("  ")[1:4] == [
        "Laptop",
        "Mail, Chat, from 192.0.2.0/24, ::1",
        "never",
    ]
    edit[3] = "Laptop"
    assert ada.good(*edit, "--expires", "never", "--networks", "any", "--scope", "any") == (
        "Changed Laptop: Any app, never expires.\n"
    )
    said = ada(*edit, "--expires", "never")
    assert (said.code, said.out) == (5, "Laptop of ada is so already.\n")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([], "Say what to change: --name, --scope, --expires or --networks."),
        (["--scope", "ftp"], "There is no scope ftp."),
        (["--networks", "here"], "Network number 1 must be an address or a network, such as"),
        (["--expires", "0"], "That would be over today."),
        (["--name", "\x1b[31m"], "A name cannot have U+001B."),
    ],
)
def test_an_edit_that_cannot_be_changes_nothing(
    ada: CommandLine, options: list[str], reason: str
) -> None:
    before = ada.house().now("ada")
    said = ada("app-password", "edit", "ada", "Phone", *options)
    assert (said.code, said.out) == (1, "")
    assert said.line.startswith(reason)
    assert ada.house().now("ada") == before


def test_one_is_paused_and_resumed(ada: CommandLine) -> None:
    secret = ada.good("app-password", "create", "ada", "Car")
    assert ada.good("app-password", "pause", "ada", "car") == (
        "Paused Car; to undo it: apppw-tui app-password resume.\n"
    )
    assert ada("verify", "ada", stdin=secret).code == 1
    assert "  paused  " in ada.good("app-password", "list", "ada").splitlines()[-1]
    said = ada("app-password", "pause", "ada", "Car", "--json")
    facts = json.loads(said.out)
    assert said.code == 5
    assert (facts["account"], facts["name"], facts["paused"]) == ("ada", "Car", True)
    said = ada("app-password", "ensure", "ada", "Car")
    assert said.line.startswith("Car of ada is paused; change it")
    assert ada.good("app-password", "resume", "ada", secret[:3]) == "Resumed Car.\n"
    assert ada.good("verify", "ada", stdin=secret) == "Car\n"


def test_one_is_created_for_certain_networks(ada: CommandLine) -> None:
    create = ["app-password", "create", "ada", "Car", "--networks", "192.0.2.0/24"]
    secret = ada.good(*create)
    for options, code in (([], 1), (["--rhost", "192.0.3.1"], 1), (["--rhost", "192.0.2.1"], 0)):
        assert ada("verify", "ada", *options, stdin=secret).code == code


def test_one_is_created_for_a_service_of_the_servers_own(ada: CommandLine) -> None:
    config = ada.home / "config.toml"
    config.write_text('[[service]]\nid = "vpn"\nlabel = "VPN of the office"')
    here = ["--config", str(config)]
    phone = ada.good("app-password", "create", "ada", "Any")
    secret = ada.good(*here, "app-password", "create", "ada", "Car", "--scope", "vpn")
    assert ada.good(*here, "verify", "ada", "--service", "vpn", stdin=secret) == "Car\n"
    assert ada(*here, "verify", "ada", "--service", "vpn", stdin=phone).code == 1
    assert ada("verify", "ada", "--service", "vpn", stdin=phone).code == 0
    assert "VPN of the office" in ada.good(*here, "app-password", "list", "ada")


def test_a_profile_for_apple_has_the_password_that_was_made(ada: CommandLine) -> None:
    config = ada.home / "c.toml"
    config.write_text('[[setup]]\nservice = "caldav"\nurl = "https://dav.example.org/"')
    line = ("app-password", "create", "ada", "iPhone", "--profile", "apple", "--config", config)
    (calendars,) = plistlib.loads(ada.good(*line).encode())["PayloadContent"]
    assert ada.good("verify", "ada", stdin=calendars["CalDAVPassword"]) == "iPhone\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_password_is_made_for_a_profile_that_cannot_be(
    ada: CommandLine, options: list[str]
) -> None:
    said = ada("app-password", "create", "ada", "iPhone", "--profile", "apple", *options)
    assert (said.code, said.out) == (1, "")
    assert "profile" in said.err
    assert "iPhone" not in ada.good("app-password", "list", "ada")
