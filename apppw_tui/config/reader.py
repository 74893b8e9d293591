"""Reads the configuration file by its tables, and collects all that is wrong, with its lines."""

import difflib
import os
import re
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from apppw_tui.config import Config
from apppw_tui.config.tables import ConfigTable, Table, scope_conflicts
from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.secret import HIDDEN

LARGEST = 1 << 20  # bytes of the file; what people write has some hundred lines
_LONGEST_VALUE = 500  # lines; behind a longer one no more lines are told
_MOST_FAULTS = 100  # that are told at once; a file with more is none of ours
_KEY = r"(?a)[A-Za-z0-9_-]{1,64}"
_HEADER = r"\s*\[+\s*([A-Za-z0-9_-]+)"
_BEGINNING = r"\s*\[*\s*[\"']?([A-Za-z0-9_-]+)"  # of a table, or of a key
_LAST_PART = r"(\.[^.]*|\[\d+\])$"


def load(path: Path) -> Config:
    """The configuration in `path`. Raises ConfigError, which names all that is wrong."""
    try:
        text = read_file(path).decode()
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply.") from None
    reader = Reader()
    config = reader.read(document)
    if reader.faults:
        raise reader.error(path, text)
    return config


def salvage(path: Path) -> tuple[Config, frozenset[str], frozenset[str]]:
    """The configuration of those tables in `path` that are right by themselves.

    With it come those that are wrong, and those that may stand in what is not understood.
    """
    names = frozenset(field.encode_name for field in msgspec.structs.fields(ConfigTable))
    try:
        lines = read_file(path).decode(errors="replace").split("\n")
    except ConfigError:
        return Config(), frozenset(), names
    document, end = _beginning(lines)
    reader = Reader()
    config = reader.read(document)
    wrong = {re.split(r"[.[]", key)[0] for key, _ in reader.faults}
    lost = {near for key in wrong - names for near in difflib.get_close_matches(key, names, n=1)}
    if end < len(lines):  # what stands behind, and more of the table that it ends in
        lost |= {*_matches(_HEADER, lines[:end])[-1:], *_matches(_BEGINNING, lines[end:])}
    return config, names & wrong, names & lost


def _matches(pattern: str, lines: list[str]) -> list[str]:
    return [match[1] for line in lines if (match := re.match(pattern, line)) is not None]


def _beginning(lines: list[str]) -> tuple[dict[str, Any], int]:
    """As much from the beginning as is TOML, and of how many lines it is."""
    for end in range(len(lines), 0, -1):
        try:
            return tomllib.loads("\n".join(lines[:end])), end
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return {}, 0


class Reader:
    """Reads one document; `faults` are the keys that are wrong in it, each with its sentence."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []
        self.is_cut = False  # there are more faults than are told

    def read(self, document: Mapping[str, Any]) -> Config:
        """The configuration without the tables that are wrong, and the keys outside of them."""
        if document.get("delivery") == {}:
            document = {key: value for key, value in document.items() if key != "delivery"}
        values = self._values(ConfigTable, document)
        own = values.get("service", ())
        for key, reason in (*ConfigTable.conflicts(values), *scope_conflicts(document, own)):
            self._note(key, reason)
            values[re.split(r"[.[]", key)[0]] = None
        config: Config = ConfigTable.build(
            {key: value for key, value in values.items() if value is not None}
        )
        return config

    def error(self, path: Path, text: str) -> ConfigError:
        """The error of all faults, in the order of their lines in `text`."""
        lines = key_lines(text)
        located = sorted(
            ((_line(lines, key), sentence) for key, sentence in self.faults),
            key=lambda fault: fault[0] or 0,
        )
        if self.is_cut:
            located.append((None, f"more is wrong than these {len(located)}."))
        return ConfigError(
            *(f"{path}: {sentence}" for _, sentence in located),
            located=tuple(
                f"{path}:{line}: {sentence}" if line else f"{path}: {sentence}"
                for line, sentence in located
            ),
        )

    def table(self, kind: type[Table], raw: Any, name: str) -> Any:
        """The settings of the table called `name`; None: a key in it is wrong.

        Raises:
            ValueError: it is no table.
        """
        if not isinstance(raw, dict):
            raise ValueError("must be a table")
        values = self._values(kind, raw, f"{name}.")
        if any(value is None for value in values.values()):
            return None
        for key, reason in kind.conflicts(values):
            self._note(f"{name}.{key}", reason)
            return None  # the others can follow from it
        return kind.build(values)

    def _values(
        self, kind: type[Table], raw: Mapping[str, Any], prefix: str = ""
    ) -> dict[str, Any]:
        """The values of a table whose keys begin with `prefix`; None is a wrong one."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for key, value in raw.items():
            # What has not the form of a key could be a secret (SAFETY 29).
            name, field = f"{prefix}{key if re.fullmatch(_KEY, key) else HIDDEN}", fields.get(key)
            values[key if field is None else field.name] = None
            if len(self.faults) >= _MOST_FAULTS:
                self.is_cut = True
                break
            if field is None:
                near = difflib.get_close_matches(key, fields, n=1)
                hint = f" Did you mean {prefix}{near[0]}?" if near else ""
                self.faults.append((f"{prefix}{key}", f"{name}: there is no such key.{hint}"))
                continue
            try:
                values[field.name] = self._value(field.type, value, name)
            except ValueError as error:
                self._note(name, str(error))
        return values

    def _value(self, kind: Any, raw: Any, name: str) -> Any:
        """`raw` by the rules of `kind`; None: a key in it is wrong.

        Raises:
            ValueError: a rule is broken, with its sentence.
        """
        if get_origin(kind) in (Union, UnionType):  # a value, or a table with more of them
            value, table = get_args(kind)
            kind = table if isinstance(raw, dict) else value
        if isinstance(kind, type):
            return self.table(kind, raw, name)
        base, *rules = get_args(kind)
        element = get_args(base)[0] if get_origin(base) is tuple else str
        for number, rule in enumerate(rules):
            extra = rule.extra
            if "read" in extra:
                raw = extra["read"](raw)
                continue
            try:
                shape = base if element is str else list[Any]
                raw = msgspec.convert(raw, Annotated[shape, rule], strict=True)
            except msgspec.ValidationError:
                raise ValueError(extra["sentence"]) from None
            if extra["check"] is not None and not extra["check"](raw):
                raise ValueError(extra["sentence"])
            if number == 0 and element is not str:
                raw = [
                    self._value(element, each, f"{name}[{at}]") for at, each in enumerate(raw, 1)
                ]
        return None if isinstance(raw, list) and None in raw else raw

    def _note(self, key: str, reason: str) -> None:
        self.faults.append((key, f"{key}: {reason}."))


def key_lines(text: str) -> dict[str, int]:
    """The line of each key and table in TOML, by its full name such as serve.socket[1].name.

    tomllib tells no lines, so each statement is parsed by itself.
    """
    lines: dict[str, int] = {}
    counts = Counter[str]()
    table, statement, begin = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        begin = begin if statement else number
        statement += f"{line}\n"
        try:
            parsed = tomllib.loads(statement)
        except tomllib.TOMLDecodeError:
            if number - begin > _LONGEST_VALUE:
                break
            continue  # it goes on in the next line
        if statement.lstrip().startswith("["):
            *_, table = _names(parsed, "")
            if statement.lstrip().startswith("[["):
                table = table.removesuffix("[1]")
                counts[table] += 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, begin)
        else:
            for name in _names(parsed, table):
                lines.setdefault(name, begin)
        statement = ""
    return lines


def _names(value: Any, name: str) -> Iterator[str]:
    """The name of a value and of all in it."""
    yield name
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _names(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _names(inner, f"{name}[{number}]")


def _line(lines: Mapping[str, int], key: str) -> int | None:
    """The line of `key`, or of the table that it is missing in."""
    while key not in lines:
        shorter = re.sub(_LAST_PART, "", key)
        if shorter == key:
            return None
        key = shorter
    return lines[key]


def read_file(path: Path) -> bytes:
    """The content of the configuration at `path`, a file, a link to one, or /dev/null as an empty.

    Raises:
        ConfigError: it cannot be read, is no file, or is too large.
    """
    try:
        with open(path, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) and not _is_null(status):
                raise ConfigError(f"{path}: is no ordinary file.")
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'cannot be read').lower()}.") from None
    if len(content) > LARGEST:
        raise ConfigError(f"{path}: is larger than a configuration may be ({LARGEST} bytes).")
    return content


def _open(path: str, flags: int) -> int:
    # A pipe that nobody writes to must not hang the program.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _is_null(status: os.stat_result) -> bool:
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev
