"""The states of the second question, of setting up, and of Security Verification."""

from datetime import timedelta

from textual.pilot import Pilot

from apppw_tui.domain.policy import Policy
from tests.support import House, Outbox
from tests.ui.states import State, keys
from tests.ui.walks import (
    ACCOUNT,
    enter_password,
    later,
    press,
    sign_in,
    to_app_passwords,
    type_code,
    type_into,
)

NUMBER = "+49 151 23456767"
PHONES = {"authentication": "+4915123456767", "office": "+4930123456", "alternate": "+12025550143"}


# --- houses ---------------------------------------------------------------------------------


def new_account(kinds: frozenset[str] | None = None) -> House:
    """An account that needs a second factor and has none."""
    outbox = Outbox() if kinds is None else Outbox(frozenset())
    house = House(policy=Policy(), outbox=outbox)
    house.add(ACCOUNT)
    return house


def without_delivery() -> House:
    return new_account(frozenset())


def optional() -> House:
    """An account whose administrator leaves it to the person."""
    house = House()
    house.add(ACCOUNT)
    return house


def protected() -> House:
    """Every method there is."""
    house = optional()
    house.give_authenticator(ACCOUNT)
    for which, number in PHONES.items():
        house.give_phone(which, number, ACCOUNT)  # type: ignore[arg-type] # keys of a dict
    house.give_recovery_codes(ACCOUNT)
    house.clock.advance(86400 * 20)
    return house


def by_text() -> House:
    house = protected()
    house.alter(ACCOUNT, preferred="text")
    return house


def by_call() -> House:
    house = protected()
    house.alter(ACCOUNT, preferred="call")
    return house


def broken_delivery() -> House:
    house = by_text()
    house.outbox.broken = True
    return house


def unreachable() -> House:
    """A phone alone, and nothing that could reach it."""
    house = House(outbox=Outbox(frozenset()))
    house.add(ACCOUNT)
    house.give_phone(name=ACCOUNT)
    return house


def few_codes() -> House:
    house = protected()
    codes = house.now(ACCOUNT).recovery
    assert codes is not None
    few = (*[None] * 8, *codes.hashes[8:])
    house.alter(ACCOUNT, recovery=type(codes)(few, codes.since))
    return house


def bypassed() -> House:
    house = protected()
    house.alter(ACCOUNT, bypass_until=house.clock.now() + timedelta(minutes=30))
    return house


# --- the second question --------------------------------------------------------------------


async def wrong_code(pilot: Pilot[None]) -> None:
    await enter_password(pilot)
    await type_code(pilot, "000000")


async def wrong_recovery_code(pilot: Pilot[None]) -> None:
    await to_recovery(pilot)
    await type_into(pilot, "#code", "0abc defg hjkm")
    await press(pilot, "enter")


async def to_recovery(pilot: Pilot[None]) -> None:
    await enter_password(pilot)
    await press(pilot, "o", *["down"] * 4, "enter")


async def too_many_codes(pilot: Pilot[None]) -> None:
    await enter_password(pilot)
    for _ in range(6):
        await type_code(pilot, "000000")


async def too_many_passwords(pilot: Pilot[None]) -> None:
    for _ in range(6):
        await enter_password(pilot, "not the password")


async def stale(pilot: Pilot[None]) -> None:
    await sign_in(pilot)
    later(pilot, 601)
    await press(pilot, "v")


async def stale_create(pilot: Pilot[None]) -> None:
    await to_app_passwords(pilot)
    later(pilot, 601)
    await press(pilot, "c")


# --- setting up -----------------------------------------------------------------------------


async def to_set_up(pilot: Pilot[None]) -> None:
    await enter_password(pilot)
    await press(pilot, "enter")


async def set_up_app(pilot: Pilot[None]) -> None:
    await to_set_up(pilot)
    await press(pilot, "enter")


async def set_up_number(pilot: Pilot[None]) -> None:
    await to_set_up(pilot)
    await press(pilot, "down", "enter")
    await type_into(pilot, "#number", NUMBER)


async def set_up_number_refused(pilot: Pilot[None]) -> None:
    await set_up_number(pilot)
    await type_into(pilot, "#number", "0151 234")
    await press(pilot, "enter")


async def set_up_sent(pilot: Pilot[None]) -> None:
    await set_up_number(pilot)
    await press(pilot, "enter")


async def set_up_recovery(pilot: Pilot[None]) -> None:
    await set_up_sent(pilot)
    await type_code(pilot, sent_code(pilot))
    later(pilot)


async def set_up_copied(pilot: Pilot[None]) -> None:
    await set_up_recovery(pilot)
    await press(pilot, "enter")
    later(pilot)


async def set_up_first(pilot: Pilot[None]) -> None:
    await set_up_copied(pilot)
    await press(pilot, "enter")


def sent_code(pilot: Pilot[None]) -> str:
    outbox = pilot.app.portal._context.code_sender  # type: ignore[attr-defined]
    assert isinstance(outbox, Outbox)
    return outbox.code


# --- Security Verification ------------------------------------------------------------------

security = keys(sign_in, "v")


STATES = {
    "login-too-many": State(too_many_passwords),
    "verify": State(enter_password),
    "verify-demo": State(enter_password, show_demo=True),
    "verify-wrong": State(wrong_code),
    "verify-too-many": State(too_many_codes),
    "verify-options": State(keys(enter_password, "f3")),
    "verify-options-dimmed": State(keys(enter_password, "f3", "end")),
    "verify-text": State(enter_password, by_text),
    "verify-sent-again": State(keys(enter_password, "r"), by_text),
    "verify-call": State(enter_password, by_call),
    "verify-not-sent": State(enter_password, broken_delivery),
    "verify-recovery": State(to_recovery),
    "verify-recovery-wrong": State(wrong_recovery_code),
    "verify-bypass": State(enter_password, bypassed),
    "verify-none-usable": State(enter_password, unreachable),
    "verify-again": State(stale),
    "verify-again-before-create": State(stale_create),
    "verify-again-by-password": State(stale, optional),
    "set-up": State(enter_password, new_account),
    "set-up-method": State(to_set_up, new_account),
    "set-up-method-dimmed": State(keys(to_set_up, "down", "enter"), without_delivery),
    "set-up-app": State(set_up_app, new_account),
    "set-up-app-key": State(keys(set_up_app, "k"), new_account),
    "set-up-app-wrong": State(keys(set_up_app, *"000000"), new_account),
    "set-up-number": State(set_up_number, new_account),
    "set-up-number-refused": State(set_up_number_refused, new_account),
    "set-up-sent": State(set_up_sent, new_account),
    "set-up-recovery": State(set_up_recovery, new_account),
    "set-up-recovery-copied": State(set_up_copied, new_account),
    "set-up-recovery-not-copied": State(keys(set_up_recovery, "escape"), new_account),
    "set-up-first-app-password": State(set_up_first, new_account),
    "settings-protected": State(sign_in, protected),
    "settings-few-codes": State(sign_in, few_codes),
    "security": State(security),
    "security-all": State(security, protected),
    "security-none": State(security, optional),
    "security-few-codes": State(keys(security, "end"), few_codes),
    "security-tab-focus": State(keys(security, "shift+tab", "shift+tab")),
    "security-preferred": State(keys(security, "shift+tab", "enter"), protected),
    "security-preferred-changed": State(
        keys(security, "shift+tab", "enter", "up", "up", "enter"), protected
    ),
    "security-remove": State(keys(security, "d")),
    "security-last-one": State(keys(security, "d", "y", *["down"] * 3, "d", "y")),
    "security-new-codes": State(keys(security, "end", "enter")),
    "security-change-phone": State(keys(security, "enter")),
    "security-authenticator": State(keys(security, "down", "down", "down", "enter")),
}
