"""Everything that is looked at, in two parts: the server, then the store as its owner sees it."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from apppw_tui.config import Config, DatabaseConfig, present
from apppw_tui.doctor import (
    accounts,
    configuration,
    database,
    dovecot,
    enforced,
    installed,
    key,
    layout,
    machine,
    outgoing,
    pam,
    postfix,
    probe,
    sockets,
    sshd,
)
from apppw_tui.doctor.finding import Finding, danger, ok, unusable, warning
from apppw_tui.doctor.probe import SystemPaths
from apppw_tui.domain.errors import ConfigError, Refused, StoreError, describe_fault
from apppw_tui.domain.ports import Clock
from apppw_tui.store.engine import SocketFolder, StoreLocation, open_engine
from apppw_tui.store.folder.engine import FolderEngine, open_folder
from apppw_tui.store.folder.places import StorePlaces

_Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Checkup:
    """A store, the server around it, and the ways in which they are looked at."""

    folder: Path
    key_file: Path
    config: Config
    config_file: Path | None
    sockets: SocketFolder
    daemon_wanted: bool
    clock: Clock
    places: SystemPaths = field(default_factory=SystemPaths)
    ask: probe.Run = field(default_factory=probe.PatientRun)
    wait: Callable[[float], object] = time.sleep
    system_owner: int = 0  # whose the server's own files are
    broken: ConfigError | None = None  # why `config` is not all that the file has
    knows_store: bool = True  # False: what says where the store is cannot be read
    # Before it becomes the store's owner.
    by_root: bool = field(default_factory=lambda: os.geteuid() == 0)

    def server(self) -> list[Finding]:
        """As root it sees the most."""
        owner = self._owner()
        owners = frozenset((self.system_owner, owner))
        there = sockets.listening(self.config.serve, self.sockets, self.ask)
        looks: dict[str, _Look] = {
            "the configuration": lambda: configuration.check(
                self.config_file, self.config, owners, self.broken
            ),
            "the sockets": lambda: sockets.check(
                self.config.serve,
                self.sockets,
                owner,
                self.ask,
                there,
                wanted=self.daemon_wanted,
                lua=dovecot.asks_by_lua(self.ask),
            ),
            "what is installed": lambda: installed.check(self.places),
            "what is put in place by hand": lambda: installed.by_hand(self.places),
            "the units": lambda: outgoing.check(self.folder, self.config, self.ask, self.places),
            "PAM": lambda: pam.check(self.places),
            "Dovecot": lambda: dovecot.check(
                self.ask, self.places, self.folder, there.paths("json")
            ),
            "whether Dovecot runs": lambda: dovecot.check_running(
                self.ask, self.places, self.config.accounts
            ),
            "Postfix": lambda: postfix.check(self.ask, self.places),
            "who may send as whom": lambda: postfix.check_senders(self.ask, self.folder),
            "sshd": lambda: sshd.check(
                self.ask,
                self.places,
                self.system_owner,
                keys_count=self.config.policy.ssh_keys_count,
            ),
            "the clock": lambda: machine.check_ntp(self.ask),
        }
        if not self.knows_store:
            # They compare with the store, and with whose it is.
            for what in ("the sockets", "the units", "Dovecot", "who may send as whom"):
                del looks[what]
        return _each(looks, by_root=self.by_root)

    def store(self) -> list[Finding]:
        """A process of uid 0 is the store's owner from here on."""
        if not self.knows_store:
            return [
                warning(
                    "the store",
                    "The configuration does not say where it is, as long as it is broken: neither "
                    "the store nor the daemon's sockets were looked at.",
                    "Correct it, and look again.",
                )
            ]
        if not present(self.folder):
            return [
                danger(
                    self.folder,
                    "There is no store.",
                    "Name it with --store, or make it: apppw-tui account add NAME",
                )
            ]
        if self.config.database is not None:
            return self._database(self.config.database)
        try:
            engine, _ = open_folder(
                self.folder, self.key_file, self.clock, create=False, new_key=False
            )
            store = engine.accounts
        except StoreError as error:
            return self._unusable(error)
        now = self.clock.now()
        return _each({
            "the files": lambda: _or_ok(
                layout.check(self.folder, now), self.folder, "Owner and modes are right."
            ),
            "the disk": lambda: _or_ok(
                machine.check(self.folder, self.places), self.folder, "Its disk has room."
            ),
            "the outbox": lambda: outgoing.waiting(self.folder, now),
            "the accounts": lambda: self._documents(engine),
            "who is enforced": lambda: _or_ok(
                enforced.check(self.folder, store),
                StorePlaces(self.folder).enforced,
                "It says what the accounts say.",
            ),
            "the locks": lambda: machine.check_locks(self.folder, self.places, self.wait),
            "the clock": lambda: machine.check_not_behind(self.folder, now),
        }, by_root=self.by_root)  # fmt: skip

    def _database(self, config: DatabaseConfig) -> list[Finding]:
        """The accounts are there; the folder has what stays on this machine."""
        place = StoreLocation(self.folder, self.key_file, config)
        try:
            engine, _ = open_engine(place, self.clock)
        except (StoreError, Refused) as error:
            return [danger(self.folder, str(error), "Put that right, and look again.")]
        return _each({
            "the database": lambda: database.check(
                config,
                engine,
                self.folder,
                self.key_file,
                self.clock,
                keys_count=self.config.policy.ssh_keys_count,
            ),
            "the disk": lambda: _or_ok(
                machine.check(self.folder, self.places), self.folder, "Its disk has room."
            ),
            "the locks": lambda: machine.check_locks(self.folder, self.places, self.wait),
        }, by_root=self.by_root)  # fmt: skip

    def _unusable(self, error: StoreError) -> list[Finding]:
        # What only belongs to another must not be moved away: it is the accounts.
        theirs = [*layout.owners(self.folder), *layout.foreign(self.folder)]
        if theirs:
            return theirs
        remedy = "Name the folder itself with --store, on a disk of this machine."
        if f"{self.folder}/" in str(error):
            remedy = "Move it away, or put back what belongs there."
        return [unusable(self.folder, error, remedy)]

    def _documents(self, engine: FolderEngine) -> Sequence[Finding]:
        store = engine.accounts
        findings, readable = accounts.check(self.folder, store)
        counted = ok(self.folder, f"Every account can be read ({len(readable)}).")
        findings += accounts.check_names(store, readable, self.config.default_domain)
        counting = self.config.policy.ssh_keys_count
        for account in readable:
            place = store.path(account.name)
            findings += accounts.check_keys(place, account, keys_count=counting)
        return [*(findings or [counted]), *key.check(self.folder, engine.keyring, readable)]

    def _owner(self) -> int:
        try:
            return self.folder.lstat().st_uid
        except OSError:
            return self.system_owner


def _or_ok(findings: Iterable[Finding], folder: Path, good: str) -> Iterator[Finding]:
    """Yields the findings until something stands in the way, and then that."""
    nothing = True
    for finding in findings:
        nothing = False
        yield finding
    if nothing:
        yield ok(folder, good)


def _each(looks: dict[str, _Look], *, by_root: bool) -> list[Finding]:
    """Runs each check: one that fails is told, and keeps nobody from the rest."""
    findings: list[Finding] = []
    for what, look in looks.items():
        try:
            findings += look()
        except Exception as error:  # noqa: BLE001 - a doctor who falls over one patient helps none
            findings.append(_not_looked_at(what, error, by_root=by_root))
    return findings


def _not_looked_at(what: str, error: Exception, *, by_root: bool) -> Finding:
    if isinstance(error, (OSError, StoreError)):
        # Of the store it is a sentence already.
        reason = (
            f"{(error.strerror or 'unknown reason').lower()}."
            if isinstance(error, OSError)
            else str(error)
        )
        return warning(
            what,
            f"It could not be looked at: {reason}",
            "Put that right, and look again." if by_root else "Try as root.",
        )
    if isinstance(error, ImportError):
        # Root is the store's owner by now, who cannot read what root installed for itself alone.
        return danger(
            what,
            f"The program's part {error.name} cannot be loaded by the store's owner.",
            "Install apppw-tui where the store's owner can read it.",
        )
    return warning(what, f"It could not be looked at: {describe_fault(error)}", "Please report it.")
