"""Creating an app password: what it is for, then its secret, this once."""

from typing import Literal

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.screens.base import PortalScreen


async def create_app_password(
    screen: PortalScreen, title: str = "Create an app password", *, step: bool = False
) -> AppPassword | Literal["back", "skip"] | None:
    """The new one, once its secret was shown; else the way in which the person left."""
    context = screen.context
    issued = await screen.app.push_screen_wait(
        CreateDialog(
            lambda *wish: context.portal.create_app_password(context.session, *wish),
            context.clock.now,
            context.portal.policy,
            title=title,
            step=step,
        )
    )
    if not isinstance(issued, IssuedAppPassword):
        return issued
    reveal = NewAppPasswordDialog(
        context.session.account_name,
        issued,
        context.copy,
        context.clock.monotonic,
        context.connecting,
    )
    made = issued.app_password
    del issued  # and its secret, which is the dialog's to forget
    await screen.app.push_screen_wait(reveal)
    return made
