"""`apppw-tui completion`: what each shell makes of it, in the real shell, by the real program."""

import os
import re
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pexpect
import pytest

from apppw_tui.arguments.server import SHELLS
from apppw_tui.store.folder.location import open_store
from tests.programs import finished
from tests.running import ROOT, CommandLine, environment
from tests.services.require import require_program
from tests.support import House, first_row_quick

SEVERAL, BELOW = "account disable ben ad", "help account en"
# What has been typed, and what it may become, in a folder with config.toml and the folder conf.d.
TYPED = [
    ("acc", {"account"}),
    ("account ena", {"enable"}),
    ("account un", {"unlock"}),
    ("config c", {"check"}),
    ("completion z", {"zsh"}),
    ("account list --j", {"--json"}),
    ("verify ada --s", {"--service", "--store"}),
    ("serve --so", {"--socket-dir"}),
    ("--config conf", {"config.toml", "conf.d"}),
    ("--store conf", {"conf.d"}),
    ("config check conf", {"config.toml", "conf.d"}),
    ("account show ad", {"ada@example.org"}),
    (SEVERAL, {"ada@example.org"}),
    ("account show ada@ex", {"ada@example.org"}),
    ("account add ad", set()),
    ("account r", {"remove", "remove-key", "rename", "require-verification", "rm"}),
    ("activity be", {"ben"}),
    ("app-password list be", {"ben"}),
    ("app-password rm ben La", {"Laptop"}),
    ("app-password rm ada@example.org Ph", {"Phone"}),
    ("app-password rm eve Ph", set()),
    ("app-password create ben X --scope cale", {"calendar"}),
    ("app-password create ben X --scope mail,cale", {"mail,calendar"}),
    ("app-password create ben X --expires to", {"tomorrow"}),
    ("verify ben --service car", {"carddav"}),
    ("--config config.toml verify ben --service vp", {"vpn"}),
    ("--config config.toml app-password create ben X --scope mail,v", {"mail,vpn"}),
    ("help com", {"completion"}),
    (BELOW, {"enable", "enforce"}),
    ("--store elsewhere account show ze", {"zed"}),
]
# One of each kind is tried in every run, the others where there is time.
QUICK = {
    "acc",
    "account list --j",
    "account show ada@ex",
    "app-password rm ben La",
    "--config config.toml app-password create ben X --scope mail,v",
    "verify ben --service car",
}
LINES = [
    pytest.param(words, wanted, id=words, marks=[] if words in QUICK else [pytest.mark.slow])
    for words, wanted in TYPED
]
BASH = """
source "$1"; shift
COMP_LINE=$1; COMP_POINT=${#COMP_LINE}; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
completes=$(complete -p apppw-tui | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
$completes apppw-tui "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
READY = "ready> "
PROGRAMS = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # ours before the rest
Complete = Callable[[str], set[str]]


@pytest.fixture
def script(run: CommandLine, tmp_path: Path, shell: str) -> Path:
    house = run.house()
    for name, app_password in (("ada@example.org", "Phone"), ("ben", "Laptop")):
        house.add(name)
        house.issue(app_password, name)
    House(store=open_store(tmp_path / "here" / "elsewhere", create=True)).add("zed")
    # As zsh wants the file called.
    file = tmp_path / "functions" / "_apppw-tui"
    file.parent.mkdir()
    file.write_text(run.good("completion", shell))
    return file


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    (folder / "conf.d").mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text('[[service]]\nid = "vpn"\nlabel = "VPN"\n')
    return folder


def said(here: Path, *command: str) -> str:
    done = finished(
        command, cwd=here, env=environment(here.parent, TERM="dumb", PATH=PROGRAMS), check=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_finds_no_fault_with_it(shell: str, script: Path, here: Path) -> None:
    assert said(here, require_program(shell, shell), "-n", str(script)) == ""


@contextmanager
def typed_at(
    shell: str, options: list[str], here: Path, prepared: str
) -> "Iterator[pexpect.spawn[str]]":
    """A shell that a person types at, once `prepared` was done."""
    spawned = pexpect.spawn(
        require_program(shell, shell),
        options,
        env={"PATH": PROGRAMS, "HOME": str(here.parent), "TERM": "dumb", "PS1": READY},
        cwd=here,
        encoding="utf-8",
        dimensions=(50, 200),
        timeout=120,
    )
    try:
        spawned.expect_exact(READY)
        spawned.sendline(f"{prepared}; echo $((40+2))")
        spawned.expect_exact("\n42")
        yield spawned
    finally:
        spawned.close(force=True)


@pytest.mark.parametrize("shell", ["bash"])
@pytest.mark.parametrize(("typed", "wanted"), LINES)
def test_bash_completes(shell: str, script: Path, here: Path, typed: str, wanted: set[str]) -> None:
    line = f"apppw-tui {typed}"
    # As bash parts it; of what may come of a word, readline is told what begins with the last @.
    words = [part for part in re.split(r"(@)|\s+", line) if part]
    output = said(
        here,
        require_program("bash", "bash"),
        "--norc",
        "-c",
        BASH,
        "bash",
        str(script),
        line,
        *words,
    )
    before, at, _ = typed.rsplit(maxsplit=1)[-1].rpartition("@")
    assert {f"{before if at else ''}{word}" for word in output.split()} == wanted


@pytest.mark.parametrize("shell", ["bash"])
@pytest.mark.parametrize(
    ("typed", "line"),
    first_row_quick(
        ("account show ada@", "account show ada@example.org"),
        ("account show ad", "account show ada@example.org"),
        ("account show ada@ex", "account show ada@example.org"),
        ("app-password rm ada@example.org Ph", "app-password rm ada@example.org Phone"),
        ("verify ben --service=cardd", "verify ben --service=carddav"),
    ),
)
def test_bash_completes_what_is_typed_at_it(
    script: Path, here: Path, typed: str, line: str
) -> None:
    """Readline decides which part of a word with an @ is replaced."""
    prepared = f"source {script}; bind 'set bell-style none'"
    with typed_at("bash", ["--norc", "-i"], here, prepared) as bash:
        bash.expect_exact(READY)
        # Tab completes the line; then it is printed, from its beginning on (Ctrl-A), not run.
        bash.send(f"apppw-tui {typed}\t\x01echo :\r")
        bash.expect(r"\n:([^\r]*)")
        assert bash.match[1].split() == ["apppw-tui", *line.split()]


@pytest.mark.parametrize("shell", ["fish"])
@pytest.mark.parametrize(("typed", "wanted"), LINES)
def test_fish_completes(shell: str, script: Path, here: Path, typed: str, wanted: set[str]) -> None:
    fish = require_program("fish", "fish")
    output = said(here, fish, "-N", "-c", f"source {script}; complete -C 'apppw-tui {typed}'")
    assert {line.split("\t")[0].rstrip("/") for line in output.splitlines()} == wanted


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh"])
def test_zsh_completes(script: Path, here: Path) -> None:
    prepared = f"fpath=({script.parent} $fpath); autoload -Uz compinit; compinit -u -D"
    with typed_at("zsh", ["-f", "-i"], here, prepared) as zsh:
        for typed, wanted in TYPED:
            if typed in (SEVERAL, BELOW):
                continue  # shtab has zsh complete the first of several alone
            zsh.expect_exact(READY)
            # Tab completes the line; then it is printed, from its beginning on (Ctrl-A), not run.
            zsh.send(f"apppw-tui {typed}\t\x01print -r -- :\r")
            zsh.expect(r"\n:([^\r]*)")
            common = os.path.commonprefix([*wanted])  # noqa: RUF071 - as far as a shell can tell
            line = ["apppw-tui", *typed.split()[:-1], common or typed.split()[-1]]
            assert zsh.match[1].split() == line


# --- where a package puts it, for shells to find --------------------------------------------------


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder `share` of a prefix that the program was installed into."""
    arguments: dict[str, Any] = {}
    monkeypatch.setitem(sys.modules, "setuptools", SimpleNamespace(setup=arguments.update))
    runpy.run_path(str(ROOT / "setup.py"))
    prefix = tmp_path / "prefix"
    for folder, files in arguments["data_files"]:
        for file in files:
            (prefix / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, prefix / folder)
    return prefix / "share"


@pytest.mark.parametrize("shell", ["bash"])
@pytest.mark.usefixtures("script")
def test_bash_loads_it_at_the_first_tab(share: Path, here: Path) -> None:
    # As bash's manual has it, and the package bash-completion does it.
    load = f"load() {{ source {share}/bash-completion/completions/$1 && return 124; }}"
    prepared = f"{load}; complete -D -F load; bind 'set bell-style none'"
    with typed_at("bash", ["--norc", "-i"], here, prepared) as bash:
        bash.expect_exact(READY)
        bash.send("apppw-tui account show ad\t\x01echo :\r")
        bash.expect(r"\n:([^\r]*)")
        assert bash.match[1].split()[-1] == "ada@example.org"


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["zsh"])
@pytest.mark.usefixtures("script")
def test_zsh_loads_it_at_the_first_tab(share: Path, here: Path) -> None:
    functions = share / "zsh" / "site-functions"
    prepared = f"fpath=({functions} $fpath); autoload -Uz compinit; compinit -u -D"
    with typed_at("zsh", ["-f", "-i"], here, prepared) as zsh:
        for typed, wanted in (
            ("account show ad", "ada@example.org"),
            ("app-password create ben X --scope mail,cale", "mail,calendar"),
        ):
            zsh.expect_exact(READY)
            zsh.send(f"apppw-tui {typed}\t\x01print -r -- :\r")
            zsh.expect(r"\n:([^\r]*)")
            assert zsh.match[1].split()[-1] == wanted


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["fish"])
@pytest.mark.usefixtures("script")
def test_fish_loads_it_at_the_first_tab(share: Path, here: Path) -> None:
    own = environment(here.parent, TERM="dumb", PATH=PROGRAMS, XDG_DATA_DIRS=str(share))
    fish = require_program("fish", "fish")
    line = "complete -C 'apppw-tui account show ad'"
    done = finished([fish, "-c", line], cwd=here, env=own, check=True)
    assert done.stdout.split("\t")[0] == "ada@example.org"


def test_it_needs_no_configuration(run: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "config.toml").write_text("wrong")
    assert run("account", "list").code == 3
    assert "apppw-tui" in run.good("completion", "bash")
    assert run.good("complete", "services", "bash", "im") == "imap\n"


@pytest.mark.parametrize("arguments", [[], ["tcsh"], ["bash", "zsh"]])
def test_another_shell_is_wrong_usage(run: CommandLine, arguments: list[str]) -> None:
    result = run("completion", *arguments)
    assert (result.code, result.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["accounts"],
        ["accounts", "bash", ""],
        ["app-passwords", "bash", "", "apppw-tui", "app-password", "rm"],
        ["app-passwords", "bash", "", "apppw-tui", "app-password", "rm", "ada"],
        ["accounts", "bash", "", "apppw-tui", "--config", "nowhere", "account", "show"],
        ["nonsense", "bash", ""],
    ],
)
def test_where_there_is_nothing_to_offer_nothing_is_said_and_made(
    run: CommandLine, words: list[str]
) -> None:
    assert run.good("complete", *words) == ""
    assert not run.store.exists()


def test_names_with_blanks_are_quoted_for_bash_and_explained_elsewhere(run: CommandLine) -> None:
    house = run.house()
    house.add("o'neil")
    made = house.issue("Scan to mail", "o'neil")
    line = ["apppw-tui", "app-password", "rm", "o\\'neil"]
    assert run.good("complete", "accounts", "bash", "o", *line[:3]) == "o\\'neil\n"
    assert run.good("complete", "app-passwords", "bash", "Scan\\ t", *line) == "Scan\\ to\\ mail\n"
    shown = run.good("complete", "app-passwords", "fish", "", *line)
    assert shown == f"Scan to mail\t{made.app_password.id}, Any app\n"
