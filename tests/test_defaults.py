"""Defaults are read from values: of a NamedTuple itself, a field is a descriptor."""

import ast
from collections.abc import Iterable
from pathlib import Path

from tests.running import ROOT


def parsed(folder: Path) -> dict[str, ast.Module]:
    return {
        file.relative_to(folder).as_posix(): ast.parse(file.read_text())
        for file in sorted(folder.rglob("*.py"))
    }


def fields(modules: Iterable[ast.Module]) -> set[tuple[str, str]]:
    """Each field of each NamedTuple, with the name of its class."""
    return {
        (node.name, field.target.id)
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases)
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def read_of_a_class(folder: Path) -> list[str]:
    modules = parsed(folder)
    known = fields(modules.values())
    return [
        f"{name}:{node.lineno}: {node.value.id}.{node.attr}"
        for name, module in modules.items()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if (node.value.id, node.attr) in known
    ]


def test_no_default_is_read_of_a_named_tuples_class() -> None:
    assert read_of_a_class(ROOT / "apppw_tui") == []


def test_one_that_is_planted_is_named(tmp_path: Path) -> None:
    (tmp_path / "policy.py").write_text("class Policy(NamedTuple):\n    days: int = 7\n")
    (tmp_path / "tables.py").write_text("days = Policy().days\ndays = Policy.days\n")
    assert read_of_a_class(tmp_path) == ["tables.py:2: Policy.days"]
