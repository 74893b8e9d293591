"""The rows for other machines, on what they are to do for a change; each takes its own.

Each takes rows, rather than all that is new since a number or a transaction: then a machine that
was away has them afterwards, and none is missed or taken twice. Nobody is notified: a transaction
with NOTIFY keeps all others with one waiting while its commit waits for a standby.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, LiteralString

from apppw_tui.domain.errors import StoreError, StoreUnusable
from apppw_tui.domain.names import escaped, is_account_name
from apppw_tui.domain.ports import Clock, ErrorLog, SessionTerminator, fail
from apppw_tui.store.postgres.database import Database, DatabaseTransaction

if TYPE_CHECKING:
    from apppw_tui.store.postgres.accounts import PostgresAccounts

_REGISTER: LiteralString = """
    INSERT INTO apppw.machine (name, seen, program, kicks, instance)
    VALUES (%s, now(), %s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET seen = now(), program = excluded.program,
      kicks = excluded.kicks, instance = excluded.instance
    WHERE coalesce(machine.instance, excluded.instance) = excluded.instance
      OR machine.seen < now() - %s
    RETURNING xmax = 0"""
# A row that is there already is written again: its machine cannot take it before the commit.
# The machines are locked, lest one that is forgotten meanwhile stop the change.
_END: LiteralString = """
    INSERT INTO apppw.ending (machine, account)
    SELECT name, %s FROM apppw.machine WHERE kicks ORDER BY name FOR KEY SHARE
    ON CONFLICT (machine, account) DO UPDATE SET at = now() RETURNING machine"""
_SETTLE: LiteralString = """
    INSERT INTO apppw.settling (machine, account)
    SELECT machine.name, account FROM apppw.machine, unnest(%s::text[]) AS account
    ORDER BY machine.name, account FOR KEY SHARE OF machine
    ON CONFLICT (machine, account) DO UPDATE SET xact = pg_current_xact_id()"""
# Who else takes them, for the same machine, takes others; those of a change under way come later.
_TAKE: LiteralString = """
    SELECT account FROM apppw.ending WHERE machine = %s ORDER BY account LIMIT %s
    FOR UPDATE SKIP LOCKED"""
_AT_ONCE = 500  # rows
SEEN_EVERY = 60.0  # seconds
_NEVER = datetime.fromtimestamp(0, UTC)  # in a row that no program wrote
# Whoever was not there for so long has ended: another, as the same machine set up anew, may have
# its name.
NAME_FREE_AFTER = timedelta(minutes=2)


def have_settled(transaction: DatabaseTransaction, *account_names: str) -> None:
    """Has each machine look at what it tells of who is enforced, once this is committed."""
    transaction.write(_SETTLE, sorted(account_names))


class PostgresSessions:
    """See SessionTerminator: a row for each machine that ends sessions, in the change itself.

    `local` ends those of `machine`, while nobody there takes its rows.
    """

    def __init__(
        self, database: Database, machine: str, local: SessionTerminator, error_log: ErrorLog
    ) -> None:
        self.enabled = local.enabled
        self._database = database
        self._machine = machine
        self._local = local
        self._error_log = error_log

    def terminate(self, account_name: str) -> None:
        if not is_account_name(account_name):
            return
        machines = set()
        try:
            with self._database.joined() as transaction:
                machines = {name for (name,) in transaction.rows(_END, account_name)}
                transaction.commit()
        except StoreError as error:
            # Whatever is wrong here, the app password goes (SAFETY 24).
            self._error_log.error("sessions not ended", account=account_name, why=str(error))
        if self._machine not in machines:
            self._local.terminate(account_name)


class MachineRows:
    """The rows of one machine. Every call raises StoreError."""

    def __init__(self, database: Database, machine: str) -> None:
        self._database = database
        self._machine = machine

    def register(self, program: str, instance: str, *, kicks: bool) -> bool:
        """The machine is there; True if it was not known before, or as another instance.

        Raises StoreUnusable where another one of that name is there: each would take, unnoticed,
        what is to be done on the other.
        """
        with self._database.transaction(lasting=False) as transaction:
            before = transaction.rows(
                "SELECT coalesce(instance, %s) FROM apppw.machine WHERE name = %s",
                instance,
                self._machine,
            )
            registered = transaction.rows(
                _REGISTER, self._machine, program, kicks, instance, NAME_FREE_AFTER
            )
            if not registered:
                raise StoreUnusable(
                    f"Another machine is called {escaped(self._machine)} too: give each its own "
                    "name, [store] machine."
                )
            is_new = registered[0][0] or before != [(instance,)]
            if not kicks:  # from now on nobody asks it to, and nobody takes what there was
                transaction.write("DELETE FROM apppw.ending WHERE machine = %s", self._machine)
            transaction.commit()
        return bool(is_new)

    def take_endings(self, lay: Callable[[str], None]) -> int:
        """Has `lay` see to each account whose sessions are to end; of how many.

        A row goes where that could be laid: killed before, it is done again.
        """
        laid, errors = list[str](), list[StoreError]()
        with self._database.transaction(lasting=False) as transaction:
            for (account_name,) in transaction.rows(_TAKE, self._machine, _AT_ONCE):
                try:
                    if is_account_name(account_name):  # else nobody's, and nobody ever takes it
                        lay(account_name)
                    laid.append(account_name)
                except StoreError as error:  # the others do not wait for this one
                    errors.append(error)
            if laid:
                transaction.write(
                    "DELETE FROM apppw.ending WHERE machine = %s AND account = ANY (%s)",
                    self._machine,
                    laid,
                )
            transaction.commit()
        if errors:
            raise errors[0]
        return len(laid)

    def settle(self, mend: Callable[[str], object]) -> int:
        """Has `mend` look at each account whose enforcement was changed; of how many.

        A row goes if nothing has come to it meanwhile, and `mend` did not raise StoreError. No lock
        is held while `mend` waits for that of the account, whose holder may be about to write the
        same row.
        """
        errors = list[StoreError]()
        rows = self._database.rows(
            "SELECT account, xact::text FROM apppw.settling WHERE machine = %s"
            " ORDER BY account LIMIT %s",
            self._machine,
            _AT_ONCE,
        )
        for account_name, xact in rows:
            try:
                if is_account_name(account_name):
                    mend(account_name)
            except StoreError as error:  # the others do not wait for this one
                errors.append(error)
                continue
            with self._database.transaction(lasting=False) as transaction:
                transaction.write(
                    "DELETE FROM apppw.settling"
                    " WHERE machine = %s AND account = %s AND xact = %s::text::xid8",
                    self._machine,
                    account_name,
                    xact,
                )
                transaction.commit()
        if errors:
            raise errors[0]
        return len(rows)


class Follower:
    """Does on one machine what changes on the others ask of it, a step at a time."""

    def __init__(
        self,
        rows: MachineRows,
        accounts: "PostgresAccounts",
        clock: Clock,
        program: str,
        lay: Callable[[str], None] | None,
        *,
        instance: str,
    ) -> None:
        """`lay` has the sessions of an account end here, or raises StoreError; None: none end."""
        self._rows = rows
        self._accounts = accounts
        self._clock = clock
        self._program = program
        self._instance = instance
        self._lay = lay
        self._due = -inf  # monotonic seconds
        self._times_to_mend = 0

    def step(self) -> None:
        """Does all that there is to do. Raises StoreError."""
        if self._clock.monotonic() >= self._due:
            if self._rows.register(self._program, self._instance, kicks=self._lay is not None):
                # Once more with the next: a change may just have been under way that did not
                # know this machine yet.
                self._times_to_mend = 2
            self._accounts.enforcements.ensure_exists()
            if self._times_to_mend:
                self._accounts.mend_enforcements()
                self._times_to_mend -= 1
            self._due = self._clock.monotonic() + SEEN_EVERY
        errors = list[StoreError]()
        for act in (self._end_sessions, self._settle):
            try:
                act()
            except StoreError as error:  # of one kind alone, perhaps
                errors.append(error)
        if errors:
            raise errors[0]

    def _end_sessions(self) -> None:
        if self._lay is not None:
            while self._rows.take_endings(self._lay) == _AT_ONCE:
                pass

    def _settle(self) -> None:
        while self._rows.settle(self._mend) == _AT_ONCE:
            pass

    def _mend(self, account_name: str) -> None:
        self._accounts.mend_enforcement(account_name, fail)


@dataclass(frozen=True)
class MachineSeen:
    """A machine, when it was last there, what ran on it, and whether sessions end there."""

    name: str
    seen: datetime
    program: str
    kicks: bool
    instance: str | None


def list_machines(database: Database) -> list[MachineSeen]:
    """Raises StoreError."""
    rows = database.rows(
        "SELECT name, seen, program, kicks, instance FROM apppw.machine ORDER BY name"
    )
    return [MachineSeen(name, seen or _NEVER, *others) for name, seen, *others in rows]


def forget_machine(database: Database, name: str) -> bool:
    """Nothing waits for that machine any longer; False if there was none. Raises StoreError."""
    with database.transaction() as transaction:
        is_gone = transaction.write("DELETE FROM apppw.machine WHERE name = %s", name) == 1
        transaction.commit()
    return is_gone
