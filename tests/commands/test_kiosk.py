"""`--kiosk`: what strangers may choose, and who is let to the door."""

import os
import sys
from pathlib import Path

import pytest

from apppw_tui.domain.ports import SystemClock
from apppw_tui.portal.throttle import PortalThrottle
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.folder.slots import Admission
from apppw_tui.ui.app import PortalApp
from apppw_tui.ui.plain.portal import PlainPortal
from tests.running import CommandLine, Said

FULL = "Too many people are signing in just now. Try again in a minute."


@pytest.fixture
def run(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    open_store(run.home / "kiosk", create=True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 1 192.0.2.8 22")
    return run


@pytest.fixture
def opened(run: CommandLine) -> list[tuple[PortalApp, dict[str, str]]]:
    """The portals that are opened, instead of drawing them, and their environment."""
    seen: list[tuple[PortalApp, dict[str, str]]] = []

    def run_guarded(app: PortalApp) -> int:
        seen.append((app, dict(os.environ)))
        return 0

    run.patch.setattr(PortalApp, "run_guarded", run_guarded)
    return seen


def knock(run: CommandLine, *arguments: str | Path) -> Said:
    """Somebody at a terminal."""
    for stream in (sys.stdout, sys.stderr):
        run.patch.setattr(stream, "isatty", lambda: True)
    return run("--kiosk", *arguments, terminal=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--kiosk"],
        ["--kiosk", "--demo", "--store", "kiosk"],
        ["--kiosk", "--store", "kiosk", "account", "list"],
        ["--kiosk", "--store", "kiosk", "verify", "ada"],
    ],
)
def test_it_goes_with_no_command_no_demonstration_and_needs_a_place(
    run: CommandLine, opened: list[object], arguments: list[str]
) -> None:
    assert knock(run, *arguments[1:]).code == 2
    assert not opened


def test_store_and_configuration_come_from_its_arguments_alone(
    run: CommandLine, opened: list[tuple[PortalApp, dict[str, str]]]
) -> None:
    run.patch.setenv("APPPW_STORE", str(run.home / "other"))
    run.patch.setenv("TEXTUAL_LOG", str(run.home / "log"))
    own = run.home / "config/apppw-tui"
    own.mkdir(parents=True)
    (own / "config.toml").write_text('host_name = "not.this.one"')
    said = knock(run, "--store", run.home / "kiosk")
    assert (said.code, said.err) == (0, "")
    ((app, environment),) = opened
    assert app.surroundings.host_name != "not.this.one"
    assert app.surroundings.kiosk is not None
    assert not app.surroundings.may_create_first
    assert app.surroundings.save is None
    assert environment.keys() <= {"LANG", "PATH", "SSH_CONNECTION", "TERM", "TZ"}
    assert not (run.home / "other").exists()


def test_a_configuration_that_names_no_store_is_not_enough(
    run: CommandLine, opened: list[object]
) -> None:
    config = run.home / "config.toml"
    config.write_text('host_name = "mail.example.org"')
    said = knock(run, "--config", config)
    assert said.code == 3
    assert said.line.endswith("store: is missing, and --kiosk takes it from nowhere else.")
    config.write_text(f'store = "{run.home}/kiosk"')
    assert knock(run, "--config", config).code == 0
    assert len(opened) == 1


@pytest.mark.parametrize("term", ["", "x" * 65, "xterm;id", "../xterm", "xterm\n", "dumb"])
def test_a_terminal_of_a_strange_name_gets_no_screen_but_lines(
    run: CommandLine, opened: list[object], term: str
) -> None:
    spoken: list[PlainPortal] = []

    def tell(app: PlainPortal) -> int:
        spoken.append(app)
        return 0

    run.patch.setattr(PlainPortal, "run", tell)
    run.patch.setenv("TERM", term)
    assert knock(run, "--store", run.home / "kiosk").code == 0
    assert not opened
    assert len(spoken) == 1


def test_without_a_terminal_there_is_nothing_to_see(run: CommandLine, opened: list[object]) -> None:
    assert run("--kiosk", "--store", run.home / "kiosk", stdin=b"").code == 64
    assert not opened


def test_who_finds_the_door_full_is_told_and_not_drawn_a_screen(
    run: CommandLine, opened: list[object]
) -> None:
    inside = [Admission(run.home / "kiosk") for _ in range(3)]
    for one in inside:
        one.acquire("192.0.2.7")
    said = knock(run, "--store", run.home / "kiosk")
    assert (said.code, said.line) == (3, FULL)
    run.patch.setenv("SSH_CONNECTION", "192.0.2.99 1 192.0.2.8 22")
    assert knock(run, "--store", run.home / "kiosk").code == 0
    assert len(opened) == 1
    for one in inside:
        one.release()


def test_who_comes_from_where_a_sign_in_was_completed_finds_a_place_all_the_same(
    run: CommandLine, opened: list[tuple[PortalApp, dict[str, str]]]
) -> None:
    store = run.home / "kiosk"
    inside = [Admission(store) for _ in range(7)]
    for number, one in enumerate(inside):
        one.acquire(f"198.51.100.{number}")
    assert knock(run, "--store", store).line == FULL
    clock = SystemClock()
    PortalThrottle(FolderThrottleStore(store, clock), "192.0.2.7").record_success("ada")
    assert knock(run, "--store", store).code == 0
    assert len(opened) == 1
    for one in inside:
        one.release()


def test_a_place_is_kept_until_somebody_is_let_in(
    run: CommandLine, opened: list[tuple[PortalApp, dict[str, str]]]
) -> None:
    for _ in range(3):
        assert knock(run, "--store", run.home / "kiosk").code == 0
    assert knock(run, "--store", run.home / "kiosk").line == FULL
    for app, _ in opened:
        assert app.surroundings.kiosk is not None
        app.surroundings.kiosk.on_signed_in()
    assert knock(run, "--store", run.home / "kiosk").code == 0


def test_a_store_that_is_not_there_is_not_made(run: CommandLine, opened: list[object]) -> None:
    said = knock(run, "--store", run.home / "none")
    assert said.code == 3
    assert not (run.home / "none").exists()
    assert not opened
