"""Looks at the configuration: can it be used, and is there what it names."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apppw_tui import config as configuration
from apppw_tui.commands.output import pluralize, print_json, print_lines, print_pairs
from apppw_tui.commands.server_facts import ConfigChecked, FindingTold
from apppw_tui.config import Config, DatabaseConfig, choose, present, store_folder
from apppw_tui.config.dsn import parse_dsn
from apppw_tui.doctor import configuration as file_checks
from apppw_tui.doctor import units
from apppw_tui.doctor.finding import Finding, Level, danger, notice, warning
from apppw_tui.doctor.probe import run
from apppw_tui.domain.errors import ConfigError, Refused, StoreUnusable
from apppw_tui.domain.names import escaped
from apppw_tui.exit_codes import OK, REFUSED
from apppw_tui.store.engine import NO_DRIVER, StoreLocation

_FILES = ("sslrootcert", "sslcert", "sslkey")  # a passfile is read at once
_OF_SYSTEM = "system"  # libpq 16, of sslrootcert: the bundle that OpenSSL knows


@dataclass(frozen=True)
class _Places:
    """The file that is read, if there is one, and those that are not, each with the reason."""

    read: Path | None
    absent: tuple[Path, ...] = ()
    passed_over: tuple[Path, ...] = ()


def check(options: argparse.Namespace) -> int:
    """0 if nothing is to be put right, 1 if something is. Raises ConfigError if it is no use."""
    file = _named(options)
    places = _places(file)
    try:
        config = choose(file)
    except ConfigError as error:
        if options.json:
            _say_json(places, "\n".join(error.located), [])
        raise
    findings = (
        []
        if options.file_alone
        else [
            *_findings(places.read, config, getattr(options, "store", None)),
            *_compared(places.read, config, of_server=file is not None),
        ]
    )
    if options.json:
        _say_json(places, None, findings)
    else:
        _say(places, findings)
    return REFUSED if _faults(findings) else OK


def _named(options: argparse.Namespace) -> Path | None:
    files: list[Path] = [
        path for path in (options.file, getattr(options, "config", None)) if path is not None
    ]
    if len(files) > 1:
        raise Refused("Say which file once: after check, or with --config.")
    return files[0] if files else None


def _places(file: Path | None) -> _Places:
    """As `choose` looks for it."""
    if file is not None:
        return _Places(file)
    usual = [configuration.SYSTEM_FILE]
    with contextlib.suppress(StoreUnusable):  # there is no home folder
        usual.append(configuration.user_file())
    there = [path for path in usual if present(path)]
    return _Places(
        there[0] if there else None,
        tuple(path for path in usual if path not in there),
        tuple(there[1:]),
    )


def _findings(file: Path | None, config: Config, named_store: Path | None) -> list[Finding]:
    store: Path | None = None
    with contextlib.suppress(StoreUnusable):  # there is no home folder, and none was named
        store = store_folder(named_store, config)
    owners = frozenset({0, os.geteuid(), *_owner(store)})
    findings = [
        finding
        for finding in file_checks.check(file and file.absolute(), config, owners)
        if finding.level is not Level.OK
    ]
    return [
        *findings,
        *(_store(store) if config.database is None else _database(config.database)),
        *_key(config, store),
    ]


def _compared(file: Path | None, config: Config, *, of_server: bool) -> list[Finding]:
    """With systemd's units, unless it is somebody's own file, of whom the server's know nothing."""
    of_server = of_server or file is None or file == configuration.SYSTEM_FILE
    return units.compared(config.serve, units.units(run) if of_server else [])


def _owner(store: Path | None) -> list[int]:
    with contextlib.suppress(OSError):
        return [] if store is None else [store.stat().st_uid]
    return []


def _store(store: Path | None) -> Iterator[Finding]:
    if store is None:
        yield warning(
            "store",
            "There is no home folder to look for it in.",
            "Name it: store in the configuration, or --store.",
        )
    elif not present(store):
        # As on every new server: the configuration comes first.
        yield notice(
            store,
            "There is no store yet.",
            "The first account makes it: apppw-tui account add NAME; unless it is elsewhere.",
        )
    elif not store.is_dir():
        yield warning(
            store,
            "It is no folder, as a store has to be.",
            "Name the store's folder: store in the configuration, or --store.",
        )


def _database(config: DatabaseConfig) -> Iterator[Finding]:
    """Looks at what would be refused at the first connection, and connects to nothing."""
    try:
        from apppw_tui.store.postgres.dsn import read_dsn
    except ImportError:
        yield danger("store.engine", NO_DRIVER.fault, NO_DRIVER.remedy)
        return
    for dsn, key in {config.serve_dsn: "serve_dsn", config.dsn: "dsn"}.items():
        try:
            read_dsn(dsn)
        except Refused as error:
            yield warning(f"store.{key}", str(error), "Write it as docs/administrator.md says.")
            continue
        words = parse_dsn(dsn)
        for word in _FILES:
            if word in words and words[word] != _OF_SYSTEM and not present(Path(words[word])):
                yield warning(
                    f"store.{key}",
                    f"{word} is not there: {words[word]}",
                    f"Put it there, or correct {word}.",
                )


def _key(config: Config, store: Path | None) -> Iterator[Finding]:
    """The first secret that is sealed makes the key: until then it is not missed."""
    if config.key_file is None or present(config.key_file) or store is None:
        return
    if StoreLocation(store, config.key_file).may_hold_sealed_values():
        yield warning(
            config.key_file,
            "There is no key: what it sealed cannot be opened.",
            "Put the key back, or correct key_file in the configuration.",
        )


def _faults(findings: list[Finding]) -> int:
    """The number of things that are to be put right; of a notice one may think as one likes."""
    return sum(finding.level is not Level.NOTICE for finding in findings)


def _say(places: _Places, findings: list[Finding]) -> None:
    read = "nothing; the defaults hold" if places.read is None else escaped(str(places.read))
    print_pairs([
        ("Read", read),
        *(("Not there", escaped(str(path))) for path in places.absent),
        *(("Passed over", escaped(str(path))) for path in places.passed_over),
    ])  # fmt: skip
    for finding in findings:
        print_lines(escaped(f"{finding.where}: {finding.what}"), f"  {escaped(finding.remedy)}")
    faults = _faults(findings)
    print_lines(
        f"It can be used; {pluralize(faults, 'thing')} to put right." if faults else "It is right."
    )


def _say_json(places: _Places, problem: str | None, findings: list[Finding]) -> None:
    print_json(ConfigChecked(
        file=None if places.read is None else str(places.read),
        absent=[str(path) for path in places.absent],
        passed_over=[str(path) for path in places.passed_over],
        problem=problem,
        findings=[
            FindingTold(finding.level.value, finding.where, finding.what, finding.remedy)
            for finding in findings
        ],
    ))  # fmt: skip
