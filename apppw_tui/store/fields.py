"""The fields of a document, each of the one type it may have."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from apppw_tui.domain.addresses import parse_network
from apppw_tui.domain.hashing import (
    MOST_OF_ACCOUNTS,
    MOST_OF_APP_PASSWORDS,
    Profile,
    unusable_reason,
)

Tables = dict[str, dict[str, Any]]


class DocumentError(ValueError):
    """The tables are not an account's; str() is the reason, without any of their content."""


def to_iso(instant: datetime) -> str:
    """An instant as it is kept: UTC, ISO 8601."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def optional_to_iso(instant: datetime | None) -> str | None:
    return None if instant is None else to_iso(instant)


@dataclass(frozen=True)
class Fields:
    """Reads a document's fields; one that is missing or of another type is a DocumentError."""

    document: Mapping[str, Any]

    def _get(self, key: str, kind: type) -> Any:
        value = self.document.get(key)
        # bool is an int to isinstance, and a version of True would be a damaged file.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise DocumentError(f"its {key} is missing or of the wrong kind")
        return value

    def text(self, key: str) -> str:
        value: str = self._get(key, str)
        try:
            value.encode()
        except UnicodeEncodeError:  # JSON can spell half a surrogate pair
            raise DocumentError(f"its {key} is not text") from None
        return value

    def matching(self, key: str, form: re.Pattern[str]) -> str:
        value = self.text(key)
        if form.fullmatch(value) is None:
            raise DocumentError(f"its {key} is malformed")
        return value

    def number(self, key: str) -> int:
        value: int = self._get(key, int)
        return value

    def flag(self, key: str, *, missing: bool | None = None) -> bool:
        """`missing` is what it means that an older schema did not have it; None if it had."""
        if missing is not None and key not in self.document:
            return missing
        value: bool = self._get(key, bool)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[Any] = self._get(key, list)
        return tuple(Fields({key: value}).text(key) for value in values)

    def networks(self, key: str) -> tuple[str, ...]:
        """Empty where an older schema did not have it."""
        if key not in self.document:
            return ()
        try:
            return tuple(map(parse_network, self.texts(key)))
        except ValueError:
            raise DocumentError(f"its {key} are malformed") from None

    def hash(self, key: str, most: Profile = MOST_OF_APP_PASSWORDS) -> str:
        """Only what Argon2 can compute, and in good time.

        Else a sign-in would fail in a way that tells it exists, or hang whoever is asked.
        """
        value = self.text(key)
        reason = unusable_reason(value, most)
        if reason is not None:
            raise DocumentError(f"its {key} {reason}")
        return value

    def recovery_hashes(self, key: str, count: int) -> tuple[str | None, ...]:
        """So many of them; null for each that is used up."""
        values = self.document.get(key)
        if not isinstance(values, list) or len(values) != count:
            raise DocumentError("its recovery codes are malformed")
        return tuple(
            None if value is None else Fields({"hash": value}).hash("hash") for value in values
        )

    def account_hash(self, key: str) -> str | None:
        """An account password's; None where the document says null: one that is lost is damage."""
        if key in self.document and self.document[key] is None:
            return None
        return self.hash(key, MOST_OF_ACCOUNTS)

    def time(self, key: str) -> datetime:
        text = self.text(key)
        try:
            instant = datetime.fromisoformat(text)
            in_utc = instant.astimezone(UTC)
        except (ValueError, OverflowError):
            raise DocumentError(f"its {key} is not a time") from None
        if instant.tzinfo is None:
            raise DocumentError(f"its {key} has no time zone")
        return in_utc

    def optional_text(self, key: str) -> str | None:
        return None if self.document.get(key) is None else self.text(key)

    def optional_time(self, key: str) -> datetime | None:
        return None if self.document.get(key) is None else self.time(key)


FLAG_OF_LATER = partial(Fields.flag, missing=False)


@dataclass(frozen=True)
class StoredField:
    """The way between a field of a document and the attribute of a record."""

    attribute: str
    read: Callable[[Fields, str], Any]
    write: Callable[[Any], Any] | None = None  # None: as it is


def load_record(document: Mapping[str, Any], table: Mapping[str, StoredField]) -> dict[str, Any]:
    """The attributes of what the document holds, by `table`, which has a field for each key.

    Raises DocumentError.
    """
    fields = Fields(document)
    return {field.attribute: field.read(fields, key) for key, field in table.items()}


def dump_record(record: object, table: Mapping[str, StoredField]) -> dict[str, Any]:
    """The document that holds the attributes of `record`."""
    document = {key: getattr(record, field.attribute) for key, field in table.items()}
    for key, field in table.items():
        if field.write is not None:
            document[key] = field.write(document[key])
    return document
