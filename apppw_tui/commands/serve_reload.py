"""The configuration, read again: what of it changes while the daemon runs, and what cannot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from apppw_tui.commands.serve_sockets import DaemonSockets, ProtocolParts
from apppw_tui.config import Config
from apppw_tui.domain.ports import Clock
from apppw_tui.store.folder.usage import FolderUsage
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.auth_service import DecisionQueue
from apppw_tui.verifier.decision import Verifier
from apppw_tui.verifier.password_cache import VerifiedCache
from apppw_tui.verifier.protocols.registry import ConnectionHandler
from apppw_tui.verifier.systemd import ConfigStatus, SystemdNotifier


@dataclass(frozen=True)
class RunningDaemon:
    """The parts of a daemon, as far as the configuration has a say in them."""

    verifier: Verifier
    queue: DecisionQueue
    usage: FolderUsage
    tell: Callable[[bool], None]  # whether people are told of first uses
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
        running.verifier.default_domain = config.default_domain
        running.tell(config.notices is not None)
        # What has not changed keeps what it knows.
        if config.serve.remember != before.serve.remember:
            running.queue.remember(VerifiedCache(clock.monotonic, config.serve.remember))
        if config.serve.trusted != before.serve.trusted:
            running.queue.rate_limiter.set_trusted(config.serve.trusted)
            running.usage.set_trusted(config.serve.trusted)
        self._say(self._later(config, store), status)
        return {
            name: running.speaking(config.serve.passed(name))
            for name in running.sockets.names
            if config.serve.passed(name) != before.serve.passed(name)
        }

    def _later(self, config: Config, store: Path) -> list[str]:
        """The settings that a restart alone can change."""
        later = ["store"] if store != self._running.store else []
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
