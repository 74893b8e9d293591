"""SAFETY 9: what every engine promises, whatever keeps it."""

import io
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain import deleted_ids, key_set
from apppw_tui.domain.activity import ActivityEntry, EventType
from apppw_tui.domain.errors import (
    DecryptionFailed,
    InvalidName,
    NameTaken,
    NotFound,
    Refused,
    StoreDamaged,
    StoreError,
)
from apppw_tui.domain.ports import AccountStore, fail
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import SHOWN_DAYS, LastUse, Used
from apppw_tui.store.backup.members import (
    DELETED,
    KEY,
    account_member,
    export_members,
    import_account,
)
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.restore import Restore, RestoreRules
from apppw_tui.store.backup.writer import back_up
from apppw_tui.store.documents import loads
from apppw_tui.store.engine import Engine
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from apppw_tui.store.memory_engine import MemoryEngine
from tests.store.backing import members
from tests.store.engines import in_folder
from tests.store.folder.using import PHONE, Verdict, use
from tests.store.making import add, alter, new_account, record, touch, version_of
from tests.store.rotator import opened, put
from tests.support import NOW, FixedClock


@pytest.fixture
def store(engine: Engine) -> AccountStore:
    return engine.accounts


def test_an_empty_store_knows_nobody(store: AccountStore) -> None:
    assert store.list_names() == []
    assert store.get("ada") is None
    assert version_of(store, "ada") is None


def test_what_was_written_is_read_again_in_full(store: AccountStore) -> None:
    full = replace(
        new_account("ada@example.org"),
        session_generation=7,
        enabled=False,
        appearance="nord",
        deleted_ids=frozenset({"000", "zzz"}),
        app_passwords=(
            record("abc", "Phone"),
            replace(record("abd", "[b]\u624b\u673a \U0001f4f1"), scope=("imap", "smtp")),
            replace(record("abe", "Car"), expires=NOW + timedelta(microseconds=1)),
            replace(record("abf", "Bus"), paused=True),
            replace(record("abg", "Ship"), networks=("192.0.2.0/24", "::1")),
        ),
    )
    with store.transaction(full.name, None) as change:
        assert change.account is None
        change.account = full
    assert store.get(full.name) == full
    assert version_of(store, full.name) == full.version


def test_names_are_sorted(store: AccountStore) -> None:
    for seed, name in enumerate(("grace", "ada@example.org", "ada", "ada.b")):
        add(store, name, seed)
    assert store.list_names() == ["ada", "ada.b", "ada@example.org", "grace"]


def test_every_change_raises_the_version_by_itself(store: AccountStore) -> None:
    account = add(store)
    seen = [account.version]
    for appearance in ("nord", "dark", "nord"):
        touch(store, account, appearance)
        version = version_of(store, "ada")
        assert version is not None
        seen.append(version)
    assert seen == sorted(set(seen))
    found = store.get("ada")
    assert found is not None
    assert found.version == seen[-1]
    assert found.appearance == "nord"


def test_a_change_cannot_set_the_version_back(store: AccountStore) -> None:
    account = add(store)
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing, version=0, appearance="nord")
    assert version_of(store, "ada") == account.version + 1


def test_a_block_that_changes_nothing_does_not_raise_the_version(store: AccountStore) -> None:
    account = add(store)
    with store.transaction("ada", account.uid):
        pass
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing)
    assert version_of(store, "ada") == account.version
    assert store.get("ada") == account


def test_a_block_that_creates_nothing_makes_no_account(store: AccountStore) -> None:
    with store.transaction("ada", None):
        pass
    assert store.get("ada") is None
    assert store.list_names() == []


def test_an_exception_in_the_block_writes_nothing_and_comes_out(store: AccountStore) -> None:
    account = add(store)

    def fail(name: str, uid: str | None) -> None:
        with store.transaction(name, uid) as change:
            change.account = replace(new_account(name), session_generation=99)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail("ada", account.uid)
    with pytest.raises(ZeroDivisionError):
        fail("grace", None)
    assert store.get("ada") == account
    assert store.list_names() == ["ada"]


def test_after_an_exception_the_lock_is_free_again(store: AccountStore) -> None:
    account = add(store)
    with pytest.raises(ZeroDivisionError), store.transaction("ada", account.uid):
        raise ZeroDivisionError
    touch(store, account, "nord")
    assert version_of(store, "ada") == account.version + 1


def test_a_change_starts_from_what_stands_and_not_from_what_was_read(store: AccountStore) -> None:
    account = add(store)
    touch(store, account, "nord")
    with store.transaction("ada", account.uid) as change:
        assert change.existing.appearance == "nord"


def test_an_account_cannot_be_created_twice(store: AccountStore) -> None:
    account = add(store)
    with pytest.raises(NameTaken, match="already an account ada"), store.transaction("ada", None):
        pytest.fail("the block must not run")
    assert store.get("ada") == account


@pytest.mark.parametrize("uid", ["0" * 32, "", "abc"])
def test_a_change_for_another_uid_is_refused_and_changes_nothing(
    store: AccountStore, uid: str
) -> None:
    account = add(store)
    with pytest.raises(NotFound, match="ada is gone"), store.transaction("ada", uid):
        pytest.fail("the block must not run")
    assert store.get("ada") == account


def test_a_late_change_of_a_removed_account_creates_nothing(store: AccountStore) -> None:
    account = add(store)
    store.remove("ada")
    with pytest.raises(NotFound, match="ada is gone"), store.transaction("ada", account.uid):
        pytest.fail("the block must not run")
    assert store.get("ada") is None
    assert store.list_names() == []


def test_what_belongs_to_a_change_is_written_once_and_not_where_it_is_refused(
    store: AccountStore,
) -> None:
    account = add(store)
    written: list[str] = []
    with store.transaction("ada", account.uid) as change:
        change.account = replace(change.existing, appearance="nord")
        change.records.append(lambda: written.append("changed"))
        assert written == []
    with store.transaction("ada", account.uid) as change:
        change.records.append(lambda: written.append("nothing new"))
    with suppress(LookupError), store.transaction("ada", account.uid) as change:
        change.records.append(lambda: written.append("refused"))
        raise LookupError
    with pytest.raises(NotFound):
        store.remove("grace", [lambda: written.append("nobody")])
    present = store.get("ada")
    assert present is not None
    renamed = store.rename(
        present,
        "ida",
        lambda _present, _left: replace(present, name="ida"),
        [lambda: written.append("renamed")],
    )
    store.remove(renamed.name, [lambda: written.append("removed")])
    assert written == ["changed", "nothing new", "renamed", "removed"]


def test_names_are_told_one_by_one_and_whether_there_is_any(store: AccountStore) -> None:
    assert (store.has_accounts(), [*store.each_name()]) == (False, [])
    for seed, name in enumerate(("grace", "ada", "ada@example.org")):
        add(store, name, seed)
    assert store.has_accounts()
    assert sorted(store.each_name()) == ["ada", "ada@example.org", "grace"]


def test_a_removed_account_is_gone(store: AccountStore) -> None:
    add(store)
    add(store, "grace", seed=2)
    store.remove("ada")
    assert store.get("ada") is None
    assert version_of(store, "ada") is None
    assert store.list_names() == ["grace"]


@pytest.mark.parametrize("name", ["grace", "Ada", "", "../x", "a\x1b[31m"])
def test_what_is_not_there_cannot_be_removed(store: AccountStore, name: str) -> None:
    add(store)
    with pytest.raises(NotFound):
        store.remove(name)
    assert store.list_names() == ["ada"]


def test_made_again_under_the_same_name_it_is_another_account(store: AccountStore) -> None:
    first = add(store)
    touch(store, first, "nord")
    seen = {first.version, first.version + 1}
    store.remove("ada")
    second = add(store, seed=2)
    assert version_of(store, "ada") not in seen
    found = store.get("ada")
    assert found is not None
    assert found.uid == second.uid != first.uid
    assert found.appearance is None
    with pytest.raises(NotFound), store.transaction("ada", first.uid):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("name", ["Ada", "", "../x", "/x", "ada/../x", "ada\n", "\u00e4"])
def test_a_name_that_is_none_is_unknown_and_cannot_be_created(
    store: AccountStore, name: str, tmp_path: Path
) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert store.get(name) is None
    assert version_of(store, name) is None
    for uid in (None, "0" * 32):
        with pytest.raises(InvalidName), store.transaction(name, uid):
            pytest.fail("the block must not run")
    assert store.list_names() == []
    assert sorted(tmp_path.rglob("*")) == before


def test_what_anybody_has_sealed_is_known_for_good(engine: Engine) -> None:
    store = engine.accounts
    add(store)
    add(store, "grace", seed=2)
    assert not store.has_sealed_values()
    put(store, engine.keyring, "grace", "x")
    assert store.has_sealed_values()
    store.remove("grace")
    assert not store.has_sealed_values()


def test_each_account_is_read_and_of_others_it_is_told(engine: Engine) -> None:
    accounts = [add(engine.accounts, name, seed) for seed, name in enumerate(("ada", "grace"))]
    failures: dict[str, Exception] = {}
    seen = engine.accounts.each(failures.__setitem__)
    assert sorted(seen, key=lambda account: account.name) == accounts
    assert failures == {}


def test_a_whole_document_is_replaced_by_another_and_by_nothing_else(engine: Engine) -> None:
    store = engine.accounts
    ada = add(store)
    content = store.read_raw("ada").content
    assert content is not None
    touch(store, ada, "nord")
    with store.raw_transaction("ada") as raw:
        assert raw.account == store.get("ada")
        raw.tables = loads(content)
    assert (store.get("ada"), store.read_raw("ada").content) == (ada, content)
    with pytest.raises(StoreDamaged), store.raw_transaction("ada") as raw:
        raw.tables = {}
    assert store.get("ada") == ada
    assert store.read_raw("nobody").content is None


# --- what is deleted --------------------------------------------------------------------------


def test_what_is_deleted_or_removed_stays_known(engine: Engine) -> None:
    ada = add(engine.accounts)
    alter(engine.accounts, app_passwords=(), deleted_ids=frozenset({"abc"}))
    grace = add(engine.accounts, "grace", seed=2)
    engine.accounts.remove("grace")
    assert engine.deleted_ids.read().ids == {ada.uid: {"abc"}, grace.uid: {"abc"}}
    seen = engine.deleted_ids.read().until
    engine.deleted_ids.merge({ada.uid: ["abc", "abd"]})
    assert engine.deleted_ids.read(seen).ids == {ada.uid: {"abd"}}


def test_what_was_deleted_since_is_not_restored(engine: Engine, clock: FixedClock) -> None:
    add(engine.accounts)
    out = io.BytesIO()
    back_up(out, engine, with_key=False, now=NOW, host="mail.example.org")
    engine.accounts.remove("ada")
    ended: list[str] = []
    restore = Restore(
        Archive(io.BytesIO(out.getvalue())),
        engine,
        engine.aside("before", NOW),
        Random(1).randrange,
        ended.append,
    )
    restore.merge_deleted_ids()
    assert restore.account("ada").stay_deleted == {"abc"}
    account = engine.accounts.get("ada")
    assert account is not None
    assert account.app_passwords == ()
    with pytest.raises(Refused, match="changed since"):
        restore.account("ada")
    assert restore.aside.place is None
    replace(restore, rules=RestoreRules(overwrite=True)).account("ada")
    assert restore.aside.place is not None


def test_from_engine_to_engine_and_back_no_byte_is_another(
    engine: Engine, tmp_path: Path, clock: FixedClock
) -> None:
    first, second, third = (
        in_folder(tmp_path / "first", clock)[0],
        engine,
        in_folder(tmp_path / "third", clock)[0],
    )
    for seed, name in enumerate(("ada", "grace@example.org")):
        account = add(first.accounts, name, seed)
        put(first.accounts, first.keyring, name, "x")
        first.activity.record(account.uid, "signed in", name, address="192.0.2.7")
        use(first, Verdict(name, record(), account.uid))
    first.deleted_ids.merge({"0" * 32: ["abc"]})
    copy(first, second)
    copy(second, third)
    backups = [back_up_of(engine) for engine in (first, second, third)]
    assert len(backups[0]) == 2 * 3 + 2
    assert backups[0] == backups[1] == backups[2]


def copy(source: Engine, target: Engine) -> None:
    failures: dict[str, StoreError] = {}
    contents = dict(export_members(source, failures, "Copying", with_key=True))
    assert failures == {}
    for account in source.accounts.each(fail):
        with import_account(target, account.name, account.uid, contents.get) as raw:
            raw.tables = loads(contents[account_member(account.name)])
    target.deleted_ids.merge(deleted_ids.parse(contents[DELETED]).ids)
    with target.keyring.locked():
        target.keyring.write(key_set.parse(contents[KEY], KEY))


def back_up_of(engine: Engine) -> dict[str, bytes]:
    """The members of a backup of it, without the manifest."""
    out = io.BytesIO()
    assert back_up(out, engine, with_key=True, now=NOW, host="mail.example.org").failures == {}
    contents = members(out.getvalue())
    del contents["manifest.json"]
    return contents


# --- the keys ---------------------------------------------------------------------------------

UID, FIELD = "1" * 32, "authenticator"


@pytest.mark.parametrize("text", ["JBSWY3DPEHPK3PXP", "", "+4915123456789", "\u624b\ud800 \x00"])
def test_what_was_sealed_opens_for_the_same_field_and_account_alone(
    engine: Engine, text: str
) -> None:
    sealed = engine.keyring.encrypt(UID, FIELD, Secret(text))
    assert sealed.isascii()
    assert sealed.isprintable()
    assert sealed != engine.keyring.encrypt(UID, FIELD, Secret(text))
    assert engine.keyring.decrypt(UID, FIELD, sealed).reveal() == text
    for uid, field in (("2" * 32, FIELD), (UID, "phone office"), (UID + FIELD, ""), (FIELD, UID)):
        with pytest.raises(DecryptionFailed):
            engine.keyring.decrypt(uid, field, sealed)
    with pytest.raises(DecryptionFailed):
        MemoryEngine(FixedClock()).keyring.decrypt(UID, FIELD, sealed)


def test_another_key_seals_everything_anew(engine: Engine) -> None:
    ada = add(engine.accounts)
    put(engine.accounts, engine.keyring, "ada", "x")
    old = engine.keyring.require()
    assert rotate(engine.keyring, engine.accounts).reencrypted == 1
    assert drop_old_keys(engine.keyring, engine.accounts) == 1
    account = engine.accounts.get("ada")
    assert account is not None
    assert opened(account, engine.keyring) == ["x", "x"]
    assert not old.can_decrypt(ada.uid, FIELD, account.sealed_values()[FIELD])


# --- what is counted and told -----------------------------------------------------------------


def test_uses_are_kept_under_the_uid_and_the_id(engine: Engine) -> None:
    ada = add(engine.accounts)
    assert use(engine, PHONE) == ["Phone"]
    assert use(engine, Verdict("ada", replace(record(), name="Old name"))) == []
    last = LastUse(NOW, IMAP, "192.0.2.7")
    assert engine.usage.read(ada.uid) == Used.of([("abc", last)], None)
    assert engine.usage.knows(ada.uid)
    today = NOW.date()
    assert engine.usage.per_day(ada.uid, today) == {"abc": (*[0] * (SHOWN_DAYS - 1), 2)}
    assert engine.usage.per_day(ada.uid, today + timedelta(days=SHOWN_DAYS)) == {}
    engine.accounts.remove("ada")
    engine.usage.forget(ada.uid)
    assert use(engine, PHONE) == []
    other = add(engine.accounts, seed=2)
    assert use(engine, PHONE) == []
    assert [engine.usage.read(account.uid) for account in (ada, other)] == [Used(), Used()]
    assert engine.usage.per_day(ada.uid, today) == {}


def test_events_are_read_by_account_and_followed(engine: Engine, clock: FixedClock) -> None:
    log, other = engine.activity, "f" * 32
    log.record(UID, "x", "ada", address="192.0.2.7", later="key")
    entry = ActivityEntry(NOW, "x", "ada", {"address": "192.0.2.7", "later": "key"})
    assert (log.read(UID), log.read(other)) == ([entry], [])
    everybody, one_of_them = log.tail(None), log.tail(frozenset({UID}))
    clock.advance(1)
    for uid, what in ((UID, "a"), (other, "b")):
        log.record(uid, what, "ada")
    assert [(uid, news.event) for uid, news in everybody()] == [(UID, "a"), (other, "b")]
    assert [news.event for _, news in one_of_them()] == ["a"]
    assert everybody() == one_of_them() == []
    assert [uid for uid, _ in log.read_all()] == [UID, UID, other]
    assert log.knows(other)
    assert not log.knows("2" * 32)


def test_messages_wait_in_their_order_for_whoever_sends_alone(engine: Engine) -> None:
    queue, ada = engine.notices, new_account()
    entry = ActivityEntry(NOW, EventType.USED_NEW, "the server", {"name": "Phone"})
    wanted = [str(number) for number in range(20)]
    for what in wanted:
        queue.put(replace(ada, uid=f"{int(what) * 7 % 20:032x}"), replace(entry, event=what))
    assert [message.entry.event for message in queue.due(NOW)] == wanted
    message, *others = queue.due(NOW)
    for other in others:
        queue.remove(other)
    later = replace(message.tried(NOW, timedelta(minutes=5)), summed=True, how="exit code 75")
    queue.keep(later)
    assert queue.read(message.file) == later
    assert list(queue.due(NOW + timedelta(minutes=4))) == []
    assert list(queue.due(NOW + timedelta(minutes=5))) == [later]
    assert list(queue.due(NOW - timedelta(days=1))) == [later]
    with queue.alone() as first, queue.alone() as second:
        assert (first, second) == (True, False)
