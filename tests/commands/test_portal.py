"""What happens before the portal is drawn."""

import socket
import sys
from datetime import UTC, datetime

import pytest

from apppw_tui.commands import demo
from apppw_tui.commands.portal import save_recovery_codes
from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import APP
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.store.folder.location import open_store
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.app_options import AppOptions
from apppw_tui.ui.plain.portal import PlainPortal
from tests.running import CommandLine
from tests.support import House


@pytest.mark.parametrize("arguments", [[], ["--demo"], ["--store", "/nowhere"]])
@pytest.mark.parametrize("stdin", [b"", None])
def test_without_a_terminal_it_exits_64_and_says_why(
    run: CommandLine, arguments: list[str], stdin: bytes | None
) -> None:
    said = run(*arguments, stdin=stdin)
    assert (said.code, said.out) == (64, "")
    assert said.line == "the portal needs a terminal; try ssh -t."
    assert not run.store.exists()


def at_a_terminal(run: CommandLine) -> list[PortalApp]:
    """Puts somebody at a terminal; the portals that are opened there, instead of drawing them."""
    opened: list[PortalApp] = []

    def run_guarded(app: PortalApp) -> int:
        opened.append(app)
        return 0

    for stream in (sys.stdout, sys.stderr):
        run.patch.setattr(stream, "isatty", lambda: True)
    run.patch.setattr(PortalApp, "run_guarded", run_guarded)
    run.patch.setenv("TERM", "xterm")
    return opened


def test_the_first_one_at_their_own_machine_may_create_an_account(run: CommandLine) -> None:
    opened = at_a_terminal(run)
    said = run(terminal=True)
    assert (said.code, said.out, said.err) == (0, "", "")
    (app,) = opened
    assert app.surroundings == AppOptions(
        socket.gethostname(),
        may_create_first=True,
        save=save_recovery_codes,
        connecting=app.surroundings.connecting,
        tools=app.surroundings.tools,
        prepare=app.surroundings.prepare,
        place="~/.local/share/apppw-tui",
        demonstration=app.surroundings.demonstration,
    )
    assert app.surroundings.tools is not None
    assert app.surroundings.demonstration is not None
    around, portal = app.surroundings.demonstration()
    assert around.demo is not None
    assert portal.has_accounts()
    assert app.surroundings.connecting.settings == ()
    assert not app.portal.has_accounts()
    assert open_store(run.store).list_names() == []


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_nobody_may_create_the_first_account(run: CommandLine, variable: str) -> None:
    opened = at_a_terminal(run)
    run.patch.setenv(variable, "192.0.2.7 1 192.0.2.8 22")
    run(terminal=True)
    assert not opened[0].surroundings.may_create_first


def test_in_the_systems_store_nobody_may_create_the_first_account(run: CommandLine) -> None:
    opened = at_a_terminal(run)
    (run.home / "etc").mkdir()
    (run.home / "etc" / "config.toml").write_text('host_name = "mail.example.org"')
    open_store(run.home / "var", create=True)
    run(terminal=True)
    assert not opened[0].surroundings.may_create_first
    assert opened[0].surroundings.host_name == "mail.example.org"


def test_the_screens_are_told_what_is_typed_into_an_app_and_whom_to_ask(run: CommandLine) -> None:
    opened = at_a_terminal(run)
    run.patch.setenv("RUNTIME_DIRECTORY", str(run.home))
    (run.home / "c.toml").write_text('[[setup]]\nservice = "imap"\nhost = "mail.example.org"')
    house = House(store=open_store(run.store, create=True))
    house.add("ada")
    secret = house.issue("Phone", "ada").secret
    run("--config", run.home / "c.toml", terminal=True)
    connecting = opened[0].surroundings.connecting
    assert connecting.settings == (ConnectionSetting(IMAP, "mail.example.org", 993, "TLS"),)
    assert connecting.test is not None
    silent = (
        "The password is right, but this server's sign-in service is not running. "
        "Tell your administrator."
    )
    assert connecting.test("ada", secret, IMAP) == ConnectionTestResult(None, silent)
    assert connecting.test("grace", secret, IMAP).ok is False


@pytest.mark.parametrize(
    ("written", "on_server"),
    [
        ('host_name = "mail.example.org"', False),
        ('[[setup]]\nservice = "imap"\nhost = "mail.example.org"', True),
        ("[serve]\nremember = 60", True),
    ],
)
def test_ones_own_store_is_no_server_unless_its_configuration_speaks_of_one(
    run: CommandLine, written: str, on_server: bool
) -> None:
    opened = at_a_terminal(run)
    run.patch.setenv("RUNTIME_DIRECTORY", str(run.home))
    (run.home / "c.toml").write_text(written)
    house = House(store=open_store(run.store, create=True))
    house.add("ada")
    secret = house.issue("Phone", "ada").secret
    run("--config", run.home / "c.toml", terminal=True)
    connecting = opened[0].surroundings.connecting
    assert connecting.on_server is on_server
    assert connecting.test is not None
    said = connecting.test("ada", secret, IMAP).message
    assert said.startswith("The password is right, but ")
    assert ("nothing on this machine asks" in said) is not on_server


def test_the_demonstration_shows_its_account_and_keeps_nothing(run: CommandLine) -> None:
    opened = at_a_terminal(run)
    run("--demo", terminal=True)
    (app,) = opened
    shown = app.surroundings.demo
    assert shown is not None
    assert (shown.account_name, shown.password) == (demo.ACCOUNT, demo.PASSWORD)
    assert not app.surroundings.may_create_first
    assert app.surroundings.connecting.settings == demo.ROWS
    challenge = app.portal.sign_in(shown.account_name, shown.password)
    assert isinstance(challenge, Challenge)
    session = challenge.answer(APP, shown.shown_by_app(shown.account_name))
    assert len(app.portal.account(session).app_passwords) == 12
    assert list(run.home.iterdir()) == []


@pytest.mark.parametrize(
    ("term", "arguments", "lines"),
    [
        *(("dumb", [], True), ("", [], True), ("unknown", [], True)),
        *(("vt100", [], False), ("vt100", ["--plain"], True)),
    ],
)
def test_a_terminal_without_screens_gets_lines_and_so_does_who_asks_for_them(
    run: CommandLine, term: str, arguments: list[str], lines: bool
) -> None:
    drawn, spoken = at_a_terminal(run), list[PlainPortal]()

    def tell(app: PlainPortal) -> int:
        spoken.append(app)
        return 0

    run.patch.setattr(PlainPortal, "run", tell)
    run.patch.setenv("TERM", term)
    assert run(*arguments, terminal=True).code == 0
    assert (len(drawn), len(spoken)) == (not lines, lines)


def test_lines_need_no_standard_error_but_a_terminal_to_read_and_write(run: CommandLine) -> None:
    at_a_terminal(run)
    run.patch.setattr(PlainPortal, "run", lambda _: 0)
    run.patch.setattr(sys.stderr, "isatty", lambda: False)
    assert run("--plain", terminal=True).code == 0
    run.patch.setattr(sys.stdout, "isatty", lambda: False)
    outcome = run("--plain", terminal=True)
    assert (outcome.code, outcome.line) == (64, "the portal needs a terminal; try ssh -t.")


def test_lines_go_with_no_command(run: CommandLine) -> None:
    outcome = run("--plain", "account", "list")
    assert outcome.code == 2
    assert "--plain opens the portal; it goes with no command." in outcome.err


def test_a_store_that_cannot_be_used_is_said_before_anything_is_drawn(run: CommandLine) -> None:
    at_a_terminal(run)
    (run.home / "file").write_text("")
    said = run("--store", run.home / "file", terminal=True)
    assert (said.code, said.out) == (3, "")
    assert said.line == f"{run.home}/file is not a folder, as it has to be."


def test_on_a_server_nobody_is_given_a_private_store(run: CommandLine) -> None:
    at_a_terminal(run)
    (run.home / "etc").mkdir()
    (run.home / "etc" / "config.toml").write_text("")
    said = run(terminal=True)
    assert (said.code, said.line) == (3, f"There is no store at {run.home}/var.")
    assert not (run.home / "var").exists()


def test_a_broken_configuration_is_said_before_anything_is_drawn(run: CommandLine) -> None:
    at_a_terminal(run)
    (run.home / "c.toml").write_text("x")
    said = run("--config", run.home / "c.toml", terminal=True)
    assert (said.code, said.out) == (3, "")
    assert said.line.startswith(f"{run.home}/c.toml: not TOML: ")


def test_saved_recovery_codes_say_what_they_are_for(run: CommandLine) -> None:
    run.patch.setenv("HOME", str(run.home))
    run.patch.setenv("TZ", "UTC")
    made = datetime(2026, 11, 29, 12, tzinfo=UTC)
    codes = Secret("0abc defg hjkm\n1abc defg hjkm\n")
    paths = [
        save_recovery_codes("mail.example.org", "ada@example.org", made, codes) for _ in range(2)
    ]
    assert [path.name for path in paths] == [
        "recovery-codes-ada@example.org.txt",
        "recovery-codes-ada@example.org-2.txt",
    ]
    assert paths[1].read_text().splitlines() == [
        "Recovery codes",
        "Server:  mail.example.org",
        "Account: ada@example.org",
        "Made:    2026-11-29",
        "",
        "0abc defg hjkm",
        "1abc defg hjkm",
    ]
    assert paths[1].stat().st_mode & 0o777 == 0o600
