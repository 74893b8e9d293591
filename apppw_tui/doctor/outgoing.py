"""Notices that wait, and sessions that are to end: some unit has to see to them."""

import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from apppw_tui.config import Config, present
from apppw_tui.doctor.finding import Finding, command, danger, ok, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.doctor.units import parse
from apppw_tui.domain.errors import StoreError
from apppw_tui.domain.names import escaped
from apppw_tui.store.folder.notice_queue import FolderNoticeQueue
from apppw_tui.store.folder.places import StorePlaces

_KIOSK = "apppw-sshd.service"
_LATE = timedelta(minutes=15)  # the timer comes every minute
_CRON = "Without systemd, a line of cron: * * * * * apppw-tui notices"
_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState,Paths,NoNewPrivileges"
_SET_ID = stat.S_ISUID | stat.S_ISGID
_POSTDROP = "usr/sbin/postdrop"  # what Postfix's sendmail runs: postdrop(1)
_Units = dict[str, dict[str, str]]


def check(folder: Path, config: Config, ask: Run, places: SystemPaths) -> list[Finding]:
    """Nothing but "not looked at" where systemd does not run."""
    needed = []
    if config.notices is not None:
        needed.append(("apppw-notices", StorePlaces(folder).notices, "nobody is told what happens"))
    if config.end_sessions:
        needed.append(("apppw-kick", StorePlaces(folder).ended, "no session is ended"))
    if not needed and config.delivery is None:
        return []
    if not present(places.systemd):
        return [ok("systemd", "It does not run here, so its units were not looked at.")]
    names = [f"{name}.{kind}" for name, _, _ in needed for kind in ("path", "timer")]
    output = ask(("systemctl", "show", f"--property={_PROPERTIES}", *names, _KIOSK))
    if output.error:
        return [output.as_finding()]
    units = parse(output.out)
    findings = [finding for need in needed for finding in _unit(units, *need)]
    if config.delivery is not None:
        findings += _codes(config.delivery.command, units.get(_KIOSK, {}), places)
    return findings or [ok("systemd", "Its units send notices and end sessions, as configured.")]


def _unit(units: _Units, name: str, watched: Path, without: str) -> Iterator[Finding]:
    path, timer = f"{name}.path", f"{name}.timer"
    on = command("systemctl", "enable", "--now", path, timer)
    properties = units.get(path, {})
    if properties.get("LoadState") != "loaded":
        yield warning(
            path, f"It is not installed: {without}.", f"Run recipes/install.sh, and: {on}"
        )
        return
    paths = [line.partition(" (")[0] for line in properties.get("Paths", "").split("\n")]
    if paths != [""] and str(watched) not in paths:
        yield warning(
            path,
            f"It does not watch {watched}: {without}.",
            f"Say PathChanged={watched} in a drop-in file, and name the store in its service.",
        )
    for unit, what in ((path, f"{without} at once"), (timer, "what failed is not tried again")):
        properties = units.get(unit, {})
        if properties.get("ActiveState") != "active":
            yield warning(unit, f"It is not started: {what}.", on)
        elif properties.get("UnitFileState") not in ("enabled", "static", "linked", "generated"):
            yield warning(unit, f"From the next start of the machine on, {what}.", on)


def _codes(line: tuple[str, ...], kiosk: dict[str, str], places: SystemPaths) -> Iterator[Finding]:
    """A program that becomes another user cannot, where that is given up for good."""
    if kiosk.get("LoadState") != "loaded" or kiosk.get("NoNewPrivileges") != "yes":
        return
    inside = [Path(part) for part in line if part.startswith("/")]
    if any(path.name == "sendmail" for path in inside):
        inside.append(places.root / _POSTDROP)
    for path in inside:
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if stat.S_ISREG(mode) and mode & _SET_ID:
            yield danger(
                path,
                f"It becomes another user or group, which {_KIOSK} does not let it "
                "(NoNewPrivileges=): nobody who comes by ssh gets a code.",
                f"Put recipes/sshd/delivery.conf at /etc/systemd/system/{_KIOSK}.d/, "
                "or use another program.",
            )


def waiting(folder: Path, now: datetime) -> Iterator[Finding]:
    """Messages that wait for too long in the queue, and why, if that is known.

    Raises StoreError.
    """
    outbox = FolderNoticeQueue(folder)
    messages = outbox.waiting()
    if not messages:
        return
    oldest, written = messages[0]
    try:
        message = outbox.read(oldest)
    except StoreError:
        message = None
    if message is not None and message.how:
        yield warning(
            StorePlaces(folder).notices,
            f"{_wait(len(messages))}; the oldest was tried {_times(message.tries)}: "
            f"{escaped(message.how)}.",
            "Try one: apppw-tui notices --trial ACCOUNT",
        )
    elif now.timestamp() - written > _LATE.total_seconds():
        yield warning(
            StorePlaces(folder).notices,
            f"{_wait(len(messages))}, and nobody takes messages away: people are not told.",
            f"Run: systemctl enable --now apppw-notices.path apppw-notices.timer. {_CRON}",
        )


def _wait(count: int) -> str:
    return "One message waits" if count == 1 else f"{count} messages wait"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
