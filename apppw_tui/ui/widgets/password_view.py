"""App passwords as one sees them: the list, its filter and, where there is room, a pane."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Label

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.connection_settings import ConnectionSetting
from apppw_tui.domain.names import escaped
from apppw_tui.domain.policy import BY_ADMINISTRATOR, Policy
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.usage import Used, UsesPerDay
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.themes import HUGE, NARROW, WIDE
from apppw_tui.ui.widgets.facts import Fact, FactsPane, Uses, facts_of, setup_facts
from apppw_tui.ui.widgets.filter_input import FilterInput
from apppw_tui.ui.widgets.more import MoreLine
from apppw_tui.ui.widgets.password_columns import matches
from apppw_tui.ui.widgets.password_table import PasswordTable

LEGEND = "! ends soon, or unused for 90 days"
_PURPOSES = (
    "One password per device or program. Lost it? Delete its password.",
    "One password per device or program.",
    "",
)
_HOW = "Create one for your phone or mail program."
_AROUND_PURPOSE = 14  # columns: edges, gaps, Create


@dataclass(frozen=True)
class Overview:
    """All that is shown, as it was read in one go; `fault` is why the uses are not known."""

    account: Account
    used: Used
    per_day: UsesPerDay
    fault: str = ""


class PasswordView(Vertical):
    """Shows an overview; the table's messages say what is wanted."""

    def __init__(self, clock: Clock, policy: Policy, settings: Sequence[ConnectionSetting]) -> None:
        super().__init__()
        self._clock = clock
        self._policy = policy
        self._settings = settings
        self._list_width: int | None = None
        self._deleted_all = False
        self.overview: Overview | None = None
        self.touched = False  # somebody has moved the cursor since the ages were drawn

    def compose(self) -> ComposeResult:
        with Horizontal(id="tools"):
            yield Label("", id="purpose", markup=False)
            yield FilterInput()
            yield Label("", id="count", markup=False)
            yield Button("Create", id="create", compact=True)
        yield Label("", id="empty", markup=False)
        with Horizontal(id="list-and-pane"):
            with Vertical(id="list-column"):
                yield PasswordTable(self._clock.now, self._policy.label)
                yield MoreLine("#table")
            yield FactsPane(id="pane")

    @property
    def account(self) -> Account | None:
        return None if self.overview is None else self.overview.account

    @property
    def table(self) -> PasswordTable:
        return self.query_one(PasswordTable)

    @property
    def filter_text(self) -> str:
        return self.query_one(FilterInput).value.strip()

    def show(self, overview: Overview, cursor: str | None = None, *, deleted: bool = False) -> None:
        """Shows it; the cursor goes to the id `cursor`. After a deletion an empty list says so."""
        self.overview = overview
        none = not overview.account.app_passwords
        self._deleted_all = none and (deleted or self._deleted_all)
        self.set_class(none, "-empty")
        begun = "Everything is deleted." if self._deleted_all else "No app passwords yet."
        next_step = _HOW if self._policy.people_create else BY_ADMINISTRATOR
        self.query_one("#empty", Label).update(f"{begun} {next_step}")
        full = self._policy.creation_unavailable_reason(overview.account) is not None
        self.query_one("#create", Button).set_class(full, "-dim")
        self._fit_tools()
        self.draw(cursor)

    def draw(self, cursor: str | None = None) -> None:
        """Draws what is another by now."""
        self.touched = False
        if self.overview is not None:
            every, used = self.overview.account.app_passwords, self.overview.used
            wanted = self.filter_text
            shown = [
                password
                for password in every
                if matches(password, used, wanted, self._policy.label)
            ]
            self.table.show(shown, used, every, cursor)

    def focus_content(self) -> None:
        if self.account is not None and self.account.app_passwords:
            self.table.focus()
        else:
            self.query_one("#create", Button).focus()

    def on_resize(self) -> None:
        self._fit_tools()

    def _fit_tools(self) -> None:
        account, width = self.account, self.app.size.width
        if account is None:
            return
        limit, count = self._policy.app_passwords_per_account, len(account.app_passwords)
        counted = f"{count} of {limit}" if count >= limit or width < NARROW else str(count)
        self.query_one("#count", Label).update(counted)
        room = 0 if width < NARROW else width - _AROUND_PURPOSE - len(counted)
        purpose = next(sentence for sentence in _PURPOSES if len(sentence) <= room or not sentence)
        self.query_one("#purpose", Label).update(purpose)

    @on(PasswordTable.Current)
    def show_current(self, event: PasswordTable.Current) -> None:
        """Fills the pane, where there is one, and the line below the list."""
        self.touched = self.touched or event.moved
        overview, width = self.overview, self.app.size.width
        if overview is None:
            return
        own = self.table.drawing.whole if width >= HUGE else None
        if own != self._list_width:
            self._list_width = own
            self.query_one("#list-column").styles.width = own  # the pane takes the rest
        shown, count = self.table.row_count, len(overview.account.app_passwords)
        note = LEGEND if self.table.drawing.has_warning else ""
        if wanted := self.filter_text:
            note = f'{shown} of {count} {GLYPHS.dot} "{escaped(wanted)}"'
        self.query_one("#list-column MoreLine", MoreLine).note(note)
        if width >= WIDE:
            current = self.table.current
            self.query_one(FactsPane).show(current, *(self.facts(current) if current else ()))

    def facts(
        self, password: AppPassword, *, exact: bool = False
    ) -> tuple[Sequence[Fact], Sequence[Fact]]:
        """All that is known of it, with times as `exact` as in Details; and its set-up card."""
        uses, now = Uses(), self._clock.now()
        if self.overview is not None:
            last = self.overview.used.services.get(password.id, ())
            uses = Uses(last, self.overview.per_day.get(password.id, ()))
        label = self._policy.label(password.scope)
        return tuple(facts_of(password, label, uses, now, exact=exact)), self.setup(password)

    def setup(self, password: AppPassword) -> Sequence[Fact]:
        """Its set-up card: the text to type into an app besides the password."""
        name = "" if self.account is None else self.account.name
        return tuple(setup_facts(name, self._settings, password.scope))

    # --- the filter -----------------------------------------------------------------------

    def begin_filter(self) -> None:
        self.set_class(True, "-filtering")
        self.query_one(FilterInput).focus()

    @on(Input.Changed, "#filter")
    def narrow_down(self) -> None:
        self.draw()

    @on(FilterInput.Left)
    def leave_filter(self, event: FilterInput.Left) -> None:
        if event.clear:
            self.query_one(FilterInput).clear()
        self.set_class(bool(self.filter_text), "-filtering")
        self.focus_content()

    def take_back(self) -> bool:
        """Takes back the marks, else the filter; False if there is neither."""
        if self.table.unmark():
            return True
        filtered = bool(self.query_one(FilterInput).value)
        if filtered:
            self.leave_filter(FilterInput.Left(clear=True))
        return filtered
