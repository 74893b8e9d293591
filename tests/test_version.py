"""recipes/version.py: two trees that differ in what is installed never have one version."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from tests.running import ROOT
from tests.services.require import require_program

SCRIPT = ROOT / "recipes" / "version.py"


class Tree:
    """A repository with one commit, and no tag."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "recipes").mkdir(parents=True)
        shutil.copy(SCRIPT, folder / "recipes")
        for name in (".git_archival.txt", ".gitattributes"):
            shutil.copy(ROOT / name, folder)
        (folder / "apppw_tui").mkdir()
        self.write("apppw_tui/one.py", "1\n")
        self.git("init", "-q")
        self.commit()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def git(self, *words: str) -> bytes:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        git = require_program("git", "git")
        home = {"PATH": os.defpath, "HOME": "/nonexistent"}
        line = [git, *who, "-C", str(self.folder), *words]
        return subprocess.run(line, check=True, capture_output=True, env=home).stdout

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "one")
        return self.git("rev-parse", "--short=12", "HEAD").decode().strip()


def version(folder: Path) -> str:
    line = ["/usr/bin/python3", "-B", str(SCRIPT), str(folder)]
    said: str = subprocess.run(line, check=True, capture_output=True, text=True).stdout.strip()
    assert str(Version(said)) == said  # PEP 440, in the one form that pip gives it
    return said


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


def test_commit_without_a_tag_is_a_version(tree: Tree) -> None:
    first = version(tree.folder)
    assert re.fullmatch(r"0\.1\.0\.dev1\+g[0-9a-f]{12}", first)
    commit = tree.commit()
    assert version(tree.folder) == f"0.1.0.dev2+g{commit}"


def test_tag_is_a_release_and_what_follows_is_newer(tree: Tree) -> None:
    tree.git("tag", "v0.9.0rc1")
    assert version(tree.folder) == "0.9.0rc1"
    commit = tree.commit()
    assert version(tree.folder) == f"0.9.0.dev1+g{commit}"
    tree.git("tag", "v0.9.0")
    assert version(tree.folder) == "0.9.0"
    commit = tree.commit()
    assert version(tree.folder) == f"0.9.1.dev1+g{commit}"
    assert Version("0.9.0") < Version(version(tree.folder))


def test_changed_checkout_differs_from_its_commit_and_from_other_changes(tree: Tree) -> None:
    clean = version(tree.folder)
    tree.write("apppw_tui/one.py", "2\n")
    two = version(tree.folder)
    tree.write("apppw_tui/one.py", "3\n")
    three = version(tree.folder)
    tree.write("apppw_tui/one.py", "1\n")
    tree.write("apppw_tui/new.py", "")
    new = version(tree.folder)
    assert len({clean, two, three, new}) == 4
    assert all(one.startswith(f"{clean}.d") for one in (two, three, new))
    (tree.folder / "apppw_tui/new.py").unlink()
    tree.write("notes", "what is not installed")
    assert version(tree.folder) == clean


def test_shallow_clone_without_tags_has_a_version(tree: Tree, tmp_path: Path) -> None:
    tree.git("tag", "v1.0.0")
    commit = tree.commit()
    url = f"file://{tree.folder}"
    tree.git("clone", "-q", "--depth=1", "--no-tags", url, str(tmp_path / "shallow"))
    assert version(tmp_path / "shallow") == f"0.1.0.dev1+g{commit}"


@pytest.mark.parametrize("tagged", [True, False])
def test_archive_has_the_version_of_its_commit(tree: Tree, tmp_path: Path, tagged: bool) -> None:
    if tagged:
        tree.git("tag", "v1.0.0")
    commit = tree.commit()
    wanted = f"1.0.1.dev1+g{commit}" if tagged else f"0.1.0.dev0+g{commit}"
    (tmp_path / "archive").mkdir()
    tree.git("archive", "-o", str(tmp_path / "archive.tar"), "HEAD")
    unpack = ["tar", "-xf", str(tmp_path / "archive.tar"), "-C", str(tmp_path / "archive")]
    subprocess.run(unpack, check=True)
    assert version(tmp_path / "archive") == wanted
    # Unpacked below somebody else's repository, as Debian's packagers do.
    shutil.copytree(tmp_path / "archive", tree.folder / "below")
    assert version(tree.folder / "below") == wanted


def test_sdist_says_it_itself(tree: Tree) -> None:
    (tree.folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: x\nVersion: 3.2.1\n")
    assert version(tree.folder) == "3.2.1"


def test_bare_files_are_a_version_of_their_own(tree: Tree) -> None:
    shutil.rmtree(tree.folder / ".git")
    one = version(tree.folder)
    assert re.fullmatch(r"0\.1\.0\.dev0\+t[0-9a-f]{12}", one)
    tree.write("apppw_tui/one.py", "2\n")
    assert version(tree.folder) != one


def test_this_tree_has_one() -> None:
    assert version(ROOT)
