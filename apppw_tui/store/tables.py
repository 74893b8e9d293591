"""TinyDB's tables in memory, between one read of a file and one atomic write of it."""

import json
from typing import Any

from tinydb.storages import Storage

from apppw_tui.store.fields import DocumentError

Tables = dict[str, dict[str, Any]]


class BufferedStorage(Storage):
    """TinyDB's tables in memory, between one read of a file and one atomic write of it.

    TinyDB writes after every operation; a change of an account is several operations and must
    reach the disk as one.
    """

    def __init__(self, tables: Tables | None) -> None:
        self.tables = tables

    def read(self) -> Tables | None:
        return self.tables

    def write(self, data: Tables) -> None:
        self.tables = data


def decoded(content: bytes) -> Any:
    """The tables that a file holds, if they are any. Raises DocumentError."""
    if not content.strip():
        raise DocumentError("it is empty")
    try:
        tables: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise DocumentError("it is not JSON") from None
    if tables is None:
        raise DocumentError("it is empty")
    return tables


def encoded(tables: Tables) -> bytes:
    """The tables as a file holds them."""
    try:
        return json.dumps(tables, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        # What a newer schema keeps may hold half a surrogate pair, which only JSON can spell.
        return json.dumps(tables).encode()
