"""The address of a database as an administrator writes it, and what is refused of it."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from apppw_tui.domain.errors import Refused

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_REFUSED = {
    "password": "stands where others may read it: use a client certificate, or passfile",
    # The driver sees no hosts in a service, and would try no second one.
    "service": "hides the hosts: write them into dsn",
    # Whoever writes these decides what every statement means.
    "options": "is not for a dsn",
}


def check_dsn(dsn: str) -> Mapping[str, str]:
    """The words of `dsn`. Raises Refused, with a sentence that holds none of its values."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        words = {key: str(value) for key, value in conninfo_to_dict(dsn).items() if value != ""}
    except psycopg.Error:
        raise Refused("dsn is no connection string of PostgreSQL.") from None
    for key, why in _REFUSED.items():
        if key in words:
            raise Refused(f"{key} {why}.")
    if "passfile" in words:
        _check_passfile(Path(words["passfile"]))
    hosts = words.get("host", "").split(",")
    is_remote = "hostaddr" in words or any(not _is_local(host) for host in hosts if host)
    if is_remote and words.get("sslmode") != "verify-full":
        raise Refused("sslmode must be verify-full where the database is reached over a network.")
    return words


def drop_environment() -> None:
    """Forgets PG*: the driver would take from there what the configuration does not say."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def _is_local(host: str) -> bool:
    """True for the folder of a socket, or an abstract one (libpq, "Parameter Key Words")."""
    return host.startswith(("/", "@"))


def _check_passfile(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:
        raise Refused("passfile cannot be read.") from None
    if mode & _OTHERS:
        raise Refused("passfile is open to others: chmod 600.")
