"""While a key is replaced: writers lose nothing, and no kill makes a value unreadable."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.errors import Refused
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.key_rotation import drop_old_keys, rotate
from tests.store.making import account_file
from tests.store.rotator import all_open, fill, keyring, keys, now, opened
from tests.store.test_killed import forked, killed

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def full(disk: FolderStore, folder: Path) -> FolderStore:
    fill(disk, folder)
    return disk


def test_writers_lose_nothing_while_the_key_is_replaced_again_and_again(
    full: FolderStore, folder: Path
) -> None:
    writers, times = 3, 15
    arguments = [("write", seed, 150) for seed in range(writers)] + [("rotate", 0, times)] * 2
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.rotator", mode, folder, str(seed), str(times)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for mode, seed, times in arguments
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)

    # Whatever two who rotate do to each other, in each turn of one of them a key went.
    assert sum(said[writers:]) >= times
    assert len(keys(folder)) == 1
    for name in full.list_names():
        first, second = opened(now(full, name), keyring(folder))
        assert first == second
        assert first in [last.get(name) for last in said[:writers]]


def dying(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this process kill itself before the step of that number, of all that touch the disk."""
    step = count(1)

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            if next(step) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return call

    for name in ("open", "fchmod", "fsync", "unlink", "sync"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    monkeypatch.setattr(Path, "replace", counted(Path.replace))


def test_killed_before_any_step_every_value_opens_and_the_next_rotation_succeeds(
    full: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = account_file(folder, "ben").read_bytes()
    lengths: list[int] = []
    for at in count(1):

        def work(at: int = at) -> None:
            dying(at, monkeypatch)
            rotate(keyring(folder), full)
            drop_old_keys(keyring(folder), full)
            os._exit(0)

        if not killed(forked(work)):
            break
        lengths.append(len(keys(folder)))
        all_open(full, folder)
        with suppress(Refused):
            drop_old_keys(keyring(folder), full)
        all_open(full, folder)
        assert rotate(keyring(folder), full).failures == {}
        assert len(keys(folder)) == 2
        drop_old_keys(keyring(folder), full)
        all_open(full, folder)
        assert len(keys(folder)) == 1
        kept = {path.name for path in folder.iterdir()} - {"ledger", "reserve", "deleted"}
        assert kept == {"accounts", "enforced", "key", "locks"}
    assert len(lengths) > 30
    assert set(lengths) == {1, 2}
    assert account_file(folder, "ben").read_bytes() == ben


LONGEST_SPIN = 400_000  # turns of an empty loop: about as long as a rotation takes


@pytest.mark.parametrize("kills", [40, pytest.param(1500, marks=pytest.mark.slow)])
def test_killed_at_any_instant_again_and_again_every_value_opens(
    full: FolderStore, folder: Path, kills: int
) -> None:
    random = Random(kills)
    half, first = 0, keys(folder)

    def work(acknowledgements: int) -> None:
        while True:
            with suppress(Refused):
                drop_old_keys(keyring(folder), full)  # of a rotation that was killed, or none
            rotate(keyring(folder), full)
            drop_old_keys(keyring(folder), full)
            os.write(acknowledgements, b".")

    for _ in range(kills):
        reading, writing = os.pipe()
        child = forked(lambda: work(writing))  # noqa: B023 - the child is gone before the next
        os.close(writing)
        for _ in range(random.randrange(2)):
            os.read(reading, 1)
        for _ in range(random.randrange(LONGEST_SPIN)):
            pass
        os.kill(child, signal.SIGKILL)
        os.close(reading)
        assert killed(child)
        assert len(keys(folder)) in (1, 2)
        half += len(keys(folder)) == 2
        all_open(full, folder)
    assert 0 < half < kills  # else it was never killed in the midst of anything
    rotate(keyring(folder), full)
    drop_old_keys(keyring(folder), full)
    all_open(full, folder)
    assert len(keys(folder)) == 1
    assert keys(folder) != first
