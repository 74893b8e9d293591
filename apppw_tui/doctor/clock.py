"""The clock, by which codes and expiries are judged."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apppw_tui.doctor.asking import Ask
from apppw_tui.doctor.finding import Finding, danger, notice, ok
from apppw_tui.domain.lines import lines

_SLACK = timedelta(minutes=5)
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # nothing that this program wrote can be older
_WRITTEN = ("accounts", "usage", "activity", "throttle")
_WHERE = "the clock"
_REMEDY = "Set the clock, and let the machine keep it by NTP (systemd-timesyncd or chrony)."


def kept(ask: Ask) -> list[Finding]:
    """What the system says of its own clock, where systemd looks after it."""
    said = ask(("timedatectl", "show"))
    if said.how:
        return [ok(_WHERE, "Nobody tells how this machine keeps its time.")]
    told = dict(line.partition("=")[::2] for line in lines(said.out))
    return list(_kept(told)) or [ok(_WHERE, f"It is kept by NTP, in {told.get('Timezone')}.")]


def _kept(told: dict[str, str]) -> Iterator[Finding]:
    if told.get("NTPSynchronized") == "no":
        yield notice(
            _WHERE,
            "It is not synchronized: codes of authenticator apps fail once it is a minute off.",
            _REMEDY,
        )
    if told.get("LocalRTC") == "yes":
        yield notice(
            _WHERE,
            "The hardware clock is kept in local time: after a start in summer or winter it may "
            "be an hour off.",
            "Run: timedatectl set-local-rtc 0",
        )


def against(folder: Path, now: datetime) -> list[Finding]:
    """`now` against the newest file of the store: time cannot have gone back."""
    if now < _EARLIEST:
        return [danger(_WHERE, f"It says {_said(now)}: app passwords do not expire.", _REMEDY)]
    newest = max(_times(folder), default=now)
    if newest - now > _SLACK:
        return [
            danger(
                _WHERE,
                f"It says {_said(now)}, but the store was written at {_said(newest)}: app "
                "passwords expire too late, and codes are refused.",
                _REMEDY,
            )
        ]
    return [ok(_WHERE, "It is not behind the store.")]


def _times(folder: Path) -> Iterator[datetime]:
    for name in _WRITTEN:
        for path in (folder / name).glob("*"):
            try:
                yield datetime.fromtimestamp(path.lstat().st_mtime, UTC)
            except (OSError, OverflowError, ValueError):
                continue  # removed meanwhile, or a time that no clock shows


def _said(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M UTC")
