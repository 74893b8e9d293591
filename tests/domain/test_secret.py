"""A plaintext comes out when it is asked for, and in no other way."""

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest

from apppw_tui.domain.secret import Secret

PLAIN = "7kfm2xqd9h3vtw5nc8rw"
SECRET = Secret(PLAIN)


@dataclass
class Holder:
    """Anything that keeps a secret among other things."""

    secret: Secret


def test_it_is_given_away_on_request() -> None:
    assert SECRET.reveal() == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r} {SECRET!s} {SECRET!a}",
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 - the old way must not give it away either
        "{} {!r}".format(SECRET, SECRET),  # noqa: UP032 - nor this one
        repr(Holder(SECRET)),
        repr([SECRET, {"secret": SECRET}]),
        str(ValueError(SECRET)),
        repr(ValueError("wrong", SECRET)),
    ],
)
def test_no_way_to_print_it_shows_it(text: str) -> None:
    assert PLAIN not in text
    assert "<Secret>" in text


def test_an_exception_that_carries_it_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("stopped at", SECRET)
    except RuntimeError as error:
        printed = "".join(traceback.format_exception(error))
        logging.getLogger("test").exception("failed with %s", SECRET)
        with pytest.raises(TypeError):
            pickle.dumps(error)
    assert "<Secret>" in printed
    assert PLAIN not in printed + caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_refuses_to_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(SECRET, protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Holder(SECRET), protocol)


def test_it_refuses_to_be_copied_into_a_document() -> None:
    with pytest.raises(TypeError):
        json.dumps({"secret": SECRET})
    with pytest.raises(TypeError):
        copy.deepcopy(SECRET)
    with pytest.raises(TypeError):
        asdict(Holder(SECRET))


def test_it_has_no_attributes_to_be_listed() -> None:
    assert not hasattr(SECRET, "__dict__")
