"""systemd's units of the daemon's sockets, and what they have to do with the configuration."""

import grp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.config import SOCKET_MODE, ServeConfig, SocketConfig
from apppw_tui.doctor.finding import Finding, command, warning
from apppw_tui.doctor.probe import Run
from apppw_tui.domain.lines import lines
from apppw_tui.domain.names import escaped
from apppw_tui.verifier.systemd import ConfigStatus

SERVICE = "apppw-tui.service"
RESTART = f"systemctl restart {SERVICE}"
_OURS = "apppw-tui*.socket"
_PROPERTIES = "Id,FileDescriptorName,Listen,SocketGroup,SocketMode,UnitFileState,ActiveState"
_OF_SERVICE = "Id,LoadState,ActiveState,TriggeredBy,StatusText,WatchdogUSec,ExecReload"
_ENABLED = ("enabled", "enabled-runtime", "static", "linked", "generated", "alias")
_STREAM = " (Stream)"


@dataclass(frozen=True)
class Unit:
    """One socket unit: what the daemon is passed by it, and for whom."""

    name: str
    called: str
    paths: tuple[Path, ...]
    group: str
    mode: int
    enabled: bool
    active: bool
    failed: bool = False

    @property
    def wanted(self) -> bool:
        return self.enabled or self.active


def parse(text: str) -> dict[str, dict[str, str]]:
    """systemctl(1), show: a block of lines for each unit, with an empty line between two.

    What a unit says several times, such as Listen, stands in lines.
    """
    by_unit: dict[str, dict[str, str]] = {}
    for block in text.split("\n\n"):
        properties: dict[str, str] = {}
        for line in lines(block):
            key, _, value = line.partition("=")
            properties[key] = f"{properties[key]}\n{value}" if key in properties else value
        by_unit[properties.get("Id", "")] = properties
    return by_unit


def _service(ask: Run) -> dict[str, str]:
    """The facts of systemd about the daemon's unit.

    Nothing where there is none, or it does not run.
    """
    output = ask(("systemctl", "show", f"--property={_OF_SERVICE}", SERVICE))
    properties = parse(output.out).get(SERVICE, {})
    return {} if output.error or properties.get("LoadState") != "loaded" else properties


def service(ask: Run) -> Iterator[Finding]:
    """Finds what the daemon's unit lacks, and what of the configuration it does not know yet."""
    properties = _service(ask)
    # Of a unit that was not started since the machine was, systemd says "infinity" in any case.
    running = properties.get("ActiveState") in ("active", "reloading")
    unwatched = running and properties.get("WatchdogUSec") in ("0", "infinity")
    if properties and (unwatched or "check" not in properties.get("ExecReload", "")):
        yield warning(
            SERVICE,
            "It is older than the program: nothing starts a daemon again that hangs, or tells a "
            "broken configuration before it is read.",
            "Run recipes/install.sh, or take WatchdogSec= and ExecReload= from recipes/systemd.",
        )
    status = ConfigStatus.parse(properties.get("StatusText", ""))
    if status is None or not running:
        return
    now = ConfigStatus.of(status.file)
    if now is not None and now.time != status.time:
        yield warning(
            status.file,
            "It has changed since the daemon read it.",
            command("systemctl", "try-reload-or-restart", SERVICE),
        )
    elif status.later:
        yield warning(
            status.file,
            f"The daemon needs a restart for: {escaped(status.later)}.",
            f"Run: {RESTART}",
        )


def units(ask: Run) -> list[Unit]:
    """Those of the sockets that start the daemon; none where systemd does not run."""
    properties = _service(ask)
    if not properties:
        return []
    # Those that are not loaded are files alone.
    files = ask(("systemctl", "list-unit-files", "--no-legend", "--no-pager", _OURS))
    listed = [] if files.error else lines(files.out)
    names = {
        *properties.get("TriggeredBy", "").split(),
        *(line.split()[0] for line in listed if line),
    }
    if not names:
        return []
    output = ask(("systemctl", "show", f"--property={_PROPERTIES}", *sorted(names)))
    return (
        []
        if output.error
        else [_unit(name, values) for name, values in parse(output.out).items() if name]
    )


def _unit(name: str, properties: dict[str, str]) -> Unit:
    listens = lines(properties.get("Listen", ""))
    paths = [line.removesuffix(_STREAM) for line in listens if line.endswith(_STREAM)]
    mode = properties.get("SocketMode", "")
    return Unit(
        name,
        properties.get("FileDescriptorName", name),
        tuple(Path(path) for path in paths if path.startswith("/")),
        properties.get("SocketGroup", ""),
        int(mode, 8) if mode.isdecimal() and not set(mode) - set("01234567") else 0o666,
        properties.get("UnitFileState") in _ENABLED,
        properties.get("ActiveState") == "active",
        properties.get("ActiveState") == "failed",
    )


def compared(serve: ServeConfig, socket_units: Sequence[Unit]) -> list[Finding]:
    """Finds where configuration, units and what is enabled contradict each other."""
    if not any(unit.wanted for unit in socket_units):
        return _groups(serve)  # the daemon makes its sockets itself, if there is one
    by_name: dict[str, list[Unit]] = {}
    for unit in socket_units:
        by_name.setdefault(unit.called, []).append(unit)
    findings: list[Finding] = []
    for socket in serve.sockets:
        if socket.name in serve.configured:
            findings += _configured(socket, by_name.get(socket.name, []))
    for unit in socket_units:
        findings += _listening(unit, serve)
    return findings


def _configured(wanted: SocketConfig, units: Sequence[Unit]) -> Iterator[Finding]:
    where = f"[[serve.socket]] {wanted.name}"
    if not units:
        yield warning(
            where,
            "systemd makes the sockets, and has no unit for this one: nobody can ask there.",
            "Write one like recipes/systemd/apppw-tui-radicale.socket, with FileDescriptorName="
            f"{wanted.name}; or take it out of the configuration.",
        )
        return
    if not any(unit.wanted for unit in units):
        name = units[0].name
        yield warning(
            where,
            f"{name} is not enabled: nobody can ask there.",
            f"Run: systemctl enable {name} && {RESTART}",
        )
        return
    for unit in units:
        if wanted.group is not None and unit.group != wanted.group:
            yield warning(
                where,
                f"Its group is not {escaped(wanted.group)}: {unit.name} makes it, for the group "
                f"{unit.group or 'root'}.",
                "Take group out of the configuration, and put who asks into the unit's group.",
            )
        if wanted.mode not in (SOCKET_MODE, unit.mode):
            yield warning(
                where,
                f"Its mode is not {wanted.mode:04o}: {unit.name} makes it, with {unit.mode:04o}.",
                "Take mode out of the configuration.",
            )


def _listening(unit: Unit, serve: ServeConfig) -> Iterator[Finding]:
    if unit.wanted and serve.passed(unit.called) is None:
        yield warning(
            unit.name,
            f"The configuration has no [[serve.socket]] called {escaped(unit.called)}: who asks "
            "there gets no answer.",
            f"Write one, and: {RESTART}. Or: systemctl disable --now {unit.name}",
        )
    if unit.enabled and not unit.active:
        yield warning(
            unit.name,
            "It is enabled and does not listen: nobody can ask there.",
            f"See why: systemctl status {unit.name}" if unit.failed else f"Run: {RESTART}",
        )
    elif unit.active and not unit.enabled:
        yield warning(
            unit.name,
            "It listens, but is not enabled: after the next start of the machine nobody can ask "
            "there.",
            f"Run: systemctl enable {unit.name}; or, if nobody is to ask, systemctl stop "
            f"{unit.name}",
        )


def _groups(serve: ServeConfig) -> list[Finding]:
    groups = []
    for socket in serve.sockets:
        if socket.group is not None and not _is_group(socket.group):
            add = command("groupadd", "--system", socket.group)
            groups.append(
                warning(
                    f"group of [[serve.socket]] {socket.name}",
                    f"There is no group {escaped(socket.group)}: the daemon will not start.",
                    f"Correct it, or {add[:1].lower()}{add[1:]}",
                )
            )
    return groups


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
