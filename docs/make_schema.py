"""Writes docs/config.schema.json from the tables and their example: python -m docs.make_schema."""  # noqa: INP001 - texts

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from apppw_tui.config.tables import ConfigTable

FILE = Path(__file__).with_name("config.schema.json")
EXAMPLE = Path(__file__).parents[1] / "recipes" / "config.toml"
_TABLE = re.compile(r"#\[\[?([a-z._]+)\]\]?")
_KEY = re.compile(r"#([a-z_]+) = .+")


def schema() -> dict[str, Any]:
    """The schema of the whole file, for editors."""
    made: dict[str, Any] = json.loads(msgspec.json.encode(msgspec.json.schema(ConfigTable)))
    tables = made["$defs"]
    whole = tables.pop("ConfigTable")
    for table in (whole, *tables.values()):
        del table["title"]
        table.pop("description", None)  # which is for those who read the code
    for names, comment, value in _commented(EXAMPLE.read_text().splitlines()):
        key = whole
        for name in names:
            key = _table(key, tables)["properties"][name]
        if comment:
            key.setdefault("description", comment)
        if value not in (None, key.get("default"), *key.get("examples", ())):
            key.setdefault("examples", []).append(value)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of apppw-tui",
        **whole,
        "$defs": tables,
    }


def _table(key: dict[str, Any], tables: dict[str, Any]) -> dict[str, Any]:
    """The table that stands at `key`, once or several times."""
    reference = key.get("items", key).get("$ref")
    table: dict[str, Any] = key if reference is None else tables[reference.rpartition("/")[2]]
    return table


def _commented(lines: list[str]) -> Iterator[tuple[list[str], str, Any]]:
    """Each table and key of the example: its names, the comment above it, and what it shows."""
    table: list[str] = []
    comment = ""
    for line in lines:
        if match := _TABLE.fullmatch(line):
            table = match[1].split(".")
            yield table, comment, None
        elif match := _KEY.fullmatch(line):
            yield [*table, match[1]], comment, tomllib.loads(line[1:])[match[1]]
        comment = f"{comment} {line[2:]}".strip() if line.startswith("# ") else ""


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=2) + "\n")
