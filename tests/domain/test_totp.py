import base64
import hmac
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apppw_tui.domain import totp
from apppw_tui.domain.errors import InvalidCode
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.totp import code, new_secret, step_at, uri, verify
from tests.services.require import require_program
from tests.support import NOW

RFC_SECRET = Secret(base64.b32encode(b"12345678901234567890").decode())
# Found by trying a million: the digits of this step and the next are the same.
TWINS, TWIN_STEP = Secret("42USR64XXTMOUBVQNNNPGFDYCM5E555T"), 59844960
STEP = timedelta(seconds=totp.STEP)
WRONG, USED = "Wrong code. Check", "That code was used already. Wait"


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_rfc_6238_appendix_b(seconds: int, eight_digits: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert code(RFC_SECRET, step_at(now)) == eight_digits[-6:]


def test_the_codes_are_those_of_rfc_4226_appendix_d() -> None:
    codes = [code(RFC_SECRET, counter) for counter in range(10)]
    assert codes[:5] == ["755224", "287082", "359152", "969429", "338314"]
    assert codes[5:] == ["254676", "287922", "162583", "399871", "520489"]


@pytest.mark.parametrize("seconds", [0, 29, 30])
def test_a_machine_without_a_clock_accepts_the_first_step_there_is(seconds: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert verify(RFC_SECRET, code(RFC_SECRET, 0), now, last_step=-1) == 0
    with pytest.raises(InvalidCode, match=WRONG):
        verify(RFC_SECRET, "000000", now, last_step=-1)


def test_a_step_is_thirty_seconds_since_1970() -> None:
    assert [step_at(datetime.fromtimestamp(at, UTC)) for at in (0, 29.9, 30, 59)] == [0, 0, 1, 1]


def test_what_another_program_shows_is_accepted(tmp_path: Path) -> None:
    oathtool = require_program("oathtool", "oathtool")
    random = Random(4)
    for number in range(8):
        secret = new_secret(random.randbytes)
        now = NOW + timedelta(seconds=17 * number)
        arguments = [oathtool, "--totp", "-b", f"--now={now:%Y-%m-%d %H:%M:%S} UTC", "-"]
        shown = subprocess.run(
            arguments, input=secret.reveal(), text=True, capture_output=True, check=True
        ).stdout.strip()
        assert verify(secret, shown, now, last_step=0) == step_at(now)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_one_step_either_way_is_accepted_as_the_step_it_is(steps: int) -> None:
    shown = code(RFC_SECRET, step_at(NOW) + steps)
    assert verify(RFC_SECRET, shown, NOW, last_step=0) == step_at(NOW) + steps


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_two_steps_either_way_are_refused(steps: int) -> None:
    with pytest.raises(InvalidCode, match=WRONG):
        verify(RFC_SECRET, code(RFC_SECRET, step_at(NOW) + steps), NOW, last_step=0)


def test_a_step_counts_until_its_last_second_and_the_drift() -> None:
    start = datetime.fromtimestamp(step_at(NOW) * totp.STEP, UTC)
    shown = code(RFC_SECRET, step_at(start))
    just = timedelta(milliseconds=1)
    for now in (start - STEP, start, start + 2 * STEP - just):
        assert verify(RFC_SECRET, shown, now, last_step=0) == step_at(start)
    for now in (start - STEP - just, start + 2 * STEP):
        with pytest.raises(InvalidCode):
            verify(RFC_SECRET, shown, now, last_step=0)


@pytest.mark.parametrize("last", [0, 1])
def test_a_step_that_was_used_and_any_before_it_is_said_to_be_used(last: int) -> None:
    present = step_at(NOW)
    for step in range(present - 1, present + last + 1):
        with pytest.raises(InvalidCode, match=USED):
            verify(RFC_SECRET, code(RFC_SECRET, step), NOW, last_step=present + last)
    with pytest.raises(InvalidCode, match=WRONG):
        verify(RFC_SECRET, "000000", NOW, last_step=present)


def test_a_later_step_is_accepted_after_a_used_one() -> None:
    present = step_at(NOW)
    shown = code(RFC_SECRET, present + 1)
    assert verify(RFC_SECRET, shown, NOW, last_step=present) == present + 1


def test_digits_that_two_steps_share_are_accepted_once() -> None:
    shown = code(TWINS, TWIN_STEP)
    assert code(TWINS, TWIN_STEP + 1) == shown
    now = datetime.fromtimestamp(TWIN_STEP * totp.STEP, UTC)
    last = verify(TWINS, shown, now, last_step=0)
    for later in (now, now + STEP, now + 2 * STEP):
        with pytest.raises(InvalidCode):
            verify(TWINS, shown, later, last)


def test_all_steps_are_compared_whichever_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    present = step_at(NOW)
    digits = [code(RFC_SECRET, present + steps) for steps in (-1, 0, 1)]
    monkeypatch.setattr(hmac, "compare_digest", compare)
    for shown in digits:
        compared.clear()
        verify(RFC_SECRET, shown, NOW, last_step=0)
        assert compared == digits


def test_a_secret_is_160_random_bits_in_base32() -> None:
    drawn: list[int] = []

    def token_bytes(size: int) -> bytes:
        drawn.append(size)
        return bytes(range(size))

    secret = new_secret(token_bytes)
    assert drawn == [20]
    assert secret.reveal() == "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"
    assert base64.b32decode(new_secret().reveal()) != base64.b32decode(new_secret().reveal())


SECRET = Secret("AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT")
END = "?secret=AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQT"


@pytest.mark.parametrize(
    ("account", "issuer", "label", "named"),
    [
        ("ada", "example.org", "example.org:ada", "example.org"),
        ("ada@example.org", "mail.example.org", "ada@example.org", "mail.example.org"),
        ("ada+x", "My Server", "My%20Server:ada%2Bx", "My%20Server"),
        ("ada", "mail:2222", "mail%3A2222:ada", "mail%3A2222"),
        ("ada", "a/b?c&d#e%f", "ada", "a%2Fb%3Fc%26d%23e%25f"),
        ("ada", "b\u00fccher.example", "b%C3%BCcher.example:ada", "b%C3%BCcher.example"),
    ],
)
def test_the_uri_names_issuer_and_account(
    account: str, issuer: str, label: str, named: str
) -> None:
    told = uri(SECRET, account, issuer, room=271).reveal()
    assert told == f"otpauth://totp/{label}{END}&issuer={named}"
    assert len(told) <= 106  # for a terminal of 24 rows


LONG = "mail.a-very-long-name-of-an-organisation.example.org"


def test_the_issuer_is_shortened_where_the_terminal_has_no_room_for_all_of_it() -> None:
    room = 106 - len(f"otpauth://totp/ada@example.org{END}&issuer=")
    start = f"otpauth://totp/ada@example.org{END}&issuer="
    assert uri(SECRET, "ada@example.org", "h" * room).reveal() == start + "h" * room
    for long in ("h" * 200, "h" * (room + 1)):
        assert uri(SECRET, "ada@example.org", long).reveal() == start + "h" * room
    # Never within an escape, nor at a full stop.
    assert uri(SECRET, "ada@example.org", "\u00fc" * 40).reveal() == start + "%C3%BC" * (room // 6)
    assert uri(SECRET, "ada@example.org", "h" * (room - 1) + ".x").reveal()[106:] == ""
    assert uri(SECRET, "ada@example.org", "h" * (room - 1) + ".x").reveal().endswith("h")


def test_a_larger_terminal_has_room_for_more_of_it() -> None:
    name = "ada." * 9 + "lovelace@example.org"
    told = [uri(SECRET, name, LONG, room).reveal() for room in (106, 134, 154, 192, 230)]
    issuers = [one.partition("&issuer=")[2] for one in told]
    assert issuers == ["", LONG[:15], LONG[:35], LONG, LONG]
    assert [len(one) for one in told[1:3]] == [134, 154]
    assert told[4].startswith(f"otpauth://totp/{LONG}:ada.")


@given(
    st.text("abc.0@+_-", min_size=1, max_size=200),
    st.text(min_size=1, max_size=80),
    st.sampled_from([106, 134, 154, 192, 230, 271]),
)
def test_an_issuer_is_named_wherever_there_is_room_for_one(
    account: str, issuer: str, room: int
) -> None:
    told = uri(SECRET, account, issuer, room).reveal()
    query = parse_qs(urlsplit(told).query)
    assert query["secret"] == [SECRET.reveal()]
    if "issuer" in query:
        assert len(told) <= room
        assert issuer.startswith(query["issuer"][0])
    else:
        least = len(uri(SECRET, account, "").reveal()) + len("&issuer=")
        assert least + len(quote(issuer[0], safe="")) > room


def test_neither_secret_nor_uri_shows_itself() -> None:
    assert "AAAQ" not in repr(SECRET) + str(uri(SECRET, "ada", "example.org"))
