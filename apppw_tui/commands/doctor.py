"""Looks for what is wrong with the store and the server, and says how to put it right."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from apppw_tui import config as configuration
from apppw_tui.commands.context import store_location
from apppw_tui.commands.output import print_json, print_lines
from apppw_tui.commands.server_facts import FindingTold
from apppw_tui.config import ServeConfig, present, salvaged
from apppw_tui.doctor.checks import Checkup
from apppw_tui.doctor.finding import Finding, Level
from apppw_tui.domain.errors import ConfigError, StoreUnusable
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import DANGER, OK, REFUSED
from apppw_tui.store.engine import SocketFolder

_EXITS = {Level.OK: OK, Level.NOTICE: OK, Level.WARNING: REFUSED, Level.DANGER: DANGER}
_SIGNS = {Level.OK: "✓", Level.NOTICE: "·", Level.WARNING: "!", Level.DANGER: "✗"}
_LETTERS = {Level.OK: "ok", Level.NOTICE: "note", Level.WARNING: "!", Level.DANGER: "!!"}
_LEVELS = list(Level)


def doctor(options: argparse.Namespace) -> int:
    """0 if nothing has to be done, 1 if something has, 4 if it is dangerous.

    Where the configuration is broken, it goes by what is left of it.

    Raises:
        StoreError, ConfigError: there is nothing to look at.
    """
    config, broken = salvaged(getattr(options, "config", None))
    place = store_location(options, config)
    folder = place.folder.absolute()
    knows_store = broken is None or _says_store(options, broken)
    if knows_store and os.geteuid() != 0 and not place.is_mine:
        again = shlex.join(["sudo", "apppw-tui", "--store", str(folder), "doctor"])
        raise StoreUnusable(f"Only root and its owner can look at {folder}. Ask with: {again}")
    file = _file(options)
    examination = Checkup(
        folder,
        place.key_file.absolute(),
        config,
        file,
        SocketFolder.of(options.socket_dir),
        # A store of one's own needs no daemon; the server's is there to be asked.
        file == configuration.SYSTEM_FILE or config.serve != ServeConfig(),
        SystemClock(),
        broken=broken,
        knows_store=knows_store,
    )
    # The store comes last: root is its owner then, and sees less of the server.
    findings = examination.server() + examination.store()
    worst = max((finding.level for finding in findings), key=_LEVELS.index)
    if not options.all:
        findings = [finding for finding in findings if finding.level is not Level.OK]
    if options.json:
        print_json([
            FindingTold(finding.level.value, finding.where, finding.what, finding.remedy)
            for finding in findings
        ])  # fmt: skip
    else:
        print_lines(*(_lines(findings) or ["Nothing is wrong."]))
    return _EXITS[worst]


def _says_store(options: argparse.Namespace, broken: ConfigError) -> bool:
    """True if it is certain which store is meant, although the configuration is broken."""
    if "store" in broken.wrong:
        return False
    named = getattr(options, "store", None) or os.environ.get("APPPW_STORE")
    return bool(named) or "store" not in broken.lost


def _file(options: argparse.Namespace) -> Path | None:
    """The configuration that says what the server's daemon does, if there is one."""
    file: Path | None = getattr(options, "config", None)
    if file is not None:
        return file.absolute()
    return configuration.SYSTEM_FILE if present(configuration.SYSTEM_FILE) else None


def _lines(findings: list[Finding]) -> list[str]:
    signs = _SIGNS if _can_show("".join(_SIGNS.values())) else _LETTERS
    lines = []
    for finding in sorted(findings, key=lambda finding: -_LEVELS.index(finding.level)):
        # What the store itself says begins with its path.
        repeats = finding.what.startswith(finding.where)
        what = finding.what if repeats else f"{finding.where}: {finding.what}"
        lines.append(f"{signs[finding.level]} {escaped(what)}")
        lines += [f"  {escaped(finding.remedy)}"] if finding.remedy else []
    return lines


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
