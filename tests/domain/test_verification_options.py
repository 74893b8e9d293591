from dataclasses import replace

import pytest

from apppw_tui.domain import verification_options
from apppw_tui.domain.account import Account
from apppw_tui.domain.phone import PHONES, Phone, PhoneSlot
from apppw_tui.domain.ports import DELIVERY_METHODS, DeliveryMethod
from apppw_tui.domain.recovery_codes import RecoveryCodes
from apppw_tui.domain.totp import Authenticator
from tests.store.making import new_account
from tests.support import NOW

ALL: frozenset[DeliveryMethod] = frozenset(DELIVERY_METHODS)
APP = Authenticator("sealed", NOW, 1)
CODES = RecoveryCodes(("hash",) * 10, NOW)


def phones(*which: PhoneSlot) -> tuple[Phone, ...]:
    return tuple(Phone(one, "sealed", NOW) for one in which)


FULL = replace(new_account(), authenticator=APP, phones=phones(*PHONES), recovery=CODES)


def ids(account: Account, kinds: frozenset[DeliveryMethod] = ALL) -> list[str]:
    return [option.id for option in verification_options.available(account, kinds)]


def test_every_way_has_a_label_of_its_own_and_a_place_in_the_order() -> None:
    assert (
        len({option.label for option in verification_options.ALL})
        == len(verification_options.ALL)
        == 8
    )
    assert ids(FULL) == [
        "app",
        "notify",
        "text",
        "call",
        "text-alternate",
        "call-alternate",
        "office",
        "recovery",
    ]
    assert [verification_options.by_id(option.id) for option in verification_options.ALL] == list(
        verification_options.ALL
    )
    assert verification_options.by_id("pigeon") is verification_options.by_id(None) is None


@pytest.mark.parametrize("preferred", [option.id for option in verification_options.PREFERRED])
def test_the_preferred_one_comes_first_and_the_others_stay_in_order(preferred: str) -> None:
    others = [id_ for id_ in ids(FULL) if id_ != preferred]
    assert ids(replace(FULL, preferred=preferred)) == [preferred, *others]


def test_where_the_preferred_one_is_not_to_be_had_the_next_is_first() -> None:
    assert ids(replace(FULL, preferred="app", authenticator=None))[0] == "notify"
    assert ids(replace(FULL, preferred="text"), frozenset({"call"}))[0] == "app"
    assert ids(replace(FULL, preferred="pigeon")) == ids(FULL)


@pytest.mark.parametrize(
    ("account", "kinds", "expected"),
    [
        (new_account(), ALL, []),
        (replace(new_account(), authenticator=APP), frozenset(), ["app"]),
        (replace(new_account(), phones=phones("office")), ALL, ["office"]),
        (replace(new_account(), phones=phones("office")), frozenset({"text", "notify"}), []),
        (
            replace(new_account(), phones=phones("authentication")),
            ALL,
            ["notify", "text", "call"],
        ),
        (
            replace(new_account(), phones=phones("alternate")),
            ALL,
            ["text-alternate", "call-alternate"],
        ),
        (FULL, frozenset(), ["app", "recovery"]),
        (replace(FULL, recovery=RecoveryCodes((None,) * 10, NOW)), frozenset(), ["app"]),
    ],
)
def test_what_can_be_used(
    account: Account, kinds: frozenset[DeliveryMethod], expected: list[str]
) -> None:
    assert ids(account, kinds) == expected


@pytest.mark.parametrize(
    ("id_", "account", "kinds", "reason"),
    [
        ("app", new_account(), ALL, "Set up the authenticator app first."),
        ("recovery", new_account(), ALL, "There are no recovery codes left."),
        ("text", new_account(), ALL, "Add your authentication phone first."),
        ("notify", new_account(), ALL, "Add your authentication phone first."),
        ("office", new_account(), ALL, "Add your office phone first."),
        ("call-alternate", new_account(), ALL, "Add your alternate authentication phone first."),
        ("text", FULL, frozenset(), "This server sends no text messages."),
        ("call", FULL, frozenset(), "This server makes no telephone calls."),
        ("notify", FULL, frozenset(), "This server sends no notifications."),
        ("text", new_account(), frozenset(), "This server sends no text messages."),
    ],
)
def test_what_cannot_be_used_says_why(
    id_: str, account: Account, kinds: frozenset[DeliveryMethod], reason: str
) -> None:
    option = verification_options.by_id(id_)
    assert option is not None
    assert verification_options.unavailable_reason(account, option, kinds) == reason
    assert verification_options.unavailable_reason(FULL, option, ALL) is None


def test_signing_in_never_begins_with_a_recovery_code() -> None:
    only_codes = replace(new_account(), phones=phones("office"), recovery=CODES)
    assert ids(only_codes, frozenset()) == ["recovery"]
    assert verification_options.preferred(only_codes, frozenset()) is None
    assert verification_options.preferred(FULL, ALL) == verification_options.APP
    assert verification_options.preferred(replace(FULL, preferred="text"), ALL) == (
        verification_options.TEXT
    )


def test_what_may_be_preferred_says_why_it_cannot_be() -> None:
    choices = verification_options.choices(new_account(), frozenset({"text"}))
    assert [(choice.option.id, choice.unavailable_reason) for choice in choices] == [
        ("notify", "This server sends no notifications."),
        ("call", "This server makes no telephone calls."),
        ("text", "Add your authentication phone first."),
        ("office", "This server makes no telephone calls."),
        ("app", "Set up the authenticator app first."),
    ]
    assert {choice.unavailable_reason for choice in verification_options.choices(FULL, ALL)} == {
        None
    }


@pytest.mark.parametrize(
    ("which", "kinds", "expected"),
    [
        ("authentication", ALL, ["text", "call", "notify"]),
        ("alternate", ALL, ["text", "call", "notify"]),
        ("office", ALL, ["call", "text"]),
        ("office", frozenset({"text", "notify"}), ["text"]),
        ("authentication", frozenset(), []),
    ],
)
def test_a_phone_is_reached_by_what_it_can_and_the_server_does(
    which: PhoneSlot, kinds: frozenset[DeliveryMethod], expected: list[DeliveryMethod]
) -> None:
    assert verification_options.delivery_methods(which, kinds) == expected
