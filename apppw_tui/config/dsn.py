"""The address of a database as an administrator writes it, and what is refused of it."""

import re
from collections.abc import Mapping

# libpq, "Keyword/Value Connection Strings": blanks may stand around =, quotes around a value.
_WORD = re.compile(r"\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)")
_REFUSED = {
    "password": "stands where others may read it; use a client certificate, or passfile",
    "sslpassword": "stands where others may read it; use a key without one, for the portal alone",
    # The driver sees no hosts in a service, and would try no second one.
    "service": "hides the hosts; write them here",
    # They decide what every statement means.
    "options": "cannot be given here",
}


def parse_dsn(dsn: str) -> Mapping[str, str]:
    """The keywords of a connection string with their values.

    Raises:
        ValueError: it cannot be used; the sentence has none of its values.
    """
    words: dict[str, str] = {}
    end = 0
    while dsn[end:].strip():
        match = _WORD.match(dsn, end)
        if match is None or match[1] in words:
            raise ValueError('must be written as "host=… dbname=… user=…"')
        quoted, plain = match[2], match[3]
        words[match[1]] = re.sub(r"\\(.)", r"\1", plain if quoted is None else quoted)
        end = match.end()
    for key, why in _REFUSED.items():
        if key in words:
            raise ValueError(f"{key} {why}")
    if _is_remote(words) and words.get("sslmode") != "verify-full":
        raise ValueError("needs sslmode=verify-full, since it names a host")
    return words


def check_dsn(dsn: str) -> str:
    """The same string, if it can be used. Raises ValueError."""
    parse_dsn(dsn)
    return dsn


def _is_remote(words: Mapping[str, str]) -> bool:
    """True unless there are sockets alone: / begins a folder, and @ an abstract one."""
    hosts = [host for host in words.get("host", "").split(",") if host]
    return bool(words.get("hostaddr")) or not all(host.startswith(("/", "@")) for host in hosts)
