"""Security Verification: the preferred option, and the methods."""

from collections.abc import Awaitable, Callable
from functools import partial

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Button, DataTable, Label

from apppw_tui.domain.account import Account
from apppw_tui.domain.phone import PHONES, PhoneSlot, masked
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import NO_DELIVERY, NO_METHOD, SSH_KEY, phone_name
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.confirm import ConfirmDialog
from apppw_tui.ui.flows.methods import (
    SetUpOutcome,
    give_recovery_codes,
    set_up_authenticator,
    set_up_phone,
)
from apppw_tui.ui.flows.ssh_keys import open_ssh_keys
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.messages import Navigate
from apppw_tui.ui.screens.base import PortalScreen, ScreenContext, Verb
from apppw_tui.ui.widgets.lists import Choice
from apppw_tui.ui.widgets.method_table import MethodRow, MethodTable
from apppw_tui.ui.widgets.more import MoreLine
from apppw_tui.ui.widgets.tab_bar import TabBar

_NAMES: dict[PhoneSlot, tuple[str, str]] = {
    "authentication": ("Authentication phone", "Authentication phone"),
    "office": ("Office phone", "Office phone"),
    "alternate": ("Alternate authentication phone", "Alternate phone"),
}
_QUESTION = "What's your preferred option?"
_SSH_KEYS = "SSH keys"
_NONE_YET = "None yet: set up a method below"


class SecurityScreen(PortalScreen):
    """One row for each method; what is asked, is asked in dialogs."""

    NAME = "Security Verification"
    FOOTER = ("open", "remove", "prefer", "app-passwords", "back", "help")
    BINDINGS = [
        Verb("d,delete", "remove", "Remove", id="remove", tooltip="Remove this method",
             reason=lambda screen: screen.not_removable_reason),
        Binding("o", "prefer", "Preferred", id="prefer", tooltip="Choose the preferred option"),
        Binding("escape,q", "back", "Back", id="back", tooltip="Back to App Passwords"),
    ]  # fmt: skip

    def __init__(self, context: ScreenContext, *, by_tab: bool) -> None:
        super().__init__(context)
        self._by_tab = by_tab

    def content(self) -> ComposeResult:
        yield TabBar("security")
        yield Label(_QUESTION, classes="question", markup=False)
        yield Button("", id="preferred", compact=True)
        yield Label("How would you like to respond?", classes="question", markup=False)
        with Vertical(id="methods-column"):
            yield MethodTable()
            yield MoreLine("#methods")
            yield Label("", id="unoffered", markup=False)
            yield Label("The new number is verified before the old one goes.", id="explanation")

    def on_mount(self) -> None:
        if self._by_tab:
            self.query_one(TabBar).focus()
        else:
            self.focus_content()
        self.load()

    def focus_content(self) -> None:
        self.query_one(MethodTable).focus()

    def show_account(self, account: Account) -> None:
        self._fill(account)

    @work(exclusive=True, group="numbers")
    async def _fill(self, account: Account) -> None:
        """The numbers are sealed: to open them is work, and may fail where the rest does not."""
        context = self.context
        numbers: dict[PhoneSlot, Secret] | None = await self.ask(
            lambda: context.portal.enrollment.numbers(context.session, account)
        )
        preferred = context.portal.enrollment.preferred(account)
        nothing_else = SSH_KEY.label if account.ssh_keys else _NONE_YET
        label = preferred.label if preferred else nothing_else
        self.query_one("#preferred", Button).label = f"{label}  {GLYPHS.drop}"
        self.query_one(MethodTable).show(self._rows(account, numbers))
        slots = context.portal.enrollment.phone_slots(account)
        unoffered = self.query_one("#unoffered", Label)
        remark = self._unoffered([which in slots for which in PHONES])
        unoffered.update(remark)
        unoffered.display = bool(remark)
        self.set_class(not slots, "-no-phones")
        self.refresh_bindings()

    def _unoffered(self, offered: list[bool]) -> str:
        return formatting.unoffered(offered, on_server=self.context.connecting.on_server)

    def _rows(self, account: Account, numbers: dict[PhoneSlot, Secret] | None) -> list[MethodRow]:
        now = self.context.clock.now()
        slots = self.context.portal.enrollment.phone_slots(account)
        rows = [self._phone_row(account, which, numbers) for which in slots]
        app = account.authenticator
        rows.append(
            MethodRow(
                *("Authenticator app", "Authenticator app"),
                app is not None,
                "" if app is None else f"since {formatting.day(app.since, now)}",
                "Set up" if app is None else "Set up again",
                partial(
                    self._set_up, partial(set_up_authenticator, self, "Set up Authenticator app")
                ),
                None if app is None else self._remove_authenticator,
            )
        )
        rows.append(
            MethodRow(
                *("Recovery codes", "Recovery codes"),
                account.recovery_codes_left > 0,
                formatting.recovery_state(account),
                "New codes",
                self._new_codes,
                disabled_reason=None if account.has_second_factor else NO_METHOD,
            )
        )
        if self.context.portal.ssh_keys.is_offered(account):
            count = len(account.ssh_keys)
            rows.insert(
                len(rows) - 1,
                MethodRow(
                    *(_SSH_KEYS, _SSH_KEYS),
                    count > 0,
                    formatting.ssh_keys_state(account),
                    "Open",
                    self._open_keys,
                ),
            )
        return rows

    def _phone_row(
        self, account: Account, which: PhoneSlot, numbers: dict[PhoneSlot, Secret] | None
    ) -> MethodRow:
        is_set_up = account.phone(which) is not None
        digits = None if numbers is None else numbers.get(which)
        reachable = self.context.portal.enrollment.delivery_methods(which)
        state = "" if reachable else "(not available)"
        if digits is not None:
            state = masked(digits, GLYPHS.mask)
        name, short = _NAMES[which]
        return MethodRow(
            *(name, short),
            is_set_up,
            "sealed, and its key is missing" if is_set_up and digits is None else state,
            "Change" if is_set_up else "Add",
            partial(self._set_up, partial(set_up_phone, self, which, name)),
            partial(self._remove_phone, which) if is_set_up else None,
            None if reachable else NO_DELIVERY,
        )

    # --- what the rows do --------------------------------------------------------------------

    @on(DataTable.RowSelected, "#methods")
    def do(self) -> None:
        row = self.query_one(MethodTable).current
        if row is None:
            return
        self.say(row.disabled_reason or "")
        if row.disabled_reason is None:
            self.start_flow(row.do)

    async def _set_up(self, flow: Callable[[], Awaitable[SetUpOutcome]]) -> None:
        account = await self.begin()
        if account is None:
            return
        if await flow() == "done":
            if account.recovery is None:
                await give_recovery_codes(self)
            self.say_done("Verified. You can sign in with it from now on.")
        self.load()

    async def _new_codes(self) -> None:
        account = await self.begin()
        if account is None:
            return
        if not account.recovery_codes_left or await self.app.push_screen_wait(
            ConfirmDialog("Make new recovery codes?", "The old ones stop working at once.")
        ):
            await give_recovery_codes(self)
        self.load()

    async def _open_keys(self) -> None:
        await open_ssh_keys(self)
        self.load()

    @property
    def not_removable_reason(self) -> str | None:
        row = self.query_one(MethodTable).current
        if row is not None and row.name == "Recovery codes":
            return "Recovery codes cannot be removed. New ones replace them."
        if row is not None and row.name == _SSH_KEYS:
            return "Open the list, and remove the key that is meant."
        return None if row is not None and row.remove is not None else "Nothing is set up here."

    def action_remove(self) -> None:
        row = self.query_one(MethodTable).current
        if self.can("remove") and row is not None and row.remove is not None:
            self.start_flow(row.remove, ahead=False)

    async def _remove_authenticator(self) -> None:
        methods = self.context.portal.enrollment
        await self._remove(
            "the authenticator app", lambda: methods.remove_authenticator(self.context.session)
        )

    async def _remove_phone(self, which: PhoneSlot) -> None:
        methods = self.context.portal.enrollment
        await self._remove(
            f"the {phone_name(which)}",
            lambda: methods.remove_phone(self.context.session, which),
        )

    async def _remove(self, what: str, call: Callable[[], Account]) -> None:
        if await self.begin() is None:
            return
        if not await self.app.push_screen_wait(
            ConfirmDialog(f"Remove {what}?", "You can no longer sign in with it.")
        ):
            return
        done = await self.ask(call)
        self.load()
        if done is not None:
            self.say_done(f"Removed {what}.")

    # --- the preferred option ------------------------------------------------------------------

    @on(Button.Pressed, "#preferred")
    def action_prefer(self) -> None:
        self.start_flow(self._prefer)

    async def _prefer(self) -> None:
        account = await self.begin()
        if account is None:
            return
        context = self.context
        preferred = context.portal.enrollment.preferred(account)
        choices = context.portal.enrollment.preferences(account)
        rows = [
            Choice(
                choice.option.id,
                choice.option.label,
                choice.unavailable_reason,
                choice.option == preferred,
            )
            for choice in choices
            if choice.offered
        ]
        remark = self._unoffered(formatting.phone_ways(choices))
        sentence = "You are asked for this first. The others remain available."
        chosen = await self.app.push_screen_wait(
            ChooseDialog(_QUESTION, sentence, rows, remark=remark)
        )
        if chosen is None:
            return

        def call() -> bool:
            context.portal.enrollment.set_preferred(context.session, chosen)
            return True

        done = await self.ask(call)
        self.load()
        if done:
            self.say_done("You are asked for this first from now on.")

    def action_back(self) -> None:
        self.post_message(Navigate("app-passwords"))
