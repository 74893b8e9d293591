"""TinyDB's tables in memory, between one read of a file and one atomic write of it."""

from typing import Any

from tinydb.storages import Storage

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
