"""The walls between the rooms: each import that must not be is named by `lint-imports`."""

import ast
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.programs import finished
from tests.running import ROOT

PLANTED = {
    "domain/planted.py": "import pathlib\nimport ipaddress",
    "portal/planted.py": "import tinydb\nimport psycopg\nfrom apppw_tui.verifier import decision",
    "store/planted.py": "from apppw_tui.portal import admin",
    "verifier/planted.py": "import subprocess",
    "integrations/planted.py": "import subprocess\nfrom apppw_tui.store import memory",
    "doctor/planted.py": "import subprocess",
    "ui/planted.py": "from apppw_tui.store import memory\nimport cryptography",
    "commands/planted.py": "import textual\nfrom apppw_tui.store.folder import files",
}
BROKEN = [
    "apppw_tui.domain.planted -> pathlib",
    "apppw_tui.domain.planted -> ipaddress",
    "apppw_tui.portal.planted -> tinydb",
    "apppw_tui.portal.planted -> psycopg",
    "apppw_tui.portal.planted -> apppw_tui.verifier.decision",
    "apppw_tui.store.planted -> apppw_tui.portal.admin",
    "apppw_tui.verifier.planted -> subprocess",
    "apppw_tui.integrations.planted -> subprocess",
    "apppw_tui.doctor.planted -> subprocess",
    "apppw_tui.integrations.planted -> apppw_tui.store.memory",
    "apppw_tui.ui.planted -> apppw_tui.store.memory",
    "apppw_tui.ui.planted -> cryptography",
    "apppw_tui.commands.planted -> textual",
    "apppw_tui.commands.planted -> apppw_tui.store.folder.files",
]
# What stands in a store's folder; where it is known to store/folder alone (SAFETY 9).
PLACES = frozenset((
    *("accounts", "activity", "before-ledgers", "deleted", "ended", "enforced", "key", "ledger"),
    *("locks", "log", "notices", "reserve", "throttle", "unlisted", "usage"),
))  # fmt: skip
# The daemon's sockets; their folder is known to store/engine alone.
SOCKETS = frozenset({"auth-client", "mux", "http", "json"})
_JOINING = frozenset({"joinpath", "glob", "rglob", "with_name", "join", "Path"})
# The few modules that make a value of a type that stands for text which was parsed.
MAKERS = {
    "AccountName": {"domain/names.py", "portal/admin.py", "portal/password_check.py"},
    "Service": {
        *("domain/scopes.py", "domain/connection_settings.py", "verifier/auth_service.py"),
        *("store/folder/usage_file.py", "store/folder/usage_ledger.py"),
        "store/postgres/usage.py",
    },
    "ParsedAppPassword": {"domain/app_password.py"},
}


def checked(folder: Path) -> tuple[int, str]:
    """The exit code and the words of import-linter over a package in `folder`."""
    ran = finished(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "300"},
        timeout=300,
    )
    return ran.returncode, ran.stdout + ran.stderr


def joined(node: ast.AST) -> list[str]:
    """The first step of each path that is put behind another one by `node`."""
    parts: Sequence[ast.expr] = []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        parts = [node.right]
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        parts = node.args if name in _JOINING else []
    texts = [part.value for part in parts if isinstance(part, ast.Constant)]
    steps = [text.split("/")[0] for text in texts if isinstance(text, str)]
    if isinstance(node, ast.JoinedStr):  # f"{folder}/accounts"
        behind = [part.value for part in node.values[1:] if isinstance(part, ast.Constant)]
        steps += [text.split("/")[1] for text in map(str, behind) if text.startswith("/")]
    return steps


def joins(folder: Path, places: frozenset[str], home: str) -> list[str]:
    """Where the package in `folder` makes a path to one of `places`, outside `home`."""
    return [
        f"{file.relative_to(folder)}:{line}"
        for file in sorted(folder.rglob("*.py"))
        if not file.relative_to(folder).as_posix().startswith(home)
        for line in sorted({
            node.lineno
            for node in ast.walk(ast.parse(file.read_text()))
            if isinstance(node, ast.expr) and places & {*joined(node)}
        })
    ]  # fmt: skip


def test_nobody_outside_store_folder_makes_a_path_in_a_store() -> None:
    assert joins(ROOT / "apppw_tui", PLACES, "store/folder/") == []


def test_nobody_outside_store_engine_makes_the_path_of_a_socket() -> None:
    assert joins(ROOT / "apppw_tui", SOCKETS, "store/engine.py") == []
    texts = {
        file.relative_to(ROOT / "apppw_tui").as_posix()
        for file in (ROOT / "apppw_tui").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and node.value == "/run/apppw-tui"
    }
    assert texts == {"store/engine.py"}


@pytest.mark.parametrize(
    "line",
    [
        'folder / "accounts"',
        'folder.joinpath("ended")',
        '[*folder.glob("locks/*")]',
        'os.path.join(folder, "usage")',
        'Path(folder, "key")',
        'f"{folder}/notices/{name}"',
    ],
)
def test_a_planted_path_in_a_store_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "store" / "folder").mkdir(parents=True)
    for place in ("portal.py", "store/folder/accounts.py"):
        (tmp_path / place).write_text(f"path = 1\n{line}\n")
    assert joins(tmp_path, PLACES, "store/folder/") == ["portal.py:2"]


def makers(folder: Path) -> dict[str, set[str]]:
    """The files of the package in `folder` that call each of these types, or have it called."""
    found: dict[str, set[str]] = {type_name: set() for type_name in MAKERS}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                for called in (node.func, *node.args):
                    if isinstance(called, ast.Name) and called.id in found:
                        found[called.id].add(file.relative_to(folder).as_posix())
    return found


def test_what_is_parsed_is_made_at_the_border_alone(tmp_path: Path) -> None:
    assert makers(ROOT / "apppw_tui") == MAKERS
    for type_name in MAKERS:
        (tmp_path / "screen.py").write_text(f"parsed = [*map({type_name}, texts)]\n")
        assert makers(tmp_path)[type_name] == {"screen.py"}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package and of its contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(
        ROOT / "apppw_tui", tmp_path / "apppw_tui", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


@pytest.mark.slow
def test_each_forbidden_import_is_named(package: Path) -> None:
    assert checked(package)[0] == 0
    for place, imports in PLANTED.items():
        (package / "apppw_tui" / place).write_text(imports + "\n")
    code, words = checked(package)
    assert code == 1
    assert [one for one in BROKEN if one not in words] == []


@pytest.mark.slow
def test_a_module_that_no_row_lists_is_refused(package: Path) -> None:
    (package / "apppw_tui" / "loose.py").write_text("")
    code, words = checked(package)
    assert code == 1
    assert "loose" in words
