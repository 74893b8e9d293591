"""Values of the configuration file: each is checked for its kind, and a wrong one is named."""

import difflib
import os
import re
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apppw_tui.domain.errors import ConfigError
from apppw_tui.domain.names import escaped

LARGEST = 1 << 20  # bytes of the file; what people write has some hundred lines
_PLACEHOLDER = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class TableReader:
    """Reads tables of the file at `path`."""

    path: Path

    def table(
        self, table: Mapping[str, Any], prefix: str, keys: Mapping[str, Callable[[Any], Any]]
    ) -> dict[str, Any]:
        """The values in `table`, whose keys are called `prefix` and a name.

        Raises:
            ConfigError: it names the file, the key and the reason.
        """
        values = {}
        for key, value in table.items():
            if key not in keys:
                near = difflib.get_close_matches(key, keys, n=1)
                hint = f" Did you mean {prefix}{near[0]}?" if near else ""
                raise ConfigError(
                    f"{self.path}: {prefix}{escaped(key)}: there is no such key.{hint}"
                )
            try:
                values[key] = keys[key](value)
            except ValueError as error:
                raise self.error(f"{prefix}{key}", str(error)) from None
        return values

    def error(self, key: str, reason: str) -> ConfigError:
        """The error that says so."""
        return ConfigError(f"{self.path}: {key}: {reason}.")


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


# Each takes a value as TOML gives it, and raises ValueError with the reason.


def text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise ValueError("must be a line of text")
    return value


def texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of texts, and not an empty one")
    try:
        return [text(element) for element in value]
    except ValueError as error:
        raise ValueError(f"each element {error}") from None


def table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("must be a table")
    return value


def absolute(value: Any) -> Path:
    path = Path(text(value))
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


def seconds(least: float, most: float) -> Callable[[Any], float]:
    """Reads a number of seconds from `least` to `most`."""

    def read(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("must be a number of seconds")
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most} seconds")
        return value

    return read


def command(*known: str) -> Callable[[Any], tuple[str, ...]]:
    """Reads a program and its arguments, of which `{name}` is one for each name in `known`."""

    def read(value: Any) -> tuple[str, ...]:
        program, *arguments = texts(value)
        if not Path(program).is_absolute():
            raise ValueError("must begin with the absolute path of a program")
        for element in arguments:
            _check_placeholders(element, known)
        return program, *arguments

    return read


def _check_placeholders(element: str, known: Collection[str]) -> None:
    """SAFETY 23: a value is an argument, never a part of one."""
    for name in known:
        if f"{{{name}}}" in element and element != f"{{{name}}}":
            raise ValueError(f'"{{{name}}}" must be an element by itself, not in "{element}"')
    if _PLACEHOLDER.fullmatch(element) and element[1:-1] not in known:
        raise ValueError(
            f'there is no "{element}" here, only {quoted_list(f"{{{k}}}" for k in known)}'
        )


def quoted_list(words: Iterable[str]) -> str:
    *before, last = [f'"{word}"' for word in words] or [""]
    return f"{', '.join(before)} and {last}" if before else last
