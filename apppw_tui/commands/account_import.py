"""Accounts that are taken over from a file, one line of it after the other."""

import argparse
import sys
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from apppw_tui.commands.account_facts import Imported, NotImported, ThereAlready
from apppw_tui.commands.context import actor, open_context, tried
from apppw_tui.commands.facts import ABSENT
from apppw_tui.commands.output import CommandReport, pluralize
from apppw_tui.config import Config
from apppw_tui.domain.errors import ApppwError, NameTaken, Refused, system_reason
from apppw_tui.domain.hashing import MOST_OF_ACCOUNTS, CostLimits, MemoryProfiles, Profiles
from apppw_tui.domain.progress import progress
from apppw_tui.portal.context import PortalContext
from apppw_tui.portal.passwd_import import PasswdEntry, check_is_free, create_imported, lines

_LARGEST = 64 * 1024 * 1024  # bytes
_KIB = 1024  # in a MiB


def import_file(options: argparse.Namespace, config: Config) -> int:
    """Adds what can be added, and tells of the rest; the exit code is that of the worst."""
    bounds = None if options.names else _bounds(options)
    if options.names and config.accounts.source == "store":
        raise Refused(
            "Nobody could sign in by a name alone: account passwords are kept here. Import hashes, "
            'without --names, or let Dovecot be asked: [accounts] source = "dovecot".'
        )
    by, text = actor(), _read(options)  # before root becomes the store's owner, who may not read
    with tried(options, config) if options.dry_run else nullcontext():
        return _import(options, config, by, text, bounds)


def _import(
    options: argparse.Namespace, config: Config, by: str, text: str, bounds: CostLimits | None
) -> int:
    context = open_context(options, config, create=not options.dry_run).context
    report, there, trial = CommandReport(as_json=options.json), 0, None
    if options.dry_run:
        trial = MemoryProfiles(context.hasher.account.profiles.in_use())
    entries = lines(text, bounds, config.default_domain)
    for line in progress(entries, "Importing accounts", text.count("\n")):
        try:
            _add(context, line, by, trial)
        except ApppwError as error:
            if options.names and isinstance(error, NameTaken):
                there += 1
                report.answers.append(
                    ThereAlready(line.number, line.name or "", added=False, already=True)
                )
                continue
            # What is no name could be a secret (SAFETY 29).
            whose = "" if line.name is None else f", {line.name}"
            report.fail(
                *(error, f"line {line.number}{whose}: "),
                partial(NotImported, line.number, line.name),
            )
        else:
            dropped = list(line.dropped) or ABSENT
            added = not options.dry_run
            report.answers.append(Imported(line.number, line.name or "", added, dropped))
            without = f" Not taken over: {', '.join(line.dropped)}." if line.dropped else ""
            report.say(f"{'Would add' if options.dry_run else 'Added'} {line.name}.{without}")
    report.finish()
    if not report.answers:
        where = "standard input" if str(options.file) == "-" else options.file
        report.say(f"There are no accounts in {where}.")
    elif there:
        were = "was" if there == 1 else "were"
        report.say(f"{pluralize(there, 'account')} of the list {were} there.")
    return report.code


def _bounds(options: argparse.Namespace) -> CostLimits:
    bounds = CostLimits()
    if options.most_memory * _KIB < bounds.least.memory:
        raise Refused(f"--most-memory must be at least {bounds.least.memory // _KIB} MiB.")
    if options.most_memory * _KIB > MOST_OF_ACCOUNTS.memory:
        raise Refused(f"--most-memory may be at most {MOST_OF_ACCOUNTS.memory // _KIB} MiB.")
    return replace(bounds, most=replace(bounds.most, memory=options.most_memory * _KIB))


def _add(context: PortalContext, line: PasswdEntry, by: str, trial: Profiles | None) -> None:
    """`trial` has the profiles that would be in use, where nothing is added."""
    if line.error is not None:
        raise Refused(line.error)
    if trial is not None:
        check_is_free(context, line)
        context.hasher.account.claim(line.password_hash, trial)
    else:
        create_imported(context, line, by)


def _read(options: argparse.Namespace) -> str:
    """Returns the file's text; bytes of full names in another encoding are in nobody's way."""
    try:
        if str(options.file) == "-":
            return _text(None if sys.stdin is None else sys.stdin.buffer, "Standard input")
        with options.file.open("rb") as file:
            return _text(file, str(options.file))
    except OSError as error:
        raise Refused(f"{options.file} cannot be read: {system_reason(error)}.") from None


def _text(file: BinaryIO | None, where: str) -> str:
    content = b"" if file is None else file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise Refused(f"{where} is larger than 64 MiB.")
    return content.decode(errors="surrogateescape")
