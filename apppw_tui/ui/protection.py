"""What protects an account, in sentences."""

from datetime import datetime

from apppw_tui.domain.account import Account
from apppw_tui.domain.names import shown
from apppw_tui.domain.phone import Which, ending
from apppw_tui.domain.recovery import COUNT, FEW
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.usage import LastUse
from apppw_tui.ui import words


def in_short(account: Account, numbers: dict[Which, Secret]) -> str:
    """How signing in goes, for Settings; `numbers` are those that could be opened."""
    ways = ["your authenticator app"] * (account.authenticator is not None)
    first = next(iter(account.phones), None)
    if first is not None:
        known = numbers.get(first.which)
        ways.append("your phone" if known is None else f"your phone that ends in {ending(known)}")
    if not ways:
        return (
            "Signing in here asks for your password alone. Set up a verification method, "
            "and it asks for a code too."
        )
    asks = f"Signing in here asks for your password and a code from {' or '.join(ways)}."
    return f"{asks}\n{recovery_in_short(account)}"


def change_over(account: Account, before: LastUse | None, now: datetime) -> str:
    """How apps sign in: with app passwords alone, or with what they used before too.

    `before` is when that was last right for a service; None: it was not, or nobody tells.
    """
    if account.enforced(now):
        return "Apps sign in with app passwords alone."
    last = ""
    if before is not None:
        service = f" by {shown(before.service)}" if before.service else ""
        last = f"last used {words.ago(before.time, now)}{service}"
    if account.enforced_from is not None:
        day = words.day(account.enforced_from, now)
        said = f"From {day} on, apps sign in with app passwords alone."
        return f"{said} What they used before was {last}." if last else said
    said = "Apps sign in with app passwords; what they used before still works too"
    return f"{said}, {last}." if last else f"{said}."


def recovery_in_short(account: Account) -> str:
    """How many recovery codes are left; a warning when they are few."""
    left = account.recovery.left if account.recovery else 0
    if left > FEW:
        return f"{left} of {COUNT} recovery codes are left."
    count = "No recovery codes are" if not left else f"Only {left} recovery codes are"
    count = "Only 1 recovery code is" if left == 1 else count
    return f"! {count} left: make new ones before you need them."


def recovery_state(account: Account) -> str:
    """The same, for a table."""
    if account.recovery is None:
        return "! none" if account.has_second_factor else ""
    left = account.recovery.left
    return f"{'! ' if left <= FEW else ''}{left} of {COUNT} left"
