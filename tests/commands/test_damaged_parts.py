"""A store of which one part is damaged: what is looked at, deleted and disabled goes on."""

import shutil
from pathlib import Path

import pytest

from apppw_tui.bootstrap import build
from apppw_tui.commands.kiosk import admitted
from apppw_tui.config import Config
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.policy import Policy
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.sessions import Session
from apppw_tui.portal.throttle import SIGN_IN_DOWN
from apppw_tui.store.engine import StoreLocation
from tests.running import CommandLine
from tests.support import PASSWORD

PARTS = (
    "enforced", "throttle", "ledger", "activity", "usage", "deleted", "reserve", "notices", "ended",
    "log", "key",
)  # fmt: skip
NOT_COUNTED = ("throttle", "ledger")
NOT_TOLD = "enforced"


@pytest.fixture(params=PARTS)
def damaged(request: pytest.FixtureRequest, run: CommandLine) -> str:
    """What in a store is another kind of thing than it has to be; ada has two app passwords."""
    run.good("account", "add", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    for name in ("Phone", "Car"):
        run.good("app-password", "create", "ada", name)
    part: str = request.param
    path = run.store / part
    a_file = path.is_file() or part in ("deleted", "reserve", "log", "key")
    if a_file:
        path.unlink(missing_ok=True)
        path.mkdir()
    else:
        shutil.rmtree(path, ignore_errors=True)
        path.touch()
    return part


def test_the_operator_looks_deletes_and_disables(run: CommandLine, damaged: str) -> None:
    for command in (
        ("account", "show", "ada"),
        ("account", "list"),
        ("app-password", "list", "ada"),
        ("app-password", "delete", "ada", "Phone"),
        ("account", "delete-app-passwords", "ada"),
    ):
        assert run(*command).code == 0, command
    assert run.house().now("ada").app_passwords == ()
    said = run("account", "disable", "ada")
    assert said.code == 0
    assert ("ada: It is done, but the store's folder enforced" in said.err) is (damaged == NOT_TOLD)
    assert not run.house().now("ada").enabled
    assert run("account", "remove", "ada", "--yes").code == 0


def test_events_that_cannot_be_written_leave_one_line_in_the_log(run: CommandLine) -> None:
    run.good("account", "add", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    shutil.rmtree(run.store / "ledger")
    (run.store / "ledger").touch()
    run.good("app-password", "create", "ada", "Phone")
    run.good("app-password", "create", "ada", "Car")
    lines = (run.store / "log").read_text().splitlines()
    lost = [line for line in lines if "activity not written" in line]
    assert len(lost) == 2  # one for each command
    assert f"{run.store / 'ledger'} is not a folder" in lost[0]


def test_a_person_deletes(run: CommandLine, damaged: str) -> None:
    config = Config(policy=Policy(second_factor_required=False))
    place = StoreLocation.of(config, run.store, None)
    parts = build(place, config, run.clock)
    portal = Portal(parts.context)
    if damaged in NOT_COUNTED:
        # Uncounted tries could be guesses without an end (SAFETY 15).
        with pytest.raises(StoreError, match=f"^{SIGN_IN_DOWN}$"):
            portal.sign_in("ada", PASSWORD)
        with pytest.raises(StoreError, match=f"^{SIGN_IN_DOWN}$"):
            admitted(parts.engine, parts.machine, "192.0.2.1")
        log = (run.store / "log").read_text()
        assert log.count(f"{run.store / damaged} is not a folder") == 2
        return
    session = portal.sign_in("ada", PASSWORD)
    assert isinstance(session, Session)
    for one in run.house().now("ada").app_passwords:
        portal.delete_app_password(session, one.id)
    assert run.house().now("ada").app_passwords == ()


@pytest.mark.parametrize("link", [False, True])
def test_without_a_folder_to_tell_it_nobody_is_enforced(
    run: CommandLine, tmp_path: Path, link: bool
) -> None:
    run.good("account", "add", "ada", "--password-stdin", stdin=f"{PASSWORD}\n")
    path = run.store / NOT_TOLD
    path.rmdir()
    if link:
        (tmp_path / "elsewhere").mkdir()
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.touch()
    kind = "a symbolic link, not a folder" if link else "not a folder"
    said = run("account", "enforce", "ada")
    assert (said.code, said.line) == (
        3,
        f"Nothing was changed: {path} is {kind}, as it has to be.",
    )
    assert run.house().now("ada").enforced_from is None
    assert not link or [*(tmp_path / "elsewhere").iterdir()] == []
