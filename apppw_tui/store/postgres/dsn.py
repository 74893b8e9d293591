"""Checks the address of a database once more, before it is connected to."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from apppw_tui.config.dsn import parse_dsn
from apppw_tui.domain.errors import Refused

# Whatever it says: a standby may not know yet what was deleted, and names are of any alphabet.
_ALWAYS = {"target_session_attrs": "read-write", "client_encoding": "UTF8"}
# libpq 16: sslcertmode. An older one looks whether the file is there, and goes on where it is not.
_SSLCERTMODE_SINCE = 160000
_NO_CERTIFICATE = {"sslcert": "/dev/null/none"}
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_dsn(dsn: str) -> str:
    """The string for the driver. Raises Refused, with a sentence that has none of its values.

    From then on nothing is taken from PG* of the environment, where it could say otherwise.
    """
    try:
        words = parse_dsn(dsn)
        made = make_conninfo(**{**_without_home(words), **words, **_ALWAYS})
    except ValueError as error:
        raise Refused(f"dsn {error}.") from None
    except (psycopg.Error, TypeError):
        raise Refused("dsn has a word that PostgreSQL does not know.") from None
    if "passfile" in words:
        _check_passfile(Path(words["passfile"]))
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    return made


def _without_home(words: Mapping[str, str]) -> dict[str, str]:
    """Has a certificate that `words` do not name not be looked for below the home folder.

    That is root's, also where root has become the owner of the store, who may not enter it.
    """
    if "sslcert" in words:
        return {}
    if psycopg.pq.version() >= _SSLCERTMODE_SINCE:
        return {"sslcertmode": "disable"}
    return dict(_NO_CERTIFICATE)


def _check_passfile(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        raise Refused("passfile cannot be read.") from None
    if mode & _OTHERS:
        raise Refused(f"passfile is open to others: chmod 600 {path}")
