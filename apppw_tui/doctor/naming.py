"""Accounts that are not what a default domain makes of a name."""

from collections.abc import Iterable, Iterator

from apppw_tui.doctor.finding import Finding, command, notice, warning
from apppw_tui.domain.account import Account
from apppw_tui.domain.names import candidates
from apppw_tui.store.folder.accounts import FolderStore


def check(
    store: FolderStore, accounts: Iterable[Account], default_domain: str | None
) -> Iterator[Finding]:
    """Of accounts without a domain, where the configuration gives one to whoever has none."""
    names = {account.name for account in accounts}
    for name in sorted(names):
        for whole in candidates(name, default_domain)[1:]:
            if whole in names:
                yield warning(
                    store.path(name),
                    f"It stands before {whole}: {name} means this one, and only who writes "
                    f"{whole} in full reaches the other, whatever default_domain says.",
                    f"Rename or remove one of them: apppw-tui account rename {name} NEW",
                )
            else:
                yield notice(
                    store.path(name),
                    f"It goes on as {name}: default_domain is given only to names that no account "
                    "has.",
                    command("apppw-tui", "account", "rename", name, whole),
                )
