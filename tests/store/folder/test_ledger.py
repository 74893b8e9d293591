"""The file of rows: whose it is, who waits for whom, and what is left of it by any failure."""

import contextlib
import errno
import gc
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from apppw_tui.domain.errors import DiskFull, StoreBusy, StoreDamaged, StoreError, StoreUnusable
from apppw_tui.store.folder import sqlite_file
from apppw_tui.store.folder.disk_reserve import DiskReserve
from apppw_tui.store.folder.ledger import Ledger, Schema
from tests.faults import STEPS, kills, steps, struck_by
from tests.store.other_uid import OTHER, only_root, said_as
from tests.store.test_killed import forked, killed

SCHEMA = Schema(1, "CREATE TABLE word (word TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT")
ADD = "INSERT INTO word VALUES (?, 1) ON CONFLICT (word) DO UPDATE SET n = n + 1"
GARBAGE = b"no database at all" * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a store? 100%"
    folder.mkdir(0o700)
    return folder


@pytest.fixture
def ledger(folder: Path) -> Iterator[Ledger]:
    ledger = ledger_in(folder)
    yield ledger
    ledger.close()


def ledger_in(folder: Path, timeout: float = 5.0) -> Ledger:
    return Ledger(folder / "ledger" / "words.sqlite", SCHEMA, timeout=timeout)


def add(ledger: Ledger, word: str = "one") -> None:
    with ledger.transaction() as transaction:
        transaction.write(ADD, word)


def done(ledger: Ledger) -> None:
    """For a child, which does nothing else."""
    add(ledger)
    os._exit(0)


def words(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.rows("SELECT word, n FROM word ORDER BY word"))


def test_rows_are_found_again_by_another_process(ledger: Ledger) -> None:
    assert words(ledger) == {}
    assert not ledger.path.parent.exists()  # nothing is made by whoever reads
    add(ledger)
    add(ledger)
    assert words(ledger_in(ledger.path.parent.parent)) == {"one": 2}
    ledger.close()
    assert {path.name for path in ledger.path.parent.iterdir()} == {
        "words.sqlite", ".words.sqlite.lock"
    }  # fmt: skip


def test_a_block_that_raises_writes_nothing_and_holds_nothing(ledger: Ledger) -> None:
    def block() -> None:
        with ledger.transaction() as transaction:
            transaction.write(ADD, "one")
            raise KeyError

    with pytest.raises(KeyError):
        block()
    add(ledger_in(ledger.path.parent.parent, 0.0), "two")
    assert words(ledger) == {"two": 1}


def test_a_statement_that_fails_takes_the_others_back(ledger: Ledger) -> None:
    add(ledger)

    def block() -> None:
        with ledger.transaction() as transaction:
            transaction.write(ADD, "two")
            transaction.write("INSERT INTO word VALUES (?, 1)", "one")

    with pytest.raises(StoreUnusable, match="UNIQUE"):
        block()
    assert words(ledger) == {"one": 1}


@pytest.mark.parametrize("mask", [0, 0o022, 0o777])
def test_everything_is_the_owners_alone(folder: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        ledger = ledger_in(folder)
        add(ledger)
        found = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (folder / "ledger", *(folder / "ledger").iterdir())
        }
    finally:
        os.umask(before)
    assert found == {
        "ledger": 0o700, ".words.sqlite.lock": 0o600,
        "words.sqlite": 0o600, "words.sqlite-wal": 0o600, "words.sqlite-shm": 0o600,
    }  # fmt: skip


def test_a_mode_that_lets_others_read_is_taken_back(ledger: Ledger) -> None:
    add(ledger)
    ledger.path.chmod(0o644)
    add(ledger)
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("part", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
@pytest.mark.parametrize("replaceable", [True, False])
def test_what_is_no_file_is_set_aside_and_what_it_points_to_is_left_alone(
    folder: Path, part: str, kind: str, replaceable: bool
) -> None:
    said: list[str] = []
    ledger = Ledger(
        folder / "ledger" / "words.sqlite",
        SCHEMA,
        replaceable=replaceable,
        complain=lambda error: said.append(str(error)),
    )
    add(ledger)
    ledger.close()
    target = folder / "target"
    ledger.path.replace(target)
    before = target.read_bytes()
    if part:
        ledger.path.write_bytes(before)
    path = ledger.path.with_name(ledger.path.name + part)
    put_in_place(kind, path, target)
    if not replaceable:
        for act in (add, words):
            with pytest.raises(StoreDamaged, match="it was left alone"):
                act(ledger)
        assert os.path.lexists(path)
        return
    assert words(ledger) == {}
    add(ledger, "two")
    assert words(ledger_in(folder)) == {"two": 1}
    assert target.read_bytes() == before
    (sentence,) = said
    assert sentence.startswith(f"{path} was ")
    (aside,) = folder.glob(f"ledger/words.sqlite.damaged-*Z{part}")
    assert (aside.is_symlink(), aside.is_dir(), aside.is_fifo()) == (
        kind == "link", kind == "folder", kind == "pipe",
    )  # fmt: skip


def put_in_place(kind: str, path: Path, target: Path) -> None:
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)


def test_a_linked_folder_is_refused(ledger: Ledger, folder: Path) -> None:
    (folder / "elsewhere").mkdir(0o700)
    (folder / "ledger").symlink_to(folder / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        add(ledger)
    assert not list((folder / "elsewhere").iterdir())


def test_a_file_where_the_folder_should_be_is_told(ledger: Ledger, folder: Path) -> None:
    (folder / "ledger").touch()
    with pytest.raises(StoreUnusable, match="ledger is not a folder"):
        add(ledger)
    assert words(ledger) == {}


def test_a_store_that_is_gone_is_not_made_again(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    folder.rename(folder.with_name("moved"))
    for act in (add, words):
        with pytest.raises(StoreError, match="no such file"):
            act(ledger)
    assert not folder.exists()


def test_a_file_put_in_its_place_is_the_one_that_counts(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.path.parent.rename(folder / "before")
    add(ledger, "two")
    assert words(ledger) == {"two": 1}


def test_of_an_older_program_it_is_brought_up_to_now(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.close()
    second = "ALTER TABLE word ADD COLUMN second TEXT DEFAULT 'x'; CREATE TABLE a (b)"
    third = Schema(3, SCHEMA.tables, (second, "CREATE TABLE c (d)"))

    def work() -> None:
        mine = Ledger(ledger.path, third)
        add_second = (
            "INSERT INTO word VALUES (?, 1, 'y') ON CONFLICT (word) DO UPDATE SET n = n + 1"
        )
        with mine.transaction() as transaction:
            transaction.write(add_second, "one")
        os._exit(0)

    children = [forked(work) for _ in range(6)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    mine = Ledger(ledger.path, third)
    assert mine.rows("SELECT word, n, second FROM word") == [("one", 7, "x")]
    assert mine.rows("SELECT * FROM a, c") == []
    fresh = Ledger(folder / "ledger" / "fresh.sqlite", third)
    with fresh.transaction():
        pass
    assert fresh.rows("PRAGMA user_version") == [(3,)]


def test_of_a_newer_program_it_is_left_alone(ledger: Ledger, folder: Path) -> None:
    newer = Ledger(ledger.path, Schema(2, SCHEMA.tables))
    add(newer)
    newer.close()
    before = ledger.path.read_bytes()
    for act in (add, words):
        with pytest.raises(StoreDamaged, match="of a newer apppw-tui; it was left alone"):
            act(ledger)
    assert ledger.path.read_bytes() == before
    assert len(list(ledger.path.parent.iterdir())) == 2


def test_while_another_process_has_it_the_store_is_busy(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    impatient = ledger_in(folder, 0.05)
    with ledger.transaction() as transaction:
        transaction.write(ADD, "one")
        with pytest.raises(StoreBusy):
            add(impatient)
        assert words(impatient) == {"one": 1}  # who reads need not wait
    add(impatient)
    assert words(ledger) == {"one": 3}


def test_threads_take_turns(ledger: Ledger) -> None:
    entered = Event()

    def enter() -> None:
        with ledger.transaction() as transaction:
            entered.set()
            transaction.write(ADD, "one")

    other = Thread(target=enter)
    with ledger.transaction() as transaction:
        other.start()
        assert not entered.wait(0.1)
        transaction.write(ADD, "one")
    other.join()
    assert words(ledger) == {"one": 2}


def test_a_child_opens_the_file_itself_and_leaves_its_parents_alone(ledger: Ledger) -> None:
    add(ledger)
    child = forked(lambda: done(ledger))
    assert os.waitpid(child, 0)[1] == 0
    with ledger.transaction() as transaction:
        assert transaction.rows("SELECT n FROM word") == [(2,)]
        transaction.write(ADD, "one")
    assert words(ledger) == {"one": 3}


@pytest.mark.parametrize("making", [True, False])
def test_forty_processes_at_once_lose_nothing(ledger: Ledger, folder: Path, making: bool) -> None:
    if not making:
        add(ledger, "before")
    ledger.close()
    reading, writing = os.pipe()

    def work() -> None:
        os.close(writing)
        os.read(reading, 1)  # returns when the last writer is gone: all begin at once
        for _ in range(5):
            add(ledger_in(folder, 60.0))  # opened and closed each time
        os._exit(0)

    children = [forked(work) for _ in range(40)]
    os.close(writing)
    os.close(reading)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 40
    assert words(ledger)["one"] == 200


@pytest.mark.parametrize("content", [b"", b"\0", GARBAGE, b"SQLite format 3\0" + bytes(4080)])
@pytest.mark.parametrize("first", [add, words])
def test_a_damaged_file_is_set_aside_and_another_begun(
    ledger: Ledger, content: bytes, first: Callable[[Ledger], object]
) -> None:
    said: list[str] = []
    ledger.complain = lambda error: said.append(str(error))
    add(ledger)
    ledger.close()
    ledger.path.write_bytes(content)
    first(ledger)
    add(ledger, "two")
    assert words(ledger)["two"] == 1
    (aside,) = ledger.path.parent.glob("words.sqlite.damaged-*")
    assert aside.read_bytes() == content
    assert said == [f"{ledger.path} was damaged, and begun anew: see {aside.name}."]


def test_damage_that_shows_within_a_transaction_costs_only_what_was_counted(
    ledger: Ledger,
) -> None:
    for number in range(400):
        add(ledger, f"{number:090}")
    ledger.close()
    with ledger.path.open("r+b") as file:
        file.seek(4096)
        file.write(GARBAGE)
    with ledger.transaction() as transaction:
        assert transaction.rows("SELECT * FROM word WHERE word = ?", f"{7:090}") == []
        transaction.write(ADD, "two")
    assert words(ledger) == {"two": 1}


def test_a_file_of_another_program_is_set_aside(ledger: Ledger) -> None:
    ledger.path.parent.mkdir(0o700)
    with contextlib.closing(sqlite3.connect(ledger.path)) as foreign:
        foreign.execute("CREATE TABLE other (x)")
    add(ledger)
    assert len(list(ledger.path.parent.glob("words.sqlite.damaged-*"))) == 1


def test_processes_that_meet_a_damaged_file_set_it_aside_once(ledger: Ledger, folder: Path) -> None:
    ledger.path.parent.mkdir(0o700)
    ledger.path.write_bytes(GARBAGE)
    children = [forked(lambda: done(ledger_in(folder, 60.0))) for _ in range(8)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
    assert words(ledger) == {"one": 8}
    assert len(list(ledger.path.parent.glob("words.sqlite.damaged-*"))) == 1


@pytest.mark.parametrize("end", ["by leaving", "by noticing"])
def test_who_has_a_file_that_was_set_aside_takes_nothing_from_the_new_one(
    ledger: Ledger, folder: Path, end: str
) -> None:
    """SQLite removes -wal by its name when it closes, unless it sees that its file was moved."""
    add(ledger)
    reading, writing = os.pipe()
    ready, said = os.pipe()

    def idle() -> None:
        mine = ledger_in(folder)
        words(mine)
        os.write(said, b".")
        os.read(reading, 1)
        if end == "by noticing":
            words(mine)
        del mine
        gc.collect()
        os._exit(0)

    child = forked(idle)
    os.read(ready, 1)
    ledger.close()
    sqlite_file.set_aside(ledger.path)
    add(ledger, "two")
    os.write(writing, b".")
    assert os.waitpid(child, 0)[1] == 0
    add(ledger, "three")
    assert words(ledger_in(folder)) == {"three": 1, "two": 1}
    for descriptor in (reading, writing, ready, said):
        os.close(descriptor)


def test_one_that_must_not_be_begun_anew_is_left_as_it_is(folder: Path) -> None:
    ledger = Ledger(folder / "ledger" / "words.sqlite", SCHEMA, durable=True, replaceable=False)
    add(ledger)
    ledger.close()
    ledger.path.write_bytes(GARBAGE)
    for act in (add, words):
        with pytest.raises(StoreDamaged, match="is damaged; it was left alone"):
            act(ledger)
    assert ledger.path.read_bytes() == GARBAGE


def test_what_an_earlier_damage_left_beside_the_name_is_not_taken_for_its_own(
    ledger: Ledger,
) -> None:
    add(ledger)
    for suffix in sqlite_file.BESIDE[:2]:
        path = ledger.path.with_name(ledger.path.name + suffix)
        path.with_name("kept" + suffix).write_bytes(path.read_bytes())
    ledger.close()
    ledger.path.unlink()
    for suffix in sqlite_file.BESIDE[:2]:
        ledger.path.with_name("kept" + suffix).rename(f"{ledger.path}{suffix}")
    add(ledger, "two")
    assert words(ledger) == {"two": 1}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", ["missing", "there", "damaged"])
def test_killed_at_any_call_it_has_all_of_a_change_or_nothing(
    tmp_path: Path, state: str, step: int
) -> None:
    for at in steps(1 if step < 7 else 3):
        folder = tmp_path / str(at)
        (folder / "ledger").mkdir(0o700, parents=True)
        folder.chmod(0o700)
        ledger = ledger_in(folder)
        if state == "there":
            add(ledger)
            ledger.close()
        if state == "damaged":
            ledger.path.write_bytes(GARBAGE)
        struck = kills(lambda: add(ledger_in(folder)), at)  # noqa: B023
        count = words(ledger).get("one", 0)
        assert count in ((1, 2) if state == "there" else (0, 1))
        add(ledger)
        assert words(ledger) == {"one": count + 1}
        ledger.close()
        if not struck:
            break
    assert at > 2


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("state", ["missing", "damaged"])
def test_a_call_that_fails_is_told_and_nothing_is_half(
    tmp_path: Path, state: str, error: int
) -> None:
    for at in steps():
        folder = tmp_path / str(at)
        (folder / "ledger").mkdir(0o700, parents=True)
        folder.chmod(0o700)
        ledger = ledger_in(folder)
        if state == "damaged":
            ledger.path.write_bytes(GARBAGE)
        struck, said = struck_by(lambda: add(ledger), at, error)  # noqa: B023
        assert said is None or isinstance(said, StoreError)
        before = words(ledger).get("one", 0)
        assert before == (1 if said is None else 0)
        add(ledger)
        assert words(ledger) == {"one": before + 1}
        ledger.close()
        if not struck:
            break
    assert at > 2


def test_killed_between_two_statements_nothing_is_half(ledger: Ledger, folder: Path) -> None:
    add(ledger)
    ledger.close()

    class Deadly(str):
        """As a value of the second statement it kills whoever writes it."""

        def __conform__(self, _protocol: object) -> str:
            os.kill(os.getpid(), 9)
            return self

    def work() -> None:
        with ledger_in(folder).transaction() as transaction:
            transaction.write(ADD, "one")
            transaction.write(ADD, Deadly("two"))

    assert killed(forked(work))
    assert words(ledger) == {"one": 1}
    add(ledger)
    assert words(ledger) == {"one": 2}


@only_root
@pytest.mark.parametrize("act", [add, words])
def test_where_one_may_not_read_it_is_said(
    ledger: Ledger, tmp_path: Path, act: Callable[[Ledger], object]
) -> None:
    add(ledger)
    ledger.close()
    for path in tmp_path.parents:
        if path.owner() == "root" and len(path.parts) > 2:
            path.chmod(0o755)
    tmp_path.chmod(0o755)
    ledger.path.parent.parent.chmod(0o755)
    ledger.path.parent.chmod(0o755)
    said = said_as(OTHER, lambda: act(ledger))
    assert said == f"StoreUnusable: {ledger.path} cannot be used: permission denied."


def test_sqlite_is_loaded_when_a_ledger_is_opened_and_not_before() -> None:
    code = (
        "import sys; from apppw_tui import bootstrap; from apppw_tui.store.folder import ledger;"
        "sys.exit('sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def mounted(place: Path, *options: str) -> None:
    place.mkdir(exist_ok=True)
    command = ["mount", *options, str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here: not root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    mounted(place, "-t", "tmpfs", "-o", "size=1m", "tmpfs")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(os.urandom(4096))


@pytest.mark.parametrize("opened", [True, False])
def test_on_a_full_disk_what_was_set_aside_is_enough_for_many_changes(
    small_disk: Path, opened: bool
) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    DiskReserve(folder).allocate()
    add(ledger)
    if not opened:
        ledger.close()
    fill(small_disk)
    for _ in range(300):
        add(ledger)
        fill(small_disk)
    assert words(ledger) == {"one": 301}


def test_on_a_full_disk_without_reserve_it_is_said(small_disk: Path) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    ledger.close()
    fill(small_disk)
    for act in (add, words):
        with pytest.raises(DiskFull, match="The disk is full: nothing was changed"):
            act(ledger)
    (small_disk / "filler").unlink()
    add(ledger)
    assert words(ledger) == {"one": 2}


def test_what_was_read_before_the_disk_was_full_must_still_be_so(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is lost with the transaction: another's change in between must not be undone."""
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    struck: list[bool] = []
    real = Ledger._save

    def full(self: Ledger, writes: list[tuple[str, tuple[object, ...]]]) -> None:
        if self is ledger and not struck:
            struck.append(True)
            self._roll_back()
            if between:
                add(ledger_in(folder))
            raise DiskFull("The disk is full: nothing was changed.")
        real(self, writes)

    monkeypatch.setattr(Ledger, "_save", full)
    DiskReserve(folder).allocate()

    def count() -> None:
        with ledger.transaction() as transaction:
            ((n,),) = transaction.rows("SELECT n FROM word WHERE word = 'one'")
            transaction.write("UPDATE word SET n = ?", n + 1)

    between = False
    count()
    assert words(ledger) == {"one": 2}
    struck.clear()
    between = True
    with pytest.raises(StoreBusy):
        count()
    assert words(ledger) == {"one": 3}


def test_on_a_read_only_file_system_it_can_be_read_and_is_not_written(
    small_disk: Path,
) -> None:
    folder = small_disk / "store"
    folder.mkdir(0o700)
    ledger = ledger_in(folder)
    add(ledger)
    ledger.close()
    mounted(small_disk, "-o", "remount,ro")
    assert words(ledger) == {"one": 1}
    with pytest.raises(StoreUnusable, match="read-only file system: nothing was changed"):
        add(ledger)


def test_killed_at_any_instant_it_keeps_every_acknowledged_change(
    ledger: Ledger, folder: Path
) -> None:
    random = Random(7)
    acknowledged = 0
    for _ in range(40):
        reading, writing = os.pipe()

        def work() -> None:
            mine = ledger_in(folder)
            while True:
                add(mine)
                os.write(writing, b".")  # noqa: B023

        child = forked(work)
        os.close(writing)
        wanted = random.randrange(1, 30)
        while len(os.read(reading, 1)) and (wanted := wanted - 1):
            acknowledged += 1
        acknowledged += 1
        for _ in range(random.randrange(20_000)):
            pass
        os.kill(child, 9)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            acknowledged += len(pipe.read())
        count = words(ledger)["one"]
        assert acknowledged <= count <= acknowledged + 1
        acknowledged = count
