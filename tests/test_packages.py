"""What is uploaded: a wheel and a source distribution, each whole, made as a release makes them."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from tests.programs import finished
from tests.running import ROOT
from tests.services.require import require_program

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both, from a copy of what is committed and what is not yet."""
    git = require_program("git", "git")
    line = [git, "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"]
    told = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tree = tmp_path_factory.mktemp("tree")
    for name in filter(None, told.split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    folder = tmp_path_factory.mktemp("built")
    done = finished([sys.executable, "-m", "build", "-o", folder, tree])
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return folder


def test_wheel_has_whatever_a_server_needs_of_it(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        names = file.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        head = HeaderParser().parsestr(file.read(metadata).decode())
    share = {name.partition(".data/data/share/")[2] for name in names}
    recipes = {
        f"apppw-tui/{path.relative_to(ROOT)}"
        for path in (ROOT / "recipes").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert recipes <= share
    assert {
        *("apppw-tui/man/apppw-tui.1", "apppw-tui/man/apppw-tui.toml.5"),
        *("apppw-tui/config.schema.json", "apppw-tui/output.schema.json"),
        *("bash-completion/completions/apppw-tui", "zsh/site-functions/_apppw-tui"),
        "fish/vendor_completions.d/apppw-tui.fish",
    } <= share
    assert "apppw_tui/ui/themes.py" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "bench/"))]
    assert head["License-Expression"] == "MIT"
    description = head.get_payload()
    assert isinstance(description, str)
    assert "# apppw-tui" in description
    links = re.findall(r"\]\(([^)]+)\)", description)
    assert [link for link in links if not link.startswith("https://")] == []


def test_source_can_be_tested(built: Path, tmp_path: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path)
    (tree,) = tmp_path.iterdir()
    chosen = ["tests/domain", "tests/test_documents.py", "tests/test_version.py"]
    line = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", *chosen]
    done = finished(line, cwd=tree)
    assert done.returncode == 0, done.stdout[-3000:]
