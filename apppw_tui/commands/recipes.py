"""`recipes`: the files for each program that asks, for whoever has the package alone."""

import argparse
import re
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import apppw_tui
from apppw_tui.commands.output import pluralize, print_json, print_lines, print_table
from apppw_tui.commands.server_facts import Recipe, RecipesInstalled
from apppw_tui.domain.errors import Refused, StoreUnusable, system_reason
from apppw_tui.domain.lines import lines
from apppw_tui.domain.names import escaped
from apppw_tui.exit_codes import OK

# Debian's package has them here, and its Python looks for data of programs in /usr/local.
_PACKAGED = Path("/usr/share/apppw-tui/recipes")
# The head of a file: what begins a comment in one of their languages, or a script's first line.
_COMMENT = re.compile(r'(?:#+|--|"""|)\s*')


def run(options: argparse.Namespace) -> int:
    """Lists, shows or copies them. Raises Refused, StoreUnusable."""
    return {"list": _list, "show": _show, "install": _install}[options.action](options)


def _list(options: argparse.Namespace) -> int:
    folder = _folder()
    recipes = [Recipe(name, _about(folder / name)) for name in _names(folder)]
    if options.json:
        print_json(recipes)
    else:
        print_table(("RECIPE", "ABOUT"), [(one.file, one.about) for one in recipes], "")
    return OK


def _show(options: argparse.Namespace) -> int:
    """Prints one, as it is: to be read, or put somewhere by `>`."""
    folder = _folder()
    if options.recipe not in set(_names(folder)):
        raise Refused(
            f"There is no recipe {escaped(options.recipe)}; apppw-tui recipes list has them."
        )
    print_lines((folder / options.recipe).read_text(encoding="utf-8").removesuffix("\n"))
    return OK


def _install(options: argparse.Namespace) -> int:
    """Copies all of them into a folder that is new, or empty: nothing of anybody is overwritten."""
    folder, target = _folder(), Path(options.folder)
    names = [*_names(folder)]
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise Refused(f"{escaped(str(target))} is not empty; name a new folder.")
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, target / name)  # with its mode: some are programs
    except OSError as error:
        raise Refused(f"{escaped(str(target))}: {system_reason(error)}.") from None
    if options.json:
        print_json(RecipesInstalled(str(target), len(names)))
    else:
        print_lines(
            f"{pluralize(len(names), 'file')} put into {escaped(str(target))}. "
            "The head of each says where it goes; README.md has them all."
        )
    return OK


def _folder() -> Path:
    """The folder in which they lie: in sources beside the package, else where it put them.

    Raises:
        StoreUnusable: somebody left them out.
    """
    sources = Path(apppw_tui.__file__).parents[1] / "recipes"
    shared = Path(sysconfig.get_path("data")) / "share" / "apppw-tui" / "recipes"
    for folder in (sources, shared, _PACKAGED):
        if (folder / "config.toml").is_file():
            return folder
    raise StoreUnusable("The recipes are not installed.", f"They belong to: {shared}")


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()


def _about(path: Path) -> str:
    """The first sentence of its head."""
    words: list[str] = []
    for line in lines(path.read_text(encoding="utf-8")):
        if line.startswith("#!"):
            continue
        text = _COMMENT.sub("", line, count=1).strip()
        if not text:
            break
        words.append(text)
    sentence = re.match(r".*?\.(?= |$)", " ".join(words))
    return sentence[0] if sentence else " ".join(words)
