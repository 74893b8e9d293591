"""The store as a whole: taken to this program's schema while nothing serves, and tidied."""

import argparse
import socket

from apppw_tui.bootstrap import Parts, StoreLocation
from apppw_tui.commands.context import open_context
from apppw_tui.commands.output import pluralize, print_error, print_json, print_lines
from apppw_tui.config import Config
from apppw_tui.domain.account_change import UNLISTED
from apppw_tui.domain.errors import NotFound, Refused, StoreError
from apppw_tui.exit_codes import NO_ANSWER, OK
from apppw_tui.integrations.daemon import socket_folder
from apppw_tui.store import documents
from apppw_tui.store.backup.restore import Aside
from apppw_tui.store.migrate import SchemaOf, found, migrate


def run(options: argparse.Namespace, config: Config) -> int:
    """Migrates what is of an older major schema. Raises Refused while the daemon runs."""
    wired = open_context(options, config)
    accounts, troubles = _look(wired)
    older = [account for account in accounts if account.older]
    minor = sum(account.older_minor for account in accounts)
    folder = StoreLocation.of(config, getattr(options, "store", None), None).folder
    aside = Aside(folder, "before-migration", wired.context.clock.now())
    migrated: list[str] = []
    if older and not options.dry_run:
        _check_nobody_serves(options, config)
        for one in older:
            try:
                if migrate(wired.store, one.name, aside):
                    migrated.append(one.name)
            except StoreError as error:
                troubles[one.name] = error
    if options.json:
        print_json({
            "schema": f"{documents.SCHEMA_MAJOR}.{documents.SCHEMA_MINOR}",
            "older": [one.name for one in older],
            "older_minor": minor,
            "migrated": migrated,
            "unreadable": {name: str(error) for name, error in sorted(troubles.items())},
            "kept": None if aside.path is None else str(aside.path),
        })  # fmt: skip
    else:
        print_lines(*_sentences(older, migrated, minor, aside, dry=options.dry_run))
    for _, trouble in sorted(troubles.items()):
        print_error(trouble)
    return NO_ANSWER if troubles else OK


def _look(wired: Parts) -> tuple[list[SchemaOf], dict[str, StoreError]]:
    accounts: list[SchemaOf] = []
    troubles: dict[str, StoreError] = {}
    for name in wired.store.list_names():
        try:
            accounts.append(found(wired.store, name))
        except NotFound:
            continue  # removed meanwhile
        except StoreError as error:
            troubles[name] = error
    return accounts, troubles


def _sentences(
    older: list[SchemaOf], migrated: list[str], minor: int, aside: Aside, *, dry: bool
) -> list[str]:
    to = f"schema {documents.SCHEMA_MAJOR}"
    if not older:
        sentences = [f"Nothing has to be migrated: every account that can be read is of {to}."]
    elif dry:
        sentences = [
            f"{one.name}: would be migrated from schema {one.major} to {to}." for one in older
        ]
    else:
        sentences = [f"Migrated {pluralize(len(migrated), 'account')} to {to}."]
    if minor:
        newest = f"{documents.SCHEMA_MAJOR}.{documents.SCHEMA_MINOR}"
        sentences.append(
            f"{pluralize(minor, 'account')} will be of schema {newest} from the next change."
        )
    if aside.path is not None:
        sentences.append(f"What was there before is in {aside.path}.")
    return sentences


def _check_nobody_serves(options: argparse.Namespace, config: Config) -> None:
    """Raises Refused if anybody listens on the daemon's sockets, be it systemd for it."""
    folder = socket_folder(getattr(options, "socket_dir", None))
    for one in config.serve.sockets:
        path = folder / one.name
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(0)
            try:
                asking.connect(str(path))
            except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
                continue
            except OSError:
                pass  # somebody is there, but busy, or does not let this user in
        raise Refused(
            f"The daemon listens at {path}: stop it, and its sockets in systemd, before migrating."
        )


def tidy(options: argparse.Namespace, config: Config) -> int:
    """Makes `enforced` say what the accounts say, and lists what was deleted. Raises StoreError."""
    store = open_context(options, config).store
    mended = store.mend_enforcements()
    all_listed = store.list_deletions()
    if options.json:
        print_json({"mended": mended})
    elif mended:
        print_lines(f"Mended what services are told of {pluralize(mended, 'account')}.")
    else:
        print_lines("What services are told of every account is right.")
    if not all_listed:
        print_error(UNLISTED)
    return OK if all_listed else NO_ANSWER


ACTIONS = {"migrate": run, "tidy": tidy}
