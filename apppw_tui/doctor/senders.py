"""Senders in Postfix: an account may send as itself and as its own addresses with an extension."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.finding import Finding, ok, warning
from apppw_tui.doctor.postfix import MISMATCH, RESTRICTIONS, ports, takes_passwords
from apppw_tui.doctor.probe import Run
from apppw_tui.domain.names import is_account_name

_WHERE = "Postfix"
_MAPS = "smtpd_sender_login_maps"
_EXTENSION = "apppw-tui"


def check(ask: Run, folder: Path) -> list[Finding]:
    """`folder` is the store; of its accounts, the first with a domain stands for all."""
    found_ports, _ = ports(ask)
    names = sorted(path.stem for path in (folder / "accounts").glob("*@*.json"))
    name = next((one for one in names if is_account_name(one)), None)
    if name is None:
        return [ok(_WHERE, "No account has an address, so who may send as whom was not looked at.")]
    findings: list[Finding] = []
    for port in filter(takes_passwords, found_ports):
        delimiter = port.settings.get("recipient_delimiter", "")[:1]
        judged = " ".join(port.settings.get(one, "") for one in RESTRICTIONS)
        if delimiter and MISMATCH.search(judged):
            local, _, domain = name.partition("@")
            address = f"{local}{delimiter}{_EXTENSION}@{domain}"
            maps = _tables(port.settings.get(_MAPS, ""))
            findings += _refused(ask, port.name, name, address, maps)
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


def _refused(ask: Run, port: str, name: str, address: str, maps: list[str]) -> Iterator[Finding]:
    """Postfix looks for the address as it is in all of the tables, then without its extension."""
    for table in maps:
        output = ask(("postmap", "-q", address, table.removeprefix("proxy:")))
        owners = {one.lower() for one in re.split(r"[\s,]+", output.out) if one}
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
