"""The ways in by ssh: that the kiosk opens nothing else, and that each tells of keys."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from apppw_tui.config import present
from apppw_tui.doctor import kiosk, pam
from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.probe import CommandOutput, Run, SystemPaths
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
_OF_KEYS = 'Take over what recipes/sshd/{} says of keys, or set ssh_keys = "off" under [policy].'
_NOT_RUNNING = "Missing privilege separation directory"


def check(
    ask: Run, places: SystemPaths, owner: int = 0, *, keys_count: bool = False
) -> list[Finding]:
    """Nothing but "not looked at" where there is no kiosk; `owner` has the server's files.

    `keys_count` says that the policy lets an ssh key be a second factor.
    """
    of_kiosk = _check_kiosk(ask, places, owner, keys_count=keys_count)
    return [*of_kiosk, *_match_user(ask, places)] if keys_count else of_kiosk


def _check_kiosk(ask: Run, places: SystemPaths, owner: int, *, keys_count: bool) -> list[Finding]:
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
        again = _ask_for(ask, path, _user(users[0]))
        settings = settings if again.error else _settings(again.out)
        stands += kiosk.script(_only(settings, "forcecommand"), _user(users[0]), places, owner)
    if _only(settings, "usepam") == "yes":
        stands += pam.missing_for_kiosk(places)
    findings = [*stands, *_kiosk(path, settings)]
    if keys_count:
        findings += _keys(path, settings, "apppw_sshd_config")
        if _exposes(settings):
            findings += kiosk.key_command(_only(settings, "authorizedkeyscommand"), places, owner)
    return findings or [ok(path, "It opens the portal, and nothing else.")]


def _match_user(ask: Run, places: SystemPaths) -> Iterator[Finding]:
    """Checks what the machine's own sshd tells of keys, where the portal is behind it."""
    path = places.match_user
    try:
        words = [line.split() for line in lines(path.read_text("utf-8", "replace"))]
    except OSError:
        return
    users = [line[2] for line in words if [word.lower() for word in line[:2]] == ["match", "user"]]
    if len(users) != 1 or not present(places.sshd):
        return
    output = _ask_for(ask, places.sshd, users[0])
    if not output.error:
        yield from _keys(path, _settings(output.out), "match-user.conf")
    elif _NOT_RUNNING not in output.errors:
        yield output.as_finding()


def _ask_for(ask: Run, path: Path, user: str) -> CommandOutput:
    """Asks for what holds for that user."""
    who = f"user={user},host=localhost,addr=127.0.0.1"
    return ask(("sshd", "-T", "-f", str(path), "-C", who))


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


def _exposes(settings: dict[str, list[str]]) -> bool:
    return _only(settings, "exposeauthinfo") == "yes"


def _keys(path: Path, settings: dict[str, list[str]], recipe: str) -> Iterator[Finding]:
    """Checks that the portal is told which ssh key was proved, and by sshd alone."""
    accepted = [name for line in settings.get("acceptenv", []) for name in line.split()]
    if any(fnmatchcase("SSH_USER_AUTH", pattern) for pattern in accepted):
        yield danger(
            path,
            "AcceptEnv lets whoever comes say which ssh key was proved.",
            "Name no more there than LANG and NO_COLOR.",
        )
    if not _exposes(settings):
        yield notice(
            path,
            "ExposeAuthInfo is no: the portal is told of no ssh key, so none is a second factor.",
            _OF_KEYS.format(recipe),
        )
        return
    methods = _only(settings, "authenticationmethods")
    has_keys = _only(settings, "authorizedkeyscommand") not in ("", "none") or _only(
        settings, "authorizedkeysfile"
    ) not in ("", "none")
    by_key = _only(settings, "pubkeyauthentication") == "yes" and has_keys
    if not by_key or not ("publickey" in methods or methods == "any"):
        yield notice(
            path,
            "sshd has no ssh key proved, so none is a second factor.",
            _OF_KEYS.format(recipe),
        )


def _user(pattern: str) -> str:
    """Without the host that it may come from."""
    return pattern.partition("@")[0]


def _only(settings: dict[str, list[str]], key: str) -> str:
    return settings.get(key, [""])[0]
