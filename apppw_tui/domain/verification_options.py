"""The ways to answer the second question, and which of them an account can use now."""

from collections.abc import Sequence
from dataclasses import dataclass

from apppw_tui.domain.account import Account
from apppw_tui.domain.phone import PhoneSlot
from apppw_tui.domain.ports import DeliveryMethod


@dataclass(frozen=True)
class VerificationOption:
    """One way: the labels are those that people know from Office 365."""

    id: str
    label: str
    kind: DeliveryMethod | None = None
    phone: PhoneSlot | None = None


@dataclass(frozen=True)
class VerificationChoice:
    """An option, and why the account cannot use it now.

    It is not `offered` if this server has it for nobody.
    """

    option: VerificationOption
    unavailable_reason: str | None
    offered: bool = True


NO_METHOD = "Set up a verification method first."
NO_DELIVERY = "This server sends no codes. Use the authenticator app."

APP = VerificationOption("app", "Use verification code from app")
TEXT = VerificationOption("text", "Text code to my authentication phone", "text", "authentication")
RECOVERY = VerificationOption("recovery", "Use a recovery code")
# Beside the others: whether it can be used is a matter of the session, not of the account alone.
SSH_KEY = VerificationOption("ssh-key", "Use the ssh key of this session")
# What may be preferred, in the order in which it is offered.
PREFERRED = (
    VerificationOption("notify", "Notify me through app", "notify", "authentication"),
    VerificationOption("call", "Call my authentication phone", "call", "authentication"),
    TEXT,
    VerificationOption("office", "Call my office phone", "call", "office"),
    APP,
)
# What `Use a different verification option` lists beside them.
OTHERS = (
    VerificationOption(
        "text-alternate", "Text code to my alternate authentication phone", "text", "alternate"
    ),
    VerificationOption(
        "call-alternate", "Call my alternate authentication phone", "call", "alternate"
    ),
    RECOVERY,
)
ALL = PREFERRED + OTHERS
# Where nothing is preferred, or what was is not to be had: the nearest to being safe comes first.
_ORDER = ("app", "notify", "text", "call", "text-alternate", "call-alternate", "office", "recovery")

_PHONE_NAMES: dict[PhoneSlot, str] = {
    "authentication": "authentication phone",
    "office": "office phone",
    "alternate": "alternate authentication phone",
}
_SENDS_NONE: dict[DeliveryMethod, str] = {
    "text": "This server sends no text messages.",
    "call": "This server makes no telephone calls.",
    "notify": "This server sends no notifications.",
}


def phone_name(which: PhoneSlot) -> str:
    """The screens' name for that phone, within a sentence."""
    return _PHONE_NAMES[which]


def by_id(id_: str | None) -> VerificationOption | None:
    return next((option for option in (*ALL, SSH_KEY) if option.id == id_), None)


def unsupported_reason(kind: DeliveryMethod) -> str:
    """The reason why nobody can be reached in that way."""
    return _SENDS_NONE[kind]


def unavailable_reason(
    account: Account, option: VerificationOption, kinds: frozenset[DeliveryMethod]
) -> str | None:
    """The reason why `account` cannot use `option` now; None if it can."""
    if option == APP:
        return None if account.authenticator else "Set up the authenticator app first."
    if option == RECOVERY:
        return None if account.recovery_codes_left else "There are no recovery codes left."
    if option.kind is not None and option.kind not in kinds:
        return unsupported_reason(option.kind)
    if option.phone is not None and account.phone(option.phone) is None:
        return f"Add your {phone_name(option.phone)} first."
    return None


def available(account: Account, kinds: frozenset[DeliveryMethod]) -> list[VerificationOption]:
    """The options that `account` can use now, the preferred one first."""
    options = [option for option in ALL if unavailable_reason(account, option, kinds) is None]
    return sorted(
        options, key=lambda option: (option.id != account.preferred, _ORDER.index(option.id))
    )


def preferred(account: Account, kinds: frozenset[DeliveryMethod]) -> VerificationOption | None:
    """The method that signing in begins with; None if there is none: recovery codes are none."""
    return next((option for option in available(account, kinds) if option != RECOVERY), None)


def choices(
    account: Account,
    kinds: frozenset[DeliveryMethod],
    options: Sequence[VerificationOption] = PREFERRED,
) -> list[VerificationChoice]:
    """All of `options`, by default those that may be preferred, in their order."""
    return [
        VerificationChoice(
            option,
            unavailable_reason(account, option, kinds),
            option.kind is None or option.kind in kinds,
        )
        for option in options
    ]


def delivery_methods(which: PhoneSlot, kinds: frozenset[DeliveryMethod]) -> list[DeliveryMethod]:
    """The ways in which a code can be sent to that phone, the usual one first."""
    order: tuple[DeliveryMethod, ...] = (
        ("call", "text") if which == "office" else ("text", "call", "notify")
    )
    return [kind for kind in order if kind in kinds]
