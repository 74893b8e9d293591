"""The store as a whole: whether it is of this program's schema, and tidied."""

import argparse
from collections.abc import Mapping

from apppw_tui.commands.context import open_context
from apppw_tui.commands.facts import ABSENT
from apppw_tui.commands.output import pluralize, print_error, print_json, print_lines
from apppw_tui.commands.server_facts import Migrated, StoreTidied
from apppw_tui.config import Config
from apppw_tui.domain.account import UNLISTED
from apppw_tui.domain.errors import NotFound, StoreDamaged, StoreError
from apppw_tui.domain.ports import AccountStore
from apppw_tui.domain.progress import progress
from apppw_tui.exit_codes import NO_ANSWER, OK
from apppw_tui.store import documents
from apppw_tui.store.documents import loads
from apppw_tui.store.engine import NO_DRIVER
from apppw_tui.store.fields import DocumentError

_SCHEMA = f"{documents.SCHEMA_MAJOR}.{documents.SCHEMA_MINOR}"

_LOOKING = "Looking through accounts"


def migrate(options: argparse.Namespace, config: Config) -> int:
    """Brings the tables of a database to this program's schema. Raises Refused, StoreError.

    No account is of an older major. One of an older minor is read as it is, and written in this one
    when it next changes.
    """
    dsn = options.dsn or (config.database.dsn if config.database else None)
    tables = None if dsn is None else _migrate_tables(dsn, options)
    if options.dsn is not None or (tables is not None and options.dry_run):
        if options.json:
            print_json(_migrated(tables))
        return OK  # whoever owns the tables need have no account to look at
    store = open_context(options, config).engine.accounts
    older_minor = 0
    errors: dict[str, StoreError] = {}
    for account_name in progress(store.list_names(), _LOOKING):
        try:
            older_minor += _minor(store, account_name) < documents.SCHEMA_MINOR
        except NotFound:
            continue  # removed meanwhile
        except StoreError as error:
            errors[account_name] = error
    if options.json:
        print_json(_migrated(tables, older_minor, errors))
    else:
        print_lines(
            "Nothing has to be migrated: every account that can be read is of "
            f"schema {documents.SCHEMA_MAJOR}."
        )
        if older_minor:
            accounts = pluralize(older_minor, "account")
            print_lines(f"{accounts} will be of schema {_SCHEMA} from the next change.")
    for _, unreadable in sorted(errors.items()):
        print_error(unreadable)
    return NO_ANSWER if errors else OK


def _migrate_tables(dsn: str, options: argparse.Namespace) -> int | None:
    """The schema that they were, or would be, brought from; None: they are of this one."""
    try:
        from apppw_tui.store.postgres.init import migrate as migrate_tables
        from apppw_tui.store.postgres.schema import MAJOR
    except ImportError:
        raise NO_DRIVER from None
    before = migrate_tables(dsn, dry_run=options.dry_run)
    if before < MAJOR:
        if not options.json:
            verb = "Would bring" if options.dry_run else "Brought"
            print_lines(f"{verb} the tables from schema {before} to {MAJOR}.")
        return before
    if options.dsn is not None and not options.json:
        print_lines(f"Nothing has to be migrated: the tables are of schema {MAJOR}.")
    return None


def _migrated(
    tables: int | None, older_minor: int = 0, errors: Mapping[str, StoreError] | None = None
) -> Migrated:
    return Migrated(
        schema=_SCHEMA,
        older=[],
        older_minor=older_minor,
        migrated=[],
        unreadable={name: str(error) for name, error in sorted((errors or {}).items())},
        kept=None,
        tables_before=ABSENT if tables is None else tables,
    )


def _minor(store: AccountStore, account_name: str) -> int:
    """The minor schema of an account. Raises NotFound, StoreDamaged and other StoreErrors."""
    raw = store.read_raw(account_name)
    if raw.content is None:
        raise NotFound(f"There is no account {account_name}.")
    try:
        major, minor = documents.schema(loads(raw.content))
        if not documents.is_readable(major):
            newer = ", of a newer apppw-tui" if major > documents.KEYS_ALONE_MAJOR else ""
            raise DocumentError(f"its schema is {major}{newer}")
    except DocumentError as error:
        raise StoreDamaged(f"{raw.place} cannot be read: {error}; it was left alone.") from None
    return minor


def tidy(options: argparse.Namespace, config: Config) -> int:
    """Makes `enforced` say what the accounts say, and lists what was deleted. Raises StoreError."""
    engine = open_context(options, config).engine
    mended = engine.accounts.mend_enforcements()
    listed = None
    everybody = engine.accounts.each(lambda _name, _error: None)
    try:
        listed = engine.deleted_ids.list_known(progress(everybody, _LOOKING))
    except StoreError as error:
        print_error(error)
    all_listed = engine.deleted_ids.list_all_waiting(engine.accounts)
    if options.json:
        print_json(StoreTidied(mended, listed or 0))
    elif mended:
        print_lines(f"Mended what services are told of {pluralize(mended, 'account')}.")
    else:
        print_lines("What services are told of every account is right.")
    if listed and not options.json:
        passwords = pluralize(listed, "app password")
        print_lines(f"Put {passwords} on the list of what was deleted, from what accounts know.")
    if not all_listed:
        print_error(UNLISTED)
    return OK if all_listed and listed is not None else NO_ANSWER
