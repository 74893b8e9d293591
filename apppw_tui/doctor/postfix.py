"""Signing in to Postfix, as Postfix itself understood its configuration."""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.domain.addresses import is_loopback
from apppw_tui.domain.lines import lines
from apppw_tui.domain.names import is_account_name
from apppw_tui.store.folder.places import StorePlaces

_WHERE = "Postfix"
_ENABLED = "smtpd_sasl_auth_enable"
_LISTENING = ("/inet", "/pass")  # master(5): to a port, or by way of postscreen
_LEVELS = ("encrypt", "dane", "dane-only", "fingerprint", "verify", "secure")
_COMMAND_AT = 7
_CYRUS = ("/etc/postfix/sasl", "/etc/sasl2", "/usr/lib/sasl2")  # Debian's Postfix, then SASL itself
_SASLAUTHD = re.compile(r"^\s*pwcheck_method\s*:\s*saslauthd\s*$", re.MULTILINE)
_OUR_SOCKET = re.compile(r"^\s*saslauthd_path\s*:.*apppw", re.MULTILINE)
# Where who may send as whom can be judged.
_RESTRICTIONS = (
    "smtpd_sender_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_data_restrictions",
)
_MISMATCH = re.compile(r"reject_(?:\w+_)?sender_login_mismatch")
# postconf(5): what holds where neither file says anything.
_DEFAULTS = {
    _ENABLED: "no",
    "smtpd_sasl_type": "cyrus",
    "smtpd_sasl_path": "smtpd",
    "smtpd_sasl_security_options": "noanonymous",
    "smtpd_sasl_tls_security_options": "$smtpd_sasl_security_options",
    "smtpd_tls_auth_only": "no",
    "smtpd_tls_security_level": "",
    "smtpd_tls_wrappermode": "no",
    "queue_directory": "/var/spool/postfix",
}
_MAPS = "smtpd_sender_login_maps"
_EXTENSION = "apppw-tui"


@dataclass(frozen=True)
class Port:
    """One service of master.cf that is connected to, with what it overrides of main.cf."""

    name: str
    settings: dict[str, str]

    def value(self, key: str) -> str:
        value = self.settings.get(key, _DEFAULTS[key])
        return self.value(value[1:]) if value.startswith("$") and value[1:] in _DEFAULTS else value


def check(ask: Run, places: SystemPaths) -> list[Finding]:
    """Nothing but "not looked at" where Postfix is not here, or nobody signs in."""
    ports, trouble = _ports(ask)
    if trouble:
        return trouble
    signed_in = [port for port in ports if _takes_passwords(port)]
    if not signed_in:
        return [ok(_WHERE, "Nobody signs in to it, so it was not looked at.")]
    findings = [finding for port in signed_in for finding in _port(port)]
    findings += _networks(signed_in[0].settings.get("mynetworks", ""))
    findings += _past_us(signed_in, places)
    findings += [
        finding for port in signed_in if _asks_us(port, places) for finding in _as_anybody(port)
    ]
    return list(dict.fromkeys(findings)) or [ok(_WHERE, _good(signed_in, places))]


def _ports(ask: Run) -> tuple[list[Port], list[Finding]]:
    """The ports that mail programs connect to, and main.cf itself; or why that cannot be told."""
    main, own, services = (ask(("postconf", option)) for option in ("-nx", "-Px", "-M"))
    for output in (main, own, services):
        if output.error:
            return [], [output.as_finding()]
    top, overrides = _settings(main.out), _overrides(own.out)
    named_ports = [Port(name, top | settings) for name, settings in overrides.items()]
    # What each service overrides holds nowhere.
    smtpds = {
        f"{fields[0]}/{fields[1]}"
        for fields in map(str.split, lines(services.out))
        if _is_smtpd(fields)
    }
    bare = not smtpds or any(not _judges(overrides.get(name, {})) for name in smtpds)
    return [*([Port("main.cf", top)] if bare else []), *named_ports], []


def _takes_passwords(port: Port) -> bool:
    return port.value(_ENABLED) == "yes"


def _is_smtpd(fields: list[str]) -> bool:
    """master(5): service, type, private, unprivileged, chroot, wake-up, limit, command."""
    return (
        len(fields) > _COMMAND_AT
        and f"/{fields[1]}" in _LISTENING
        and (fields[_COMMAND_AT] == "smtpd")
    )


def _judges(overrides: dict[str, str]) -> bool:
    """True if a service says by itself whether passwords are taken."""
    return _ENABLED in overrides


def _settings(text: str) -> dict[str, str]:
    pairs = (line.partition(" =") for line in lines(text))
    return {key: value.strip() for key, _, value in pairs}


def _overrides(text: str) -> dict[str, dict[str, str]]:
    """Those of `postconf -P`, which names a service only if it overrides something."""
    own: dict[str, dict[str, str]] = {}
    for key, value in _settings(text).items():
        service, _, name = key.rpartition("/")
        if not service.endswith(_LISTENING):
            continue  # no mail program connects to it
        own.setdefault(service, {})[name] = value
    return own


def _past_us(signed_in: list[Port], places: SystemPaths) -> Iterator[Finding]:
    """Ports that ask somebody else, beside others that ask apppw-tui or Dovecot."""
    foreign = [port for port in signed_in if not _asks_us(port, places)]
    if len(foreign) == len(signed_in):
        return
    for port in foreign:
        yield warning(
            _WHERE,
            f"{port.name} asks Cyrus SASL, and that not apppw-tui: its passwords send mail for "
            "accounts that are enforced, too.",
            "Have it ask as the others do (postconf -P shows what it overrides), or see "
            "recipes/cyrus/smtpd.conf.",
        )


def _as_anybody(port: Port) -> Iterator[Finding]:
    judged = " ".join(port.settings.get(key, "") for key in _RESTRICTIONS)
    if not _MISMATCH.search(judged):
        yield warning(
            _WHERE,
            f"{port.name} has no reject_sender_login_mismatch: whoever signs in sends as anybody.",
            "Set smtpd_sender_restrictions = reject_sender_login_mismatch for that port, with "
            "smtpd_sender_login_maps as in recipes/postfix/main-senders.cf.",
        )


def _asks_us(port: Port, places: SystemPaths) -> bool:
    """Or Dovecot, which is looked at by itself."""
    if port.value("smtpd_sasl_type") != "cyrus":
        return True
    file = f"{port.value('smtpd_sasl_path')}.conf"
    folders = [port.settings.get("cyrus_sasl_config_path", ""), *_CYRUS]
    for folder in filter(None, ":".join(folders).split(":")):
        try:
            text = (places.root / folder.lstrip("/") / file).read_text(errors="replace")
        except PermissionError:
            return True  # only root sees it
        except OSError:
            continue
        return _SASLAUTHD.search(text) is not None and _OUR_SOCKET.search(text) is not None
    return False


def _good(signed_in: list[Port], places: SystemPaths) -> str:
    if any(_asks_us(port, places) for port in signed_in):
        return "Whatever takes passwords asks apppw-tui or Dovecot."
    return "It asks Cyrus SASL who signs in, and that not apppw-tui."


def _port(port: Port) -> Iterator[Finding]:
    for key in ("smtpd_sasl_security_options", "smtpd_sasl_tls_security_options"):
        if "noanonymous" not in re.split(r"[\s,]+", port.value(key)):
            yield danger(
                _WHERE,
                f"{key} of {port.name} has no noanonymous: whoever gives no password may send.",
                f"Set {key} = noanonymous.",
            )
    if not _encrypted(port):
        yield warning(
            _WHERE,
            f"{port.name} takes passwords over connections that are not encrypted.",
            "Set smtpd_tls_auth_only = yes, or smtpd_tls_security_level = encrypt for that port.",
        )
    if port.value("smtpd_sasl_type") == "dovecot":
        yield from _socket(port)


def _encrypted(port: Port) -> bool:
    return (
        port.value("smtpd_tls_auth_only") == "yes"
        or port.value("smtpd_tls_wrappermode") == "yes"
        or port.value("smtpd_tls_security_level") in _LEVELS
    )


def _socket(port: Port) -> Iterator[Finding]:
    sasl_path = port.value("smtpd_sasl_path")
    if sasl_path.startswith("inet:"):
        return
    sasl_path = sasl_path.removeprefix("unix:")
    queue = Path(port.value("queue_directory"))
    path = queue / sasl_path
    # To an smtpd in its chroot, / is the queue directory.
    if not (_is_socket(path) or _is_socket(queue / sasl_path.lstrip("/"))):
        yield danger(
            path,
            f"Postfix asks there who signs in ({port.name}), but it is no socket: nobody can send.",
            "Start what makes it, such as apppw-tui-postfix.socket, or correct smtpd_sasl_path; "
            "see recipes/postfix/.",
        )


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except PermissionError:
        return True  # only root sees it
    except OSError:
        return False


def _networks(mynetworks: str) -> Iterator[Finding]:
    words = filter(None, re.split(r"[\s,]+", mynetworks))
    others = [word for word in words if not is_loopback(re.sub(r"[\[\]]", "", word))]
    if others:
        yield notice(
            _WHERE,
            f"mynetworks has {' and '.join(others)}: from there mail is sent without a password.",
            "Take out of mynetworks whoever can sign in.",
        )


def check_senders(ask: Run, folder: Path) -> list[Finding]:
    """`folder` is the store; of its accounts, the first with a domain stands for all."""
    ports, _ = _ports(ask)
    names = StorePlaces(folder).names("*@*")
    name = next(filter(is_account_name, names), None)
    if name is None:
        return [ok(_WHERE, "No account has an address, so who may send as whom was not looked at.")]
    findings: list[Finding] = []
    for port in filter(_takes_passwords, ports):
        delimiter = port.settings.get("recipient_delimiter", "")[:1]
        judged = " ".join(port.settings.get(key, "") for key in _RESTRICTIONS)
        if delimiter and _MISMATCH.search(judged):
            local, _, domain = name.partition("@")
            address = f"{local}{delimiter}{_EXTENSION}@{domain}"
            maps = _tables(port.settings.get(_MAPS, ""))
            findings += _refused_sender(ask, port.name, name, address, maps)
    return list(dict.fromkeys(findings)) or [ok(_WHERE, "Everybody may send as themselves.")]


def _tables(value: str) -> list[str]:
    """Separated by commas and blanks, except in the braces of a written-out one: postconf(5)."""
    parts, depth = [""], 0
    for character in value:
        depth += (character == "{") - (character == "}")
        if depth == 0 and character in ", \t\n":
            parts.append("")
        else:
            parts[-1] += character
    return [table for table in parts if table]


def _refused_sender(
    ask: Run, port: str, name: str, address: str, maps: list[str]
) -> Iterator[Finding]:
    """Postfix looks for the address as it is in all of the tables, then without its extension."""
    for table in maps:
        output = ask(("postmap", "-q", address, table.removeprefix("proxy:")))
        owners = {owner.lower() for owner in re.split(r"[\s,]+", output.out) if owner}
        if output.error or not owners:
            continue  # not in this one
        if name not in owners:
            yield warning(
                _WHERE,
                f"{_MAPS} of {port} gives {address} to somebody else than {name}: mail from "
                "one's own address with an extension is refused.",
                f"Set {_MAPS} as recipes/postfix/ does.",
            )
        return
