"""The states that ssh keys bring: at the door, in the set-up, among the methods."""

from dataclasses import replace
from datetime import timedelta

from apppw_tui.domain.policy import Policy
from tests.support import OTHER_KEY, House
from tests.ui.states import State, keys
from tests.ui.states_of_verification import new_account, optional, protected, security
from tests.ui.walks import ACCOUNT, Visit


def unknown() -> House:
    """Somebody whose key no account knows."""
    return optional().by_key()


def with_keys() -> House:
    """Somebody who has two, and came with one of them."""
    house = protected()
    now = house.clock.now()
    house.give_ssh_key(name=ACCOUNT)
    house.give_ssh_key(OTHER_KEY, ACCOUNT, "YubiKey")
    laptop, yubikey = house.now(ACCOUNT).ssh_keys
    used = replace(laptop, last_used=now - timedelta(minutes=4), last_address="192.0.2.7")
    house.alter(ACCOUNT, ssh_keys=(used, yubikey))
    return house.by_key()


def addable() -> House:
    """Somebody with other methods, who came with a key that is not theirs yet."""
    return protected().by_key()


def key_alone() -> House:
    house = optional()
    house.give_ssh_key(name=ACCOUNT)
    house.give_recovery_codes(ACCOUNT)
    return house.by_key()


def quick() -> House:
    """Somebody who is asked again while the key is still fresh."""
    house = with_keys()
    policy = Policy(second_factor_required=False, verify_again_after=60.0)
    return replace(house, policy=policy, proven_key=house.proven_key)


def new_with_key() -> House:
    return new_account().by_key()


async def to_keys(visit: Visit) -> None:
    await security(visit)
    await visit.press(*["down"] * 4, "enter")


async def to_add(visit: Visit) -> None:
    await to_keys(visit)
    await visit.press("enter")


async def asked_again(visit: Visit) -> None:
    await visit.enter_password()
    visit.later(120)
    await visit.press("v")


async def set_up_by_key(visit: Visit) -> None:
    await visit.enter_password()
    await visit.press("enter", "end", "enter")


STATES = {
    "login-key": State(Visit.settle, with_keys),
    "login-key-unknown": State(Visit.settle, unknown),
    "settings-keys": State(Visit.to_settings, with_keys),
    "security-keys": State(security, with_keys),
    "security-key-alone": State(security, key_alone),
    "ssh-keys": State(to_keys, with_keys),
    "ssh-keys-none": State(to_keys, addable),
    "ssh-keys-add": State(to_add, addable),
    "ssh-keys-details": State(keys(to_keys, "enter"), with_keys),
    "ssh-keys-remove": State(keys(to_keys, "enter", "d"), with_keys),
    "verify-by-key": State(asked_again, quick),
    "set-up-method-key": State(keys(Visit.enter_password, "enter"), new_with_key),
    "set-up-key": State(set_up_by_key, new_with_key),
}
