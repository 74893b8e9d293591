"""Several machines on one database, and what each of its roles may."""

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import LiteralString

import pytest

from apppw_tui.domain.account import Account
from apppw_tui.domain.enforced import Enforcement
from apppw_tui.domain.errors import KeyMissing, StoreBusy, StoreDamaged
from apppw_tui.domain.key_set import KeySet, dump
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import LastUse, PendingUses, UsageRecord
from apppw_tui.store.documents import loads
from apppw_tui.store.postgres.connection import Row
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.held_accounts import HeldAccounts
from tests.programs import finished
from tests.store.folder.using import Verdict
from tests.store.making import add, alter, record
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.store.rotator import opened, put
from tests.support import NOW

pytestmark = ONE_CLUSTER

UID = "1" * 32


def test_a_deletion_is_seen_by_the_next_read_of_another_machine_while_others_ask(
    machines: tuple[PostgresEngine, PostgresEngine],
) -> None:
    add(machines[0].accounts)
    caches = [machine.cached_accounts() for machine in machines]
    at_an_end = threading.Event()

    def ask() -> bool:
        while not at_an_end.is_set():
            if any(cache.get("ada") is None for cache in caches):
                return False
        return True

    pool = ThreadPoolExecutor(4)
    others = [pool.submit(ask) for _ in range(4)]
    try:
        for number in range(24):
            here, there = number % 2, 1 - number % 2
            id_ = f"a{number // 10}{number % 10}"
            account = machines[here].accounts.get("ada")
            assert account is not None
            alter(machines[here].accounts, app_passwords=(record(id_),))
            assert [has(cache.get("ada"), id_) for cache in caches] == [True, True]
            delete(machines[here], id_)
            assert not has(caches[there].get("ada"), id_)
    finally:
        at_an_end.set()
        pool.shutdown()
    assert [other.result() for other in others] == [True] * 4


def has(account: Account | None, id_: str) -> bool:
    return account is not None and account.app_password(id_) is not None


def delete(engine: PostgresEngine, id_: str) -> None:
    account = engine.accounts.get("ada")
    assert account is not None
    with engine.accounts.transaction("ada", account.uid) as change:
        change.account = change.existing.without_app_password(id_)


def test_enforced_accounts_are_told_on_another_machine_once_it_is_mended(
    machines: tuple[PostgresEngine, PostgresEngine],
) -> None:
    first, second = (machine.accounts for machine in machines)
    second.enforcements.ensure_exists()
    ada = add(first)
    alter(first, enforced_from=NOW)
    assert second.mend_enforcements() == 1
    assert second.enforcements.read("ada") == Enforcement(NOW, ada.uid)
    alter(first, enforced_from=None)
    add(first, "grace", seed=2)
    alter(first, "grace", enabled=False)
    assert second.mend_enforcements() == 2
    assert second.enforcements.names() == {"grace"}
    first.remove("grace")
    assert (second.mend_enforcements(), second.enforcements.names()) == (1, set())
    assert second.mend_enforcements() == 0


def test_what_is_told_of_an_account_is_settled_before_another_change_on_the_machine(
    machines: tuple[PostgresEngine, PostgresEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = machines[0].accounts
    add(store)
    alter(store, enforced_from=NOW)
    enforcements = store.enforcements
    remove, refusals = enforcements.remove, []
    monkeypatch.setattr(enforcements, "_lock_timeout", 0.1)

    def remove_meanwhile(name: str) -> None:
        """By now the account is open, and nothing else is to be told of it yet."""
        with pytest.raises(StoreBusy) as refusal:
            alter(store, enforced_from=NOW)
        refusals.append(refusal)
        remove(name)

    monkeypatch.setattr(enforcements, "remove", remove_meanwhile)
    alter(store, enforced_from=None)
    assert len(refusals) == 1
    assert enforcements.read("ada") is None


def test_many_accounts_are_read_at_once_each_as_it_stands(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    store, cache = machines[0].accounts, machines[1].cached_accounts()
    for seed, name in enumerate(("ada", "grace", "ben", "cleo")):
        add(store, name, seed)
    for name in ("ada", "grace", "ben"):
        assert cache.get(name) is not None
    alter(store, "grace", enabled=False)
    store.remove("ben")
    database.execute("apppw", "UPDATE apppw.account SET verifying = '[]' WHERE name = 'cleo'")
    read = cache.get_all(["ada", "grace", "ben", "cleo", "nobody", "No Name"])
    assert sorted(read) == ["ada", "cleo", "grace"]
    assert isinstance(read["cleo"], StoreDamaged)
    assert read["ada"] is cache.get("ada")
    grace = read["grace"]
    assert isinstance(grace, Account)
    assert not grace.enabled


def test_accounts_that_are_held_are_read_by_one_statement_without_their_documents(
    machines: tuple[PostgresEngine, PostgresEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machines
    cache = second.cached_accounts()
    assert isinstance(cache, HeldAccounts)
    for seed, name in enumerate(("ada", "ben", "grace")):
        add(first.accounts, name, seed)
    read, told = cache._database.rows, list[Row]()
    between: list[Callable[[], object]] = []

    def spied(sql: LiteralString, *values: str) -> list[Row]:
        if told and between:
            between.pop()()
        found = read(sql, *values)
        told.append(("verifying" in sql, len(found)))
        return found

    monkeypatch.setattr(cache._database, "rows", spied)

    def statements(*names: str) -> tuple[list[str], list[Row]]:
        told.clear()
        return sorted(cache.get_all(names)), told

    assert statements("ada", "ben") == (["ada", "ben"], [(True, 2)])
    assert statements("ada", "ben") == (["ada", "ben"], [(False, 2)])
    assert statements("ada", "grace") == (["ada", "grace"], [(True, 2)])  # one is new: both at once
    alter(first.accounts, "ada", enabled=False)
    assert statements("ada", "ben") == (["ada", "ben"], [(False, 2), (True, 1)])
    alter(first.accounts, "ada", enabled=True)
    between.append(lambda: first.accounts.remove("ada"))
    assert statements("ada", "ben") == (["ben"], [(False, 2), (True, 0)])
    assert statements("ada") == ([], [(True, 0)])
    assert statements("No Name") == ([], [])


def test_an_account_made_again_is_not_the_one_that_was_held(
    machines: tuple[PostgresEngine, PostgresEngine],
) -> None:
    first, second = machines
    cache = second.cached_accounts()
    add(first.accounts)
    assert cache.get("ada") is not None
    first.accounts.remove("ada")
    assert cache.get("ada") is None
    other = add(first.accounts, seed=2)
    held = cache.get("ada")
    assert held is not None
    assert held.uid == other.uid


def test_an_account_with_another_uid_is_another_though_its_version_is_the_same(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    cache = machines[0].cached_accounts()
    before = add(machines[1].accounts)
    assert cache.get("ada") is not None
    database.execute(
        "apppw",
        f"UPDATE apppw.account SET uid = '{UID}',"
        f" verifying = replace(verifying::text, '{before.uid}', '{UID}')::json",
    )
    account = cache.get("ada")
    assert account is not None
    assert (account.uid, account.version) == (UID, before.version)


def test_document_is_read_by_its_name_though_held_under_another(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    cache = machines[0].cached_accounts()
    add(machines[1].accounts)
    assert cache.get("ada") is not None
    database.execute("apppw", "UPDATE apppw.account SET name = 'grace'")  # and no new version
    accounts = cache.get_all(["ada", "grace"])
    assert list(accounts) == ["grace"]
    assert isinstance(accounts["grace"], StoreDamaged)  # it says that it is ada's


def waiter(database: Cluster, act: Callable[[], object]) -> threading.Thread:
    """A thread that does it, once it waits for somebody's lock, or has not waited at all."""
    thread = threading.Thread(target=act)
    thread.start()
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while thread.is_alive() and rows(database, sql) == [(0,)]:
        pass
    return thread


def test_a_first_use_is_announced_by_one_machine_alone(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    ada = add(machines[0].accounts)
    announced: list[str] = []
    first, second = (
        machine.usage_writer(
            machine.accounts,
            complain=pytest.fail,
            announce=lambda use: announced.append(use.app_password.name),
            meaning=lambda name: [name],
        )
        for machine in machines
    )
    for writer in (first, second):
        writer.used(Verdict("ada", record()), IMAP, "192.0.2.7")
    with first._ledger.transaction([ada.uid]) as tables:
        use = LastUse(NOW, IMAP, "192.0.2.7")
        pending = PendingUses.of("ada", "abc", use, "192.0.2.0/24")
        seen, news = tables.record(ada.uid).with_uses(ada, pending, NOW)
        tables.save(ada.uid, UsageRecord(), seen)
        flush = waiter(database, second.flush)
    flush.join()
    assert (len(news), announced) == (1, [])
    assert first.flush()
    assert announced == []
    assert machines[0].usage.per_day(ada.uid, NOW.date())["abc"][-1] == 2


def test_uses_of_an_account_that_is_gone_leave_nothing(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    add(machines[0].accounts)
    held = machines[0].accounts.get("ada")
    assert held is not None
    writer = machines[1].usage_writer(
        Always(held), complain=lambda _: None, announce=lambda _: None, meaning=lambda name: [name]
    )
    writer.used(Verdict("ada", record()), IMAP, "192.0.2.7")
    machines[0].accounts.remove("ada")
    assert not writer.flush()  # to whoever read it before, it is there still
    assert rows(database, "SELECT count(*) FROM apppw.used") == [(0,)]


class Always:
    """Accounts as they were read before."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def get(self, _name: str) -> Account:
        return self._account


def test_keys_are_of_no_use_without_the_file_of_the_machines(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster, tmp_path: Path
) -> None:
    first, second = machines
    add(first.accounts)
    put(first.accounts, first.keyring, "ada", "JBSWY3DP")
    account = second.accounts.get("ada")
    assert account is not None
    with pytest.raises(KeyMissing):
        opened(account, second.keyring)
    assert not (tmp_path / "second" / "key").exists()
    (tmp_path / "second" / "key").write_bytes(b"A" * 43 + b"=\n")
    (tmp_path / "second" / "key").chmod(0o600)
    with pytest.raises(KeyMissing, match="copy that of another"):
        second.keyring.encrypt(UID, "authenticator", Secret("x"))
    (tmp_path / "second" / "key").write_bytes((tmp_path / "first" / "key").read_bytes())
    assert opened(account, second.keyring) == ["JBSWY3DP", "JBSWY3DP"]
    ring = first.keyring.read()
    assert ring is not None
    ((wrapped,),) = rows(database, "SELECT wrapped FROM apppw.ring")
    assert isinstance(wrapped, bytes)
    assert ring.keys[0].reveal().encode() not in wrapped


def test_two_machines_that_seal_first_at_once_agree_on_one_ring(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster, tmp_path: Path
) -> None:
    key = b"A" * 43 + b"=\n"
    for name in ("first", "second"):
        (tmp_path / name / "key").write_bytes(key)
        (tmp_path / name / "key").chmod(0o600)
    first, second = (machine.keyring for machine in machines)
    sealed: list[str] = []

    def seal() -> None:
        sealed.append(second.encrypt(UID, "authenticator", Secret("x")))

    with first.locked():
        other = waiter(database, seal)
        ring = KeySet((first.new_key(),))
        first.write(ring)
    other.join()
    present = first.read()
    assert present is not None
    assert dump(present) == dump(ring)
    assert ring.decrypt(UID, "authenticator", sealed[0]).reveal() == "x"


def test_a_damaged_document_is_left_alone_and_others_are_read(
    machines: tuple[PostgresEngine, PostgresEngine], database: Cluster
) -> None:
    store = machines[0].accounts
    add(store)
    grace = add(store, "grace", seed=2)
    database.execute("apppw", "UPDATE apppw.account SET doc = '[]' WHERE name = 'ada'")
    with pytest.raises(StoreDamaged, match="left alone"):
        store.get("ada")
    failures: list[str] = []
    assert [*store.each(lambda name, _: failures.append(name))] == [grace]
    assert failures == ["ada"]
    assert store.read_raw("ada").error is not None
    assert store.remove("ada")


def test_documents_are_kept_byte_for_byte(
    machines: tuple[PostgresEngine, PostgresEngine],
) -> None:
    store = machines[0].accounts
    add(store)
    raw = store.read_raw("ada").content
    assert raw is not None
    content = raw[:-1] + rb', "later": {"1": {"x": "\u0000 \ud800 \u00fc", "y": 1.10}}}'
    with store.raw_transaction("ada") as change:
        change.tables = loads(content)
    assert store.read_raw("ada").content == json.dumps(loads(content)).encode()
    alter(store, appearance="nord")
    again = store.read_raw("ada").content
    assert again is not None
    assert loads(again)["later"] == loads(content)["later"]


def test_a_store_in_files_loads_no_driver() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None; import pathlib\n"
        "from apppw_tui.config import Config\n"
        "from apppw_tui.store.engine import StoreLocation, open_engine\n"
        "from apppw_tui.domain.ports import SystemClock\n"
        "import tempfile; folder = pathlib.Path(tempfile.mkdtemp())\n"
        "place = StoreLocation(folder, folder / 'key')\n"
        "engine, _ = open_engine(place, SystemClock(), create=True)\n"
        "engine.accounts.list_names(); engine.cached_accounts(); engine.activity; engine.usage\n"
        "print([name for name in sys.modules if 'postgres' in name])"
    )
    assert finished([sys.executable, "-c", program], check=True).stdout == "[]\n"
