"""App Passwords: the list, what is known of the one under the cursor, and what is done to them."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import Button, Input, OptionList

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.domain.recovery_codes import FEW
from apppw_tui.domain.usage import Used
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.details import Next
from apppw_tui.ui.flows import app_password as flows
from apppw_tui.ui.messages import SignedIn
from apppw_tui.ui.portal_calls import call_portal
from apppw_tui.ui.screens.base import LeavingScreen, ScreenContext, Verb
from apppw_tui.ui.type_ahead import ScreenReady
from apppw_tui.ui.widgets.facts import Fact
from apppw_tui.ui.widgets.filter_input import FilterInput
from apppw_tui.ui.widgets.footer import StatusLine
from apppw_tui.ui.widgets.password_table import PasswordTable
from apppw_tui.ui.widgets.password_view import LEGEND, Overview, PasswordView
from apppw_tui.ui.widgets.tab_bar import TabBar

LOOK_EVERY = 1.5  # seconds: whether a phone has got in is seen within two
_LOOK = "look"
_NONE = "The list is empty. Press c to create one."
_NO_MATCH = "No match. esc shows all."


class AppPasswordsScreen(LeavingScreen):
    """Create, look, edit, pause, delete; everything is asked in dialogs and done by the portal."""

    NAME = "App Passwords"
    LEGEND = ((LEGEND[0], LEGEND[2:].capitalize()),)
    FOOTER = (
        "to-list",
        "show-all",
        "copy-fact",
        "delete-row",
        "details",
        "create",
        "edit",
        "delete",
        "pause",
        "filter",
        "help",
    )
    BINDINGS = [
        Verb("c", "create", "Create", id="create", tooltip="Create an app password",
             reason=lambda screen: screen.no_room_reason),
        Verb("d,delete", "delete", "Delete", id="delete", tooltip="Delete this one, or the marked",
             reason=lambda screen: screen.empty_reason, label=lambda screen: screen.delete_label),
        Verb("e,r", "edit", "Edit", id="edit", tooltip="Its name, for what, and how long",
             reason=lambda screen: screen.empty_reason),
        Verb("x", "pause", "Pause", id="pause", tooltip="Refuse it for now, or let it in again",
             reason=lambda screen: screen.empty_reason, label=lambda screen: screen.pause_label),
        Verb("slash", "filter", "Filter", id="filter", key_display="/",
             tooltip="Filter by name, use, service or address",
             reason=lambda screen: screen.empty_reason),
        Verb("i", "set_up", "Set-up card", id="set-up", show=False,
             tooltip="The set-up card, without the password",
             reason=lambda screen: screen.empty_reason),
        Verb("u", "read_again", "Read again", id="read-again", tooltip="Read the list again",
             show=False),
        Verb("escape,q", "back", "Back", id="back", tooltip="Unmark, show all; twice: sign out"),
    ]  # fmt: skip

    def __init__(
        self,
        context: ScreenContext,
        *,
        by_tab: bool = False,
        arrived: SignedIn | None = None,
        perform: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(context)
        self._by_tab = by_tab
        self._arrived = arrived
        self._perform = perform  # once the list is there
        self._pause_label: str | None = None

    def content(self) -> ComposeResult:
        yield TabBar("app-passwords")
        context = self.context
        yield PasswordView(context.clock, context.portal.policy, context.connecting.settings)

    def on_mount(self) -> None:
        self.load()
        self.set_interval(LOOK_EVERY, self.look_again)

    @property
    def view(self) -> PasswordView:
        return self.query_one(PasswordView)

    def focus_content(self) -> None:
        self.view.focus_content()

    # --- reading --------------------------------------------------------------------------

    @work(exclusive=True)
    async def load(self) -> None:
        await self.refresh_list()
        if self.view.overview is not None:
            self._begin()
        if not self.in_flow:
            self.call_after_refresh(self.post_message, ScreenReady(self))

    def _begin(self) -> None:
        if self._by_tab:
            self.query_one(TabBar).focus()
        else:
            self.focus_content()
        if self._arrived is not None:
            self._tell_arrival(self._arrived)
            self._arrived = None
        if self._perform is not None:
            id_, verb = self._perform
            self._perform = None
            self.perform(id_, verb)

    def _tell_arrival(self, arrived: SignedIn) -> None:
        """Says what was just created, how many recovery codes are left, or that few are."""
        account = self.view.account
        if arrived.created is not None:
            self.say_done(f"Created {escaped(arrived.created)}.")
        elif account is None or account.recovery is None:
            return
        elif arrived.by_recovery_code or account.recovery_codes_left <= FEW:
            self.say(formatting.recovery_summary(account))

    def come_back(self, perform: tuple[str, str] | None) -> None:
        """Somebody chose this very screen, or an act that is done here."""
        self.focus_content()
        if perform is not None:
            self.perform(*perform)

    def perform(self, id_: str, verb: str) -> None:
        """Does `verb` with the app password of that id, wherever it was chosen."""
        app_password = None if self.view.account is None else self.view.account.app_password(id_)
        if app_password is None:
            self.say("That app password was already deleted.")
            return
        self._clear_filter()
        self.view.draw(id_)
        self.focus_content()
        acts: dict[str, Callable[[], Awaitable[None]]] = {
            "details": self._details,
            "edit": partial(self._edit, app_password),
            "pause": partial(self._pause, [app_password]),
            "resume": partial(self._pause, [app_password]),
            "delete": partial(self._delete, [app_password]),
        }
        self.start_flow(acts[verb], ahead=False)

    def _read(self) -> Overview:
        portal, session = self.context.portal, self.context.session
        account = portal.account(session)
        try:
            used, per_day = portal.usage(session, account), portal.uses_per_day(session, account)
        except StoreError as error:
            return Overview(account, Used(), {}, str(error))
        return Overview(account, used, per_day)

    async def refresh_list(self, cursor: str | None = None, *, deleted: bool = False) -> bool:
        """Shows what the store holds now; the cursor goes to the id `cursor`.

        False if all or some of it could not be read, which has been said.
        """
        overview = await self.ask(self._read)
        if overview is None:
            return False
        if overview.fault:
            self.say(overview.fault)
        self._show(overview, cursor, deleted=deleted)
        return not overview.fault

    def _show(
        self, overview: Overview, cursor: str | None = None, *, deleted: bool = False
    ) -> None:
        full = self.no_room_reason
        self.view.show(overview, cursor, deleted=deleted)
        if full is not None and self.no_room_reason is None:
            self.query_one(StatusLine).unsay(full)
        self.refresh_bindings()

    def look_again(self) -> None:
        """Looks for what has changed meanwhile, unless covered; sends nothing where nothing has.

        Not while a look goes on already: each would end the one before, and none be seen.
        """
        if not self.is_active or self.in_flow or self.view.overview is None:
            return
        if not any(
            worker.node is self and worker.group == _LOOK and not worker.is_finished
            for worker in self.workers
        ):
            self.run_worker(self._follow(), group=_LOOK)

    async def _follow(self) -> None:
        seen = self.view.overview
        overview = await call_portal(self, self._read, lambda _: None)
        if overview is None or not self.is_active or self.in_flow:
            return
        if self.view.overview is not seen:
            return  # what was read since is newer
        if overview != self.view.overview:
            self._show(overview)
        elif self.view.touched:  # whoever is there is to see how long ago it is by now
            self.view.draw()

    # --- what can be done -----------------------------------------------------------------

    @property
    def no_room_reason(self) -> str | None:
        account = self.view.account
        policy = self.context.portal.policy
        return None if account is None else policy.creation_unavailable_reason(account)

    @property
    def empty_reason(self) -> str | None:
        account = self.view.account
        return None if account is None or account.app_passwords else _NONE

    @property
    def delete_label(self) -> str | None:
        marked = len(self.view.table.marked)
        return f"Delete {marked}" if marked else None

    @on(Button.Pressed, "#create")
    def action_create(self) -> None:
        self.start_flow(self._create)

    async def _create(self) -> None:
        if self.why_not("create") is not None:
            await self.refresh_list()  # somebody may have made room elsewhere
        if not self.can("create") or await self.begin() is None:
            return
        created = await flows.create_app_password(self)
        if not isinstance(created, AppPassword):
            await self.refresh_list()
            return
        self._clear_filter()
        await self.refresh_list(created.id)
        self.focus_content()
        self.say_done(f"Created {escaped(created.name)}.")

    @on(PasswordTable.DeleteRequested)
    def action_delete(self) -> None:
        self.start_flow(lambda: self._delete(self.view.table.selection), ahead=False)

    async def _delete(self, passwords: list[AppPassword]) -> None:
        overview = self.view.overview
        if overview is None or not self.can("delete") or not passwords:
            return
        outcome = await flows.delete(self, passwords, overview.used)
        await self.refresh_list(deleted=outcome is not None)
        if outcome is not None:
            sentence, good = outcome
            self.focus_content()
            self.say_done(sentence, good=good)

    @property
    def pause_label(self) -> str | None:
        table = self.view.table
        passwords, marked = table.selection, len(table.marked)
        resumes = bool(passwords) and all(each.paused for each in passwords)
        if marked:
            return f"{'Resume' if resumes else 'Pause'} {marked}"
        return "Resume" if resumes else None

    @on(PasswordTable.Current)
    def relabel(self) -> None:
        """Draws the footer anew where the row has another verb: Pause, Resume."""
        if self._pause_label != self.pause_label:
            self._pause_label = self.pause_label
            self.refresh_bindings()

    def action_edit(self) -> None:
        self.start_flow(lambda: self._edit(self.view.table.current))

    async def _edit(self, app_password: AppPassword | None) -> None:
        if not self.can("edit") or app_password is None:
            return
        after = await flows.edit(self, app_password)
        await self.refresh_list(app_password.id)
        if after is not None:
            self.say_done(f"Saved {escaped(after.name)}.")

    def action_pause(self) -> None:
        self.start_flow(lambda: self._pause(self.view.table.selection))

    async def _pause(self, passwords: list[AppPassword]) -> None:
        if not self.can("pause") or not passwords:
            return
        outcome = await flows.pause(self, passwords)
        await self.refresh_list()
        if outcome is not None:
            sentence, good = outcome
            self.focus_content()
            self.say_done(sentence, good=good)

    @on(PasswordTable.Opened)
    @on(OptionList.OptionSelected, "#facts")
    def details(self) -> None:
        self.start_flow(self._details)

    async def _details(self) -> None:
        password = self.view.table.current
        if password is None:
            return
        self.say("")
        name = Fact("Name", escaped(password.name))
        facts, setup = self.view.facts(password, exact=True)
        pause: Next = "resume" if password.paused else "pause"
        answer = await flows.look(
            self, "App password", [name, *facts], setup, actions=("edit", pause, "delete")
        )
        if answer == "delete":
            await self._delete([password])
        elif answer == "edit":
            await self._edit(password)
        elif answer is not None:
            await self._pause([password])

    def action_set_up(self) -> None:
        self.start_flow(self._set_up)

    async def _set_up(self) -> None:
        password = self.view.table.current
        if self.can("set_up") and password is not None:
            await flows.look(self, f"Set up {escaped(password.name)}", self.view.setup(password))

    def action_read_again(self) -> None:
        self.start_flow(self._read_again)

    async def _read_again(self) -> None:
        self.say("")
        if await self.refresh_list():
            self.say("The list is up to date.", good=True)

    # --- the filter, and the way back -----------------------------------------------------

    def action_filter(self) -> None:
        if self.can("filter"):
            self.view.begin_filter()

    @on(Input.Changed, "#filter")
    def say_if_none_matches(self) -> None:
        shown = self.view.table.row_count
        self.say("" if shown or self.view.account is None else _NO_MATCH)

    def _clear_filter(self) -> None:
        """Shows all again; what calls for it draws the list, and says something else."""
        entry = self.query_one(FilterInput)
        with entry.prevent(Input.Changed):
            entry.clear()

    def action_back(self) -> None:
        """Takes back one thing: the marks, then the filter; else leaves, if pressed twice."""
        if self.view.take_back():
            return
        self.leave()

    @on(PasswordTable.RowHighlighted)
    def go_on(self) -> None:
        self.stay()
