"""Ledgers of the throttle, as they are kept."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apppw_tui.domain import throttle
from apppw_tui.domain.sent_codes import record_sent_code
from apppw_tui.domain.throttle import FailureCount, FailureCounts, KnownAddress, ThrottleState
from tests.domain.test_throttle import CAFE, HOME, after, at_home
from tests.support import NOW


def test_a_ledger_is_read_back_as_it_was_written() -> None:
    ledger = (
        at_home(HOME, CAFE)
        .record_attempt("second", HOME, after(1))
        .record_attempt("password", "x", after(2))
    )
    ledger = record_sent_code(ledger, after(3))
    assert throttle.parse(throttle.dump(ledger)) == ledger
    assert throttle.parse(throttle.dump(ThrottleState())) == ThrottleState()


@pytest.mark.parametrize(
    "count",
    [
        None,
        5,
        [],
        [5],
        [5, None],
        [True, NOW.isoformat()],
        [-5, NOW.isoformat()],
        [0, NOW.isoformat()],
        ["5", NOW.isoformat()],
        [5, "yesterday"],
        [5, "2026-11-22T12:00:00"],
        [5, "0001-01-01T00:00:00+14:00"],
        [5, NOW.isoformat(), 1],
    ],
)
def test_a_malformed_count_counts_as_empty_and_spoils_nothing_else(count: Any) -> None:
    good = [3, NOW.isoformat()]
    stamp = NOW.isoformat()
    document = {
        "strangers": {"password": count, "second": good},
        "known": {HOME: {"completed": stamp, "password": count}, CAFE: {"completed": count}, "": 1},
        "sends": [count, stamp],
    }
    assert throttle.parse(json.dumps(document)) == ThrottleState(
        FailureCounts(second=FailureCount(3, NOW)),
        {HOME: KnownAddress(FailureCounts(), NOW)},
        (NOW,),
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes().map(str),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["strangers", "known", "sends", "password", "second", "completed"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_was_kept_can_be_counted_on(document: Any) -> None:
    state = throttle.parse(json.dumps(document))
    throttle.parse(throttle.dump(state.record_attempt("password", CAFE, NOW)))
