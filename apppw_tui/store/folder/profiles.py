"""The costs of the hashes of account passwords, of all accounts: one small file (SAFETY 16)."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.hashing import (
    MOST_BESIDES,
    MOST_OF_ACCOUNTS,
    Profile,
    TooManyProfiles,
    parse,
)
from apppw_tui.domain.ports import Clock
from apppw_tui.store.fields import to_iso
from apppw_tui.store.folder import files
from apppw_tui.store.folder.files import locked


class HashProfilesFile:
    """Keeps them in `folder`/throttle, each with the time when it was claimed last."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._store = folder
        self._folder = folder / "throttle"
        self._path = self._folder / "profiles.json"
        self._clock = clock

    def in_use(self) -> Collection[Profile]:
        return self._read().keys()

    def claim(self, profile: Profile) -> None:
        files.check_folder(self._store)  # a store that is gone is not made again in passing
        files.make_folder(self._folder)
        with locked(self._folder / ".profiles.lock"):
            claimed = self._read()
            if profile not in claimed and len(claimed) >= MOST_BESIDES:
                raise TooManyProfiles(profile)
            # Again, too: an account is about to have it, which no search has found yet.
            self._write({**claimed, profile: self._clock.now()})

    def settle(self, in_use: Collection[Profile], since: datetime) -> Collection[Profile]:
        if not self._read():
            return ()
        with locked(self._folder / ".profiles.lock"):
            claimed = self._read()
            dropped = [cost for cost, at in claimed.items() if cost not in in_use and at < since]
            if dropped:
                self._write({cost: at for cost, at in claimed.items() if cost not in dropped})
        return dropped

    def _read(self) -> dict[Profile, datetime]:
        """Reads the file; whatever is malformed in it was not there. In the order of the costs."""
        try:
            content = files.read(self._path)
            if content is None:
                return {}
            document = json.loads(content or b"{}")
        except (ValueError, RecursionError, StoreDamaged):
            return {}
        claimed = {}
        for text, at in document.items() if isinstance(document, dict) else ():
            profile = parse(text)
            if profile is not None and not profile.exceeds(MOST_OF_ACCOUNTS):
                claimed[profile] = _time(at)
        order = sorted(claimed, key=lambda cost: (cost.memory, cost.time_cost, cost.parallelism))
        return {cost: claimed[cost] for cost in order[:MOST_BESIDES]}

    def _write(self, claimed: dict[Profile, datetime]) -> None:
        content = json.dumps({str(cost): to_iso(at) for cost, at in claimed.items()}).encode()
        files.write(self._path, self._folder / ".tmp-profiles", content)


def _time(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    return datetime.min.replace(tzinfo=UTC) if at is None or at.tzinfo is None else at
