"""Clears what would colour a picture or reach a real store, before anything else is imported."""

import gc
import os
import shutil
import signal
import sys
import time

_COLOURING = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TMUX")
# Textual and Rich read most of these once, when they are imported.
for _name in list(os.environ):
    ours = _name.startswith(("TEXTUAL", "XDG_", "APPPW_STORE", "SSH_"))
    # TEXTUAL_SNAPSHOT_TEMPDIR is the snapshot plugin's own.
    if (ours and "SNAPSHOT" not in _name) or _name in _COLOURING:
        del os.environ[_name]
os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", TZ="UTC", LC_ALL="C.UTF-8")
time.tzset()
# A shell without job control starts what it does not wait for with these ignored, and whoever
# ignores an interrupt hands that on: every program here would seem to overlook its ^C.
for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        _usual = signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL
        signal.signal(_number, _usual)

from collections.abc import Iterator  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402

if TYPE_CHECKING:
    from tests.running import CommandLine

# What a picture depends on; another version may draw another one that is just as right.
_PINNED = {"textual": "8.2.8", "rich": "15.0.0", "pytest-textual-snapshot": "1.1.0"}


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--snapshot-update", default=False):
        return
    other = [f"{name} {pin}" for name, pin in _PINNED.items() if version(name) != pin]
    if other:
        raise pytest.UsageError(f"pictures are accepted on the pinned versions only: {other}")


def pytest_collection_finish() -> None:
    """What stays for good is not looked through again and again: a fifth of the screens' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_sessionfinish() -> None:
    """Ends the database of the houses; at the exit of a process nobody would wait for it."""
    if "tests.store.postgres.house" in sys.modules:
        from tests.store.postgres.house import end_cluster

        end_cluster()


@pytest.fixture(scope="session")
def _nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where nothing is: most tests need no folder, and making one takes its time."""
    return tmp_path_factory.mktemp("nobody") / "x"


@pytest.fixture(autouse=True)
def _nobodys_home(_nobody: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test may find, or leave, anything at home or in the environment."""
    kept = dict(os.environ)
    monkeypatch.setenv("HOME", str(_nobody / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(_nobody / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(_nobody / "config"))
    yield
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(kept)
    if _nobody.exists():
        shutil.rmtree(_nobody)


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> "CommandLine":
    """Commands on a store of this test's own."""
    from tests.running import CommandLine

    return CommandLine(tmp_path, monkeypatch, capsys)
