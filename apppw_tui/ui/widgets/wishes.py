"""The fields for what an app password is good for, and how long: to create one, and to edit it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Label

from apppw_tui.domain import expiry
from apppw_tui.domain.app_password import AppPassword, AppPasswordEdit
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy
from apppw_tui.domain.scopes import read_scope, services_of
from apppw_tui.ui import formatting
from apppw_tui.ui.widgets.choices import RequiredSelect, ServiceTicks
from apppw_tui.ui.widgets.field import Field
from apppw_tui.ui.widgets.inputs import TextInput

# No service is called so: each has a blank.
_AS_IT_IS, _SINGLE, _DATE = "as it is", "certain services", "a date"
_LAST_DAY = "Such as 2027-01-31; until the end of that day, in this server's time"


class WishFields(Vertical):
    """Two lists to choose from, and what is in neither below: ticks and a date.

    Of the app password that is `present` both lists begin with what it is.
    """

    def __init__(
        self, policy: Policy, now: Callable[[], datetime], present: AppPassword | None = None
    ) -> None:
        super().__init__()
        self._policy = policy
        self._now = now
        self._present = present

    def compose(self) -> ComposeResult:
        with Horizontal(id="wishes"):
            with Vertical(id="for-what"):
                yield Label("For", classes="field-label")
                offered = self._scopes()
                yield RequiredSelect(offered, offered[0][1], id="for")
            with Vertical():
                yield Label("Expires" if self._present is None else "Ends", classes="field-label")
                ends = self._ends()
                yield RequiredSelect(ends, ends[0][1], id="expires")
        with Vertical(id="more-services", classes="more"):
            policy, present = self._policy, self._present
            offered = [(policy.label([word]), word) for word in policy.service_choices]
            yield ServiceTicks(offered, () if present is None else services_of(present.scope))
        with Vertical(id="more-date", classes="more"):
            yield Field("Last day", TextInput(id="last-day"), hint=_LAST_DAY)

    def _scopes(self) -> Sequence[tuple[str, str]]:
        policy, present = self._policy, self._present
        groups = [(policy.label([word]), word) for word in policy.scope_choices]
        if present is not None:
            label = policy.label(present.scope)
            groups = [(label, _AS_IT_IS), *(row for row in groups if row[0] != label)]
        return [*groups, ("Only certain services…", _SINGLE)]

    def _ends(self) -> Sequence[tuple[str, str]]:
        ends = [
            ("Never", "never") if days is None else (f"In {days} days", str(days))
            for days in self._policy.expiry_choices
        ]
        if self._present is not None:
            label = formatting.describe_end(self._present, self._now())
            ends = [(label, _AS_IT_IS), *(row for row in ends if row[0] != label)]
        return [*ends, ("Until a date…", _DATE)]

    @on(RequiredSelect.Changed)
    def ask_more(self, event: RequiredSelect.Changed) -> None:
        """Certain services are ticked and a date is typed; nothing else needs these fields."""
        self.set_class(self._chosen("for") == _SINGLE, "-services")
        self.set_class(self._chosen("expires") == _DATE, "-date")
        if event.value == _SINGLE:
            self.call_after_refresh(self.query_one(ServiceTicks).focus_first)
        elif event.value == _DATE:
            self.call_after_refresh(self.query_one(Field).entry.focus)

    def wish(self) -> AppPasswordEdit | None:
        """The wishes that were chosen; None if they cannot be these, which has been said."""
        slot: ServiceTicks | Field = self.query_one(ServiceTicks)
        try:
            scope = self._scope()
            slot = self.query_one(Field)
            expires = self._expires(slot.value)
        except Refused as error:
            slot.show_error(error)
            return None
        return AppPasswordEdit(scope=scope, expires=expires)

    def _scope(self) -> tuple[str, ...] | None:
        chosen = self._chosen("for")
        if chosen == _AS_IT_IS:
            return None
        if chosen != _SINGLE:
            return (chosen,)
        scope = read_scope(self.query_one(ServiceTicks).ticked, self._policy.own_services)
        if self._present is None:  # else it may be less of what it has
            self._policy.check_scope(scope)
        return scope

    def _expires(self, typed: str) -> "datetime | Literal['never'] | None":
        chosen, now = self._chosen("expires"), self._now()
        if chosen == _AS_IT_IS:
            return None
        expires = expiry.parse(typed if chosen == _DATE else chosen, now)
        if self._present is None:
            self._policy.check_expiry(expires, now)
        return expires or "never"

    def _chosen(self, id_: str) -> str:
        return str(self.query_one(f"#{id_}", RequiredSelect).value)
