"""What is looked at before a database is connected to, besides the configuration."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from apppw_tui.config.dsn import parse_dsn
from apppw_tui.domain.errors import Refused

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_dsn(dsn: str) -> Mapping[str, str]:
    """The words of `dsn`. Raises Refused, with a sentence that holds none of its values.

    From then on nothing is taken from PG* of the environment, where it could say otherwise.
    """
    try:
        words = parse_dsn(dsn)
    except ValueError as error:
        raise Refused(f"dsn {error}.") from None
    if "passfile" in words:
        _check_passfile(Path(words["passfile"]))
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    return words


def _check_passfile(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        raise Refused("passfile cannot be read.") from None
    if mode & _OTHERS:
        raise Refused(f"passfile is open to others: chmod 600 {path}")
