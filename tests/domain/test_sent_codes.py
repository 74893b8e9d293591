"""How many codes go out: of an account, to a number, and as of a clock that was set back."""

from apppw_tui.domain.sent_codes import NUMBER_SENDS, SendLimit, record_sent_code
from apppw_tui.domain.throttle import ThrottleState
from tests.domain.test_throttle import DAY, after, refusal
from tests.support import NOW


def test_three_codes_in_ten_minutes_and_no_fourth() -> None:
    ledger = ThrottleState()
    for instant in (NOW, after(60), after(120)):
        ledger = record_sent_code(ledger, instant)
    said = refusal(lambda: record_sent_code(ledger, after(130)))
    assert said == ("Too many codes were sent. Wait 8 min.", 470.0)
    assert record_sent_code(ledger, after(600)).sends == (after(60), after(120), after(600))
    assert refusal(lambda: record_sent_code(ledger, after(599)))[1] == 1.0


def test_a_number_gets_ten_codes_in_a_day() -> None:
    ledger = ThrottleState()
    for number in range(10):
        ledger = record_sent_code(ledger, after(number * 3600), NUMBER_SENDS)
    said = refusal(lambda: record_sent_code(ledger, after(36_000), NUMBER_SENDS))
    assert said == ("Too many codes were sent. Wait 14 h.", 50_400.0)
    record_sent_code(ledger, NOW + DAY, NUMBER_SENDS)


def test_codes_sent_in_the_future_hold_for_no_longer_than_the_window() -> None:
    ledger = ThrottleState(sends=(NOW + DAY, NOW + DAY, NOW + 300 * DAY))
    assert refusal(lambda: record_sent_code(ledger, NOW))[1] == 600.0
    settled = ledger.as_of(NOW)
    assert record_sent_code(settled, after(600)).sends == (after(600),)
    assert ThrottleState(sends=(NOW,) * 500).as_of(NOW).sends == (NOW,) * 100
    assert (
        refusal(lambda: record_sent_code(ThrottleState(sends=(NOW,) * 7), NOW, SendLimit(3, 60)))[1]
        == 60.0
    )
