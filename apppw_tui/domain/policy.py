"""The administrator's decisions."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from apppw_tui.domain import expiry
from apppw_tui.domain.errors import LimitReached, Refused
from apppw_tui.domain.scopes import (
    ANY_APP,
    SCOPES,
    SERVICES,
    OwnService,
    is_within,
    label,
    subscopes,
)

if TYPE_CHECKING:
    from apppw_tui.domain.account import Account
    from apppw_tui.domain.app_password import AppPassword

BY_ADMINISTRATOR = "Your administrator creates app passwords here: ask for one."
WIDENED_BY_ADMINISTRATOR = "Your administrator decides here what app passwords are good for: ask."


class Policy(NamedTuple):
    """The rules that an administrator can set; the defaults are meant to be kept.

    `scopes` are the words that people may choose from; `longest_expiry` is in days, None lets an
    app password last for ever; `tell_before_expiry`, too, is in days, and 0 tells nobody; the rest
    is in seconds.
    """

    app_passwords_per_account: int = 40
    second_factor_required: bool = True
    scopes: tuple[str, ...] = (ANY_APP,)
    longest_expiry: int | None = None
    tell_before_expiry: int = 7
    people_create: bool = True
    sign_out_after: float = 300.0  # without a key
    verify_again_after: float = 600.0
    ssh_keys_count: bool = True  # an ssh key of the account's is a second factor
    own_services: tuple[OwnService, ...] = ()  # of this server, besides those that are known

    @property
    def every_scope(self) -> bool:
        """True if whoever wants any app may have it, and so everything."""
        return ANY_APP in self.scopes

    @property
    def scope_choices(self) -> list[str]:
        """The words that people may choose from: groups, the widest first, then single services."""
        offered = subscopes(self.scopes, self.own_services)
        groups = [scope.id for scope in SCOPES if scope.id in offered]
        own = [service.id for service in self.own_services if service.id in offered]
        return groups + own + [word for word in self.scopes if word in SERVICES]

    @property
    def service_choices(self) -> list[str]:
        """The single services that people may put together."""
        offered = subscopes(self.scopes, self.own_services)
        services = (*SERVICES, *(service.id for service in self.own_services))
        return [service for service in services if service in offered]

    @property
    def expiry_choices(self) -> list[int | None]:
        """The days that an app password may last, the longest first; None: for ever."""
        longest = self.longest_expiry
        shorter = [days for days in expiry.CHOICES if longest is None or days < longest]
        return [longest, *shorter]

    def creation_unavailable_reason(self, account: "Account") -> str | None:
        """The reason why people cannot create one more in `account`; None if they can."""
        if not self.people_create:
            return BY_ADMINISTRATOR
        try:
            account.check_limit(self.app_passwords_per_account)
        except LimitReached as error:
            return str(error)
        return None

    def label(self, scope: Iterable[str]) -> str:
        """The name of a scope, with this server's own services by their labels."""
        return label(scope, self.own_services)

    def check_scope(self, scope: Iterable[str]) -> None:
        """Raises Refused, saying what there is, if people may not choose that."""
        if self.every_scope:
            return
        allowed = subscopes(self.scopes, self.own_services)
        if any(word not in allowed for word in scope):
            raise Refused(f"Your administrator offers: {self.label(self.scopes)}.")

    def check_widened(self, after: "AppPassword", before: "AppPassword", now: datetime) -> None:
        """Raises Refused if people may not have `after` of what was `before`.

        What they had they keep, and less of it they may always have.
        """
        resumed = replace(before, paused=after.paused)
        if not self.people_create and after.widens(resumed, self.own_services):
            raise Refused(WIDENED_BY_ADMINISTRATOR)
        if not is_within(after.scope, before.scope, self.own_services):
            self.check_scope(after.scope)
        if after.outlasts(before):
            self.check_expiry(after.expires, now)

    def check_expiry(
        self, expires: datetime | None, now: datetime, zone: tzinfo | None = None
    ) -> None:
        """Raises Refused, saying how long it may be, if people may not choose that."""
        if self.longest_expiry is None:
            return
        last = now.astimezone(zone).date() + timedelta(days=self.longest_expiry)
        if expires is None or expires > expiry.end_of(last, zone):
            raise Refused(
                f"Your administrator lets app passwords last {self.longest_expiry} days at most."
            )
