"""Signing in to Postfix, as Postfix itself understood its configuration."""

import ipaddress
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from apppw_tui.doctor.asking import Ask
from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning

_WHERE = "Postfix"
_ENABLED = "smtpd_sasl_auth_enable"
_LISTENING = ("/inet", "/pass")  # master(5): to a port, or by way of postscreen
_LEVELS = ("encrypt", "dane", "dane-only", "fingerprint", "verify", "secure")
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


@dataclass(frozen=True)
class _Port:
    """One service of master.cf in which people sign in, with what it overrides of main.cf."""

    name: str
    settings: dict[str, str]

    def value(self, key: str) -> str:
        value = self.settings.get(key, _DEFAULTS[key])
        return self.value(value[1:]) if value.startswith("$") and value[1:] in _DEFAULTS else value


def findings(ask: Ask) -> list[Finding]:
    """Nothing but "not looked at" where Postfix is not here, or nobody signs in."""
    main, services = ask(("postconf", "-n")), ask(("postconf", "-P"))
    for said in (main, services):
        if said.how:
            return [said.trouble()]
    top = _settings(main.out)
    ports = [port for port in _ports(top, services.out) if port.value(_ENABLED) == "yes"]
    if not ports:
        return [ok(_WHERE, "Nobody signs in to it, so it was not looked at.")]
    found = [finding for port in ports for finding in _port(port)]
    found += _networks(top.get("mynetworks", ""))
    return list(dict.fromkeys(found)) or [ok(_WHERE, "Nobody gets past its passwords.")]


def _settings(text: str) -> dict[str, str]:
    pairs = (line.partition(" =") for line in text.splitlines())
    return {key: value.strip() for key, _, value in pairs}


def _ports(top: dict[str, str], text: str) -> list[_Port]:
    """Those of `postconf -P`, which names a service only if it overrides something."""
    own: dict[str, dict[str, str]] = {}
    for key, value in _settings(text).items():
        service, _, name = key.rpartition("/")
        if not service.endswith(_LISTENING):
            continue  # no mail program connects to it
        own.setdefault(service, {})[name] = value
    return [_Port("main.cf", top), *(_Port(name, top | more) for name, more in own.items())]


def _port(port: _Port) -> Iterator[Finding]:
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


def _encrypted(port: _Port) -> bool:
    return (
        port.value("smtpd_tls_auth_only") == "yes"
        or port.value("smtpd_tls_wrappermode") == "yes"
        or port.value("smtpd_tls_security_level") in _LEVELS
    )


def _socket(port: _Port) -> Iterator[Finding]:
    told = port.value("smtpd_sasl_path")
    if told.startswith("inet:"):
        return
    told = told.removeprefix("unix:")
    queue = Path(port.value("queue_directory"))
    path = queue / told
    # To an smtpd in its chroot, / is the queue directory.
    if not (_is_socket(path) or _is_socket(queue / told.lstrip("/"))):
        yield danger(
            path,
            f"Postfix asks there who signs in ({port.name}), but it is no socket: nobody can send.",
            "Start what makes it, or correct smtpd_sasl_path; see recipes/postfix/.",
        )


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except PermissionError:
        return True  # only root sees it
    except OSError:
        return False


def _networks(told: str) -> Iterator[Finding]:
    others = [word for word in re.split(r"[\s,]+", told) if word and not _is_loopback(word)]
    if others:
        yield notice(
            _WHERE,
            f"mynetworks has {' and '.join(others)}: from there mail is sent without a password.",
            "Take out of mynetworks whoever can sign in.",
        )


def _is_loopback(word: str) -> bool:
    try:
        network = ipaddress.ip_network(word.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return network.is_loopback or (mapped is not None and mapped.is_loopback)
