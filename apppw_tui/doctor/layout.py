"""The files in a store: whose each is, who can read it, and if it belongs there."""

import re
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from pwd import struct_passwd

from apppw_tui.doctor.accounts import list_deleted
from apppw_tui.doctor.finding import Finding, command, danger, notice, warning
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder import before_ledgers, files
from apppw_tui.store.folder.deleted_ids import UNLISTED
from apppw_tui.store.folder.ledger import LEDGERS
from apppw_tui.store.folder.location import ACCOUNTS, LOCKS, give_back, resident

_TEMPORARY = ".tmp-"
_LEFT_OVER = timedelta(minutes=5)  # a write takes milliseconds
_NOT_ENDED = timedelta(minutes=10)  # recipes/systemd ends sessions within one
_UID = r"[0-9a-f]{32}"
_LEDGER = r"[a-z]+\.sqlite(-wal|-shm|-journal)?"
_DAMAGED = r"([a-z]+\.sqlite|key)\.damaged-\d{8}T\d{6}Z(-\d+)?(-wal|-shm|-journal)?"


def _named(suffix: str) -> Callable[[str], bool]:
    return lambda name: name.endswith(suffix) and is_account_name(name.removesuffix(suffix))


def _like(pattern: str) -> Callable[[str], bool]:
    form = re.compile(pattern, re.ASCII)
    return lambda name: form.fullmatch(name) is not None


# What may be in each folder of a store.
_FOLDERS: dict[str, Callable[[str], bool]] = {
    "accounts": _named(".json"),
    "locks": lambda name: name.startswith(".") or _named(".lock")(name),
    "usage": _like(
        rf"{_LEDGER}|\.{_LEDGER}(\.old)?\.lock|{_DAMAGED}|{_UID}\.jsonl(\.\d+)?"
        rf"|{_UID}\.json|old-passwords"  # an earlier version's, until the daemon has run
    ),
    "activity": _like(rf"{_UID}\.jsonl(\.\d+)?"),
    "throttle": _like(
        r"key|profiles\.json|[0-9a-f]{2}\.json|\.([0-9a-f]{2}|key|profiles)\.lock"
        rf"|{_DAMAGED}"
    ),
    LEDGERS: _like(rf"{_LEDGER}|\.{_LEDGER}(\.old)?\.lock|{_DAMAGED}"),
    "ended": is_account_name,
    "enforced": is_account_name,
    UNLISTED: _like(rf"{_UID}\.json"),
    "notices": _like(rf"{_UID}-[0-9a-f]{{16}}\.json|\.tmp-.*"),
}
# And in each folder of a folder.
_FOLDERS_WITHIN: dict[str, Callable[[str], bool]] = {
    "usage/waiting": _like(rf"{_UID}\.(gone|json)"),
    "usage/before-ledgers": _like(rf"{_UID}\.json|old-passwords"),
}
_NEEDED_TO_SIGN_IN = (LEDGERS, "throttle")  # uncounted tries could be guesses without an end
_FILES = _like(r"key|reserve|deleted|log(\.\d+)?")
# What a restore replaced (store/backup/restore.py), and what there was before there were ledgers.
_ASIDE = _like(rf"[a-z-]+-\d{{8}}T\d{{6}}Z(-\d+)?|{before_ledgers.FOLDER}")
_SET_ASIDE = _like(_DAMAGED)


def check(folder: Path, now: datetime) -> Iterator[Finding]:
    """Of the store in `folder`, which can be opened, and of everything in it."""
    yield from owners(folder)
    # With a store that is not its resident's, nothing in it is looked at by owner: all of it goes.
    owner = None if _evicted(folder) else folder.lstat().st_uid
    yield from _folder(folder, owner)
    yield from _above(folder)
    for path in sorted(folder.iterdir()):
        if path.name == "lost+found":
            continue  # the store has a file system of its own
        belongs = _FOLDERS.get(path.name)
        if _ASIDE(path.name):
            yield from _folder(path, owner)
        elif belongs is None:
            yield from _file(path, owner, now, belongs=_FILES)
        elif not stat.S_ISDIR(path.lstat().st_mode):
            yield danger(
                path,
                "A folder of the store belongs here, and not this: nothing can be kept in it."
                + (" Nobody can sign in." if path.name in _NEEDED_TO_SIGN_IN else ""),
                f"Move it away: {path}",
            )
        else:
            yield from _folder(path, owner)
            for inner in _inside(path):
                within = _FOLDERS_WITHIN.get(f"{path.name}/{inner.name}")
                if within is not None and stat.S_ISDIR(inner.lstat().st_mode):
                    yield from _folder(inner, owner)
                    for innermost in _inside(inner):
                        yield from _file(innermost, owner, now, belongs=within)
                    continue
                yield from _file(inner, owner, now, belongs=belongs)
            yield from _waiting(path, now)
            yield from _unlisted(path)


def owners(folder: Path) -> Iterator[Finding]:
    """Of the store in `folder`, which need not be one that can be opened: whose it is."""
    somebody = _evicted(folder)
    if somebody is None:
        return
    yield danger(
        folder,
        f"It belongs to uid {folder.lstat().st_uid}, and {somebody.pw_name} is at home there, whom "
        "the portal and the daemon run as: they cannot use it.",
        f"Run: {give_back(folder, somebody)}",
    )


def foreign(folder: Path) -> list[Finding]:
    """The folders without which the store in `folder` cannot be read, if they are another's."""
    owner = folder.lstat().st_uid
    inner = [path for name in (ACCOUNTS, LOCKS) if (path := folder / name).exists()]
    return [
        _foreign_owner(path, uid, owner) for path in inner if (uid := path.lstat().st_uid) != owner
    ]


def _evicted(folder: Path) -> struct_passwd | None:
    """The user who is at home in a store that belongs to another."""
    somebody = resident(folder)
    if somebody is None or somebody.pw_uid == folder.lstat().st_uid:
        return None
    return somebody


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # its mode was told


def _folder(path: Path, owner: int | None) -> Iterator[Finding]:
    status = path.lstat()
    if owner is not None and status.st_uid != owner:
        yield _foreign_owner(path, status.st_uid, owner)
    elif stat.S_IMODE(status.st_mode) & 0o777 != files.FOLDER_MODE:
        yield danger(
            path,
            f"Its mode is {stat.S_IMODE(status.st_mode):04o}; hashes and names are its owner's "
            "alone to read and write.",
            command("chmod", f"{files.FOLDER_MODE:o}", path),
        )


def _above(folder: Path) -> Iterator[Finding]:
    parent = folder.parent
    mode = parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield danger(
            parent,
            "Anybody can write it, and put another store in the place of this one.",
            command("chmod", "o-w", parent),
        )


def _file(
    path: Path, owner: int | None, now: datetime, *, belongs: Callable[[str], bool]
) -> Iterator[Finding]:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return  # removed meanwhile
    if path.name.startswith(_TEMPORARY):
        if now - _written(status.st_mtime) > _LEFT_OVER:
            yield notice(
                path,
                "A process that was killed left it behind.",
                f"The next change of that file takes it away; so does: rm {path}",
            )
    elif not belongs(path.name):
        yield warning(
            path, "It does not belong to a store; apppw-tui leaves it alone.", "Move it elsewhere."
        )
    elif _SET_ASIDE(path.name) and not stat.S_ISREG(status.st_mode):
        yield warning(
            path,
            "It was in a file's place, no file itself, and is set aside; another file was begun: "
            "what stood there before does not count any more.",
            "Find out who put it there, then remove it.",
        )
    elif not stat.S_ISREG(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no ordinary file"
        yield danger(path, f"It is {kind}, which apppw-tui refuses.", "Put the file itself there.")
    elif path.name == "key" and path.parent.name not in _FOLDERS:
        return  # whose it is and who can read it is looked at with it: it need not be here
    elif owner is not None and status.st_uid != owner:
        yield _foreign_owner(path, status.st_uid, owner)
    elif _SET_ASIDE(path.name):
        yield warning(
            path,
            "A damaged ledger, set aside; another was begun: what stood in this one does not count "
            "any more.",
            f"Find out what happened to the disk, then remove it: rm {path}",
        )
    elif stat.S_IMODE(status.st_mode) & 0o677 != files.FILE_MODE:
        yield warning(
            path,
            f"Its mode is {stat.S_IMODE(status.st_mode):04o}; it is its owner's alone to read "
            "and write.",
            command("chmod", f"{files.FILE_MODE:o}", path),
        )


def _foreign_owner(path: Path, uid: int, owner: int) -> Finding:
    return danger(
        path,
        f"It belongs to uid {uid}, and the store to uid {owner}: it cannot be relied upon.",
        command("chown", "-h", str(owner), path),
    )


def _waiting(folder: Path, now: datetime) -> Iterator[Finding]:
    """Sessions that nobody ended."""
    if folder.name != "ended":
        return
    old = [path for path in _inside(folder) if now - _written(path.lstat().st_mtime) > _NOT_ENDED]
    if old:
        yield warning(
            folder,
            f"Sessions of deleted app passwords wait to be ended ({len(old)}), and nobody does.",
            "Start what ends them, recipes/systemd/apppw-kick.*, or set sessions.end = false "
            "and remove these files.",
        )


def _unlisted(folder: Path) -> Iterator[Finding]:
    """Accounts that were removed while what they had could not be listed as deleted."""
    count = len(_inside(folder)) if folder.name == UNLISTED else 0
    if count:
        yield warning(
            folder,
            f"Removed accounts that are not on the list of what was deleted ({count}): an old "
            "backup without them could bring them back elsewhere.",
            list_deleted(folder.parent),
        )


def _written(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
