"""The walls between the rooms: each import that must not be is named by `lint-imports`."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.programs import finished
from tests.running import ROOT

PLANTED = {
    "domain/planted.py": "import pathlib\nimport ipaddress",
    "portal/planted.py": "import tinydb\nfrom apppw_tui.verifier import decision",
    "store/planted.py": "from apppw_tui.portal import admin",
    "verifier/planted.py": "import subprocess",
    "integrations/planted.py": "import subprocess\nfrom apppw_tui.store import memory",
    "doctor/planted.py": "import subprocess",
    "ui/planted.py": "from apppw_tui.store import memory\nimport cryptography",
    "commands/planted.py": "import textual",
}
BROKEN = [
    "apppw_tui.domain.planted -> pathlib",
    "apppw_tui.domain.planted -> ipaddress",
    "apppw_tui.portal.planted -> tinydb",
    "apppw_tui.portal.planted -> apppw_tui.verifier.decision",
    "apppw_tui.store.planted -> apppw_tui.portal.admin",
    "apppw_tui.verifier.planted -> subprocess",
    "apppw_tui.integrations.planted -> subprocess",
    "apppw_tui.doctor.planted -> subprocess",
    "apppw_tui.integrations.planted -> apppw_tui.store.memory",
    "apppw_tui.ui.planted -> apppw_tui.store.memory",
    "apppw_tui.ui.planted -> cryptography",
    "apppw_tui.commands.planted -> textual",
]


def checked(folder: Path) -> tuple[int, str]:
    """The exit code and the words of import-linter over a package in `folder`."""
    ran = finished(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "300"},
        timeout=300,
    )
    return ran.returncode, ran.stdout + ran.stderr


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
