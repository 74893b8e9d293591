"""Codes that are sent to a telephone: six digits, five minutes, five tries, the newest alone."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain import verification_options
from apppw_tui.domain.errors import DeliveryFailed, InvalidCode, MethodUnavailable, RateLimited
from apppw_tui.domain.ports import DeliveryMethod
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.verification_options import TEXT, VerificationOption
from apppw_tui.portal import second_factor
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.store.folder.counters import FolderThrottleStore
from apppw_tui.store.folder.location import open_store
from tests.support import PASSWORD, FixedClock, House, Outbox

ADA = "ada@example.org"
NUMBER = "+4915123456767"
GONE = "That code no longer works. Send a new one."
WRONG = "Wrong code. Check it against the newest message."


@pytest.fixture
def house(house: House) -> House:
    house.give_phone(number=NUMBER)
    return house


def way(id_: str) -> VerificationOption:
    option = verification_options.by_id(id_)
    assert option is not None
    return option


def drawing(house: House, *numbers: int) -> None:
    """From here on the codes drawn are these."""
    left = list(numbers)

    def randbelow(limit: int) -> int:
        assert limit == 1_000_000
        return left.pop(0)

    house.means = replace(house.means, randbelow=randbelow)
    house.portal = Portal(house.means)


def said(challenge: Challenge, text: str, option: VerificationOption = TEXT) -> str:
    with pytest.raises(InvalidCode) as refused:
        challenge.answer(option, text)
    return str(refused.value)


def another(code: str) -> str:
    """Six other digits."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_the_code_that_was_sent_signs_in(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    assert challenge.answer(TEXT, house.outbox.code) == house.session()


@pytest.mark.parametrize(
    ("id_", "which", "sent"),
    [
        ("text", "authentication", ("text", NUMBER)),
        ("call", "authentication", ("call", NUMBER)),
        ("notify", "authentication", ("notify", NUMBER)),
        ("office", "office", ("call", "+493012345678")),
        ("text-alternate", "alternate", ("text", "+12015550123")),
        ("call-alternate", "alternate", ("call", "+12015550123")),
    ],
)
def test_each_way_reaches_its_own_number(
    house: House, id_: str, which: str, sent: tuple[DeliveryMethod, str]
) -> None:
    house.give_phone("office", "+493012345678")
    house.give_phone("alternate", "+12015550123")
    challenge = house.challenge()
    challenge.send(way(id_))
    assert house.outbox.sent[-1][:2] == sent
    assert challenge.ending(way(id_)) == sent[1][-2:]
    assert challenge.answer(way(id_), house.outbox.code)


@pytest.mark.parametrize(("drawn", "code"), [(0, "000000"), (42, "000042"), (999_999, "999999")])
def test_a_code_has_six_digits_zeros_among_them(house: House, drawn: int, code: str) -> None:
    drawing(house, drawn)
    challenge = house.challenge()
    challenge.send(TEXT)
    message = f"{code} is your code for mail.example.org. It is good for five minutes."
    assert house.outbox.sent == [("text", NUMBER, message)]
    assert challenge.answer(TEXT, code)


def test_on_the_telephone_the_digits_are_spoken_apart(house: House) -> None:
    drawing(house, 40917)
    house.challenge().send(way("call"))
    assert house.outbox.sent[0][2].startswith("0, 4, 0, 9, 1, 7 is your code for")


def test_it_is_good_for_five_minutes_and_not_longer(house: House) -> None:
    challenge, other = house.challenge(), house.challenge()
    challenge.send(TEXT)
    code = house.outbox.code
    other.send(TEXT)
    house.clock.advance(299.9)
    assert challenge.answer(TEXT, code)
    house.clock.advance(0.1)
    assert said(other, house.outbox.code) == "That code has expired. Send a new one."
    assert said(other, house.outbox.code) == GONE


def test_the_time_of_day_has_no_part_in_it(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    house.clock.instant = house.clock.instant.replace(year=2031)
    assert challenge.answer(TEXT, house.outbox.code)


def test_it_works_once(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    challenge.answer(TEXT, house.outbox.code)
    assert said(challenge, house.outbox.code) == GONE


def test_after_five_wrong_tries_the_right_code_does_not_work_either(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    code = house.outbox.code
    for _ in range(4):
        assert said(challenge, another(code)) == WRONG
    assert said(challenge, another(code)) == "That was wrong too often. Send a new code."
    house.clock.advance(60)
    assert said(challenge, code) == GONE


def test_the_fifth_try_may_be_right(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    for _ in range(4):
        assert said(challenge, another(house.outbox.code)) == WRONG
    assert challenge.answer(TEXT, house.outbox.code)


def test_a_new_code_has_five_tries_of_its_own(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    for _ in range(4):
        said(challenge, another(house.outbox.code))
    challenge.send(TEXT, again=True)
    assert said(challenge, another(house.outbox.code)) == WRONG
    house.clock.advance(5)
    assert challenge.answer(TEXT, house.outbox.code)


def test_only_the_newest_works(house: House) -> None:
    drawing(house, 111_111, 222_222)
    challenge = house.challenge()
    challenge.send(TEXT)
    challenge.send(TEXT, again=True)
    assert said(challenge, "111111") == WRONG
    assert challenge.answer(TEXT, "222222")


def test_none_works_before_one_was_sent(house: House) -> None:
    for code in ("000000", "123456"):
        assert said(house.challenge(), code) == GONE


def test_one_that_is_under_way_is_not_sent_again(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    code = house.outbox.code
    challenge.send(TEXT)
    assert len(house.outbox.sent) == 1
    challenge.send(way("call"))  # another way is another message
    assert len(house.outbox.sent) == 2
    assert said(challenge, code) == WRONG
    house.clock.advance(300)
    challenge.send(way("call"))  # no longer good
    assert len(house.outbox.sent) == 3
    assert challenge.answer(way("call"), "".join(c for c in house.outbox.sent[2][2] if c.isdigit()))


def test_the_code_of_one_session_does_not_work_in_another(house: House) -> None:
    drawing(house, 111_111, 222_222)
    here, there = house.challenge(), house.challenge()
    here.send(TEXT)
    there.send(TEXT)
    assert said(there, "111111") == WRONG
    assert said(here, "222222") == WRONG
    assert here.answer(TEXT, "111111")
    assert said(house.challenge(), "222222") == GONE
    assert there.answer(TEXT, "222222")


def test_three_codes_in_ten_minutes_whatever_the_session_and_the_address(house: House) -> None:
    for other in (house, house.elsewhere("198.51.100.7"), house.elsewhere("203.0.113.9")):
        other.challenge().send(TEXT)
        house.clock.advance(60)
    challenge = house.challenge()
    with pytest.raises(RateLimited) as refused:
        challenge.send(TEXT)
    assert str(refused.value) == "Too many codes were sent. Wait 7 min."
    assert refused.value.wait == 420
    assert len(house.outbox.sent) == 3
    house.clock.advance(419)
    with pytest.raises(RateLimited, match=r"Wait 1 s\."):
        challenge.send(TEXT)
    house.clock.advance(1)
    challenge.send(TEXT)
    assert len(house.outbox.sent) == 4
    with pytest.raises(RateLimited, match=r"Wait 60 s\.|Wait 1 min\."):
        challenge.send(TEXT, again=True)


def test_where_no_more_may_be_sent_the_last_one_still_works(house: House) -> None:
    challenge = house.challenge()
    for _ in range(3):
        challenge.send(TEXT, again=True)
    with pytest.raises(RateLimited):
        challenge.send(TEXT, again=True)
    assert challenge.answer(TEXT, house.outbox.code)


def test_a_number_gets_ten_in_a_day_from_all_accounts_together(house: House) -> None:
    sent = 0
    for name in ("b", "c", "d", "e"):
        house.add(name)
        house.give_phone(number=NUMBER, name=name)
        challenge = house.challenge(name)
        for _ in range(3):
            if sent == 10:
                break
            challenge.send(TEXT, again=True)
            sent += 1
    with pytest.raises(RateLimited) as refused:
        house.challenge().send(TEXT)
    assert (str(refused.value), refused.value.wait) == (
        "Too many codes were sent. Wait 24 h.",
        86_400,
    )
    house.add("other")
    house.give_phone(number="+4915123456768", name="other")
    house.challenge("other").send(TEXT)  # another number
    house.clock.advance(86_400)
    house.challenge().send(TEXT)
    assert len(house.outbox.sent) == 12


def test_sends_are_counted_in_the_store(tmp_path: Path) -> None:
    folder, clock = tmp_path / "store", FixedClock()
    store = open_store(folder, create=True)
    first = House(store=store, clock=clock, counters=FolderThrottleStore(folder, clock))
    first.add()
    first.give_phone(number=NUMBER)
    for _ in range(3):
        first.challenge().send(TEXT)
    counters = FolderThrottleStore(folder, clock)
    other = House(store=store, clock=clock, counters=counters, seals=first.seals)
    with pytest.raises(RateLimited):
        other.challenge().send(TEXT)


def test_tries_are_counted_in_the_store_too(house: House) -> None:
    for _ in range(5):
        challenge = house.challenge()
        assert said(challenge, "123456") == GONE
    other = house.challenge()
    with pytest.raises(RateLimited):
        other.answer(TEXT, "123456")


def test_what_could_not_be_delivered_leaves_no_code_that_works(house: House) -> None:
    drawing(house, 111_111, 222_222, 333_333)
    challenge = house.challenge()
    challenge.send(TEXT)
    house.outbox.broken = True
    with pytest.raises(DeliveryFailed):
        challenge.send(TEXT, again=True)
    for code in ("111111", "222222"):
        assert said(challenge, code) == GONE
    house.outbox.broken = False
    challenge.send(TEXT)  # none is under way
    assert challenge.answer(TEXT, "333333")


def test_what_could_not_be_delivered_counts_as_sent(house: House) -> None:
    house.outbox.broken = True
    challenge = house.challenge()
    for _ in range(3):
        with pytest.raises(DeliveryFailed):
            challenge.send(TEXT)
    with pytest.raises(RateLimited):
        challenge.send(TEXT)


def test_neither_message_nor_number_is_in_the_journal(house: House) -> None:
    house.give_authenticator()
    challenge = house.challenge()
    challenge.send(TEXT)
    code = house.outbox.code
    said(challenge, another(code))
    challenge.answer(TEXT, code)
    house.operator.bypass(ADA, 30)
    house.outbox.broken = True
    with pytest.raises(DeliveryFailed):
        challenge.send(TEXT, again=True)
    written = repr(house.notebook)
    assert "bypass given" in written
    for hidden in (code, NUMBER, NUMBER[-7:], "your code", PASSWORD):
        assert hidden not in written


def removed(house: House) -> None:
    house.portal.enrollment.remove_phone(house.session(), "authentication")


def changed(house: House) -> None:
    house.give_phone(number="+4915123456768")


@pytest.mark.parametrize(
    ("happens", "error", "sentence"),
    [
        (removed, MethodUnavailable, "That telephone number was removed. Use another option."),
        (changed, InvalidCode, GONE),
    ],
)
def test_a_code_on_its_way_to_a_number_that_is_the_accounts_no_more_opens_nothing(
    house: House, happens: Callable[[House], None], error: type[Exception], sentence: str
) -> None:
    house.give_authenticator()
    challenge = house.challenge()
    challenge.send(TEXT)
    happens(house)
    with pytest.raises(error) as refused:
        challenge.answer(TEXT, house.outbox.code)
    assert str(refused.value) == sentence


def test_the_number_is_the_one_of_now_whenever_one_is_sent(house: House) -> None:
    challenge = house.challenge()
    changed(house)
    challenge.send(TEXT)
    assert house.outbox.sent[-1][1] == "+4915123456768"
    assert challenge.ending(TEXT) == "68"
    house.give_authenticator()
    removed(house)
    with pytest.raises(MethodUnavailable, match="removed"):
        challenge.send(TEXT, again=True)


def test_a_way_that_the_server_has_no_more_sends_nothing(house: House) -> None:
    challenge = house.challenge()
    house.outbox.kinds = frozenset({"call"})
    with pytest.raises(MethodUnavailable, match="No code can be sent that way now"):
        challenge.send(TEXT)
    assert house.outbox.sent == []


def test_a_code_is_compared_in_constant_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def compare_digest(one: str, other: str) -> NoReturn:
        raise RuntimeError(f"{len(one)} and {len(other)}")

    challenge = house.challenge()
    challenge.send(TEXT)
    monkeypatch.setattr(secrets, "compare_digest", compare_digest)
    with pytest.raises(RuntimeError, match="6 and 6"):
        challenge.answer(TEXT, house.outbox.code)


def test_a_code_is_not_kept_in_the_open(house: House) -> None:
    challenge = house.challenge()
    challenge.send(TEXT)
    (sent,) = (
        one for one in vars(challenge).values() if isinstance(one, second_factor.OneTimeCode)
    )
    codes = [one for one in vars(sent).values() if isinstance(one, Secret)]
    assert [code.reveal() for code in codes] == [house.outbox.code]


@pytest.mark.parametrize("fails", [False, True])
def test_a_text_that_hung_does_not_replace_the_code_of_the_call_asked_for_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """Unless that call was never made."""
    call, deliver = way("call"), Outbox.send

    def late(outbox: Outbox, kind: DeliveryMethod, number: str, message: Secret) -> None:
        if kind == "text":
            outbox.broken = fails
            with suppress(DeliveryFailed):
                challenge.send(call)
            outbox.broken = False
        deliver(outbox, kind, number, message)

    monkeypatch.setattr(Outbox, "send", late)
    drawing(house, 111111, 222222)
    challenge = house.challenge()
    challenge.send(TEXT)
    kinds = [kind for kind, *_ in house.outbox.sent]
    assert kinds == (["text"] if fails else ["call", "text"])
    if not fails:
        assert said(challenge, "111111", call) == WRONG
    option, code = (TEXT, "111111") if fails else (call, "222222")
    assert challenge.answer(option, code) == house.session()
