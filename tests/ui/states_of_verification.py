"""The states of the second question, of setting up, and of Security Verification."""

from datetime import timedelta

from apppw_tui.domain.policy import Policy
from tests.support import House, Outbox
from tests.ui.states import State, keys
from tests.ui.walks import ACCOUNT, Visit

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


async def wrong_code(visit: Visit) -> None:
    await visit.enter_password()
    await visit.type_code("000000")


async def wrong_recovery_code(visit: Visit) -> None:
    await to_recovery(visit)
    await visit.type_into("#code", "0abc defg hjkm")
    await visit.press("enter")


async def to_recovery(visit: Visit) -> None:
    await visit.enter_password()
    await visit.press("o", *["down"] * 4, "enter")


async def too_many_codes(visit: Visit) -> None:
    await visit.enter_password()
    for _ in range(6):
        await visit.type_code("000000")


async def too_many_passwords(visit: Visit) -> None:
    for _ in range(6):
        await visit.enter_password("not the password")


async def stale(visit: Visit) -> None:
    await visit.sign_in()
    visit.later(601)
    await visit.press("v")


async def stale_create(visit: Visit) -> None:
    await visit.to_app_passwords()
    visit.later(601)
    await visit.press("c")


# --- setting up -----------------------------------------------------------------------------


async def to_set_up(visit: Visit) -> None:
    await visit.enter_password()
    await visit.press("enter")


async def set_up_app(visit: Visit) -> None:
    await to_set_up(visit)
    await visit.press("enter")


async def set_up_number(visit: Visit) -> None:
    await to_set_up(visit)
    await visit.press("down", "enter")
    await visit.type_into("#number", NUMBER)


async def set_up_number_refused(visit: Visit) -> None:
    await set_up_number(visit)
    await visit.type_into("#number", "0151 234")
    await visit.press("enter")


async def set_up_sent(visit: Visit) -> None:
    await set_up_number(visit)
    await visit.press("enter")


async def set_up_recovery(visit: Visit) -> None:
    await set_up_sent(visit)
    await visit.type_code(sent_code(visit))
    visit.later()


async def set_up_copied(visit: Visit) -> None:
    await set_up_recovery(visit)
    await visit.press("enter")
    visit.later()


async def set_up_first(visit: Visit) -> None:
    await set_up_copied(visit)
    await visit.press("enter")


def sent_code(visit: Visit) -> str:
    outbox = visit.app.portal._context.code_sender
    assert isinstance(outbox, Outbox)
    return outbox.code


# --- Security Verification ------------------------------------------------------------------

security = keys(Visit.sign_in, "v")


STATES = {
    "login-too-many": State(too_many_passwords),
    "verify": State(Visit.enter_password),
    "verify-demo": State(Visit.enter_password, show_demo=True),
    "verify-wrong": State(wrong_code),
    "verify-too-many": State(too_many_codes),
    "verify-options": State(keys(Visit.enter_password, "f3")),
    "verify-options-dimmed": State(keys(Visit.enter_password, "f3", "end")),
    "verify-text": State(Visit.enter_password, by_text),
    "verify-sent-again": State(keys(Visit.enter_password, "r"), by_text),
    "verify-call": State(Visit.enter_password, by_call),
    "verify-not-sent": State(Visit.enter_password, broken_delivery),
    "verify-recovery": State(to_recovery),
    "verify-recovery-wrong": State(wrong_recovery_code),
    "verify-bypass": State(Visit.enter_password, bypassed),
    "verify-none-usable": State(Visit.enter_password, unreachable),
    "verify-again": State(stale),
    "verify-again-before-create": State(stale_create),
    "verify-again-by-password": State(stale, optional),
    "set-up": State(Visit.enter_password, new_account),
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
    "settings-protected": State(Visit.to_settings, protected),
    "settings-few-codes": State(Visit.to_settings, few_codes),
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
