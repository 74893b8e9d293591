"""recipes/dovecot/apppw-enforced: whom Dovecot by PAM refuses, from the store's folder."""

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apppw_tui.store.folder.location import open_store
from tests.programs import finished
from tests.services.recipes import adapted
from tests.support import House

UID = "0123456789abcdef" * 2
PAST, LATER = f"2026-01-01T00:00:00Z {UID}\n", f"2999-01-01T00:00:00Z {UID}\n"
# Debian's own: cron runs it, not the tests' environment.
_PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Lister:
    """The script, for a store, a configuration and a list of its own."""

    home: Path

    @property
    def enforced(self) -> Path:
        return self.home / "store/enforced"

    def run(self) -> "subprocess.CompletedProcess[str]":
        return finished([_PYTHON, self.home / "apppw-enforced"])

    def names(self) -> list[str]:
        return (self.home / "list").read_text().replace("\\'", "'").split("\n")[:-1]


@pytest.fixture
def lister(tmp_path: Path) -> Lister:
    replaced = {
        "/var/lib/apppw-tui": f"{tmp_path}/store",
        "/etc/dovecot/apppw-enforced": f"{tmp_path}/list",
        "/etc/apppw-tui/config.toml": f"{tmp_path}/config.toml",
    }
    (tmp_path / "apppw-enforced").write_text(adapted("dovecot/apppw-enforced", replaced))
    (tmp_path / "store/accounts").mkdir(parents=True)
    lister = Lister(tmp_path)
    lister.enforced.mkdir()
    for name, line in (("past", PAST), ("soon", LATER), ("o'hara", f"1970-01-01T00:00:00Z {UID}")):
        (lister.enforced / f"{name}@example.org").write_text(line)
    (lister.enforced / ".tmp-x").touch()
    return lister


def test_the_list_has_whose_instant_has_come(lister: Lister) -> None:
    ran = lister.run()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert lister.names() == ["o'hara@example.org", "past@example.org"]
    assert stat.S_IMODE((lister.home / "list").stat().st_mode) == 0o644
    (lister.enforced / "past@example.org").unlink()
    assert lister.run().returncode == 0
    assert lister.names() == ["o'hara@example.org"]


@pytest.mark.parametrize("fault", ["no folder", "a link to it", "a file in its place", "no TOML"])
def test_the_old_list_stays_when_the_folder_cannot_be_read(lister: Lister, fault: str) -> None:
    assert lister.run().returncode == 0
    before = lister.names()
    if fault == "no TOML":
        (lister.home / "config.toml").write_text("default_domain = example.org")
    else:
        lister.enforced.rename(lister.home / "elsewhere")
        (lister.home / "elsewhere/past@example.org").unlink()
        if fault == "a link to it":
            lister.enforced.symlink_to(lister.home / "elsewhere")
        elif fault == "a file in its place":
            lister.enforced.touch()
    ran = lister.run()
    assert ran.returncode == 1
    assert "the old list stays" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert lister.names() == before


@pytest.mark.parametrize("laid", ["nothing", "nonsense", "a link", "a pipe", "a folder"])
def test_what_cannot_be_understood_is_enforced_and_told(lister: Lister, laid: str) -> None:
    """Root follows nothing that the store's owner could lay there, and waits for nothing."""
    odd = lister.enforced / "odd"
    if laid == "a link":
        (lister.home / "later").write_text(LATER)
        odd.symlink_to(lister.home / "later")
    elif laid == "a pipe":
        os.mkfifo(odd)
    elif laid == "a folder":
        odd.mkdir()
    else:
        odd.write_text("" if laid == "nothing" else LATER + LATER)
    ran = lister.run()
    assert ran.returncode == 1
    assert "odd cannot be understood" in ran.stderr
    assert lister.names() == ["o'hara@example.org", "odd", "past@example.org"]


def test_the_stores_own_files_are_read(lister: Lister) -> None:
    shutil.rmtree(lister.home / "store")
    house = House(store=open_store(lister.home / "store", create=True))
    house.clock.instant = datetime.now(UTC)
    for name in ("ada", "grace", "linus", "disabled"):
        house.add(name)
    house.operator.enforce("grace")
    house.operator.enforce("linus", house.clock.now() + timedelta(days=300))
    house.operator.disable("disabled")
    assert lister.run().returncode == 0
    assert lister.names() == ["disabled", "grace"]
    house.operator.stop_enforcing("grace")
    assert lister.run().returncode == 0
    assert lister.names() == ["disabled"]


def test_an_apostrophe_is_written_as_dovecot_looks_it_up(lister: Lister) -> None:
    assert lister.run().returncode == 0
    assert "o\\'hara@example.org\n" in (lister.home / "list").read_text()


def test_a_file_that_is_no_accounts_is_told_and_left_out(lister: Lister) -> None:
    (lister.enforced / "past:{PLAIN}x").write_text(PAST)
    ran = lister.run()
    assert ran.returncode == 1
    assert "no account's" in ran.stderr
    assert "PLAIN" not in ran.stderr
    assert lister.names() == ["o'hara@example.org", "past@example.org"]


def test_the_default_domain_need_not_be_typed(lister: Lister) -> None:
    (lister.home / "config.toml").write_text('default_domain = "example.org"')
    (lister.enforced / "grace@example.com").write_text(PAST)
    assert lister.run().returncode == 0
    assert lister.names() == [
        *("grace@example.com", "o'hara", "o'hara@example.org", "past", "past@example.org")
    ]
    # An account that is called so is another one.
    (lister.home / "store/accounts/past.json").touch()
    assert lister.run().returncode == 0
    assert "past" not in lister.names()
