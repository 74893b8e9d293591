"""Writes the map in docs/ARCHITECTURE.md from the modules' docstrings: python -m docs.make_map."""  # noqa: INP001 - texts

import ast
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).with_name("ARCHITECTURE.md")
PACKAGE = Path(__file__).parents[1] / "apppw_tui"
BEGIN, END = "<!-- map: python -m docs.make_map -->", "<!-- end of the map -->"


def page() -> str:
    """The page as it is, with the map as it should be."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    rooms = "\n".join(_rooms())
    return f"{before}{BEGIN}\n{rooms}\n{END}{after}"


def _rooms() -> Iterator[str]:
    folders = sorted({file.parent for file in PACKAGE.rglob("*.py")})
    for folder in folders:
        title = "/".join((PACKAGE.name, *folder.relative_to(PACKAGE).parts))
        yield f"\n### {title}/\n"
        room = _first_line(folder / "__init__.py")
        if room and folder != PACKAGE:
            yield f"{room}\n"
        for file in sorted(folder.glob("*.py")):
            if file.name not in ("__init__.py", "__main__.py"):
                yield f"- `{file.stem}`: {_first_line(file)}"


def _first_line(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text()))
    return text.splitlines()[0] if text else ""


if __name__ == "__main__":
    PAGE.write_text(page())
