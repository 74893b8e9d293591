"""A backup of the store: into a file, a folder with one for each day, or to standard output."""

import argparse
import contextlib
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from apppw_tui.commands.context import open_context, store_location
from apppw_tui.commands.output import (
    exit_code,
    pluralize,
    print_error,
    print_json,
    print_lines,
    utc,
)
from apppw_tui.commands.server_facts import BackedUp
from apppw_tui.config import Config
from apppw_tui.domain.errors import ApppwError, Refused, describe_fault, system_reason
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import BY_SIGNAL, FAULT, NO_ANSWER, OK
from apppw_tui.store.backup.members import KEY
from apppw_tui.store.backup.reader import Archive
from apppw_tui.store.backup.writer import BackupResult, back_up
from apppw_tui.store.newfile import PREFIX, FileTaken, new_file

_SECRET = "It holds the key, and is as secret as the store itself."  # noqa: S105 - a sentence


# A second one of the same second has a number.
_BACKUP_NAME = re.compile(r"apppw-tui-([0-9]{8}T[0-9]{6}Z)(?:-([2-9]|[1-9][0-9]+))?\.tar")
_FILE_MODE = 0o600
_DAY = 86400  # seconds; a backup under way is younger


class _SaidAlready(Exception):
    """Another process could not write the backup, and has said why."""

    def __init__(self, code: int) -> None:
        self.code = code


def backup(options: argparse.Namespace, config: Config) -> int:
    """Writes it. Raises Refused, StoreError."""
    now, path = SystemClock().now(), Path(options.file)
    in_folder = path.is_dir()
    if options.keep is not None and not (in_folder and options.keep > 0):
        raise Refused("--keep is a number from 1 on, and goes with a folder that is there.")
    if options.file == "-":
        return _to_standard_output(options, config, now)
    paths = _paths_in(path, now) if in_folder else iter([path])
    try:
        path, archive = _to_file(options, config, now, paths)
    except _SaidAlready as ended:
        return ended.code
    pruned: list[str] = []
    # Of an account that is damaged by now, only an older one may have it.
    if options.keep is not None and not archive.left_out:
        pruned = _prune(path, options.keep, archive.host)
    if options.json:
        print_json(BackedUp(
            file=str(path),
            time=utc(archive.made),
            accounts=len(archive.accounts),
            with_key=KEY in archive,
            left_out=archive.left_out,
            pruned=pruned,
        ))  # fmt: skip
    else:
        secret = f" {_SECRET}" if KEY in archive else ""
        print_lines(f"Backed up {pluralize(len(archive.accounts), 'account')} to {path}.{secret}")
        if pruned:
            print_lines(f"Removed {pluralize(len(pruned), 'older backup')}.")
    return _left_out(archive.left_out)


def _to_file(
    options: argparse.Namespace, config: Config, now: datetime, paths: Iterator[Path]
) -> tuple[Path, Archive]:
    """Writes it to the first of `paths` that is free, and reads it again: else it is no backup.

    Raises:
        FileTaken: none of them is.
        Refused, StoreError, _SaidAlready: it could not be written.
    """
    path = next(paths)
    while True:
        try:
            with new_file(path) as file:
                _write_as_owner(options, config, file, now)
                file.seek(0)
                archive = Archive(file)
        except FileTaken:  # by another who began in the same second, perhaps
            another = next(paths, None)
            if another is None:
                raise
            path = another
        else:
            return path, archive


def _to_standard_output(options: argparse.Namespace, config: Config, now: datetime) -> int:
    if options.json:
        raise Refused("--json needs a file: standard output has the backup itself.")
    if sys.stdout is None or sys.stdout.isatty():
        raise Refused("A backup is nothing for a terminal; name a file, or send it to a program.")
    out = sys.stdout.buffer
    # What a shell has made for it is open to others, as its umask has it.
    with contextlib.suppress(OSError, ValueError):
        if stat.S_ISREG(os.fstat(out.fileno()).st_mode):
            os.fchmod(out.fileno(), _FILE_MODE)
    done = _write(options, config, out, now)
    return _left_out({name: str(error) for name, error in done.failures.items()})


def _left_out(troubles: dict[str, str]) -> int:
    for name, why in sorted(troubles.items()):
        print_error(f"{name} is not in the backup: {why}")
    return NO_ANSWER if troubles else OK


def _write(
    options: argparse.Namespace, config: Config, out: BinaryIO, now: datetime
) -> BackupResult:
    parts = open_context(options, config)
    try:
        done = back_up(out, parts.engine, with_key=options.with_key, now=now, host=config.host_name)
        out.flush()
    except OSError as error:  # even a pipe whose reader has left: what it has is no backup
        raise Refused(f"The backup could not be written: {system_reason(error)}.") from None
    return done


def _write_as_owner(
    options: argparse.Namespace, config: Config, file: BinaryIO, now: datetime
) -> None:
    """Writes it to `file`, in a process of its own where this one has to stay root.

    Once root has become the store's owner, it could not give the file its name in root's folder.
    """
    folder = store_location(options, config).folder
    if not _would_change_owner(folder):
        _write(options, config, file, now)
        return
    child = os.fork()
    if child == 0:
        code = FAULT
        try:
            _write(options, config, file, now)
            code = OK
        except ApppwError as error:
            print_error(error)
            code = exit_code(error)
        except Exception as error:  # noqa: BLE001 - a traceback is for nobody
            print_error(describe_fault(error))
        finally:
            sys.stderr.flush()
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended != OK:
        raise _SaidAlready(ended if ended > 0 else BY_SIGNAL - ended)


def _would_change_owner(folder: Path) -> bool:
    try:
        return os.geteuid() == 0 and folder.lstat().st_uid != 0
    except OSError:
        return False  # opening the store says what is wrong


def _paths_in(folder: Path, now: datetime) -> Iterator[Path]:
    """The names that one of `now` may have, the first that is free before all others."""
    for number in count(1):
        yield folder / f"apppw-tui-{_stamp(now)}{'' if number == 1 else f'-{number}'}.tar"


def _stamp(made: datetime) -> str:
    """In UTC, so that the names sort by age, whatever happens to the clocks in autumn."""
    return f"{made:%Y%m%dT%H%M%SZ}"


def _prune(made: Path, keep: int, host: str) -> list[str]:
    """Removes the oldest, until so many are left; their names.

    The one that was just `made` stays: by names of a clock that was ahead it would be the oldest.
    What this command has not made on this `host`, or somebody has changed, is neither counted nor
    removed.

    Raises:
        Refused: the folder cannot be read, or one not be removed.
    """
    gone, folder = [], made.parent
    try:
        others = [path for _, path in sorted(_made_here(folder, host)) if path != made]
        for path in others[: max(0, len(others) + 1 - keep)]:
            path.unlink()
            gone.append(path.name)
        for left in folder.glob(f"{PREFIX}*"):  # by one that was killed
            if _is_own(left) and left.lstat().st_mtime < time.time() - _DAY:
                left.unlink()
    except OSError as error:
        raise Refused(
            f"The backup is made, but older ones in {folder} cannot be removed: "
            f"{system_reason(error)}."
        ) from None
    return gone


def _made_here(folder: Path, host: str) -> Iterator[tuple[tuple[str, int], Path]]:
    """Each with what it sorts by: when it was made, and its number in that second."""
    for path in folder.iterdir():
        match = _BACKUP_NAME.fullmatch(path.name)
        if match is None or not _is_own(path):
            continue
        with contextlib.suppress(Refused), path.open("rb") as file:
            archive = Archive(file)
            if (_stamp(archive.made), archive.host) == (match[1], host):
                yield (match[1], int(match[2] or 1)), path


def _is_own(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
