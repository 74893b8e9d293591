"""The surroundings of the program, as far as it knows them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from apppw_tui.domain.connection_settings import ConnectionSetting, ConnectionTestResult
from apppw_tui.domain.ports import ClipboardHelpers
from apppw_tui.domain.scopes import Service
from apppw_tui.domain.secret import Secret

if TYPE_CHECKING:
    from apppw_tui.portal.portal import Portal


class Demo(Protocol):
    """The secrets of a demonstration, given away so that one person can look around alone."""

    account_name: str
    password: str

    def sent(self) -> str:
        """The newest code that was sent to anybody."""

    def shown_by_app(self, account_name: str) -> str:
        """The code that the account's authenticator app would show now."""

    def shown_for(self, secret: Secret) -> str:
        """The code that an app with that secret would show now."""


class ConnectionHelp(NamedTuple):
    """The help for connecting an app.

    `settings` is what is typed into it; `test` tells what became of an app password of an account
    that asks for a service, may take seconds and never raises. Not `on_server` is a store of one's
    own, which no program of this machine asks as yet.
    """

    settings: tuple[ConnectionSetting, ...] = ()
    test: Callable[[str, Secret, Service], ConnectionTestResult] | None = None
    on_server: bool = True


class Kiosk(NamedTuple):
    """Strangers stand before it (SAFETY 25).

    `on_signed_in` is called once somebody has signed in. Until then there are `sign_in_timeout`
    seconds, and
    `max_failures` that may be made.
    """

    on_signed_in: Callable[[], None]
    sign_in_timeout: float = 60.0
    max_failures: int = 5


class AppOptions(NamedTuple):
    """`save` puts recovery codes into a file of one's own; None where that is not one's machine.

    `tools` are programs that help to copy; None where strangers' may not be run. `prepare` loads
    what a sign-in needs; it may block, and what it raises comes again where it is needed.
    `place` is the store as a person would type it. `demonstration` makes another portal, over
    made-up accounts, with its own options; None where nobody is to be offered one. May block.
    """

    host_name: str
    may_create_first: bool = False
    demo: Demo | None = None
    appearance: str | None = None
    save: Callable[[str, str, datetime, Secret], Path] | None = None
    connecting: ConnectionHelp = ConnectionHelp()
    kiosk: Kiosk | None = None
    shows_key: bool = False  # ssh has verified a key, which may be an account's
    tools: ClipboardHelpers | None = None
    prepare: Callable[[], object] | None = None
    place: str = ""
    demonstration: "Callable[[], tuple[AppOptions, Portal]] | None" = None
