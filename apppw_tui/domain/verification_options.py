"""The ways to answer the second question, and which of them an account can use now."""

from dataclasses import dataclass

from apppw_tui.domain.account import Account
from apppw_tui.domain.phone import Which
from apppw_tui.domain.ports import Kind


@dataclass(frozen=True)
class Option:
    """One way: the labels are those that people know from Office 365."""

    id: str
    label: str
    kind: Kind | None = None
    phone: Which | None = None


APP = Option("app", "Use verification code from app")
TEXT = Option("text", "Text code to my authentication phone", "text", "authentication")
RECOVERY = Option("recovery", "Use a recovery code")
# What may be preferred, in the order in which it is offered.
PREFERRED = (
    Option("notify", "Notify me through app", "notify", "authentication"),
    Option("call", "Call my authentication phone", "call", "authentication"),
    TEXT,
    Option("office", "Call my office phone", "call", "office"),
    APP,
)
# What `Use a different verification option` lists beside them.
OTHERS = (
    Option("text-alternate", "Text code to my alternate authentication phone", "text", "alternate"),
    Option("call-alternate", "Call my alternate authentication phone", "call", "alternate"),
    RECOVERY,
)
ALL = PREFERRED + OTHERS
# Where nothing is preferred, or what was is not to be had: the nearest to being safe comes first.
_ORDER = ("app", "notify", "text", "call", "text-alternate", "call-alternate", "office", "recovery")

_PHONE_NAMES: dict[Which, str] = {
    "authentication": "authentication phone",
    "office": "office phone",
    "alternate": "alternate authentication phone",
}
_SENDS_NONE: dict[Kind, str] = {
    "text": "This server sends no text messages.",
    "call": "This server makes no telephone calls.",
    "notify": "This server sends no notifications.",
}


def phone_name(which: Which) -> str:
    """What the screens call that phone, within a sentence."""
    return _PHONE_NAMES[which]


def by_id(id_: str | None) -> Option | None:
    return next((option for option in ALL if option.id == id_), None)


def sends_none(kind: Kind) -> str:
    """Why nobody can be reached in that way."""
    return _SENDS_NONE[kind]


def why_not(account: Account, option: Option, kinds: frozenset[Kind]) -> str | None:
    """Why `account` cannot use `option` now; None if it can."""
    if option == APP:
        return None if account.authenticator else "Set up the authenticator app first."
    if option == RECOVERY:
        left = account.recovery is not None and account.recovery.left > 0
        return None if left else "There are no recovery codes left."
    if option.kind is not None and option.kind not in kinds:
        return sends_none(option.kind)
    if option.phone is not None and account.phone(option.phone) is None:
        return f"Add your {phone_name(option.phone)} first."
    return None


def usable(account: Account, kinds: frozenset[Kind]) -> list[Option]:
    """What `account` can use now, the preferred one first."""
    found = [option for option in ALL if why_not(account, option, kinds) is None]
    return sorted(
        found, key=lambda option: (option.id != account.preferred, _ORDER.index(option.id))
    )
