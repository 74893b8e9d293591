"""Accounts that are taken over from a file, one line of it after the other."""

import argparse
from dataclasses import replace

from apppw_tui.commands.opening import operator
from apppw_tui.commands.printing import say, say_json, say_trouble
from apppw_tui.config import Config
from apppw_tui.domain.errors import ApppwError, NameTaken, Refused, StoreError
from apppw_tui.domain.hashing import Bounds
from apppw_tui.domain.names import shown
from apppw_tui.exits import NO_ANSWER, OK, REFUSED
from apppw_tui.portal.importing import Line, bring_in, lines
from apppw_tui.portal.operator import Operator

_LARGEST = 64 * 1024 * 1024  # bytes
_KIB = 1024  # in a MiB


def import_file(options: argparse.Namespace, config: Config) -> int:
    """Adds what can be added, and tells of the rest; the exit code is that of the worst."""
    bounds = Bounds()
    if options.most_memory * _KIB < bounds.least.memory:
        raise Refused(f"--most-memory must be at least {bounds.least.memory // _KIB} MiB.")
    bounds = replace(bounds, most=replace(bounds.most, memory=options.most_memory * _KIB))
    text = _read(options)  # before root becomes the store's owner, who may not read it
    acting = operator(options, config)
    code, answers = OK, []
    for line in lines(text, bounds, config.default_domain):
        try:
            _add(acting, line, dry_run=options.dry_run)
        except ApppwError as error:
            code = max(code, NO_ANSWER if isinstance(error, StoreError) else REFUSED)
            say_trouble(f"line {line.number}, {shown(line.name)}: {error}")
            answers.append({"line": line.number, "account": line.name, "error": str(error)})
        else:
            answers.append(
                {"line": line.number, "account": line.name, "added": not options.dry_run}
            )
            if not options.json:
                say(f"{'Would add' if options.dry_run else 'Added'} {line.name}.")
    if options.json:
        say_json(answers)
    return code


def _add(acting: Operator, line: Line, *, dry_run: bool) -> None:
    if line.why_not is not None:
        raise Refused(line.why_not)
    if not dry_run:
        bring_in(acting.means, line)
    elif acting.means.store.read(line.name) is not None:
        raise NameTaken(f"There is already an account {line.name}.")


def _read(options: argparse.Namespace) -> str:
    try:
        with options.file.open("rb") as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise Refused(f"{options.file} is larger than 64 MiB.")
        return str(content.decode())
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise Refused(f"{options.file} cannot be read: {reason}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{options.file} is not UTF-8.") from None
