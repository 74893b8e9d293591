"""Codes of an authenticator app: RFC 6238 with SHA-1, six digits, steps of thirty seconds."""

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from apppw_tui.domain.errors import InvalidCode, WrongCode
from apppw_tui.domain.secret import Secret

STEP = 30  # seconds; RFC 6238 section 5.2
DIGITS = 6
_SECRET_BYTES = 20  # RFC 4226 section 4, R6
_DRIFT = 1  # steps; RFC 6238 section 5.2 recommends at most one
_RECOGNIZED = 20  # steps, ten minutes: so far a clock's error is told, and nothing is accepted
_IN_WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
# What a QR code of 37 x 37 modules holds (ISO 18004, version 5, level L, bytes): the largest that
# fits a terminal of 24 rows with its quiet zone.
QR_BYTES = 106


@dataclass(frozen=True)
class Authenticator:
    """An authenticator app that has proved itself. Its secret is sealed."""

    sealed: str
    since: datetime
    last_step: int


def new_secret(token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """160 random bits in base32, as apps want them typed."""
    return Secret(base64.b32encode(token_bytes(_SECRET_BYTES)).decode())


def step_at(now: datetime) -> int:
    """The number of the step that `now` lies in."""
    return int(now.timestamp()) // STEP


def code(secret: Secret, step: int) -> str:
    """The six digits of one step."""
    return _code(secret.reveal(), step)


def verify(secret: Secret, digits: str, now: datetime, last_step: int) -> int:
    """The step that `digits` belong to: this one, or one beside it, but later than `last_step`.

    Raises:
        WrongCode: no app shows it now.
        InvalidCode: used already.
    """
    present = step_at(now)
    steps = range(max(0, present - _DRIFT), present + _DRIFT + 1)  # there is none before 1970
    # All three are compared whatever the first says: the time tells nothing.
    text = secret.reveal()
    right = [step for step in steps if hmac.compare_digest(_code(text, step), digits)]
    fresh = [step for step in right if step > last_step]
    if fresh:
        return fresh[-1]  # where two steps share their digits, both are used up
    if right:
        raise InvalidCode("That code was used already. Wait for the next one.")
    raise WrongCode("Wrong code. Check it, or wait for the next.")


def refused_again(error: WrongCode, times: int) -> WrongCode:
    """The sentence for the `times`th refusal of a code.

    What is said of the clock depends on no code: how far it is off, said of a guess, would tell a
    code that will be good in a moment.
    """
    hint = " If codes go on failing, check your phone's clock." if times > 1 else ""
    return WrongCode(f"{error}{hint}")


def clock_error(secret: Secret, digits: str, now: datetime) -> str | None:
    """The fault of the clock by which `digits` are right, as `two minutes fast`; None if none is.

    For whoever sees the secret, and nobody else.
    """
    present, text = step_at(now), secret.reveal()
    for distance in range(_DRIFT + 1, _RECOGNIZED + 1):
        for steps, direction in ((distance, "fast"), (-distance, "slow")):
            step = max(0, present + steps)  # a machine without a clock begins in 1970
            if hmac.compare_digest(_code(text, step), digits):
                minutes = (distance + 1) * STEP // 60
                unit = "minute" if minutes == 1 else "minutes"
                return f"{_IN_WORDS[minutes - 1]} {unit} {direction}"
    return None


def uri(secret: Secret, account_name: str, issuer: str, room: int = QR_BYTES) -> Secret:
    """The content of the QR code.

    Otpauth, as the Key Uri Format of google-authenticator's wiki has it.

    It names the issuer, since an authenticator takes two accounts of one name for the same where
    none does: once where both would be too long for 24 rows, and shortened where even that is
    more than `room` bytes. Only where there is room for none of it, none is named.
    """
    forms = [_written(secret, account_name, issuer, issuer), _written(secret, account_name, issuer)]
    shorter = (issuer[:length] for length in range(len(issuer) - 1, 0, -1))
    forms += [
        _written(secret, account_name, short_issuer.rstrip(".") or short_issuer)
        for short_issuer in shorter
    ]
    forms.append(_written(secret, account_name))
    small = [form for form in forms[:2] if len(form) <= QR_BYTES]
    fitting = [form for form in forms if len(form) <= room]
    return Secret([*small, *fitting, forms[-1]][0])


def _code(secret: str, step: int) -> str:
    import pyotp  # 10 ms, wanted by the portal alone

    return pyotp.HOTP(secret, digits=DIGITS).at(step)


def _written(secret: Secret, account_name: str, issuer: str = "", prefix: str = "") -> str:
    label = (f"{quote(prefix, safe='')}:" if prefix else "") + quote(account_name, safe="@")
    parameter = f"&issuer={quote(issuer, safe='')}" if issuer else ""
    return f"otpauth://totp/{label}?secret={secret.reveal()}{parameter}"
