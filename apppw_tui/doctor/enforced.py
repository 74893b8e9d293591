"""The folder `enforced`: does it say what the accounts say? Dovecot's Lua relies on it."""

from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor.finding import Finding, command, danger, warning
from apppw_tui.domain.activity import UNKNOWN_UID
from apppw_tui.domain.enforced import EVER
from apppw_tui.domain.errors import StoreDamaged
from apppw_tui.domain.progress import progress
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.places import StorePlaces

_MOST_NAMED = 5


def check(folder: Path, store: FolderStore) -> Iterator[Finding]:
    """Of the store in `folder`, as its owner sees it. Raises StoreError."""
    place = StorePlaces(folder).enforced
    remedy = command("apppw-tui", "--store", folder, "store", "tidy")
    names = store.list_names()
    if place.is_symlink() or not place.is_dir():
        # What else stands there is told with all that does not belong to a store.
        if names and not present(place):
            yield warning(
                place,
                "It is not there: while the daemon does not answer, Dovecot lets nobody in, not "
                "even with an old password.",
                remedy,
            )
        return
    lax: list[str] = []
    strict: list[str] = []
    everybody = sorted({*names, *store.enforcements.names()})
    for name in progress(everybody, "Looking at the folder enforced"):
        wanted = store.enforcement_wanted(name)
        try:
            there = store.enforcements.read(name)
        except StoreDamaged:
            strict.append(name)  # what cannot be read counts as enforced
            continue
        if wanted is not None and wanted.uid == UNKNOWN_UID:
            continue  # its document cannot be read, which is told already
        if wanted is not None and (there is None or there.since > wanted.since):
            lax.append(name)
        elif there != wanted:
            strict.append(name)
    if lax:
        yield danger(
            place,
            f"It does not close {_named(lax)}: while the daemon does not answer, their old "
            "passwords open Dovecot.",
            remedy,
        )
    if strict:
        yield warning(
            place,
            f"It closes {_named(strict)}, and the accounts do not: while the daemon does not "
            "answer, their old passwords do not open Dovecot.",
            remedy,
        )


def enforced_or_disabled(folder: Path) -> dict[str, bool]:
    """The accounts of the store in `folder` that are enforced, by now or some day, or disabled.

    True stands for one that is disabled.
    """
    told = StorePlaces(folder).told()
    return {name: there is not None and there.since == EVER for name, there in told.items()}


def _named(names: list[str]) -> str:
    others = len(names) - _MOST_NAMED
    listed = ", ".join(names[:_MOST_NAMED])
    return f"{listed} and {others} more" if others > 0 else listed
