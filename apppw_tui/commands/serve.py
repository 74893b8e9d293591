"""The daemon that services ask: wires the verifier to its sockets, and reads settings again."""

import argparse
import asyncio
import contextlib
import os
import resource
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from apppw_tui.commands.serve_sockets import DaemonSockets, ProtocolParts, listening
from apppw_tui.config import Config, choose, chosen_file, store_folder
from apppw_tui.domain.engine_ports import UsageWriter
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import candidates
from apppw_tui.domain.ports import Clock, SystemClock
from apppw_tui.exit_codes import OK
from apppw_tui.integrations.process_limits import keep_out_of_dumps
from apppw_tui.store.engine import SocketFolder, StoreLocation, open_engine
from apppw_tui.verifier import server, sockets
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.attempt_memory import AddressRateLimiter, VerifiedCache
from apppw_tui.verifier.auth_service import AuthService
from apppw_tui.verifier.first_uses import FirstUseReporter
from apppw_tui.verifier.near_misses import NearMisses
from apppw_tui.verifier.protocols.registry import ConnectionHandler
from apppw_tui.verifier.systemd import ConfigStatus, SystemdNotifier

_OTHER_FILES = 64  # besides connections and accounts

_WANTED_FILES = 16_384
_FEWEST_CONNECTIONS = 16


def serve(options: argparse.Namespace, config: Config) -> int:
    """Serves until it is told to end. Raises ConfigError, StoreError."""
    keep_out_of_dumps()
    clock = SystemClock()
    log, notifier = AnswerLog(clock), SystemdNotifier()
    notifier.status = str(_status(options) or "")
    store_option = getattr(options, "store", None)
    folder = store_folder(store_option, config).absolute()
    with ExitStack() as stack:
        # Before root becomes the store's owner, who could not give a socket to any group.
        sockets = listening(
            lambda: SocketFolder.of(getattr(options, "socket_dir", None)),
            config.serve,
            _owner(folder),
            stack,
            log,
        )
        engine, _ = open_engine(StoreLocation.of(config, folder, None), clock, by_daemon=True)
        accounts = engine.cached_accounts()
        stack.callback(accounts.close)

        def complain(sentence: str) -> None:
            log.failed("usage not written", why=sentence)

        activity_log = engine.activity_log(
            lambda error: log.failed("first uses lost", why=str(error)),
            lambda error: log.failed("first uses not written", why=str(error)),
            by_daemon=True,
        )
        first_uses = FirstUseReporter(activity_log, log)

        def notify_owners(enabled: bool) -> None:
            first_uses.notices = engine.notices if enabled else None

        notify_owners(config.notices is not None)
        usage = engine.usage_writer(
            accounts,
            complain=complain,
            announce=first_uses.report,
            meaning=lambda name: candidates(name, auth_service.default_domain),
        )
        usage.set_trusted(config.serve.trusted)
        auth_service = AuthService(
            accounts,
            Hasher(),
            clock,
            usage,
            log,
            cache=VerifiedCache(clock.monotonic, config.serve.remember),
            rate_limiter=AddressRateLimiter(clock.monotonic, config.serve.trusted),
            default_domain=config.default_domain,
            own_services=config.policy.own_services,
        )
        stack.callback(auth_service.close)
        auth_service.hints = NearMisses(
            *(accounts, log.nearly, clock.monotonic, lambda: auth_service.default_domain),
            reader=auth_service.reader,
        )

        def store_answers() -> bool:
            try:
                engine.require_ready()
            except StoreError:
                return False
            return True

        def read() -> tuple[Config, Path, ConfigStatus | None]:
            status = _status(options)  # before it is read: what changes meanwhile is newer
            again = choose(getattr(options, "config", None))
            return again, store_folder(store_option, again).absolute(), status

        speaking = ProtocolParts(auth_service, store_answers)
        running = RunningDaemon(
            auth_service, usage, notify_owners, speaking, sockets, folder, clock
        )
        served = sockets.served(config.serve, speaking, log)
        daemon = server.Daemon(
            served,
            log,
            notifier,
            Reloader(read, config, running, log, notifier),
            usage.flush,
            metrics=auth_service.metrics,
            most_connections=_most_connections(len(served), accounts.most_files),
        )
        usage.on_pending = daemon.flush_soon
        auth_service.metrics.flush_trouble = lambda: usage.trouble
        asyncio.run(daemon.run())
    log.event("stopped")
    return OK


def _status(options: argparse.Namespace) -> ConfigStatus | None:
    file = chosen_file(getattr(options, "config", None))
    return None if file is None else ConfigStatus.of(file.absolute())


def _owner(store: Path) -> sockets.Owner | None:
    """The owner that the sockets are to have, if this is root.

    None leaves them as they are made.
    """
    if os.geteuid() != 0:
        return None
    try:
        status = store.lstat()
    except OSError:
        return None  # open_store says what is wrong
    return None if status.st_uid == 0 else sockets.Owner(status.st_uid, status.st_gid)


def _most_connections(count: int, of_accounts: int) -> int:
    """As many for each of so many sockets that accounts can always be opened as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(_WANTED_FILES, hard)
    if soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    room = (soft - of_accounts - _OTHER_FILES) // max(1, count)
    return max(_FEWEST_CONNECTIONS, min(server.MOST_CONNECTIONS, room))


@dataclass(frozen=True)
class RunningDaemon:
    """The parts of a daemon, as far as the configuration has a say in them."""

    auth_service: AuthService
    usage: UsageWriter
    notify_owners: Callable[[bool], None]  # of first uses, or no longer
    speaking: ProtocolParts
    sockets: DaemonSockets
    store: Path
    clock: Clock


class Reloader:
    """Applies a configuration that was read again to a daemon that runs with another."""

    def __init__(
        self,
        read: Callable[[], tuple[Config, Path, ConfigStatus | None]],
        config: Config,
        running: RunningDaemon,
        log: AnswerLog,
        notifier: SystemdNotifier,
    ) -> None:
        """`read` returns the configuration as it stands now, where its store is, and its file."""
        self._read = read
        self._made = {socket.name: socket for socket in config.serve.sockets}  # as they were made
        self._now = config
        self._database = config.database  # as it was opened
        self._running = running
        self._log = log
        self._notifier = notifier

    def __call__(self) -> Mapping[str, ConnectionHandler]:
        """Reads the configuration again.

        Returns the names of sockets that speak otherwise from now on.

        Raises ConfigError, StoreError; nothing is changed then.
        """
        config, store, status = self._read()
        before, self._now = self._now, config
        running, clock = self._running, self._running.clock
        running.auth_service.default_domain = config.default_domain
        running.auth_service.set_own_services(config.policy.own_services)
        running.notify_owners(config.notices is not None)
        # What has not changed keeps what it knows.
        if config.serve.remember != before.serve.remember:
            cache = VerifiedCache(clock.monotonic, config.serve.remember)
            running.auth_service.cache = cache
        if config.serve.trusted != before.serve.trusted:
            running.auth_service.rate_limiter.set_trusted(config.serve.trusted)
            running.usage.set_trusted(config.serve.trusted)
        self._say(self._later(config, store), status)
        return {
            name: running.speaking(config.serve.passed(name))
            for name in running.sockets.names
            if config.serve.passed(name) != before.serve.passed(name)
        }

    def _later(self, config: Config, store: Path) -> list[str]:
        """The settings that a restart alone can change."""
        is_elsewhere = store != self._running.store or config.database != self._database
        later = ["store"] if is_elsewhere else []
        sockets = self._running.sockets
        wanted = {socket.name: socket for socket in config.serve.sockets}
        if sockets.passed:  # systemd has made them, and says who may ask
            return later + [
                f"[[serve.socket]] {name}"
                for name in sorted(config.serve.configured - sockets.names)
            ]
        later += [f"[[serve.socket]] {name}" for name in sorted(wanted.keys() ^ sockets.names)]
        return later + [
            f"{key} of [[serve.socket]] {name}"
            for name in sorted(wanted.keys() & sockets.names)
            for key in ("group", "mode")
            if getattr(wanted[name], key) != getattr(self._made[name], key)
        ]

    def _say(self, later: list[str], status: ConfigStatus | None) -> None:
        settings = ", ".join(later)
        if later:
            self._log.warned("needs a restart", settings=settings)
        self._notifier.status = "" if status is None else str(replace(status, later=settings))
