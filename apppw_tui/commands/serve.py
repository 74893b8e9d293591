"""The daemon that services ask: wires the verifier to its sockets."""

import argparse
import asyncio
import contextlib
import os
import resource
from contextlib import ExitStack
from pathlib import Path

from apppw_tui.config import Config, choose, store_folder
from apppw_tui.config.serve import ServeConfig
from apppw_tui.domain.acts import THE_SERVER, Act, Entry
from apppw_tui.domain.clock import Clock, SystemClock
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.exits import OK
from apppw_tui.process_limits import keep_out_of_dumps
from apppw_tui.socket_folder import socket_folder
from apppw_tui.store import files
from apppw_tui.store.cache import MOST_HELD, CachedReads
from apppw_tui.store.journal import FROM_DAEMON, FolderJournal
from apppw_tui.store.outbox import FolderOutbox
from apppw_tui.store.place import open_store
from apppw_tui.store.usage import FirstUse, FolderUsage
from apppw_tui.verifier import daemon, protocols, sockets
from apppw_tui.verifier.brake import Brake
from apppw_tui.verifier.counter import Counter
from apppw_tui.verifier.decision import Verifier
from apppw_tui.verifier.gate import Gate
from apppw_tui.verifier.log import Log
from apppw_tui.verifier.memory import Remembered
from apppw_tui.verifier.notify import Notifier

_OTHER_FILES = 64  # besides connections and accounts
_WANTED_FILES = 16_384
_FEWEST_CONNECTIONS = 16


def serve(options: argparse.Namespace, config: Config) -> int:
    """Serves until it is told to end. Raises ConfigError, StoreError."""
    _open_standard_streams()
    keep_out_of_dumps()
    clock = SystemClock()
    log = Log(clock)
    folder = store_folder(getattr(options, "store", None), config).absolute()
    with ExitStack() as stack:
        # Before root becomes the store's owner, who could not give a socket to any group.
        listening = _listening(options, config.serve, _owner(folder), stack)
        store = open_store(folder)
        accounts = CachedReads(store)
        stack.callback(accounts.close)

        def complain(sentence: str) -> None:
            log.said("usage not written", why=sentence)

        announcing = _Announcing(folder, clock, log, told=config.notices is not None)
        usage = FolderUsage(
            folder, store, clock, accounts, complain=complain, announce=announcing.announce
        )
        usage.trust(config.serve.trusted)
        verifier = Verifier(accounts, Hasher(), clock, config.default_domain)
        gate = Gate(verifier, _remembered(config.serve, clock), _brake(config.serve, clock))
        stack.callback(gate.close)
        configured = {one.name: one for one in config.serve.sockets}

        def store_answers() -> bool:
            try:
                files.check_folder(folder / "accounts")
            except StoreError:
                return False
            return True

        served = []
        for one in listening:
            wanted = configured[one.name]
            counter = Counter(one.name, gate, usage, log, wanted.services)
            telling = protocols.Telling(store_answers, wanted.service_header, wanted.address_header)
            conversation = protocols.conversation(wanted.protocol, counter, telling)
            served.append(daemon.Served(one, conversation))
            path = "passed by systemd" if one.path is None else str(one.path)
            log.said("serving", socket=one.name, protocol=wanted.protocol, path=path)
        for name in configured.keys() - {one.name for one in listening}:
            log.said("not served", socket=name, why="systemd passed others, but not this one")
        reading = _Reading(options, config.serve, clock, gate, usage)
        running = daemon.Daemon(
            served,
            log,
            Notifier(),
            reading.again,
            usage.flush,
            most_connections=_most_connections(len(served)),
        )
        asyncio.run(running.run())
    log.said("stopped")
    return OK


class _Announcing:
    """Writes down where app passwords are used from for the first time.

    People are told by `apppw-tui notices`: whoever took over the daemon is to run no program.
    """

    def __init__(self, folder: Path, clock: Clock, log: Log, *, told: bool) -> None:
        self._journal = FolderJournal(folder, clock, FROM_DAEMON)
        self._outbox = FolderOutbox(folder) if told else None
        self._log = log

    def announce(self, first: FirstUse) -> None:
        use, account = first.use, first.account
        facts = {"id": first.app_password.id, "name": first.app_password.name}
        facts |= {"address": use.address or "", "service": use.service or ""}
        facts = {key: value for key, value in facts.items() if value}
        self._journal.record(account.uid, Act.USED_NEW, THE_SERVER, **facts)
        if self._outbox is not None and first.moved:
            try:
                self._outbox.lay(account, Entry(use.time, Act.USED_NEW, THE_SERVER, facts))
            except StoreError as error:
                self._log.said("notice left out", account=account.name, why=str(error))


class _Reading:
    """The configuration, read again: what of it can change while the daemon runs."""

    def __init__(
        self,
        options: argparse.Namespace,
        config: ServeConfig,
        clock: Clock,
        gate: Gate,
        usage: FolderUsage,
    ) -> None:
        self._usage = usage
        self._options = options
        self._now = config
        self._clock = clock
        self._gate = gate

    def again(self) -> None:
        """Raises ConfigError, StoreError; nothing is changed then."""
        config = choose(getattr(self._options, "config", None)).serve
        # What has not changed keeps what it knows.
        if config.remember != self._now.remember:
            self._gate.remember(_remembered(config, self._clock))
        if config.trusted != self._now.trusted:
            self._gate.slow_down(_brake(config, self._clock))
            self._usage.trust(config.trusted)
        self._now = config


def _remembered(config: ServeConfig, clock: Clock) -> Remembered:
    return Remembered(clock.monotonic, config.remember)


def _brake(config: ServeConfig, clock: Clock) -> Brake:
    return Brake(clock.monotonic, config.trusted)


def _listening(
    options: argparse.Namespace, config: ServeConfig, owner: sockets.Owner | None, stack: ExitStack
) -> list[sockets.Listening]:
    """What systemd passed, if it passed any; else sockets of our own, removed at the end."""
    found = sockets.passed(os.environ, frozenset(one.name for one in config.sockets))
    if found:
        return found
    folder = socket_folder(getattr(options, "socket_dir", None))
    sockets.make_folder(folder, owner)
    with sockets.folder_locked(folder):
        for one in config.sockets:
            made = sockets.listen(folder, one.name, one.mode, one.group, owner)
            stack.callback(made.close)
            found.append(made)
    return found


def _owner(store: Path) -> sockets.Owner | None:
    """Whose the sockets are to be, if this is root; None leaves them as they are made."""
    if os.geteuid() != 0:
        return None
    try:
        status = store.lstat()
    except OSError:
        return None  # open_store says what is wrong
    return None if status.st_uid == 0 else sockets.Owner(status.st_uid, status.st_gid)


def _open_standard_streams() -> None:
    """Whoever closed them would have the next files and connections get the log's lines."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _most_connections(count: int) -> int:
    """As many for each of so many sockets that accounts can always be opened as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    room = (soft - MOST_HELD - _OTHER_FILES) // max(1, count)
    return max(_FEWEST_CONNECTIONS, min(daemon.MOST_CONNECTIONS, room))
