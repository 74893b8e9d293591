"""The daemon's sockets, each with what is spoken there: passed by systemd, or made here."""

import grp
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config import SOCKET_MODE, ServeConfig, SocketConfig
from apppw_tui.domain.errors import ConfigError
from apppw_tui.store.engine import SocketFolder
from apppw_tui.verifier import sockets
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.auth_service import AuthService, ServiceSocket
from apppw_tui.verifier.protocols import registry
from apppw_tui.verifier.server import Endpoint

_ENABLE = "systemctl enable apppw-tui-json.socket && systemctl restart apppw-tui"


@dataclass(frozen=True)
class ProtocolParts:
    """Makes what is spoken at a socket."""

    auth_service: AuthService
    store_answers: Callable[[], bool]

    def __call__(self, wanted: SocketConfig | None) -> registry.ConnectionHandler:
        """None: nobody has said what is spoken there."""
        if wanted is None:
            return registry.HangsUp()
        source = ServiceSocket(wanted.name, wanted.services)
        http_options = registry.HttpOptions(
            self.store_answers, wanted.service_header, wanted.address_header, wanted.metrics
        )
        return registry.handler_for(wanted.protocol, self.auth_service, source, http_options)


@dataclass(frozen=True)
class DaemonSockets:
    """All that are listened at; `passed` says that systemd made them."""

    listening: tuple[sockets.ListeningSocket, ...]
    passed: bool

    @property
    def names(self) -> frozenset[str]:
        return frozenset(socket.name for socket in self.listening)

    def served(
        self, config: ServeConfig, speaking: ProtocolParts, log: AnswerLog
    ) -> list[Endpoint]:
        """Every one of them, told to the log; one that nobody has named hangs up (SAFETY 20)."""
        served = []
        for socket in self.listening:
            wanted = config.passed(socket.name)
            served.append(Endpoint(socket, speaking(wanted)))
            if wanted is None:
                why = "no [[serve.socket]] is called so"
                log.warned("not served", socket=socket.name, why=why)
                continue
            path = "passed by systemd" if socket.path is None else str(socket.path)
            log.event("serving", socket=socket.name, protocol=wanted.protocol, path=path)
        for name in sorted(config.configured - self.names):
            log.warned("not served", socket=name, why="systemd passed others, but not this one")
        return served


def listening(
    folder: Callable[[], SocketFolder],
    config: ServeConfig,
    owner: sockets.Owner | None,
    stack: ExitStack,
    log: AnswerLog,
) -> DaemonSockets:
    """The sockets that systemd passed, if it passed any.

    Else those in `folder`, removed at the end.

    Raises ConfigError.
    """
    given = sockets.from_systemd(os.environ)
    if given:
        return DaemonSockets(tuple(_usable(given, config, log)), passed=True)
    try:
        return DaemonSockets(tuple(_made(folder(), config, owner, stack)), passed=False)
    except ConfigError as error:
        if "NOTIFY_SOCKET" not in os.environ:
            raise
        raise ConfigError(f"{error} systemd passed no socket. Enable one: {_ENABLE}") from None


def _made(
    folder: SocketFolder, config: ServeConfig, owner: sockets.Owner | None, stack: ExitStack
) -> list[sockets.ListeningSocket]:
    sockets.make_folder(folder.path, owner)
    listening_sockets = []
    with sockets.folder_locked(folder.path):
        for socket in config.sockets:
            made = sockets.listen(folder.socket(socket.name), socket.mode, socket.group, owner)
            stack.callback(made.close)
            listening_sockets.append(made)
    return listening_sockets


def _usable(
    given: list[sockets.PassedSocket], config: ServeConfig, log: AnswerLog
) -> list[sockets.ListeningSocket]:
    usable = []
    for passed in given:
        if passed.socket is None:
            why = "systemd passed what is no listening Unix stream socket"
            log.warned("not served", socket=passed.name, why=why)
            continue
        usable.append(sockets.ListeningSocket(passed.name, passed.socket))
        wanted = config.passed(passed.name)
        if wanted is not None and passed.path is not None:
            for key, setting in differing(wanted, passed.path).items():
                why = f"the socket's unit decides: {setting}"
                log.warned("ignored", socket=passed.name, key=key, why=why)
    return usable


def differing(wanted: SocketConfig, path: Path) -> Mapping[str, str]:
    """The settings that the configuration has otherwise than systemd, with the one that decides."""
    try:
        status = path.stat()
    except OSError:
        return {}  # in a folder that only others enter
    differences = {}
    if wanted.group is not None and not _is_group(status.st_gid, wanted.group):
        differences["group"] = "SocketGroup="
    if wanted.mode not in (SOCKET_MODE, status.st_mode & 0o777):
        differences["mode"] = "SocketMode="
    return differences


def _is_group(gid: int, name: str) -> bool:
    try:
        return grp.getgrnam(name).gr_gid == gid
    except KeyError:
        return False
