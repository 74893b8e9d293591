"""The database that several machines share, as this one sees it."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from apppw_tui.config import DatabaseConfig
from apppw_tui.config.dsn import parse_dsn
from apppw_tui.doctor.accounts import check_keys
from apppw_tui.doctor.finding import Finding, command, danger, notice, ok, unusable, warning
from apppw_tui.domain.errors import Refused, StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import Clock
from apppw_tui.domain.progress import progress
from apppw_tui.store.engine import Engine

if TYPE_CHECKING:
    from apppw_tui.store.postgres.facts import DatabaseFacts, DeletedLookup

_WHERE = "the database"
_SOON = timedelta(days=30)
_RENEW = 'Make a new one: docs/administrator.md, "Certificates that end, or are stolen".'
_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_SLACK = 2.0  # seconds; codes of authenticator apps hold for thirty
_AT_ONCE = 1000  # accounts whose app passwords are looked for at once
_INIT = "Run, as the owner of the tables: apppw-tui store init --dsn DSN"


def check(
    config: DatabaseConfig,
    engine: Engine,
    folder: Path,
    key_file: Path,
    clock: Clock,
    *,
    keys_count: bool,
) -> Iterator[Finding]:
    """Looks at the database, at every account in it, at the key and at the certificates.

    `folder` has what stays on this machine; `keys_count` says that the policy lets an ssh key be a
    second factor.
    """
    # No store in files has any use of it.
    from apppw_tui.store.postgres.facts import DeletedLookup, examine, list_foreign_parts

    yield from check_certificates(config, clock.now())
    try:
        for part in list_foreign_parts(config):
            yield _foreign(*part)
        facts = examine(config, folder, clock)
        engine.require_ready()
    except (StoreError, Refused) as error:
        if isinstance(error, Refused):
            yield danger(_WHERE, str(error), "Write it as docs/administrator.md says.")
        else:
            yield unusable(_WHERE, error, "Look whether it runs, and whether this machine may in.")
        return
    yield ok(_WHERE, "It answers.")
    yield from _server(facts)
    yield from _machines(facts, config.machine)
    lookup = DeletedLookup(config)
    try:
        yield from _accounts(engine, lookup, keys_count=keys_count)
    except StoreError as error:
        yield unusable(_WHERE, error, "Put that right, and look again.")
    finally:
        lookup.close()
    yield from _key(engine, key_file)


def _foreign(table: str, kind: str, name: str) -> Finding:
    """Of what an attacker, or a tool, put on a table."""
    where, called = f"apppw.{_quoted(table)}", _quoted(name)
    if not name:
        return danger(
            _WHERE,
            f"Row security is switched on for {escaped(where)}: it may hide what is there.",
            f"As the owner of the tables: ALTER TABLE {escaped(where)} DISABLE ROW LEVEL SECURITY",
        )
    return danger(
        _WHERE,
        f"{escaped(where)} has a {kind} that is not apppw-tui's, and may change or hide what is "
        f"written: {escaped(called)}.",
        f"As the owner of the tables: DROP {kind.upper()} {escaped(called)} ON {escaped(where)}",
    )


def _quoted(name: str) -> str:
    """As PostgreSQL wants a name that is not of small letters alone."""
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def check_certificates(config: DatabaseConfig, now: datetime) -> Iterator[Finding]:
    """Looks until when the certificates hold that this machine comes with, or trusts."""
    # Of those that are trusted one is enough, as in the system's bundle; a chain needs all.
    files = {
        Path(words[key]): last_of
        for words in map(parse_dsn, (config.dsn, config.serve_dsn))
        for key, last_of in (("sslcert", min), ("sslrootcert", max))
        if key in words
    }
    for path, last_of in files.items():
        end = _end(path, last_of)
        if end is not None and end <= now:
            yield danger(path, f"It ended on {end:%Y-%m-%d}: nobody gets in by it.", _RENEW)
        elif end is not None and end <= now + _SOON:
            yield warning(path, f"It ends on {end:%Y-%m-%d}.", _RENEW)


def _end(path: Path, last_of: Callable[[Iterable[datetime]], datetime]) -> datetime | None:
    """The end of the certificates in that file; None: nobody can tell."""
    from cryptography import x509  # some 30 ms

    try:
        with warnings.catch_warnings():
            # Some of a system's bundle are older than the rules of today.
            warnings.simplefilter("ignore")
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
            return last_of(certificate.not_valid_after_utc for certificate in certificates)
    except (OSError, ValueError):
        return None  # who connects is told


def _server(facts: "DatabaseFacts") -> Iterator[Finding]:
    if facts.two_primaries is not None:
        yield danger(_WHERE, facts.two_primaries.fault, facts.two_primaries.remedy)
    if not facts.waits_for_standby:
        yield notice(
            _WHERE,
            "No standby confirms changes: with the primary the last deletions would be lost.",
            "Name one in synchronous_standby_names.",
        )
    elif not facts.has_standby:
        yield warning(
            _WHERE,
            "No standby follows it: with the primary everything would be lost, and every change "
            "waits in vain to be confirmed.",
            "Bring the standby back.",
        )
    if not facts.has_months:
        yield warning(
            _WHERE, "The activity of this month or the next one has no partition yet.", _INIT
        )
    if facts.is_open:
        yield danger(
            _WHERE,
            "What this machine and it tell each other is not encrypted on its way.",
            "Have whatever stands between them, as a pooler, use TLS, or name the host in dsn.",
        )
    if facts.daemon_may_too_much:
        yield warning(
            _WHERE,
            "The daemon's role reads account passwords, or may change accounts.",
            "Set serve_dsn, with the role apppw_verifier.",
        )
    if facts.portal_may_too_much:
        yield warning(
            _WHERE,
            "The portal's role may take app passwords off the list of what was deleted.",
            "Set dsn, with the role apppw_portal; the tables' owner is for store init alone.",
        )
    for table, count in facts.unread:
        yield warning(
            _WHERE,
            f"Rows of apppw.{table} that cannot be read, and count as not there: {count}.",
            "No version of this program wrote them: look who else may write there.",
        )
    if abs(facts.ahead) > _SLACK:
        yield warning(
            "the clock",
            f"It is {abs(facts.ahead):.0f} s {'behind' if facts.ahead > 0 else 'ahead of'} "
            "that of the database.",
            "Have both machines keep it by NTP.",
        )


def _machines(facts: "DatabaseFacts", name: str) -> Iterator[Finding]:
    if facts.has_twin:
        yield danger(
            _WHERE,
            f"Another machine is called {escaped(name)} too: sessions that are to end here end "
            "there, or go on.",
            "Give each its own name: machine, in [store] of its configuration.",
        )
    if not facts.is_following:
        yield warning(
            _WHERE,
            "This machine does not follow the others: sessions go on here when an app password is "
            "deleted there, and Dovecot does not learn who is enforced.",
            "systemctl enable --now apppw-follow.service",
        )
    for machine in facts.unseen:
        seen = f"{machine.seen.astimezone():%Y-%m-%d %H:%M}"
        yield warning(
            _WHERE,
            f"The machine {escaped(machine.name)} was last seen on {seen}.",
            "Look there: systemctl status apppw-follow. If it is gone for good, forget it. "
            f"{command('apppw-tui', 'store', 'forget', machine.name)}",
        )


def _accounts(engine: Engine, lookup: "DeletedLookup", *, keys_count: bool) -> Iterator[Finding]:
    """Accounts that cannot be read or used, and app passwords that are back after a deletion."""
    failures: dict[str, StoreError] = {}
    count = 0
    accounts = progress(engine.accounts.each(failures.__setitem__), "Looking through accounts")
    while batch := [*islice(accounts, _AT_ONCE)]:
        count += len(batch)
        listed = lookup.listed(batch)
        for account in batch:
            yield from check_keys(_WHERE, account, keys_count=keys_count)
            for app_password in account.app_passwords:
                if (account.uid, app_password.id) in listed:
                    delete = ("apppw-tui", "app-password", "delete", account.name, app_password.id)
                    yield danger(
                        _WHERE,
                        f"{account.name}: its app password {escaped(app_password.name)} is on the "
                        "list of what was deleted, and opens the account all the same.",
                        f"Unless it was brought back on purpose, delete it again. "
                        f"{command(*delete)}",
                    )
    for error in failures.values():
        yield danger(_WHERE, str(error), "Bring it back from a backup.")
    if not failures:
        yield ok(_WHERE, f"Every account can be read ({count}).")


def _key(engine: Engine, key_file: Path) -> Iterator[Finding]:
    try:
        if engine.accounts.has_sealed_values():
            engine.keyring.require()
            yield ok(key_file, "It opens the keys in the database.")
    except StoreError as error:
        yield danger(key_file, str(error), "Copy the file of a machine that works.")
