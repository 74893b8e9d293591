"""`apppw-tui recipes`, from the sources and from a package alone."""

import os
import sysconfig
from pathlib import Path

import pytest

import apppw_tui
from apppw_tui.commands import recipes
from tests.running import ROOT, CommandLine


@pytest.fixture(params=["sources", "package"])
def _lie(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are found."""
    if request.param == "package":
        shared = tmp_path / "share/apppw-tui"
        shared.mkdir(parents=True)
        (shared / "recipes").symlink_to(ROOT / "recipes")
        monkeypatch.setattr(apppw_tui, "__file__", str(tmp_path / "site/apppw_tui/x.py"))
        monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))


@pytest.mark.usefixtures("_lie")
def test_each_is_listed_with_what_it_is_for_and_shown_as_it_is(run: CommandLine) -> None:
    listed = run("recipes", "list").out
    assert "App passwords for Caddy 2.6 and later, by forward_auth.\n" in listed
    for path in (ROOT / "recipes").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(ROOT / "recipes").as_posix()
            assert f"\n{name} " in listed
            assert run("recipes", "show", name).out == path.read_text()


@pytest.mark.usefixtures("_lie")
def test_all_are_copied_into_a_new_folder_and_nowhere_else(
    run: CommandLine, tmp_path: Path
) -> None:
    target = tmp_path / "mine"
    assert "README.md has them all" in run("recipes", "install", str(target)).out
    kick = target / "dovecot/apppw-kick"
    assert os.access(kick, os.X_OK)
    assert (target / "README.md").is_file()
    kick.write_text("edited")
    again = run("recipes", "install", str(target))
    assert again.code == 1
    assert "is not empty" in again.err
    assert kick.read_text() == "edited"


@pytest.mark.parametrize("name", ["nothing", "../README.md", "/etc/passwd", "dovecot"])
def test_nothing_else_is_shown(run: CommandLine, name: str) -> None:
    done = run("recipes", "show", name)
    assert (done.code, done.out) == (1, "")
    assert done.err.endswith("apppw-tui recipes list has them.\n")


def test_it_says_where_they_belong_if_they_were_left_out(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apppw_tui, "__file__", str(tmp_path / "site/apppw_tui/x.py"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(recipes, "_PACKAGED", tmp_path / "packaged")
    done = run("recipes", "list")
    assert done.code == 3
    assert "share/apppw-tui/recipes" in done.err
    (tmp_path / "packaged").symlink_to(ROOT / "recipes")  # as Debian's package has them
    assert "dovecot/apppw.lua" in run("recipes", "list").out
