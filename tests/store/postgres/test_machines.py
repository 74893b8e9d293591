"""Changes on one machine that ask something of the others: sessions end, enforcement is told."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from apppw_tui.domain.enforced import EVER, Enforcement
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.switched_off import NoSessionTermination
from apppw_tui.store.memory_engine import MemoryErrorLog
from apppw_tui.store.postgres.database import ACCOUNT, Database
from apppw_tui.store.postgres.engine import PostgresEngine
from apppw_tui.store.postgres.machines import (
    SEEN_EVERY,
    Follower,
    MachineRows,
    PostgresSessions,
    have_settled,
)
from apppw_tui.store.postgres.schema import VERIFIER
from tests.store.engines import in_postgresql
from tests.store.making import add, alter
from tests.store.postgres.cluster import ONE_CLUSTER, Cluster, rows
from tests.support import FixedClock

pytestmark = ONE_CLUSTER


@dataclass
class Mail:
    """One machine: its portal's engine, and its follower, in the daemon's role."""

    engine: PostgresEngine
    daemon: PostgresEngine
    folder: Path
    follower: Follower = field(init=False)

    def __post_init__(self) -> None:
        self.follow()

    def follow(self, *, kicks: bool = True) -> None:
        self.follower = self.daemon.follower(kicks=kicks)

    def end(self, account_name: str) -> None:
        self.engine.session_terminator(NoSessionTermination()).terminate(account_name)

    @property
    def ended(self) -> list[str]:
        """Whose sessions apppw-kick would end; they are taken."""
        folder = self.folder / "ended"
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        for name in names:
            (folder / name).unlink()
        return names

    @property
    def told(self) -> dict[str, Enforcement | None]:
        book = self.daemon.accounts.enforcements
        return {name: book.read(name) for name in book.names()}


@pytest.fixture
def mails(database: Cluster, tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Mail, Mail]]:
    first, second = (
        Mail(
            in_postgresql(database.dsn(), tmp_path / name, clock)[0],
            in_postgresql(database.dsn(VERIFIER), tmp_path / name, clock, by_daemon=True)[0],
            tmp_path / name,
        )
        for name in ("mail1", "mail2")
    )
    yield first, second
    for mail in (first, second):
        mail.engine.close()
        mail.daemon.close()


def test_sessions_end_on_each_machine_once(mails: tuple[Mail, Mail]) -> None:
    for mail in mails:
        mail.follower.step()
    mails[0].end("ada")
    mails[1].end("ada")
    mails[1].end("grace")
    for mail in (*mails, *mails):
        assert mail.ended == []
    for mail in mails:
        mail.follower.step()
        assert mail.ended == ["ada", "grace"]
        mail.follower.step()
        assert mail.ended == []


def test_machine_that_was_away_has_its_rows_afterwards(mails: tuple[Mail, Mail]) -> None:
    first, second = mails
    for mail in mails:
        mail.follower.step()
    first.end("ada")
    first.follower.step()
    account = add(first.engine.accounts, "ida")
    alter(first.engine.accounts, "ida", enabled=False)
    second.follow()  # it was started again
    second.follower.step()
    assert second.ended == ["ada"]
    assert second.told == {"ida": Enforcement(EVER, account.uid)}


def test_two_processes_of_one_machine_take_each_row_once(
    mails: tuple[Mail, Mail], database: Cluster
) -> None:
    first = mails[0]
    first.follower.step()
    names = [f"user{number}" for number in range(300)]
    database.execute(
        "apppw",
        "INSERT INTO apppw.ending SELECT 'mail1', 'user' || n FROM generate_series(0, 299) AS n",
    )
    taken: list[list[str]] = [[], []]
    barrier = threading.Barrier(2)

    def take(mine: list[str]) -> None:
        own = Database(database.dsn(VERIFIER))
        barrier.wait()
        MachineRows(own, "mail1").take_endings(mine.append)
        MachineRows(own, "mail1").take_endings(mine.append)
        own.close()

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted([*taken[0], *taken[1]]) == sorted(names)


def test_rows_stay_until_they_can_be_done_and_hold_up_no_others(mails: tuple[Mail, Mail]) -> None:
    first, second = mails
    for mail in mails:
        mail.follower.step()
    for place, seed in (("ada", 1), ("ida", 2)):
        add(second.engine.accounts, place, seed)
        alter(second.engine.accounts, place, enabled=False)
        second.end(place)
    in_the_way = [first.folder / name / "ada" for name in ("ended", "enforced")]
    for path in in_the_way:
        path.mkdir(parents=True, mode=0o700)
        path.parent.chmod(0o700)
    with pytest.raises(StoreUnusable):
        first.follower.step()
    for table in ("ending", "settling"):
        assert rows_of(first, table) == [("mail1", "ada"), ("mail2", "ada"), ("mail2", "ida")]
    in_the_way[0].rmdir()
    with pytest.raises(StoreUnusable):
        first.follower.step()
    assert rows_of(first, "ending") == [("mail2", "ada"), ("mail2", "ida")]
    in_the_way[1].rmdir()
    first.follower.step()
    assert first.ended == ["ada", "ida"]
    assert {*first.told} == {"ada", "ida"}


def test_row_of_a_change_under_way_is_taken_after_it_alone(
    mails: tuple[Mail, Mail], database: Cluster
) -> None:
    first = mails[0]
    first.follower.step()
    first.end("ada")
    other = Database(database.dsn())
    local = NoSessionTermination()
    sessions = PostgresSessions(other, "mail2", local, MemoryErrorLog())
    with other.transaction(ACCOUNT, ["ada"]) as transaction:
        with other.joinable(transaction):
            sessions.terminate("ada")
        first.follower.step()
        assert first.ended == [], "what it is for has not come"
        transaction.commit()
    first.follower.step()
    assert first.ended == ["ada"]
    other.close()


def test_enforcement_is_told_on_all_machines(mails: tuple[Mail, Mail]) -> None:
    first, second = mails
    for mail in mails:
        mail.follower.step()
    since = datetime(2027, 1, 1, tzinfo=UTC)
    account = add(first.engine.accounts)
    store = first.engine.accounts

    def there() -> dict[str, Enforcement | None]:
        second.follower.step()
        return second.told

    assert there() == {}
    alter(store, enforced_from=since)
    assert there() == {"ada": Enforcement(since, account.uid)}
    alter(store, enabled=False)
    assert there() == {"ada": Enforcement(EVER, account.uid)}
    present = store.get("ada")
    assert present is not None
    store.rename(present, "ida", lambda now, _left: replace(now, name="ida"))
    assert there() == {"ida": Enforcement(EVER, account.uid)}
    with store.raw_transaction("ida") as raw:
        assert raw.content is not None
        raw.new_content = raw.content.replace(b'"enabled": false', b'"enabled": true')
    assert there() == {"ida": Enforcement(since, account.uid)}
    store.remove("ida")
    assert there() == {}
    assert rows_of(first, "settling") == [("mail1", "ada"), ("mail1", "ida")]
    first.follower.step()
    assert rows_of(first, "settling") == []


def rows_of(mail: Mail, table: str) -> list[tuple[object, ...]]:
    sql = f"SELECT machine, account FROM apppw.{table} ORDER BY 1, 2"
    return mail.engine._database.rows(sql)


def test_row_that_was_written_again_meanwhile_stays(
    mails: tuple[Mail, Mail], database: Cluster
) -> None:
    first = mails[0]
    first.follower.step()
    own = Database(database.dsn())

    def change(*_: object) -> None:
        with own.transaction() as transaction:
            have_settled(transaction, "ada")
            transaction.commit()

    change()
    seen = MachineRows(own, "mail1")
    assert seen.settle(change) == 1
    assert seen.settle(lambda _name: None) == 1
    assert seen.settle(lambda _name: None) == 0
    own.close()


def test_new_machine_tells_of_all_and_again_of_what_was_under_way(
    mails: tuple[Mail, Mail], clock: FixedClock, database: Cluster
) -> None:
    first, second = mails
    account = add(first.engine.accounts)
    alter(first.engine.accounts, enabled=False)
    assert not (second.folder / "enforced").exists(), "empty it would say that nobody is"
    second.daemon.accounts.enforcements.ensure_exists()
    assert second.told == {"ada": Enforcement(EVER, account.uid)}
    (second.folder / "enforced" / "ada").unlink()
    second.follower.step()
    assert second.told == {"ada": Enforcement(EVER, account.uid)}
    # As if somebody had changed it who did not know of the machine yet.
    (second.folder / "enforced" / "ada").unlink()
    second.follower.step()
    assert second.told == {}
    clock.advance(SEEN_EVERY)
    second.follower.step()
    assert second.told == {"ada": Enforcement(EVER, account.uid)}
    database.execute("apppw", "UPDATE apppw.machine SET seen = seen - interval '2 days'")
    clock.advance(SEEN_EVERY)
    second.follower.step()
    [machine] = second.engine.list_machines()
    assert (machine.name, machine.kicks) == ("mail2", True)
    assert datetime.now(UTC) - machine.seen < timedelta(hours=1)


def test_machine_that_ends_no_sessions_any_more_has_nothing_waiting(
    mails: tuple[Mail, Mail], database: Cluster
) -> None:
    first, second = mails
    for mail in mails:
        mail.follower.step()
    first.end("ada")
    second.follow(kicks=False)
    second.follower.step()
    first.end("grace")
    assert rows(database, "SELECT machine, account FROM apppw.ending ORDER BY 2") == [
        ("mail1", "ada"),
        ("mail1", "grace"),
    ]
    assert second.ended == []


def test_two_machines_of_one_name_do_not_take_each_others_rows(
    mails: tuple[Mail, Mail], database: Cluster, tmp_path: Path, clock: FixedClock
) -> None:
    first = mails[0]
    first.follower.step()
    twin = in_postgresql(
        database.dsn(VERIFIER), tmp_path / "twin" / "mail1", clock, by_daemon=True
    )[0]
    follower = twin.follower(kicks=True)
    first.end("ada")
    add(first.engine.accounts)
    alter(first.engine.accounts, enabled=False)
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="Another machine is called mail1 too: give each"):
            follower.step()
    assert rows_of(first, "ending") == [("mail1", "ada")]
    assert not (twin._folder / "ended").exists()
    first.follow()  # started again, it is the same
    first.follower.step()
    assert first.ended == ["ada"]
    # One that is set up anew has the name of the one that it was.
    database.execute("apppw", "UPDATE apppw.machine SET seen = seen - interval '3 minutes'")
    follower.step()
    assert {*twin.accounts.enforcements.names()} == {"ada"}
    clock.advance(SEEN_EVERY)
    with pytest.raises(StoreUnusable, match="mail1"):
        first.follower.step()
    file = first.folder / "instance"
    assert file.stat().st_mode & 0o777 == 0o600
    twin.close()


def test_machine_is_forgotten_with_all_that_waits_for_it(mails: tuple[Mail, Mail]) -> None:
    first, second = mails
    for mail in mails:
        mail.follower.step()
    first.end("ada")
    assert first.engine.forget_machine("mail2")
    assert not first.engine.forget_machine("mail2")
    assert rows_of(first, "ending") == [("mail1", "ada")]
    assert [machine.name for machine in first.engine.list_machines()] == ["mail1"]
    second.follower.step()
    assert second.ended == []


def test_silent_database_is_followed_again_when_it_answers(
    mails: tuple[Mail, Mail], database: Cluster, clock: FixedClock
) -> None:
    first = mails[0]
    first.follower.step()
    database.stop()
    clock.advance(SEEN_EVERY)
    try:
        with pytest.raises(StoreUnusable, match="does not answer"):
            first.follower.step()
    finally:
        database.start()
    first.end("ada")
    first.follower.step()
    assert first.ended == ["ada"]
