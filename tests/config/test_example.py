"""recipes/config.toml: every key that the reader knows, with its default, right and wrong."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec
import pytest

from apppw_tui.config import Config, load
from apppw_tui.config.tables import ConfigTable, Table
from apppw_tui.domain.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "recipes" / "config.toml"
_TABLE = re.compile(r"#(\[\[?)([a-z._]+)\]\]?")
_KEY = re.compile(r"#([a-z_]+) = (.+)")
# Without them what is left of the table says nothing.
_NEEDED = {"accounts.source", "notices.by", "store.engine", "store.dsn"}
_DEFAULT, _EXAMPLE, _REQUIRED = "default", "example", "required"


@dataclass(frozen=True)
class Line:
    """One key of the example: the line's index, its names, and what the comment says of it."""

    index: int
    key: str  # as a message names it: serve.socket[1].name
    kind: str

    @property
    def name(self) -> str:
        return self.key.rpartition(".")[2]

    @property
    def anywhere(self) -> str:
        """The key in any of the tables of its name."""
        return re.sub(r"\[\d+\]", "[]", self.key)


def _kind(comment: str) -> str:
    told = [word for word in ("Required", "Default:") if word in comment]
    assert len(told) <= 1, comment
    return {"Required": _REQUIRED, "Default:": _EXAMPLE}[told[0]] if told else _DEFAULT


def _read(lines: list[str]) -> list[Line]:
    found: list[Line] = []
    prefix, comment = "", ""
    counts: dict[str, int] = {}
    for index, line in enumerate(lines):
        if table := _TABLE.fullmatch(line):
            prefix = f"{table[2]}."
            if table[1] == "[[":
                counts[table[2]] = counts.get(table[2], 0) + 1
                prefix = f"{table[2]}[{counts[table[2]]}]."
        elif key := _KEY.fullmatch(line):
            assert comment, f"{line} has no comment of its own"
            found.append(Line(index, f"{prefix}{key[1]}", _kind(comment)))
        comment = f"{comment} {line[2:]}".strip() if line.startswith("# ") else ""
    return found


LINES = EXAMPLE.read_text().splitlines()
KEYS = _read(LINES)
each_key = pytest.mark.parametrize("line", KEYS, ids=lambda line: line.key)


def _blocks() -> list[tuple[str, range]]:
    """The lines of each table, with its name; [[tables]] have one for each, [tables] may not."""
    starts = [0, *(index for index, line in enumerate(LINES) if _TABLE.fullmatch(line))]
    return [
        (f"{start}" if LINES[start].startswith("#[[") else LINES[start], range(start, end))
        for start, end in pairwise([*starts, len(LINES)])
    ]


def uncommented(
    line: Line | None = None, *, drop: bool = False, value: str = "", name: str = ""
) -> str:
    """The example with all its keys in force, `line` as told; of two tables alike, with its own."""
    chosen: dict[str, range] = {}
    for table, indexes in _blocks():
        if table not in chosen or (line is not None and line.index in indexes):
            chosen[table] = indexes
    lines = [""] * len(LINES)
    for index in chain(*chosen.values()):
        if _KEY.fullmatch(LINES[index]) or _TABLE.fullmatch(LINES[index]):
            lines[index] = LINES[index][1:]
    if line is not None:
        key, _, told = lines[line.index].partition(" = ")
        lines[line.index] = "" if drop else f"{name or key} = {value or told}"
    return "\n".join(lines)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(file: Path, text: str) -> Config:
    file.write_text(text)
    return load(file)


def refused(file: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(file, text)
    return str(caught.value)


def test_as_it_stands_it_means_the_defaults() -> None:
    assert load(EXAMPLE) == Config()


def known_keys(table: type[Table], prefix: str = "") -> Iterator[str]:
    """Every key that the reader knows, as `Line.anywhere` has it."""
    for field in msgspec.structs.fields(table):
        kinds = [kind for kind in walked(field.type) if isinstance(kind, type)]
        tables = [kind for kind in kinds if issubclass(kind, Table)]
        is_list = tables and any(get_origin(kind) is tuple for kind in walked(field.type))
        many = "[]" if is_list else ""
        name = f"{prefix}{field.encode_name}{many}"
        yield from known_keys(tables[0], f"{name}.") if tables else [name]


def walked(kind: Any) -> Iterator[Any]:
    yield kind
    for part in get_args(kind):
        yield from walked(part)


def test_every_key_that_the_reader_knows_is_in_it() -> None:
    assert {line.anywhere for line in KEYS} == set(known_keys(ConfigTable))


def test_every_line_is_a_comment_or_a_key() -> None:
    others = [line for line in LINES if line and not line.startswith("# ") and line != "#"]
    assert [
        line for line in others if not _KEY.fullmatch(line) and not _TABLE.fullmatch(line)
    ] == []
    assert len(KEYS) > 30


@each_key
def test_what_is_shown_is_the_default_unless_it_says_otherwise(file: Path, line: Line) -> None:
    everything = loaded(file, uncommented(line))
    if line.kind == _DEFAULT:
        assert loaded(file, uncommented(line, drop=True)) == everything
    elif line.kind == _REQUIRED:
        missing = refused(file, uncommented(line, drop=True))
        assert missing.startswith(f"{file}: {line.key}: is missing")
    elif line.key in _NEEDED:
        refused(file, uncommented(line, drop=True))
    else:
        assert loaded(file, uncommented(line, drop=True)) != everything


@each_key
def test_a_wrong_value_is_told_with_file_key_and_reason(file: Path, line: Line) -> None:
    sentence = refused(file, uncommented(line, value="{ wrong = 1979-05-27 }"))
    assert re.fullmatch(rf"{re.escape(f'{file}: {line.key}: ')}(each element )?must .+\.", sentence)


@each_key
def test_a_wrong_key_is_told_with_the_nearest_that_there_is(file: Path, line: Line) -> None:
    wrong = f"{line.name}s"
    place = line.key.removesuffix(line.name)
    assert refused(file, uncommented(line, name=wrong)) == (
        f"{file}: {place}{wrong}: there is no such key. Did you mean {line.key}?"
    )


@pytest.mark.parametrize(
    "table",
    sorted({match[2] for line in LINES if (match := _TABLE.fullmatch(line))} - {"serve.socket"}),
)
def test_a_table_that_is_none_is_told(file: Path, table: str) -> None:
    assert refused(file, f"{table} = 5").startswith(f"{file}: {table}: must be ")


@pytest.mark.parametrize("line", [0, len(LINES) // 2, len(LINES) - 1])
def test_what_is_not_toml_is_told_with_its_line(file: Path, line: int) -> None:
    lines = [*LINES]
    lines[line] = "store ="
    sentence = refused(file, "\n".join(lines))
    assert sentence.startswith(f"{file}: not TOML: ")
    assert f"(at line {line + 1}, column 8)" in sentence or "(at end of document)" in sentence
