"""The acts on app passwords, each a flow of dialogs: create, look, rename, delete."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import Used
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog, RenameDialog
from apppw_tui.ui.dialogs.details import DetailsDialog, Next
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.widgets.facts import Fact

_NAMED = 3  # as many as a line has room for


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


async def rename(screen: PortalScreen, app_password: AppPassword) -> bool:
    """True once it has another name."""
    context = screen.context

    question = RenameDialog(
        app_password.name,
        lambda name: context.portal.rename_app_password(context.session, app_password.id, name),
    )
    return await screen.app.push_screen_wait(question) is True


async def delete(
    screen: PortalScreen, passwords: list[AppPassword], used: Used
) -> tuple[str, bool] | None:
    """The outcome in a sentence, and True if all went well; None if nothing is left to say."""
    context = screen.context
    question = DeleteDialog(
        passwords, used, context.clock.now(), ends_sessions=context.portal.ends_sessions
    )
    if not await screen.app.push_screen_wait(question):
        return None
    besides = refused = ""
    for password in passwords:
        obstacle = await screen.ask(partial(_delete_one, screen, password.id))
        if obstacle is None:
            return None
        refused = obstacle or refused
        besides = besides or ("" if obstacle else context.portal.besides)
    names = ", ".join(escaped(password.name) for password in passwords)
    gone = names if len(passwords) <= _NAMED else f"{len(passwords)} app passwords"
    return (refused or f"Deleted {gone}.") + besides, not (refused or besides)


def _delete_one(screen: PortalScreen, id_: str) -> str:
    """Returns the sentence about one that had gone already; nothing where it was deleted."""
    try:
        screen.context.portal.delete_app_password(screen.context.session, id_)
    except NotFound as error:
        return str(error)
    return ""


async def look(
    screen: PortalScreen, title: str, *groups: Sequence[Fact], actions: tuple[Next, ...] = ()
) -> Next | None:
    """Shows the facts; what is to come next."""
    return await screen.app.push_screen_wait(DetailsDialog(title, *groups, actions=actions))
