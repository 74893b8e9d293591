"""All that is known of an app password, a fact a row: for the pane beside the list and Details."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label
from textual.widgets.option_list import Option

from apppw_tui.domain import connection_settings
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import SHOWN_DAYS, LastUse
from apppw_tui.ui import formatting
from apppw_tui.ui.messages import CopyWanted
from apppw_tui.ui.widgets.lists import Menu, folded
from apppw_tui.ui.widgets.more import MoreLine

_EDGES, _GAP = 2, 2  # columns: of the list, and behind the longest label
_IN_DIALOG, _FRAME = 66, 6  # columns: as in app.tcss
_LEAST_LABEL, _LEAST_VALUE = 7, 8


@dataclass(frozen=True)
class Fact:
    """`copied` is what a copy of it holds, where that is not the whole `value`; never a secret."""

    label: str
    value: str
    copied: str = ""

    @property
    def to_copy(self) -> str:
        return self.copied or self.value


@dataclass(frozen=True)
class Uses:
    """The uses of one app password: the last by each service, and how often on the last days."""

    last: tuple[LastUse, ...] = ()
    per_day: tuple[int, ...] = ()


def facts_of(
    app_password: AppPassword, scope: str, uses: Uses, now: datetime, *, exact: bool
) -> Iterator[Fact]:
    """All but its name: for what it is, its uses, its life; `exact` times are for Details."""
    yield Fact("For", scope)
    if app_password.paused:
        yield Fact("Paused", "refused until it is resumed")
    if app_password.networks:
        yield Fact("From", f"{', '.join(app_password.networks)} alone")
    yield from _uses(uses, now, exact=exact)
    yield from _life(app_password, now, exact=exact)


def _uses(uses: Uses, now: datetime, *, exact: bool) -> Iterator[Fact]:
    """The number of uses lately, and the last by each service."""
    if not uses.last:
        yield Fact("Used", "never")
        return
    if any(uses.per_day):
        times = f"{sum(uses.per_day)} in {SHOWN_DAYS} days"
        yield Fact("Used", f"{formatting.bars(uses.per_day)}  {times}", times)
    else:
        yield Fact("Used", f"not in the last {SHOWN_DAYS} days")
    for use in uses.last:
        time = formatting.exactly(use.time) if exact else formatting.since(use.time, now)
        address = escaped(use.address) if use.address else ""
        yield Fact(
            escaped(use.service) if use.service else "some app",
            f"{time:8}  {address}" if address else time,
            address,
        )


def _life(app_password: AppPassword, now: datetime, *, exact: bool) -> Iterator[Fact]:
    """Its first and its last day, and the beginning by which a log knows it."""
    created, ends = app_password.created, app_password.expires
    made = formatting.exactly_and_ago(created, now) if exact else formatting.day(created, now)
    by = ", by the administrator" if app_password.created_by_admin else ""
    yield Fact("Created", made + by)
    if ends is None:
        yield Fact("Ends", "never")
    else:
        left = formatting.describe_expiry(app_password, now)
        yield Fact("Ends", formatting.ending(ends) if exact else left)
    yield Fact("Id", app_password.id)


def setup_facts(
    account_name: str, settings: Sequence[ConnectionSetting], scope: tuple[str, ...]
) -> Iterator[Fact]:
    """The text to type into an app besides the password, and what it is called there."""
    yield Fact("Account", account_name)
    for row in connection_settings.rows_for(settings, scope):
        where = f"{row.host}  {row.port}  {row.security}"
        yield Fact(
            connection_settings.name(row.service), escaped(row.url or where), row.url or row.host
        )


class FactList(Menu):
    """`y` copies the fact under the cursor."""

    BINDINGS = [
        Binding("enter", "select", "Close", id="close-details", tooltip="Back to the list"),
        Binding("y", "copy", "Copy", id="copy-fact", tooltip="Copy this line"),
    ]

    def __init__(self, *groups: Sequence[Fact], id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._groups = groups
        self._facts = [fact for group in groups for fact in group]
        self._rows: list[tuple[str, str]] = []
        self._width = 0  # for which the lines are broken
        self._bright: int | None = None  # the row whose label is not muted

    def on_mount(self) -> None:
        self._fill()

    def on_resize(self, event: events.Resize) -> None:
        if self.size.width != self._width:
            self._fill()

    def show(self, *groups: Sequence[Fact]) -> None:
        """Shows other facts, a gap between two groups; the cursor stays on its label, if any."""
        if groups != self._groups:
            self._groups = groups
            before = self.current
            self._facts = [fact for group in groups for fact in group]
            self._fill()
            labels = [fact.label for fact in self._facts]
            if before is not None and before.label in labels:
                self.highlighted = labels.index(before.label)

    @property
    def current(self) -> Fact | None:
        """The one under the cursor."""
        at = self.highlighted
        return self._facts[at] if at is not None and at < len(self._facts) else None

    def watch_highlighted(self, highlighted: int | None) -> None:
        super().watch_highlighted(highlighted)
        self._mute()

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._mute()

    def _mute(self) -> None:
        """All labels but the one under the cursor, whose colours are the cursor's."""
        bright = self.highlighted if self.has_focus else None
        if self.option_count == len(self._rows) and bright != self._bright:
            for at in {self._bright, bright} - {None}:
                if at is not None and at < len(self._rows):
                    self.replace_option_prompt_at_index(at, self._row(at))
        self._bright = bright

    def _row(self, at: int) -> Content:
        label, value = self._rows[at]
        bright = at == self.highlighted and self.has_focus
        return Content.assemble(label if bright else (label, "$text-muted"), value)

    def _fill(self) -> None:
        cursor = self.highlighted or 0
        width = max([_LEAST_LABEL, *(cell_len(fact.label) for fact in self._facts)]) + _GAP
        # Before it has one, the width that it will have: to fill it anew is to draw all anew.
        self._width = self.size.width or min(_IN_DIALOG, self.app.size.width - _FRAME)
        room = max(_LEAST_VALUE, self._width - _EDGES - width)
        self.clear_options()
        self._rows = [_broken(fact, width, room) for fact in self._facts]
        ends = itertools.accumulate(len(group) for group in self._groups)
        starts = {*ends} - {len(self._facts)}
        for at in range(len(self._rows)):
            if at in starts:
                self.add_option(None)  # a gap
            self.add_option(Option(self._row(at)))
        if self._facts:
            self.highlighted = min(cursor, len(self._facts) - 1)
            self._mute()

    def action_copy(self) -> None:
        if self.current is not None:
            self.post_message(CopyWanted(self.current.to_copy, self.current.label))


def _broken(fact: Fact, width: int, room: int) -> tuple[str, str]:
    """Label and value in so many columns each; further lines stand under the first of the value."""
    return fact.label + " " * (width - cell_len(fact.label)), folded(fact.value, room, width)


class PaneFacts(FactList):
    """The same beside the list, where Enter opens Details as it does there."""

    BINDINGS = [
        Binding("enter", "select", "Details", id="details", tooltip="Details"),
    ]


class FactsPane(Vertical):
    """The app password under the list's cursor, beside the list."""

    def compose(self) -> ComposeResult:
        yield Label("", id="facts-name", markup=False)
        yield PaneFacts(id="facts")
        yield MoreLine("#facts")

    def show(self, app_password: AppPassword | None, *groups: Sequence[Fact]) -> None:
        """Of no app password nothing."""
        self.set_class(app_password is None, "-nothing")
        if app_password is not None:
            self.query_one("#facts-name", Label).update(escaped(app_password.name))
            self.query_one(FactList).show(*groups)
