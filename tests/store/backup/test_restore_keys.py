"""Keys in a backup: what is sealed opens again, and no key is put over another."""

import pytest

from apppw_tui.domain.errors import ApppwError, KeyMissing
from apppw_tui.domain.key_set import dump
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from tests.store.backing import Place
from tests.store.backup.restoring import came

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
