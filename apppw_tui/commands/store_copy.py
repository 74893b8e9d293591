"""Stores that several machines share: their tables are made, and accounts are brought there."""

import argparse
from pathlib import Path

from apppw_tui.commands.context import warn_of_unconfirmed
from apppw_tui.commands.output import pluralize, print_error, print_json, print_lines
from apppw_tui.commands.server_facts import StoreCopied, StoreMade
from apppw_tui.config import Config, load
from apppw_tui.domain.errors import Refused
from apppw_tui.domain.ports import SystemClock
from apppw_tui.exit_codes import NO_ANSWER, OK
from apppw_tui.store.backup.copying import copy_store
from apppw_tui.store.engine import NO_DRIVER, Engine, StoreLocation, open_engine


def init(options: argparse.Namespace, config: Config) -> int:
    """Makes the tables, and lets the two roles at them. Raises Refused, StoreError."""
    dsn: str | None = options.dsn or (config.database.dsn if config.database else None)
    if dsn is None:
        raise Refused("The configuration names no database: say --dsn.")
    try:
        from apppw_tui.store.postgres.init import initialise
    except ImportError:
        raise NO_DRIVER from None
    made = initialise(dsn)
    if options.json:
        print_json(StoreMade(made))
    else:
        print_lines("The tables are made." if made else "Nothing had to be made.")
    return OK


def copy(options: argparse.Namespace, _config: Config) -> int:
    """Copies all accounts, and compares. Raises Refused, ConfigError, StoreError."""
    # Both are read before root becomes the store's owner, who may not read them.
    places = [_place(file) for file in (options.source, options.target)]
    source, target = (_opened(place, create=place is places[1]) for place in places)
    result = copy_store(source, target)
    if options.json:
        failed = {name: str(error) for name, error in sorted(result.failures.items())}
        print_json(StoreCopied(result.copied, failed))
    elif not result.failures:
        accounts = pluralize(result.copied, "account")
        print_lines(f"Copied {accounts}; both stores are the same.")
    else:
        print_lines(f"Copied {pluralize(result.copied, 'account')}.")
    for error in result.failures.values():
        print_error(error)
    return NO_ANSWER if result.failures else OK


def _place(file: Path) -> StoreLocation:
    config = load(file)
    if config.store is None:
        raise Refused(f"{file} does not say in which folder the store is.")
    return StoreLocation.of(config, config.store, None)


def _opened(place: StoreLocation, *, create: bool) -> Engine:
    engine, _ = open_engine(place, SystemClock(), create=create, new_key=create, unfinished=create)
    warn_of_unconfirmed(engine)
    return engine
