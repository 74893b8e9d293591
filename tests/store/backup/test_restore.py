"""What a restore brings back, one rule after the other: never more than is safe by now."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.errors import ApppwError, KeyMissing, NotFound, Refused, SessionEnded
from apppw_tui.store.backup.restore import RestoredAccount
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from apppw_tui.store.keyring import dump
from tests.store.backing import Place, Told
from tests.store.making import account_file, tables
from tests.support import NOW


@pytest.fixture
def place(folder: Path) -> Place:
    place = Place(folder)
    place.house.add("ada")
    return place


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    """A store that nobody has used yet."""
    return Place(tmp_path / "other")


def issue(place: Place, *names: str) -> list[str]:
    return [place.house.issue(name, "ada").app_password.id for name in names]


def ids(place: Place) -> set[str]:
    return {password.id for password in place.now().app_passwords}


def came(told: dict[str, Told], name: str = "ada") -> RestoredAccount:
    outcome = told[name]
    assert isinstance(outcome, RestoredAccount)
    assert outcome.account is not None
    return outcome


def refused(told: dict[str, Told], name: str = "ada") -> str:
    error = told[name]
    assert isinstance(error, Refused)
    return str(error)


# --- what comes back, and what does not ------------------------------------------------------


def test_a_lost_store_comes_back_whole(place: Place, empty: Place) -> None:
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


def test_another_account_of_that_name_is_never_replaced(place: Place) -> None:
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
        (place.folder / "activity").mkdir(exist_ok=True)
        (place.folder / "activity" / f"{uid}.jsonl").write_text("")
    made = signed_in(place)
    if known == "something in it":
        place.house.alter("ada", verification_required=True)
    assert refused(place.restore(backup)).startswith("ada is another account by now")
    assert place.now().uid == made.uid


@pytest.mark.parametrize("meanwhile", [False, True])
def test_an_account_that_was_renamed_does_not_come_back_beside_itself(
    place: Place, meanwhile: bool
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
    content = account_file(place.folder).read_text().replace('"schema": "1.', '"schema": "2.')
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


def test_only_the_accounts_that_were_named_come_back(place: Place, empty: Place) -> None:
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


# --- what was deleted stays so ---------------------------------------------------------------


def test_what_was_deleted_since_stays_deleted(place: Place) -> None:
    deleted, kept = issue(place, "Phone", "Tablet")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    outcome = came(place.restore(backup, overwrite=True))
    assert outcome.stay_deleted == {deleted}
    assert ids(place) == {kept}
    assert deleted in place.now().deleted_ids


def test_what_was_deleted_before_an_account_was_removed_stays_deleted(place: Place) -> None:
    (deleted,) = issue(place, "Phone")
    backup = place.backup()
    place.house.operator.delete_app_password("ada", deleted)
    place.store.remove("ada")
    assert came(place.restore(backup)).stay_deleted == {deleted}
    assert ids(place) == set()


def test_to_remove_an_account_deletes_its_app_passwords(place: Place) -> None:
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
    (place.folder / "deleted").unlink()
    came(place.restore(backup, overwrite=True))
    assert ids(place) == {kept}


def test_the_list_comes_back_with_a_backup_and_holds_for_an_older_one(
    place: Place, empty: Place
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


def test_no_id_is_given_twice_after_a_restore(place: Place) -> None:
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


def test_what_was_narrowed_since_stays_so(place: Place) -> None:
    issue(place, "Phone")
    backup = place.backup()
    (password,) = place.now().app_passwords
    narrow = replace(password, scope=("imap",), expires=NOW + timedelta(days=1), name="Old phone")
    place.house.alter("ada", app_passwords=(narrow,))
    came(place.restore(backup, overwrite=True))
    assert place.now().app_passwords == (replace(narrow, name="Phone"),)


# --- the other rules -------------------------------------------------------------------------


@pytest.mark.parametrize(("backed_up", "now"), [(5, 9), (9, 5)])
def test_the_higher_authenticator_step_counts(place: Place, backed_up: int, now: int) -> None:
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


def test_every_session_ends(place: Place) -> None:
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
    place: Place, backed_up: dict[str, object], since: dict[str, object], kept: dict[str, object]
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


@pytest.mark.parametrize("meanwhile", [False, True])
def test_usage_and_activity_come_back_where_there_are_none(
    place: Place, empty: Place, monkeypatch: pytest.MonkeyPatch, meanwhile: bool
) -> None:
    uid = place.now().uid
    for folder, name, content in (
        ("usage", f"{uid}.json", b'{"used": {}}'),
        ("activity", f"{uid}.jsonl", b'{"what": "x"}\n'),
    ):
        (place.folder / folder).mkdir(exist_ok=True)
        (place.folder / folder / name).write_bytes(content)
    backup = place.backup()
    (empty.folder / "usage").mkdir()
    (empty.folder / "usage" / f"{uid}.json").write_bytes(b"newer")
    if meanwhile:  # made only after the restore has looked
        monkeypatch.setattr(Path, "exists", lambda _: False)
    empty.restore(backup)
    files = empty.files()
    assert files[f"usage/{uid}.json"] == b"newer"
    assert files[f"activity/{uid}.jsonl"] == b'{"what": "x"}\n'
    assert not [name for name in files if ".tmp-" in name]
    path = empty.folder / "activity" / f"{uid}.jsonl"
    assert path.stat().st_mode & 0o777 == 0o600


# --- what is sealed --------------------------------------------------------------------------


def opened(place: Place) -> dict[str, str]:
    account = place.now()
    return {
        field: place.keyring.decrypt(account.uid, field, sealed).reveal()
        for field, sealed in account.sealed_values().items()
    }


def seal_something(place: Place) -> dict[str, str]:
    place.house.give_authenticator("ada")
    place.house.give_phone(name="ada")
    return opened(place)


def test_with_its_key_a_backup_opens_in_an_empty_store(place: Place, empty: Place) -> None:
    sealed = seal_something(place)
    came(empty.restore(place.backup(with_key=True)))
    assert opened(empty) == sealed
    assert (empty.folder / "key").read_bytes() == (place.folder / "key").read_bytes()
    assert (empty.folder / "key").stat().st_mode & 0o777 == 0o600


def test_without_its_key_a_backup_says_what_cannot_be_opened(place: Place, empty: Place) -> None:
    seal_something(place)
    outcome = came(empty.restore(place.backup()))
    assert outcome.undecryptable == (*place.now().sealed_values(),)
    assert len(outcome.undecryptable) == 2
    assert not (empty.folder / "key").exists()
    with pytest.raises(KeyMissing):  # and no second key is made
        empty.house.give_phone("office", name="ada")


def test_with_the_older_key_a_backup_is_sealed_anew(place: Place) -> None:
    sealed = seal_something(place)
    backup = place.backup(with_key=True)
    rotate(place.keyring, place.store)
    drop_old_keys(place.keyring, place.store)
    key = (place.folder / "key").read_bytes()
    assert came(place.restore(backup, overwrite=True)).undecryptable == ()
    assert opened(place) == sealed
    assert (place.folder / "key").read_bytes() == key


def test_without_the_older_key_it_is_said(place: Place) -> None:
    seal_something(place)
    backup = place.backup()
    rotate(place.keyring, place.store)
    drop_old_keys(place.keyring, place.store)
    tried = came(place.restore(backup, overwrite=True, dry_run=True))
    assert len(tried.undecryptable) == 2
    assert len(came(place.restore(backup, overwrite=True)).undecryptable) == 2


def test_another_key_is_not_put_where_the_stores_own_is_missing(place: Place, empty: Place) -> None:
    seal_something(place)
    empty.house.add("eve")
    empty.house.give_phone(name="eve")
    (empty.folder / "key").unlink()
    with pytest.raises(KeyMissing, match="put the store's own back first"):
        empty.restore(place.backup(with_key=True))
    assert not (empty.folder / "key").exists()


def test_the_right_key_is_put_back_where_it_is_missing(place: Place) -> None:
    sealed = seal_something(place)
    backup = place.backup(with_key=True)
    (place.folder / "key").unlink()
    assert place.restoring(backup).restore_key()
    assert opened(place) == sealed


def test_a_damaged_key_in_the_store_is_left_alone(place: Place, empty: Place) -> None:
    seal_something(place)
    (empty.folder / "key").write_text("half of a key\n")
    (empty.folder / "key").chmod(0o600)
    with pytest.raises(ApppwError, match="holds something that is no key"):
        empty.restore(place.backup(with_key=True))
    assert (empty.folder / "key").read_text() == "half of a key\n"


def test_several_keys_come_back_in_their_order(place: Place, empty: Place) -> None:
    seal_something(place)
    rotate(place.keyring, place.store)
    empty.restore(place.backup(with_key=True))
    ring = empty.keyring.read()
    assert ring is not None
    assert len(ring.keys) == 2
    assert dump(ring) == (place.folder / "key").read_bytes()
