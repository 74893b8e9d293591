"""Interrupts, wherever the program stands: it ends by the signal or with 130, without a word."""

import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from apppw_tui.exit_codes import INTERRUPTED
from apppw_tui.store.folder.location import open_store
from tests.running import ROOT, environment
from tests.support import House, first_quick

# Python imports it before the program. Interrupts its own process where the named module is about
# to be looked for, there in a weakref's callback, or at the very end; so no test has to hit the
# moment.
INTERRUPTING = """
import atexit, os, signal, sys, weakref

where, _, module = os.environ["AT"].rpartition(" ")

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)

class Interrupting:
    def find_spec(self, name, *_):
        if name == module and where:
            weakref.finalize(Interrupting(), interrupt)
        elif name == module:
            interrupt()

sys.meta_path.insert(0, Interrupting())
if module == "exit":
    atexit.register(interrupt)
"""
# As the console script that pip makes.
SCRIPT = "import sys; from {module} import {name}; sys.argv[0] = 'apppw-tui'; sys.exit({name}())"
PLAIN = -signal.SIGINT  # which a shell shows as 130, too


def console_script() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    module, _, name = project["project"]["scripts"]["apppw-tui"].partition(":")
    return SCRIPT.format(module=module, name=name)


def ignore() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def as_a_shell_starts_it() -> None:
    """Not ignoring what whoever has started the tests may ignore, as one in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def interrupted(
    tmp_path: Path, at: str, *, start: tuple[str, ...] = ("-m", "apppw_tui"), ignoring: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    """`account list`, without the bytecode of any module."""
    store = tmp_path / "store"
    House(store=open_store(store, create=True)).add("ada")
    hook = tmp_path / "hook"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(INTERRUPTING)
    more = {"PYTHONPATH": str(hook), "PYTHONPYCACHEPREFIX": str(tmp_path / "none"), "AT": at}

    return subprocess.run(
        [sys.executable, *start, "--store", str(store), "account", "list"],
        capture_output=True,
        env=environment(tmp_path, **more),
        cwd=ROOT,
        check=False,
        timeout=120,
        preexec_fn=ignore if ignoring else as_a_shell_starts_it,
    )


@pytest.mark.parametrize(
    "at",
    first_quick(
        *("argparse", "exit", "apppw_tui.cli", "apppw_tui.arguments", "apppw_tui.domain.errors"),
        "apppw_tui.integrations.journald",
    ),
)
def test_an_interrupt_while_nothing_is_under_way_just_ends_it(tmp_path: Path, at: str) -> None:
    done = interrupted(tmp_path, at)
    assert (done.returncode, done.stderr) == (PLAIN, b"")


@pytest.mark.parametrize(
    "at",
    first_quick(
        *("tinydb", "apppw_tui.commands", "apppw_tui.commands.account_list", "apppw_tui.config")
    ),
)
def test_an_interrupt_of_a_command_exits_130(tmp_path: Path, at: str) -> None:
    done = interrupted(tmp_path, at)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, b"", b"")


@pytest.mark.slow
@pytest.mark.parametrize("at", first_quick("tinydb", "apppw_tui.arguments", "apppw_tui.commands"))
def test_an_interrupt_that_python_would_overlook_ends_it_too(tmp_path: Path, at: str) -> None:
    done = interrupted(tmp_path, f"callback {at}")
    assert (done.returncode, done.stdout, done.stderr) == (PLAIN, b"", b"")


@pytest.mark.parametrize("at", first_quick("apppw_tui.cli", "apppw_tui.arguments.words", "exit"))
def test_the_console_script_is_interrupted_likewise(tmp_path: Path, at: str) -> None:
    done = interrupted(tmp_path, at, start=("-c", console_script()))
    assert (done.returncode, done.stderr) == (PLAIN, b"")


@pytest.mark.slow
@pytest.mark.parametrize("at", first_quick("apppw_tui.commands", "apppw_tui.arguments", "exit"))
def test_an_interrupt_that_is_ignored_stays_so(tmp_path: Path, at: str) -> None:
    done = interrupted(tmp_path, at, ignoring=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"ada" in done.stdout


def test_importing_the_command_line_leaves_interrupts_alone(tmp_path: Path) -> None:
    program = (
        "import signal; before = signal.getsignal(signal.SIGINT); import apppw_tui.cli; "
        "apppw_tui.cli.main(['account', 'list']); "
        "assert signal.getsignal(signal.SIGINT) is before is signal.default_int_handler"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        cwd=ROOT,
        check=False,
        timeout=120,
        preexec_fn=as_a_shell_starts_it,
    )
    assert b"Error" not in done.stderr
    assert done.returncode == 0
