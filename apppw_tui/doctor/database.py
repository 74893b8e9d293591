"""The database that several machines share, as this one sees it."""

from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import DatabaseConfig
from apppw_tui.doctor.finding import Finding, danger, notice, ok, unusable, warning
from apppw_tui.domain.errors import Refused, StoreError
from apppw_tui.domain.progress import progress
from apppw_tui.store.engine import Engine

_WHERE = "the database"
_SLACK = 2.0  # seconds; codes of authenticator apps hold for thirty


def check(config: DatabaseConfig, engine: Engine, key_file: Path) -> Iterator[Finding]:
    """Looks at the database, at every account in it, and at the key."""
    from apppw_tui.store.postgres.facts import examine  # no store in files has any use of it

    try:
        engine.require_ready()
        facts = examine(config)
    except (StoreError, Refused) as error:
        if isinstance(error, Refused):
            yield danger(_WHERE, str(error), "Write it as docs/administrator.md says.")
        else:
            yield unusable(_WHERE, error, "Look whether it runs, and whether this machine may in.")
        return
    yield ok(_WHERE, "It answers.")
    if facts.two_primaries is not None:
        yield danger(_WHERE, facts.two_primaries.fault, facts.two_primaries.remedy)
    if not facts.waits_for_standby:
        yield notice(
            _WHERE,
            "No standby confirms changes: with the primary the last deletions would be lost.",
            "Name one in synchronous_standby_names.",
        )
    if not facts.has_next_month:
        yield warning(
            _WHERE,
            "The activity of next month has no partition yet.",
            "Run, as the owner of the tables: apppw-tui store init --dsn DSN",
        )
    if facts.daemon_may_too_much:
        yield warning(
            _WHERE,
            "The daemon's role reads account passwords, or may change accounts.",
            "Set serve_dsn, with the role apppw_verifier.",
        )
    if abs(facts.ahead) > _SLACK:
        yield warning(
            "the clock",
            f"It is {abs(facts.ahead):.0f} s {'behind' if facts.ahead > 0 else 'ahead of'} "
            "that of the database.",
            "Have both machines keep it by NTP.",
        )
    yield from _accounts(engine, key_file)


def _accounts(engine: Engine, key_file: Path) -> Iterator[Finding]:
    failures: dict[str, StoreError] = {}
    accounts = engine.accounts.each(failures.__setitem__)
    count = sum(1 for _ in progress(accounts, "Looking through accounts"))
    for error in failures.values():
        yield danger(_WHERE, str(error), "Bring it back from a backup.")
    if not failures:
        yield ok(_WHERE, f"Every account can be read ({count}).")
    try:
        if engine.accounts.has_sealed_values():
            engine.keyring.require()
            yield ok(key_file, "It opens the keys in the database.")
    except StoreError as error:
        yield danger(key_file, str(error), "Copy the file of a machine that works.")
