"""What an authenticator app shows: RFC 6238 with SHA-1, six digits, steps of thirty seconds."""

import base64
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from apppw_tui.domain.errors import CodeRefused
from apppw_tui.domain.secret import Secret

STEP = 30  # seconds; RFC 6238 section 5.2
DIGITS = 6
_SECRET_BYTES = 20  # RFC 4226 section 4, R6
_DRIFT = 1  # steps; RFC 6238 section 5.2 recommends at most one
# What a QR code of 37 x 37 modules holds (ISO 18004, version 5, level L, bytes): the largest that
# fits a terminal of 24 rows with its quiet zone.
_QR_BYTES = 106


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
    import pyotp  # 10 ms, wanted by the portal alone

    return pyotp.HOTP(secret.reveal(), digits=DIGITS).at(step)


def accepted_step(secret: Secret, digits: str, now: datetime, last_step: int) -> int:
    """The step that `digits` belong to: this one, or one beside it, but later than `last_step`.

    Raises:
        CodeRefused: wrong, or used already.
    """
    present = step_at(now)
    steps = range(present - _DRIFT, present + _DRIFT + 1)
    # All three are compared whatever the first says: the time tells nothing.
    right = [step for step in steps if hmac.compare_digest(code(secret, step), digits)]
    fresh = [step for step in right if step > last_step]
    if fresh:
        return fresh[-1]  # where two steps share their digits, both are used up
    if right:
        raise CodeRefused("That code was used already. Wait for the next one.")
    raise CodeRefused("That code is wrong. Wait for the next one.")


def uri(secret: Secret, account: str, issuer: str) -> Secret:
    """What the QR code says: otpauth, as the Key Uri Format of google-authenticator's wiki has it.

    The issuer is left out where the whole would be too long to be shown in 24 rows.
    """
    who = quote(account, safe="@")
    end = f"?secret={secret.reveal()}"
    full = f"otpauth://totp/{quote(issuer, safe='')}:{who}{end}"
    return Secret(full if len(full) <= _QR_BYTES else f"otpauth://totp/{who}{end}")
