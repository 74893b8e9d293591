"""The kiosk: whether its own sshd opens the portal, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor import kiosk, pam
from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.domain.lines import lines

# sshd_config(5): each opens something else than the portal; DisableForwarding closes the first.
_FORWARDING = {
    "allowtcpforwarding": "no",
    "allowstreamlocalforwarding": "no",
    "allowagentforwarding": "no",
    "x11forwarding": "no",
    "permittunnel": "no",
}
_OTHERS = {"permituserrc": "no", "permituserenvironment": "no"}
_NOT_RUNNING = "Missing privilege separation directory"


def check(ask: Run, places: SystemPaths, owner: int = 0) -> list[Finding]:
    """Nothing but "not looked at" where there is no kiosk; `owner` has the server's files."""
    path = places.kiosk
    if not present(path):
        return [ok(path, "There is no kiosk here.")]
    stands = list(kiosk.door(ask, places))
    output = ask(("sshd", "-T", "-f", str(path)))
    if output.error and _NOT_RUNNING in output.errors:
        return stands or [ok(path, "sshd does not run on this machine, so it was not looked at.")]
    if output.error:
        return [*stands, output.as_finding()]
    settings = _settings(output.out)
    users = settings.get("allowusers", [])
    if len(users) == 1:
        # What a Match block says of that very user counts as well.
        who = f"user={_user(users[0])},host=localhost,addr=127.0.0.1"
        again = ask(("sshd", "-T", "-f", str(path), "-C", who))
        settings = settings if again.error else _settings(again.out)
        stands += kiosk.script(_only(settings, "forcecommand"), _user(users[0]), places, owner)
    if _only(settings, "usepam") == "yes":
        stands += pam.missing_for_kiosk(places)
    findings = [*stands, *_kiosk(path, settings)]
    return findings or [ok(path, "It opens the portal, and nothing else.")]


def _settings(text: str) -> dict[str, list[str]]:
    """Some keywords come several times."""
    settings: dict[str, list[str]] = {}
    for line in lines(text):
        key, _, value = line.strip().partition(" ")
        settings.setdefault(key.lower(), []).append(value.strip())
    return settings


def _kiosk(path: Path, settings: dict[str, list[str]]) -> Iterator[Finding]:
    users = settings.get("allowusers", [])
    if len(users) != 1 or any(sign in _user(users[0]) for sign in "*?!"):
        yield danger(
            path,
            "It does not say AllowUsers with the kiosk's one user: others may come in.",
            "Set AllowUsers to the kiosk's user alone.",
        )
    if _only(settings, "forcecommand") in ("", "none"):
        yield danger(
            path,
            "It has no ForceCommand: whoever comes in may run any command.",
            "Set ForceCommand to the kiosk's script.",
        )
    if _only(settings, "disableforwarding") != "yes":
        still = [key for key, closed in _FORWARDING.items() if _only(settings, key) != closed]
        if still:
            yield danger(
                path,
                f"It forwards connections ({', '.join(still)}): people get past the portal into "
                "this machine's network.",
                "Set DisableForwarding yes.",
            )
    for key, closed in _OTHERS.items():
        if _only(settings, key) != closed:
            yield danger(
                path,
                f"{key} is {_only(settings, key) or 'not said'}: files of the kiosk's user run "
                "commands before the portal does.",
                f"Set {key} {closed}.",
            )
    if settings.get("subsystem"):
        yield warning(
            path,
            "It has a Subsystem: people may ask for files instead of the portal.",
            "Remove every line with Subsystem.",
        )
    if _only(settings, "maxsessions") not in ("", "0", "1"):
        yield notice(
            path,
            f"MaxSessions is {_only(settings, 'maxsessions')}: one connection opens "
            "several portals.",
            "Set MaxSessions 1.",
        )


def _user(pattern: str) -> str:
    """Without the host that it may come from."""
    return pattern.partition("@")[0]


def _only(settings: dict[str, list[str]], key: str) -> str:
    return settings.get(key, [""])[0]
