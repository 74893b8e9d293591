"""The usable part of a configuration that is broken: for those who look for the fault."""

import tomllib
from pathlib import Path
from typing import Any

from apppw_tui.config import Config, chosen_file, load, present, read
from apppw_tui.config.values import read_file
from apppw_tui.domain.errors import ConfigError


def salvaged(named: Path | None) -> tuple[Config, ConfigError | None]:
    """The configuration, and why it is not all of it. Raises ConfigError if it is not there."""
    path = chosen_file(named)
    if path is None:
        return Config(), None
    try:
        return load(path), None
    except ConfigError as error:
        if not present(path):
            raise  # whoever named it mistyped it
        return _less(path), error


def _less(path: Path) -> Config:
    """With those of its sections that are right by themselves."""
    try:
        lines = read_file(path).decode(errors="replace").split("\n")
    except ConfigError:
        return Config()
    good, rest = Config(), dict[str, Any]()
    for key, value in _first(lines).items():
        try:
            good = read(path, {**rest, key: value})
        except ConfigError:
            continue
        rest[key] = value
    return good


def _first(lines: list[str]) -> dict[str, Any]:
    """As much from its beginning as is TOML."""
    for end in range(len(lines), 0, -1):
        try:
            return tomllib.loads("\n".join(lines[:end]))
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return {}
