"""The ids of deleted app passwords, by uid, and as lines of JSON: {"uid": …, "ids": […]}."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from apppw_tui.domain.app_password import ID_LENGTH, SYMBOLS

LARGEST = 256 * 1024 * 1024  # bytes of lines; some four million deletions
UID = re.compile("[0-9a-f]{32}")
ID = re.compile(f"[{SYMBOLS}]{{{ID_LENGTH}}}")


@dataclass
class DeletedIdSet:
    """The ids of each uid, and how many lines are none: a full disk may have cut one short.

    `until` is how much of the store's list this is.
    """

    ids: dict[str, set[str]] = field(default_factory=dict)
    unreadable: int = 0
    until: int = 0

    def of(self, uid: str) -> frozenset[str]:
        return frozenset(self.ids.get(uid, ()))

    def add(self, other: "DeletedIdSet") -> None:
        for uid, ids in other.ids.items():
            self.ids.setdefault(uid, set()).update(ids)
        self.unreadable += other.unreadable


def lines(ids: Mapping[str, Collection[str]]) -> bytes:
    return b"".join(
        json.dumps({"uid": uid, "ids": sorted(ids[uid])}).encode() + b"\n"
        for uid in ids
        if ids[uid]
    )


def parse(content: bytes) -> DeletedIdSet:
    """Parses the lines; one that is cut short or damaged is counted, and the others are read."""
    result = DeletedIdSet()
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        entry = _line(line)
        if entry is None:
            result.unreadable += 1
        else:
            result.ids.setdefault(entry[0], set()).update(entry[1])
    return result


def _line(line: bytes) -> tuple[str, Iterable[str]] | None:
    try:
        match json.loads(line):
            case {"uid": str(uid), "ids": [*ids]} if UID.fullmatch(uid):
                if all(isinstance(id_, str) and ID.fullmatch(id_) for id_ in ids):
                    return uid, ids
    except (ValueError, RecursionError):
        pass
    return None
