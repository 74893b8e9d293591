"""The acts on app passwords, each a flow of dialogs: create, look, edit, pause, delete."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.errors import NotFound
from apppw_tui.domain.names import escaped
from apppw_tui.domain.usage import Used
from apppw_tui.portal.app_passwords import IssuedAppPassword
from apppw_tui.portal.sessions import Session
from apppw_tui.ui.dialogs.confirm import DeleteDialog
from apppw_tui.ui.dialogs.create import CreateDialog
from apppw_tui.ui.dialogs.details import DetailsDialog, Next
from apppw_tui.ui.dialogs.edit import EditDialog
from apppw_tui.ui.dialogs.new_app_password import NewAppPasswordDialog
from apppw_tui.ui.glyphs import GLYPHS
from apppw_tui.ui.portal_calls import call_portal
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
        label=context.portal.policy.label,
    )
    made = issued.app_password
    del issued  # and its secret, which is the dialog's to forget
    await screen.app.push_screen_wait(reveal)
    return made


async def edit(screen: PortalScreen, app_password: AppPassword) -> AppPassword | None:
    """The app password as it is by now; None if nothing was saved."""
    context = screen.context
    question = EditDialog(
        app_password,
        lambda wish: context.portal.edit_app_password(context.session, app_password.id, wish),
        context.clock.now,
        context.portal.policy,
    )
    return await screen.app.push_screen_wait(question)


async def pause(screen: PortalScreen, passwords: list[AppPassword]) -> tuple[str, bool] | None:
    """Pauses those that are not paused; resumes them where all are. Stops where one fails.

    The outcome is a sentence, and True if all went well; None if nothing is left to say.
    """
    portal = screen.context.portal
    resumes = all(password.paused for password in passwords)
    call = portal.resume_app_password if resumes else portal.pause_app_password
    verb = "Resumed" if resumes else "Paused"
    refused = ""
    names: list[str] = []
    failures: list[str] = []
    for password in passwords:
        if password.paused == resumes:
            one = partial(_call_one, screen, call, password.id)
            obstacle = await call_portal(screen, one, lambda error: failures.append(str(error)))
            if obstacle is None:
                return _stopped(screen, verb, names, failures)
            refused = obstacle or refused
            names += [] if obstacle else [escaped(password.name)]
    done = f"{verb} {', '.join(names)}."
    if not resumes:
        done += f" x resumes {'it' if len(names) == 1 else 'them'}."
        done += " Your mail sessions end; other devices reconnect." * portal.ends_sessions
    return refused or done, not refused


def _stopped(
    screen: PortalScreen, verb: str, names: list[str], failures: list[str]
) -> tuple[str, bool] | None:
    """The outcome where one failed: what was done before, and why no more was."""
    failure = "".join(failures)  # none where the session has ended
    if not names or not failure:
        screen.say(failure)
        return None
    what = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} app passwords"
    return f"{verb} only {what}. {failure}", False


async def delete(
    screen: PortalScreen, passwords: list[AppPassword], used: Used
) -> tuple[str, bool] | None:
    """The outcome in a sentence, and True if all went well; None if nothing is left to say."""
    context = screen.context
    question = DeleteDialog(
        *(passwords, used, context.clock.now()),
        ends_sessions=context.portal.ends_sessions,
        label=context.portal.policy.label,
    )
    if not await screen.app.push_screen_wait(question):
        return None
    portal = context.portal
    if len(passwords) > 1:
        screen.say(f"Deleting {len(passwords)} app passwords{GLYPHS.more}")
    ids = [password.id for password in passwords]
    gone = await screen.ask(lambda: portal.delete_app_passwords(context.session, ids))
    if gone is None:
        return None
    refused, besides = "".join(gone[-1:]), portal.besides
    names = ", ".join(escaped(password.name) for password in passwords)
    what = names if len(passwords) <= _NAMED else f"{len(passwords)} app passwords"
    return (refused or f"Deleted {what}.") + besides, not (refused or besides)


def _call_one(screen: PortalScreen, call: Callable[[Session, str], object], id_: str) -> str:
    """Returns the sentence about one that had gone already; nothing where it was done."""
    try:
        call(screen.context.session, id_)
    except NotFound as error:
        return str(error)
    return ""


async def look(
    screen: PortalScreen, title: str, *groups: Sequence[Fact], actions: tuple[Next, ...] = ()
) -> Next | None:
    """Shows the facts; what is to come next."""
    return await screen.app.push_screen_wait(DetailsDialog(title, *groups, actions=actions))
