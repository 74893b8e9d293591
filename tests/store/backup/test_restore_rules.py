"""What a restore never undoes: deletions, closed doors, spent codes and the end of sessions."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.errors import SessionEnded, StoreDamaged
from apppw_tui.domain.scopes import IMAP, SMTP
from apppw_tui.domain.usage import LastUse, UsageRecord
from apppw_tui.store.folder.activity import FolderActivityLog
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.store.folder.usage_book import FolderUsageBook
from apppw_tui.store.folder.usage_ledger import UsageLedger
from tests.store.backing import AnyPlace, Place
from tests.store.backup.restoring import BETWEEN_ENGINES, ON_ALL_ENGINES, came, ids, issue
from tests.store.making import account_file
from tests.support import NOW

# --- what was deleted stays so ---------------------------------------------------------------


@ON_ALL_ENGINES
def test_what_was_deleted_since_stays_deleted(place: AnyPlace) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    outcome = came(place.restore(backup, overwrite=True))
    assert outcome.stay_deleted == {deleted}
    assert ids(place) == {kept}
    assert deleted in place.now().deleted_ids


@ON_ALL_ENGINES
def test_what_was_deleted_before_an_account_was_removed_stays_deleted(place: AnyPlace) -> None:
    (deleted,) = issue(place, "Phone")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    place.store.remove("ada")
    assert came(place.restore(backup)).stay_deleted == {deleted}
    assert ids(place) == set()


@ON_ALL_ENGINES
def test_to_remove_an_account_deletes_its_app_passwords(place: AnyPlace) -> None:
    both = set(issue(place, "Phone", "Tablet"))
    backup = place.backup()
    place.store.remove("ada")
    came(place.restore(backup))
    assert ids(place) == set()
    assert place.now().deleted_ids == both


def test_what_was_deleted_stays_so_where_the_account_is_damaged(place: Place) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    account_file(place.folder).write_text("")
    came(place.restore(backup))
    assert ids(place) == {kept}


def test_what_was_deleted_stays_so_though_the_list_is_lost(place: Place) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    shutil.rmtree(place.folder / "ledger")
    came(place.restore(backup, overwrite=True))
    assert ids(place) == {kept}


def test_where_the_list_is_damaged_only_who_wants_it_back_restores(place: Place) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    shutil.rmtree(place.folder / "ledger")
    (place.folder / "ledger").mkdir(0o700)
    (place.folder / "ledger" / "deleted.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(StoreDamaged, match="is damaged; it was left alone"):
        place.restore(backup, overwrite=True)
    assert ids(place) == {kept}
    came(place.restore(backup, bring_back=True))
    assert ids(place) == {deleted, kept}


@BETWEEN_ENGINES
def test_the_list_comes_back_with_a_backup_and_holds_for_an_older_one(
    place: AnyPlace, empty: AnyPlace
) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    older = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    place.store.remove("ada")
    newer = place.backup()
    assert empty.restore(newer) == {}
    came(empty.restore(older))
    assert ids(empty) == set()
    assert kept in empty.now().deleted_ids


def test_who_is_removed_while_a_restore_runs_stays_without_app_passwords(place: Place) -> None:
    issue(place, "Phone")
    backup = place.backup()
    account_file(place.folder).write_text("")
    restore = place.restoring(backup)
    restore.merge_deleted_ids()
    account_file(place.folder).unlink()
    came(place.restore(backup))  # another restore
    place.store.remove("ada")
    restore.account("ada")
    assert ids(place) == set()


@ON_ALL_ENGINES
def test_no_id_is_given_twice_after_a_restore(place: AnyPlace) -> None:
    backup = place.backup()
    made = set(issue(place, "Phone", "Tablet"))
    came(place.restore(backup, overwrite=True))
    assert made <= place.now().used_ids


def test_what_was_made_since_goes_and_its_sessions_end(place: Place) -> None:
    (kept,) = issue(place, "Phone")
    backup = place.backup()
    (made,) = issue(place, "Laptop")
    outcome = came(place.restore(backup, overwrite=True))
    assert outcome.gone == {made}
    assert ids(place) == {kept}
    assert place.ended == ["ada"]
    account_file(place.folder).unlink()
    came(place.restore(backup))
    assert ids(place) == {kept}


@ON_ALL_ENGINES
def test_what_was_narrowed_since_stays_so(place: AnyPlace) -> None:
    issue(place, "Phone")
    backup = place.backup()
    (password,) = place.now().app_passwords
    narrow = replace(
        password,
        scope=("imap",),
        expires=NOW + timedelta(days=1),
        networks=("192.0.2.0/24",),
        paused=True,
        name="Old phone",
    )
    place.house.alter("ada", app_passwords=(narrow,))
    came(place.restore(backup, overwrite=True))
    assert place.now().app_passwords == (replace(narrow, name="Phone"),)


# --- the other rules -------------------------------------------------------------------------


@ON_ALL_ENGINES
@pytest.mark.parametrize(("backed_up", "now"), [(5, 9), (9, 5)])
def test_the_higher_authenticator_step_counts(place: AnyPlace, backed_up: int, now: int) -> None:
    place.house.give_authenticator("ada")
    for step in (backed_up, now):
        app = place.now().authenticator
        assert app is not None
        if step == now:
            backup = place.backup()
        place.house.alter("ada", authenticator=replace(app, last_step=step))
    came(place.restore(backup, overwrite=True))
    app = place.now().authenticator
    assert app is not None
    assert app.last_step == 9


def test_recovery_codes_are_void(place: Place) -> None:
    place.house.give_recovery_codes("ada")
    backup = place.backup()
    account_file(place.folder).unlink()
    assert came(place.restore(backup)).codes_void
    assert place.now().recovery is None


def test_a_bypass_is_closed(place: Place) -> None:
    place.house.operator.bypass("ada", 60)
    backup = place.backup()
    account_file(place.folder).unlink()
    came(place.restore(backup))
    assert place.now().bypass_until is None


@ON_ALL_ENGINES
def test_every_session_ends(place: AnyPlace) -> None:
    backup = place.backup()
    place.house.operator.require_verification("ada")
    session, before = place.house.session("ada"), place.now()
    came(place.restore(backup, overwrite=True))
    assert place.now().session_generation == before.session_generation + 1
    assert place.now().version == before.version + 1
    with pytest.raises(SessionEnded):
        place.house.portal.account(session)


@pytest.mark.parametrize("how", ["removed", "damaged"])
def test_a_session_from_before_an_account_was_lost_does_not_go_on(place: Place, how: str) -> None:
    backup = place.backup()
    place.house.operator.require_verification("ada")  # one more than the backup knows of
    session, before = place.house.session("ada"), place.now()
    if how == "removed":
        place.store.remove("ada")
    else:
        account_file(place.folder).write_text("")
    came(place.restore(backup))
    assert place.now().version > before.version
    with pytest.raises(SessionEnded):
        place.house.portal.account(session)


@ON_ALL_ENGINES
@pytest.mark.parametrize(
    ("backed_up", "since", "kept"),
    [
        ({"enabled": True}, {"enabled": False}, {"enabled": False}),
        ({"enabled": False}, {"enabled": True}, {"enabled": False}),
        (
            {"verification_required": False},
            {"verification_required": True},
            {"verification_required": True},
        ),
        ({"enforced_from": None}, {"enforced_from": NOW}, {"enforced_from": NOW}),
        ({"enforced_from": NOW}, {"enforced_from": None}, {"enforced_from": NOW}),
    ],
)
def test_what_was_closed_or_required_stays_so(
    place: AnyPlace, backed_up: dict[str, object], since: dict[str, object], kept: dict[str, object]
) -> None:
    place.house.alter("ada", **backed_up)
    backup = place.backup()
    place.house.alter("ada", **since, appearance="nord")
    came(place.restore(backup, overwrite=True))
    assert {key: getattr(place.now(), key) for key in kept} == kept


def test_what_was_there_is_kept(place: Place) -> None:
    backup = place.backup()
    place.house.add("ben")
    issue(place, "Phone")
    before = account_file(place.folder).read_bytes()
    came(place.restore(backup, overwrite=True))
    (aside,) = place.folder.glob("before-restore-*")
    assert aside.name == "before-restore-20261122T120000Z"
    (kept,) = (path for path in aside.rglob("*") if path.is_file())
    assert kept == aside / "accounts" / "ada.json"
    assert kept.read_bytes() == before
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (aside, kept.parent)} == {0o700}
    issue(place, "Laptop")
    came(place.restore(backup, overwrite=True))  # in the same second
    assert len([*place.folder.glob("before-restore-*")]) == 2
    assert kept.read_bytes() == before


def test_where_nothing_was_nothing_is_kept(place: Place, empty: Place) -> None:
    empty.restore(place.backup())
    assert not [*empty.folder.glob("before-restore-*")]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("meanwhile", [False, True])
def test_usage_and_activity_come_back_where_there_are_none(
    place: Place, empty: Place, monkeypatch: pytest.MonkeyPatch, meanwhile: bool, there: bool
) -> None:
    uid = place.now().uid
    before = UsageRecord({("abc", IMAP): LastUse(NOW, IMAP)})
    newer = UsageRecord({("xyz", SMTP): LastUse(NOW, SMTP)})
    with UsageLedger(place.folder).transaction() as usage:
        usage.save(uid, UsageRecord(), before)
    FolderActivityLog(place.folder, place.clock).record(uid, "x", "ada")
    backup = place.backup()
    if there:
        with UsageLedger(empty.folder).transaction() as usage:
            usage.save(uid, UsageRecord(), newer)
        FolderActivityLog(empty.folder, empty.clock).record(uid, "y", "ada")
    if meanwhile:  # made only after the restore has looked
        monkeypatch.setattr(Path, "exists", lambda _: False)
    empty.restore(backup)
    files = empty.files()
    FolderUsage(empty.folder, empty.store, empty.clock).flush()
    book = FolderUsageBook(empty.folder, empty.clock)
    assert book.record(uid) == (newer if there else before)
    (found,) = FolderActivityLog(empty.folder, empty.clock).read(uid)
    assert found.event == ("y" if there else "x")
    assert not [name for name in files if ".tmp-" in name]
