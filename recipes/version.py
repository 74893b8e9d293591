"""Says which version of apppw-tui a tree of sources is, by `python3 recipes/version.py`.

Two trees that differ in what is installed never have one version, so that an upgrade is one. In
this order: what an sdist says of itself, what `git archive` filled in, git's tags and commit, and
where there is none of these, the files themselves.
"""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

FIRST = "0.1.0"  # what is worked at before the first tag, which is v0.1.0
# What is installed; all else may change without being another version.
PARTS = (
    "apppw_tui",
    "debian",
    "docs",
    "recipes",
    "pyproject.toml",
    "setup.py",
    "README.md",
    "LICENSE",
)
_LEFT_OUT = {"__pycache__"}
_DESCRIBED = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)(?:-(\d+)-g([0-9a-f]+))?")


def version(tree: Path) -> str:
    """A version by PEP 440. Raises OSError."""
    return _of_sdist(tree) or _of_archive(tree) or _of_git(tree) or f"{FIRST}.dev0+t{_hash(tree)}"


def _of_sdist(tree: Path) -> str | None:
    try:
        text = (tree / "PKG-INFO").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found = re.search(r"^Version: (\S+)$", text, re.MULTILINE)
    return found[1] if found else None


def _of_archive(tree: Path) -> str | None:
    """What gitattributes(5), export-subst, left in .git_archival.txt."""
    try:
        text = (tree / ".git_archival.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    told = dict(line.partition(": ")[::2] for line in text.split("\n"))
    commit = told.get("commit", "")
    if not re.fullmatch("[0-9a-f]{40,64}", commit):
        return None  # not filled in: this is a checkout
    return _named(told.get("describe", ""), 0, commit)


def _of_git(tree: Path) -> str | None:
    if not (tree / ".git").exists():  # of a folder above, it would be another's
        return None
    commit = _git(tree, "rev-parse", "HEAD")
    if commit is None:
        return None
    described = _git(tree, "describe", "--tags", "--match=v[0-9]*", "--long", "--abbrev=12") or ""
    count = _git(tree, "rev-list", "--count", "HEAD") or "0"
    named = _named(described.strip(), int(count), commit.strip())
    changed = _git(tree, "status", "--porcelain", "--", *PARTS)
    if changed == "":
        return named
    return f"{named}{'.' if '+' in named else '+'}d{_hash(tree)}"


def _named(described: str, count: int, commit: str) -> str:
    """`described` is a tag, or what `git describe` made of one; empty where there is none."""
    found = _DESCRIBED.fullmatch(described)
    if found is None:
        return f"{FIRST}.dev{count}+g{commit[:12]}"
    tag, since, _ = found.groups()
    if since in (None, "0"):
        return tag
    major, minor, patch = re.split("a|b|rc", tag)[0].split(".")
    # What follows a pre-release leads to its release.
    following = f"{major}.{minor}.{int(patch) + tag.replace('.', '').isdecimal()}"
    return f"{following}.dev{since}+g{commit[:12]}"


def _git(tree: Path, *words: str) -> str | None:
    """What git says; None where it is not there, or cannot."""
    # A checkout may be somebody else's than root's; only what is asked for is to be run.
    safe = ("-c", f"safe.directory={tree.resolve()}", "-c", "core.fsmonitor=false")
    try:
        done = subprocess.run(  # noqa: S603 - git, with words of this file
            ["git", *safe, "--no-optional-locks", "-C", str(tree), *words],  # noqa: S607
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _hash(tree: Path) -> str:
    """Of all files in PARTS, their names and modes included."""
    found = hashlib.sha256()
    for part in PARTS:
        for path in sorted([tree / part, *(tree / part).rglob("*")]):
            if not path.is_file() or _LEFT_OUT & set(path.parts):
                continue
            content = path.read_bytes()
            mode = "x" if path.stat().st_mode & 0o100 else "-"
            found.update(f"{path.relative_to(tree)}\0{mode}{len(content)}\0".encode() + content)
    return found.hexdigest()[:12]


if __name__ == "__main__":
    print(version(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]))
