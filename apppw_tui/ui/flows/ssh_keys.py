"""The ssh keys of an account: the one of this session is added, any is looked at or removed."""

from apppw_tui.domain.account import Account
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ssh_key import MOST, SshKey
from apppw_tui.ui import formatting
from apppw_tui.ui.dialogs.choose import ChooseDialog
from apppw_tui.ui.dialogs.confirm import ConfirmDialog
from apppw_tui.ui.dialogs.details import DetailsDialog
from apppw_tui.ui.dialogs.ssh_keys import AddKeyDialog, key_facts
from apppw_tui.ui.flows.methods import (
    SetUpOutcome,
    give_recovery_codes,
    outcome_of,
)
from apppw_tui.ui.screens.base import PortalScreen
from apppw_tui.ui.widgets.lists import Choice

_ADD = "add"
_WHY = "With one of these, your password is enough to sign in."
_TICKED = "Ticked is the one of this session."


async def open_ssh_keys(screen: PortalScreen) -> None:
    """Shows the keys until the person goes back; the last outcome stands on the line that tells."""
    while True:
        account = await screen.begin()
        if account is None:
            return
        chosen = await _choose(screen, account)
        if chosen is None:
            return
        key = account.ssh_key(chosen)
        if key is not None:
            await _look_at(screen, key)
        elif await set_up_ssh_key(screen, "Add the key of this session") == "done":
            if account.recovery is None:
                await give_recovery_codes(screen)
            screen.say_done("Added. With this key, your password is enough to sign in.")


async def set_up_ssh_key(screen: PortalScreen, title: str, *, step: bool = False) -> SetUpOutcome:
    """Done once the key of this session has a name, and is the account's."""
    context = screen.context
    keys = context.portal.ssh_keys
    key = keys.present
    if key is None:
        return None
    answer = await screen.app.push_screen_wait(
        AddKeyDialog(title, key, lambda name: keys.add(context.session, name), step=step)
    )
    return outcome_of(screen, answer)


async def key_choice(
    screen: PortalScreen, account: Account, label: str, id_: str, *, chosen: bool = False
) -> Choice | None:
    """The row that adds the key of this session; None if it cannot be said whether that may be."""
    keys = screen.context.portal.ssh_keys
    # A tuple, since there is nothing that says None and means it.
    reason = await screen.ask(lambda: (keys.addable_reason(account),))
    return None if reason is None else Choice(id_, label, None if chosen else reason[0], chosen)


async def _choose(screen: PortalScreen, account: Account) -> str | None:
    now, present = screen.context.clock.now(), screen.context.portal.ssh_keys.present
    shown = None if present is None else account.ssh_key(present.fingerprint)
    rows = [
        Choice(key.fingerprint, formatting.ssh_key_label(key, now), chosen=key == shown)
        for key in account.ssh_keys
    ]
    title = f"SSH keys: {len(rows)} of {MOST}" if rows else "SSH keys"
    if shown is None:
        adding = await key_choice(screen, account, "Add the key of this session", _ADD)
        if adding is None:
            return None
        rows.insert(0, adding)
    why = _WHY if shown is None else f"{_WHY} {_TICKED}"
    return await screen.app.push_screen_wait(ChooseDialog(title, why, rows, "Close"))


async def _look_at(screen: PortalScreen, key: SshKey) -> None:
    context = screen.context
    answer = await screen.app.push_screen_wait(
        DetailsDialog(escaped(key.name), key_facts(key, context.clock.now()), actions=("remove",))
    )
    if answer != "remove" or not await screen.app.push_screen_wait(
        ConfirmDialog(
            f"Remove the key {escaped(key.name)}?",
            "It counts for nothing any more. Your other sessions are signed out.",
        )
    ):
        return
    session = await screen.ask(
        lambda: context.portal.ssh_keys.remove(context.session, key.fingerprint)
    )
    if session is not None:
        context.session = session
        screen.say_done(f"Removed the key {escaped(key.name)}.")
