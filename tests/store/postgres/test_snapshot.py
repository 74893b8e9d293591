"""Backups of a database: of one instant, while people work, and into files and back."""

import io
import shutil
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.account import AUTHENTICATOR
from apppw_tui.domain.errors import KeyMissing, StoreError
from apppw_tui.store.backup.members import Failures, export_members
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.restore import Restore
from apppw_tui.store.backup.writer import back_up
from apppw_tui.store.engine import Engine
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from apppw_tui.store.postgres import snapshot
from apppw_tui.store.postgres.engine import PostgresEngine
from tests.store.backing import members
from tests.store.engines import in_folder, in_postgresql
from tests.store.folder.using import Verdict, use
from tests.store.making import add, alter, record
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster
from tests.store.rotator import put
from tests.support import NOW, FixedClock

pytestmark = ONE_CLUSTER
NAMES = [f"user{number:02}" for number in range(23)]  # more than are read in one go

Machines = tuple[PostgresEngine, PostgresEngine]


@pytest.fixture(autouse=True)
def _ten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_AT_ONCE", 10)


def share_key(folder: Path) -> None:
    """As an administrator does, once."""
    shutil.copy(folder / "first" / "key", folder / "second" / "key")


def fill(engine: Engine, names: list[str]) -> None:
    for seed, name in enumerate(names):
        account = add(engine.accounts, name, seed)
        if seed % 5 == 0:
            put(engine.accounts, engine.keyring, name, "JBSWY3DP")
            engine.activity.record(account.uid, "signed in", name)
            use(engine, Verdict(name, record(), account.uid))


def exported(engine: Engine) -> dict[str, bytes]:
    failures: Failures = {}
    contents = dict(export_members(engine, failures, "Backing up", with_key=True))
    assert failures == {}
    return contents


def test_backup_is_of_one_instant_whatever_happens_meanwhile(
    machines: Machines, tmp_path: Path
) -> None:
    first, second = machines
    fill(first, NAMES)
    share_key(tmp_path)
    before = exported(first)
    assert len(before) == len(NAMES) + 2 * 5 + 1
    failures: Failures = {}
    under_way = export_members(first, failures, "Backing up", with_key=True)
    contents = dict([next(under_way)])
    alter(second.accounts, "user00", app_passwords=())
    alter(second.accounts, NAMES[-1], app_passwords=())
    second.accounts.remove("user15")
    add(second.accounts, "user99", 99)
    # Nobody waits for a backup: what it has is sealed under the keys of its own instant.
    assert rotate(second.keyring, second.accounts).reencrypted > 0
    assert drop_old_keys(second.keyring, second.accounts) == 1
    contents.update(under_way)
    assert failures == {}
    assert contents == before
    now = exported(first)
    assert now["key"] != before["key"]
    assert "deleted" in now
    assert "accounts/user15.json" not in now


def test_accounts_are_read_some_at_a_time(machines: Machines) -> None:
    fill(machines[0], NAMES)
    with machines[0].snapshot() as shot:
        batches = shot.documents()
        assert len(next(batches)) == 10
        assert shot.rows("SELECT name FROM pg_cursors WHERE NOT is_holdable") == [("accounts",)]
        assert [len(batch) for batch in batches] == [10, 3]
        assert shot.count() == len(NAMES)


def test_account_that_cannot_be_read_is_named_and_the_rest_backed_up(
    machines: Machines, database: Cluster
) -> None:
    fill(machines[0], ["ada", "grace"])
    database.execute("apppw", "UPDATE apppw.account SET doc = '[]' WHERE name = 'grace'")
    failures: dict[str, StoreError] = {}
    contents = dict(export_members(machines[0], failures, "Backing up", with_key=False))
    assert [*failures] == ["grace"]
    assert "accounts/ada.json" in contents
    assert "accounts/grace.json" not in contents


@pytest.mark.parametrize("into_database", [True, False])
def test_backup_comes_back_in_the_other_engine_with_its_key(
    machines: Machines, tmp_path: Path, clock: FixedClock, *, into_database: bool
) -> None:
    folder = in_folder(tmp_path / "files", clock)[0]
    source, target = (folder, machines[0]) if into_database else (machines[0], folder)
    fill(source, ["ada", "grace"])
    source.deleted_ids.merge({"0" * 32: ["abc"]})
    out = io.BytesIO()
    back_up(out, source, with_key=True, now=NOW, host="mail.example.org")
    out.seek(0)
    aside = target.aside("before-restore", NOW)
    restore = Restore(Archive(out), target, aside, Random(7).randrange, lambda _name: None)
    assert restore.restore_key()
    restore.merge_deleted_ids()
    for name in ("ada", "grace"):
        assert restore.account(name).undecryptable == ()
    account = target.accounts.get("ada")
    assert account is not None
    sealed = account.sealed_values()[AUTHENTICATOR]
    assert target.keyring.decrypt(account.uid, AUTHENTICATOR, sealed).reveal() == "JBSWY3DP"
    assert target.deleted_ids.read().ids == {"0" * 32: {"abc"}}
    ours, theirs = exported(source), exported(target)
    assert ours.keys() == theirs.keys()
    # All but the accounts, whose version and sessions are others by now.
    for name in ours:
        assert name.startswith("accounts/") or ours[name] == theirs[name]
    assert members(out.getvalue()).keys() == {*ours, "manifest.json"}


def test_machine_with_another_key_makes_no_backup_with_the_key(
    machines: Machines, database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    fill(machines[0], ["ada"])
    other = in_postgresql(database.dsn(), tmp_path / "other", clock)[0]
    (tmp_path / "other" / "key").write_bytes(b"A" * 43 + b"=\n")
    (tmp_path / "other" / "key").chmod(0o600)
    with pytest.raises(KeyMissing, match="copy that of another machine"):
        exported(other)
    other.close()
