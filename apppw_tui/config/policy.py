"""The section [policy] of the configuration: what people may have, and how long."""

from collections.abc import Callable, Mapping
from typing import Any

from apppw_tui.config.values import TableReader, quoted_list, texts
from apppw_tui.domain import expiry, scopes
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.policy import Policy

_MOST_APP_PASSWORDS = 1000
_LONGEST = 60  # minutes
_NAMED = {
    "second_factor": "second_factor_required",
    "create": "people_create",
}


def policy(reader: TableReader, value: Mapping[str, Any]) -> Policy:
    """The section as it stands in the file. Raises ConfigError."""
    values = reader.table(value, "policy.", {
        "app_passwords_per_account": _whole(1, _MOST_APP_PASSWORDS),
        "second_factor": _one_of(required=True, optional=False),
        "create": _one_of(everyone=True, administrator=False),
        "scopes": _scopes,
        "longest_expiry": _whole(1, expiry.MOST_DAYS),
        "sign_out_after": _minutes,
        "verify_again_after": _minutes,
    })  # fmt: skip
    return Policy(**{_NAMED.get(key, key): found for key, found in values.items()})


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("must be a whole number")
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}")
        return value

    return read


def _one_of(**meanings: bool) -> Callable[[Any], bool]:
    def read(value: Any) -> bool:
        if not isinstance(value, str) or value not in meanings:
            raise ValueError("must be " + " or ".join(f'"{word}"' for word in meanings))
        return meanings[value]

    return read


def _scopes(value: Any) -> tuple[str, ...]:
    try:
        return scopes.read_scope(texts(value))
    except Refused:
        words = [*(scope.id for scope in scopes.SCOPES), *scopes.SERVICES]
        raise ValueError(f"must be some of {quoted_list(words)}") from None


def _minutes(value: Any) -> float:
    """Minutes, in seconds."""
    return 60.0 * _whole(1, _LONGEST)(value)
