"""What a restore brings back, one rule after the other: never more than is safe by now."""

from dataclasses import replace
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError, NotFound, Refused
from apppw_tui.domain.ssh_key import SshKey
from apppw_tui.store.backup.restore import RestoredAccount
from apppw_tui.store.folder.activity import FolderActivityLog
from tests.store.backing import AnyPlace, Place
from tests.store.backup.restoring import BETWEEN_ENGINES, ON_ALL_ENGINES, came, ids, issue, refused
from tests.store.making import account_file, alter, tables
from tests.support import KEY, NOW, OTHER_KEY

# --- what comes back, and what does not ------------------------------------------------------


@BETWEEN_ENGINES
def test_a_lost_store_comes_back_whole(place: AnyPlace, empty: AnyPlace) -> None:
    issue(place, "Phone", "Tablet")
    place.house.add("ben")
    empty.restore(place.backup())
    assert empty.store.list_names() == ["ada", "ben"]
    before, now = place.now(), empty.now()
    assert (
        replace(now, version=before.version, session_generation=before.session_generation) == before
    )


def test_an_account_as_it_was_backed_up_is_left_alone(place: Place) -> None:
    issue(place, "Phone")
    before = place.files()
    assert place.restore(place.backup()) == {"ada": RestoredAccount("ada")}
    assert place.restore(place.backup(), overwrite=True) == {"ada": RestoredAccount("ada")}
    assert place.files() == before


def test_what_is_newer_in_the_store_is_refused(place: Place) -> None:
    backup = place.backup()
    issue(place, "Phone")
    before = place.files()
    said = refused(place.restore(backup))
    assert said == "ada has changed since the backup; --overwrite brings the older one back."
    assert place.files() == before


def test_what_is_older_in_the_store_comes_back(place: Place) -> None:
    old = account_file(place.folder).read_bytes()
    (id_,) = issue(place, "Phone")
    backup = place.backup()
    account_file(place.folder).write_bytes(old)  # a disk that was set back
    assert came(place.restore(backup)).account == place.now()
    assert ids(place) == {id_}


@ON_ALL_ENGINES
def test_another_account_of_that_name_is_never_replaced(place: AnyPlace) -> None:
    backup = place.backup()
    place.store.remove("ada")
    second = place.house.add("ada")
    for overwrite in (False, True):
        said = refused(place.restore(backup, overwrite=overwrite))
        assert said.startswith("ada is another account by now")
    assert place.now() == second


def signed_in(place: Place) -> Account:
    """As the portal makes an account where Dovecot knows its password."""
    account = Account.new("ada", None, NOW)
    with place.store.transaction("ada", None) as change:
        change.account = account
    return account


def test_who_signs_in_while_a_lost_store_comes_back_keeps_nothing_from_it(
    place: Place, empty: Place
) -> None:
    (id_,) = issue(place, "Phone")
    backup, before = place.backup(), place.now()
    made = signed_in(empty)
    outcome = came(empty.restore(backup))
    assert outcome.account is not None
    assert (empty.now().uid, ids(empty)) == (before.uid, {id_})
    # What was there is kept aside, and a session of it changes nothing any more.
    (aside,) = empty.folder.glob("before-restore-*")
    assert any(made.uid in kept.read_text() for kept in aside.rglob("*") if kept.is_file())
    with pytest.raises(NotFound), empty.store.transaction("ada", made.uid):
        pass


@pytest.mark.parametrize("known", ["app password", "activity", "something in it"])
def test_who_signed_in_after_a_removal_inherits_nothing(place: Place, known: str) -> None:
    if known == "app password":
        issue(place, "Phone")
    backup, uid = place.backup(), place.now().uid
    place.store.remove("ada")
    if known == "activity":
        FolderActivityLog(place.folder, place.clock).record(uid, "x", "ada")
    made = signed_in(place)
    if known == "something in it":
        place.house.alter("ada", verification_required=True)
    assert refused(place.restore(backup)).startswith("ada is another account by now")
    assert place.now().uid == made.uid


@ON_ALL_ENGINES
@pytest.mark.parametrize("meanwhile", [False, True])
def test_an_account_that_was_renamed_does_not_come_back_beside_itself(
    place: AnyPlace, meanwhile: bool
) -> None:
    issue(place, "Phone")
    place.house.add("ben")
    restore = place.restoring(place.backup())
    if meanwhile:
        place.store.remove("ben")
        restore.account("ben")  # the restore has looked around
    renamed = place.house.operator.rename("ada", "grace")
    with pytest.raises(Refused) as error:
        restore.account("ada")
    assert str(error.value) == (
        "ada is called grace by now; rename that back first, if it is to come back."
    )
    assert place.store.list_names() == ["ben", "grace"]
    assert place.now("grace") == renamed


def test_a_renamed_account_keeps_its_app_passwords_in_a_restore(place: Place) -> None:
    kept = set(issue(place, "Phone"))
    place.house.operator.rename("ada", "grace")
    backup = place.backup()
    account_file(place.folder, "grace").write_text("")
    came(place.restore(backup), "grace")
    assert {password.id for password in place.now("grace").app_passwords} == kept


def test_a_damaged_account_comes_back(place: Place) -> None:
    (id_,) = issue(place, "Phone")
    backup = place.backup()
    account_file(place.folder).write_text("{")
    came(place.restore(backup))
    assert ids(place) == {id_}


def test_what_a_newer_program_wrote_is_left_alone(place: Place) -> None:
    backup = place.backup()
    content = account_file(place.folder).read_text().replace('"schema": "1.', '"schema": "3.')
    account_file(place.folder).write_text(content)
    said = refused(place.restore(backup, overwrite=True))
    assert said == "ada was written by a newer apppw-tui; it was left alone."
    assert account_file(place.folder).read_text() == content


def test_what_a_newer_minor_schema_has_comes_back_too(place: Place) -> None:
    path = account_file(place.folder)
    content = path.read_text().replace('"schema": "1.', '"later": {"1": {"a": 1}}, "x": 1, "')
    content = content.replace('"later"', '"schema": "1.9", "later"')
    content = content.replace(content[content.index('"x": 1, "') : content.index('"name"')], "")
    path.write_text(content)
    backup = place.backup()
    path.unlink()
    came(place.restore(backup))
    (head,) = tables(place.folder)["account"].values()
    assert head["schema"] == "1.9"
    assert head["later"] == {"1": {"a": 1}}


@BETWEEN_ENGINES
def test_only_the_accounts_that_were_named_come_back(place: AnyPlace, empty: AnyPlace) -> None:
    place.house.add("ben")
    told = empty.restore(place.backup(), ["ben", "eve"])
    assert empty.store.list_names() == ["ben"]
    assert isinstance(told["eve"], NotFound)
    assert str(told["eve"]) == "There is no account eve in the backup."


def test_a_link_in_the_place_of_an_account_is_not_replaced(place: Place, tmp_path: Path) -> None:
    backup, path = place.backup(), account_file(place.folder)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    told = place.restore(backup, overwrite=True)
    assert isinstance(told["ada"], ApppwError)
    assert "is a symbolic link" in str(told["ada"])
    assert path.is_symlink()


def test_on_trial_everything_is_told_and_nothing_changed(place: Place) -> None:
    deleted, _ = issue(place, "Phone", "Tablet")
    place.house.give_recovery_codes("ada")
    place.house.add("ben")
    backup = place.backup()
    place.store.remove("ben")
    place.house.operator.delete_app_password("ada", deleted)
    issue(place, "Laptop")
    before = place.files()
    tried = place.restore(backup, overwrite=True, dry_run=True)
    assert place.files() == before
    assert place.ended == []
    assert tried == place.restore(backup, overwrite=True)
    assert place.files() != before


def test_restored_keys_are_recognized_again_unless_another_account_has_them(
    place: Place, empty: Place
) -> None:
    own = [SshKey(key.fingerprint, key.type, key.fingerprint[-4:], NOW) for key in (KEY, OTHER_KEY)]
    alter(place.store, ssh_keys=tuple(own))
    backup = place.backup()
    empty.engine.key_index.put(OTHER_KEY.fingerprint, "grace")
    came(empty.restore(backup))
    assert empty.now().ssh_keys == tuple(own)
    assert empty.engine.key_index.get(KEY.fingerprint) == "ada"
    assert empty.engine.key_index.get(OTHER_KEY.fingerprint) == "grace"
