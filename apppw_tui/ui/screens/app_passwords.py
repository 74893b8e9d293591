"""App Passwords: the list, and the four things to do with it."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Button, Input, Label

from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound
from apppw_tui.domain.names import escaped, name_key
from apppw_tui.domain.policy import BY_ADMINISTRATOR
from apppw_tui.domain.usage import Used
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import RenameDialog
from apppw_tui.ui.dialogs.details import app_password_details
from apppw_tui.ui.flows.app_password import create_app_password
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import SignedOut
from apppw_tui.ui.screens.base import PortalScreen, ScreenContext, Verb
from apppw_tui.ui.widgets.inputs import FilterInput
from apppw_tui.ui.widgets.password_table import PasswordTable
from apppw_tui.ui.widgets.tab_bar import TabBar

_EMPTY = "No app passwords yet. Create one for your phone or mail program."
_GIVEN = f"No app passwords yet. {BY_ADMINISTRATOR}"
_NONE = "The list is empty. Press c to create one."


class AppPasswordsScreen(PortalScreen):
    """Create, look, rename, delete; everything is asked in dialogs and done by the portal."""

    NAME = "App Passwords"
    FOOTER = (
        "submit",
        "show-all",
        "delete-row",
        "details",
        "create",
        "delete",
        "rename",
        "filter",
        "help",
    )
    BINDINGS = [
        Verb("c", "create", "Create", id="create", tooltip="Create an app password",
             reason=lambda screen: screen.no_room_reason),
        Verb("d,delete", "delete", "Delete", id="delete", tooltip="Delete this one, or the marked",
             reason=lambda screen: screen.empty_reason),
        Verb("r", "rename", "Rename", id="rename", tooltip="Give this one another name",
             reason=lambda screen: screen.empty_reason),
        Verb("slash", "filter", "Filter", id="filter", tooltip="Filter by name", key_display="/",
             reason=lambda screen: screen.empty_reason),
        Binding("escape,q", "back", "Sign out", id="back", tooltip="Sign out, pressed twice"),
    ]  # fmt: skip

    def __init__(
        self,
        context: ScreenContext,
        *,
        by_tab: bool = False,
        created: str | None = None,
        perform: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(context)
        self._by_tab = by_tab
        self._created = created
        self._perform = perform  # once the list is there
        self._leaving = False  # by a second esc, if nothing comes between
        self._account: Account | None = None
        self._used = Used()

    def content(self) -> ComposeResult:
        yield TabBar("app-passwords")
        with Horizontal(id="tools"):
            yield Label(
                "One password per device or program. Lost it? Delete its password.", id="purpose"
            )
            yield FilterInput()
            yield Label("", id="count", markup=False)
            yield Button("Create", id="create", compact=True)
        creates = self.context.portal.policy.people_create
        yield Label(_EMPTY if creates else _GIVEN, id="empty", markup=False)
        yield PasswordTable(self.context.clock.now)
        yield Label("", id="more", markup=False)

    def on_mount(self) -> None:
        self.load()

    def focus_content(self) -> None:
        if self._account is not None and self._account.app_passwords:
            self.query_one(PasswordTable).focus()
        else:
            self.query_one("#create", Button).focus()

    def show_account(self, account: Account) -> None:
        self._show(account)
        if self._by_tab:
            self.query_one(TabBar).focus()
        else:
            self.focus_content()
        if self._created is not None:
            self.say(f"Created {escaped(self._created)}.", good=True)
            self._created = None
        if self._perform is not None:
            id_, verb = self._perform
            self._perform = None
            self.perform(id_, verb)

    def perform(self, id_: str, verb: str) -> None:
        """Does `verb` with the app password of that id, wherever it was chosen."""
        app_password = None if self._account is None else self._account.app_password(id_)
        if app_password is None:
            self.say("That app password was already deleted.")
            return
        self.query_one(FilterInput).clear()
        self._draw(id_)
        self.focus_content()
        flows: dict[str, Callable[[], Awaitable[None]]] = {
            "details": self._details,
            "rename": partial(self._rename, app_password),
            "delete": partial(self._delete, [app_password]),
        }
        self.start_flow(flows[verb], ahead=False)

    async def read_account(self) -> Account | None:
        account = await super().read_account()
        if account is not None:
            context = self.context
            used = await self.ask(lambda: context.portal.usage(context.session, account))
            self._used = used or Used()
        return account

    async def refresh_list(self, cursor: str | None = None) -> None:
        """Shows what the store holds now; the cursor goes to the id `cursor`."""
        account = await self.read_account()
        if account is not None:
            self._show(account, cursor)

    def _show(self, account: Account, cursor: str | None = None) -> None:
        self._account = account
        limit = self.context.portal.policy.app_passwords_per_account
        count = len(account.app_passwords)
        self.query_one("#count", Label).update(f"{count} of {limit}")
        self.query_one("#create", Button).set_class(self.why_not("create") is not None, "-dim")
        self.set_class(count == 0, "-empty")
        self._draw(cursor)
        self.refresh_bindings()

    def _draw(self, cursor: str | None = None) -> None:
        account = self._account
        if account is None:
            return
        wanted = name_key(self.query_one(FilterInput).value.strip())
        self.query_one(PasswordTable).show(
            tuple(p for p in account.app_passwords if wanted in name_key(p.name)),
            self._used,
            cursor,
        )

    @property
    def no_room_reason(self) -> str | None:
        account = self._account
        policy = self.context.portal.policy
        return None if account is None else policy.creation_unavailable_reason(account)

    @property
    def empty_reason(self) -> str | None:
        account = self._account
        return None if account is None or account.app_passwords else _NONE

    @on(Button.Pressed, "#create")
    def action_create(self) -> None:
        self.start_flow(self._create)

    async def _create(self) -> None:
        if self.why_not("create") is not None:
            await self.refresh_list()  # somebody may have made room elsewhere
        if not self.can("create") or await self.begin() is None:
            return
        made = await create_app_password(self)
        if not isinstance(made, AppPassword):
            await self.refresh_list()
            return
        self.query_one(FilterInput).clear()
        await self.refresh_list(made.id)
        self.focus_content()
        self.say(f"Created {escaped(made.name)}.", good=True)

    def action_delete(self) -> None:
        self.start_flow(lambda: self._delete(self.query_one(PasswordTable).selection), ahead=False)

    @on(PasswordTable.RowsBelow)
    def tell_more(self, event: PasswordTable.RowsBelow) -> None:
        hint = f"{GLYPHS.down} {event.rows} more" if event.rows else ""
        self.query_one("#more", Label).update(hint)

    @on(PasswordTable.DeleteRequested)
    def delete_row(self) -> None:
        self.action_delete()

    async def _delete(self, passwords: list[AppPassword]) -> None:
        if not self.can("delete") or not passwords:
            return
        context = self.context
        question = DeleteDialog(
            passwords, self._used, context.clock.now(), ends_sessions=context.portal.ends_sessions
        )
        if not await self.app.push_screen_wait(question):
            return
        besides = ""
        sentence = "Deleted " + ", ".join(escaped(password.name) for password in passwords) + "."
        for password in passwords:
            obstacle = await self.ask(partial(self._delete_one, password.id))
            if obstacle is None:
                await self.refresh_list()
                return
            if obstacle:
                sentence = obstacle
            else:
                besides = besides or context.portal.besides
        await self.refresh_list()
        self.focus_content()
        self.say(sentence + besides, good=sentence.startswith("Deleted") and not besides)

    def _delete_one(self, id_: str) -> str:
        """Returns the sentence about one that had gone already; nothing where it was deleted."""
        try:
            self.context.portal.delete_app_password(self.context.session, id_)
        except NotFound as error:
            return str(error)
        return ""

    def action_rename(self) -> None:
        self.start_flow(lambda: self._rename(self.query_one(PasswordTable).current))

    async def _rename(self, app_password: AppPassword | None) -> None:
        if not self.can("rename") or app_password is None:
            return
        context = self.context
        done = await self.app.push_screen_wait(
            RenameDialog(
                app_password.name,
                lambda name: context.portal.rename_app_password(
                    context.session, app_password.id, name
                ),
            )
        )
        await self.refresh_list(app_password.id)
        if done:
            self.say("Renamed.", good=True)

    @on(PasswordTable.Opened)
    def details(self) -> None:
        self.start_flow(self._details)

    async def _details(self) -> None:
        password = self.query_one(PasswordTable).current
        if password is None:
            return
        self.say("")
        last = self._used.by_id.get(password.id)
        answer = await self.app.push_screen_wait(
            app_password_details(password, last, self.context.clock.now())
        )
        if answer == "delete":
            await self._delete([password])
        elif answer == "rename":
            await self._rename(password)

    def action_filter(self) -> None:
        if self.can("filter"):
            self.set_class(True, "-filtering")
            self.query_one(FilterInput).focus()

    @on(Input.Changed, "#filter")
    def filter(self) -> None:
        self._draw()
        rows = self.query_one(PasswordTable).row_count
        self.say("" if rows or self._account is None else "No match. esc shows all.")

    @on(FilterInput.Left)
    def leave_filter(self, event: FilterInput.Left) -> None:
        entry = self.query_one(FilterInput)
        if event.clear:
            entry.clear()
        self.set_class(bool(entry.value), "-filtering")
        self.focus_content()

    def action_back(self) -> None:
        if self._leaving:
            self.post_message(SignedOut("You are signed out."))
        else:
            self.say("Press esc again to sign out, ^q to quit.")
            self._leaving = True

    @on(PasswordTable.RowHighlighted)
    def stay(self) -> None:
        """Takes the hint back: the person goes on working, and did not mean to leave."""
        if self._leaving:
            self.say("")

    def on_screen_suspend(self) -> None:
        """The esc that leaves a dialog is no second one."""
        self.stay()

    def say(self, sentence: str, *, good: bool = False) -> None:
        self._leaving = False
        super().say(sentence, good=good)
