"""The columns of the list of app passwords: what stands in them, their order, and which fit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rich.cells import cell_len

from apppw_tui.domain import scopes
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.usage import LastUse, Used
from apppw_tui.ui import formatting
from apppw_tui.ui.glyphs import GLYPHS

PADDING = 2  # columns that the table puts around each cell
DELETE = "Delete"
_LEAST_NAME, _GOOD_NAME = 8, 14
_ARROW = 2  # columns in a header, if the list is sorted by it


@dataclass(frozen=True)
class Column:
    """`most` columns are as much as it may take; names alone are cut for the others."""

    key: str
    head: str
    cell: Callable[[AppPassword, LastUse | None, datetime], str]
    order: Callable[[AppPassword, LastUse | None], Any]
    most: int


def _expiry_order(app_password: AppPassword, _: LastUse | None) -> tuple[bool, datetime]:
    return (app_password.expires is None, app_password.expires or app_password.created)


def _use_order(_: AppPassword, last: LastUse | None) -> tuple[bool, float]:
    return (last is None, 0.0 if last is None else -last.time.timestamp())


_NAME = Column(
    "name", "Name", lambda p, *_: escaped(p.name), lambda p, _: formatting.natural_key(p.name), 64
)
_FOR = Column(
    "for", "For",
    lambda p, *_: scopes.label(p.scope), lambda p, _: scopes.label(p.scope), 24,
)  # fmt: skip
_USED = Column(
    "used", "Last used",
    formatting.last_use, _use_order, 22,
)  # fmt: skip
_ENDS = Column(
    "expires", "Ends",
    lambda p, _, now: formatting.describe_expiry(p, now, short=True), _expiry_order, 12,
)  # fmt: skip
_COLUMNS = (_NAME, _FOR, _USED, _ENDS)
# Where there is little room, the only other column can say it in words.
_EXPIRES = Column(
    "expires", "Expires",
    lambda p, _, now: formatting.PAUSED if p.paused else formatting.describe_expiry(p, now),
    _expiry_order, 12,
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """The column, by its key, and the direction in which the list is sorted."""

    by: str = "name"
    reverse: bool = False


@dataclass(frozen=True)
class Listing:
    """The app passwords to list, those by which columns get their widths, and what is marked."""

    passwords: Sequence[AppPassword] = ()
    everything: Sequence[AppPassword] = ()
    used: Used = field(default_factory=Used)
    marked: frozenset[str] = frozenset()
    label: scopes.ScopeLabel = scopes.label  # of a scope

    def cell(self, column: Column, p: AppPassword, now: datetime) -> str:
        if column is _FOR:
            return self.label(p.scope)
        return column.cell(p, self.used.by_id.get(p.id), now)

    def in_order(self, order: Order) -> "Listing":
        """Sorted; what is equal in the column, by name."""
        column = next(column for column in _COLUMNS if column.key == order.by)
        rows = sorted(self.passwords, key=lambda p: formatting.natural_key(p.name))
        rows.sort(key=lambda p: column.order(p, self.used.by_id.get(p.id)), reverse=order.reverse)
        return replace(self, passwords=tuple(rows))


@dataclass(frozen=True)
class Drawing:
    """The text of a list: each column with its width, its heads, the cells by id.

    A list of `whole` columns cuts nothing.
    """

    columns: tuple[tuple[Column, int], ...] = ()
    heads: tuple[str, ...] = ()
    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: int = 0

    def has_places_of(self, other: "Drawing") -> bool:
        """True if only what stands in the cells may be another."""
        return (self.columns, self.heads, [*self.rows]) == (
            other.columns, other.heads, [*other.rows]
        )  # fmt: skip

    @property
    def has_warning(self) -> bool:
        """True if any row has its `!`."""
        return any(cell.endswith("!") for cells in self.rows.values() for cell in cells[1:])


def draw(listing: Listing, order: Order, now: datetime, width: int, *, narrow: bool) -> Drawing:
    """The list in `width` columns: Name takes the rest, the others are never cut for it."""
    columns = [_NAME, _EXPIRES] if narrow else [*_COLUMNS]
    widths = {
        column.key: _wanted(column, (listing.cell(column, p, now) for p in listing.everything))
        for column in columns
    }
    around = len(DELETE) + PADDING
    whole = around + sum(widths.values()) + PADDING * len(columns)
    least = min(widths["name"], _GOOD_NAME)
    while True:
        fixed = sum(widths[column.key] + PADDING for column in columns[1:])
        room = width - around - fixed - PADDING
        if room >= least or len(columns) <= 2:  # noqa: PLR2004 - a name and one fact
            break
        del columns[1]
    widths["name"] = max(_LEAST_NAME, room)
    rows: dict[str, tuple[str, ...]] = {}
    for p in listing.passwords:
        name, *facts = (listing.cell(column, p, now) for column in columns)
        rows[p.id] = (f"{GLYPHS.on} {name}" if p.id in listing.marked else name, *facts)
    arrow = GLYPHS.down if order.reverse else GLYPHS.up
    heads = (f"{c.head} {arrow}" if c.key == order.by else c.head for c in columns)
    return Drawing(tuple((c, widths[c.key]) for c in columns), tuple(heads), rows, whole)


def _wanted(column: Column, cells: Iterable[str]) -> int:
    head = len(column.head) + _ARROW
    return min(column.most, max([head, *map(cell_len, cells)]))


def matches(
    app_password: AppPassword, used: Used, wanted: str, label: scopes.ScopeLabel = scopes.label
) -> bool:
    """True if its name, scope, or a service or address that it was used by or from has `wanted`."""
    uses = used.services.get(app_password.id, ())
    texts = [app_password.name, label(app_password.scope), *app_password.scope]
    texts += [*app_password.networks, *[formatting.PAUSED] * app_password.paused]
    texts += [text for use in uses for text in (use.service, use.address) if text]
    key = name_key(wanted)
    return any(key in name_key(text) for text in texts)
