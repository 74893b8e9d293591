"""Houses whose accounts stand outside of the process: in files, or, by the switch, in a database.

See tests/support.py for the switch. What is damaged is damaged behind the store's back.
"""

from pathlib import Path
from typing import Any

from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.location import open_store
from apppw_tui.store.postgres.accounts import PostgresAccounts
from tests.folders import contents
from tests.portal.windows import on_disk
from tests.support import House, in_database

_TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'apppw'::regnamespace
    AND relkind IN ('r', 'p') AND NOT relispartition"""


def standing_house(folder: Path, **parts: Any) -> House:
    """A house over the store in `folder`, or over a database of its own."""
    if in_database():
        return House(**parts)
    return House(store=open_store(folder, create=True), **parts)


def wholly_standing_house(folder: Path) -> House:
    """One whose counters and keys stand there as well."""
    if in_database():
        return House()
    open_store(folder, create=True)
    return on_disk(folder)


def written(house: House, folder: Path) -> bytes:
    """All that stands in its files, or in the rows of its database."""
    if isinstance(house.store, FolderStore):
        return b"".join(contents(folder).values())
    assert isinstance(house.store, PostgresAccounts)
    read: Any = house.store._database.rows
    names = [name for (name,) in read(_TABLES)]
    assert "throttle" in names
    return repr([read(f"SELECT t::text FROM apppw.{name} AS t") for name in names]).encode()


def document(house: House, name: str) -> bytes:
    content = house.store.read_raw(name).content
    assert content is not None
    return content


def put_document(house: House, name: str, content: bytes) -> None:
    """Has this stand there, whatever it is; a database takes nothing but JSON."""
    store = house.store
    if isinstance(store, FolderStore):
        store.path(name).write_bytes(content)
        return
    assert isinstance(store, PostgresAccounts)
    with store._database.transaction() as transaction:
        sql = "UPDATE apppw.account SET doc = %s, verifying = %s WHERE name = %s"
        assert transaction.write(sql, *[content.decode()] * 2, name) == 1
        transaction.commit()


def damage(house: House, name: str, *, empty: bool = False) -> None:
    """Makes its document one that nobody can read."""
    if isinstance(house.store, FolderStore):
        content = b"" if empty else b"\xff{"
    else:
        content = b"{}" if empty else b'{"account": 1}'
    put_document(house, name, content)


def place(house: House, name: str) -> str:
    """The account's place, as the administrator is told it."""
    return house.store.read_raw(name).place
