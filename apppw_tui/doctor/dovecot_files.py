"""Whether Dovecot's mail goes on while apppw-tui is silent, and takes the names of all accounts."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, danger
from apppw_tui.doctor.places import Places

_LUA_OF_2_3 = re.compile(r"(?:^|\s)file=(\S+)")
_LOOKS_UP = re.compile(r"^\s*function auth_passdb_lookup\b", re.MULTILINE)
_ENFORCED = re.compile(r'^\s*local ENFORCED = "([^"]*)"', re.MULTILINE)
_RELOAD = "then run: doveadm reload"


def script(passdb: Block, places: Places, folder: Path) -> Iterator[Finding]:
    """Of a passdb that asks by Lua; `folder` is the store."""
    if passdb.settings.get("skip") == "unauthenticated":
        return  # apppw-old-password.lua, which is told of a yes and never asked for one
    named = passdb.settings.get("lua_file")
    if named is None:
        in_args = _LUA_OF_2_3.search(passdb.settings.get("args", ""))
        named = "" if in_args is None else in_args[1]
    if not named.startswith("/"):
        return
    put = f"Put recipes/dovecot/apppw.lua at {named}; {_RELOAD}"
    try:
        text = (places.root / named.lstrip("/")).read_text(errors="replace")
    except PermissionError:
        return  # only root sees it
    except OSError:
        yield danger(named, "Dovecot is to ask by it, and it is not there: nobody signs in.", put)
        return
    if not _LOOKS_UP.search(text):
        return  # so old that mail is not delivered, which is told elsewhere
    enforced = _ENFORCED.search(text)
    if enforced is None:
        yield danger(
            named,
            "It is of an older apppw-tui: while apppw-tui is silent, nobody's old password works.",
            put,
        )
    elif Path(enforced[1]) != folder / "enforced":
        yield danger(
            named,
            f"It looks for who is enforced in {enforced[1]}, not in {folder / 'enforced'}: while "
            "apppw-tui is silent, nobody's old password works.",
            f"Correct ENFORCED in {named}; {_RELOAD}",
        )


def user_name_characters(top: Block, folder: Path) -> Iterator[Finding]:
    """Names with characters that Dovecot refuses before anybody is asked."""
    allowed = top.settings.get("auth_username_chars")
    if allowed == "":
        return  # all of them
    missing = set("+'&=~") if allowed is None else set("+'&=~") - set(allowed)
    try:
        names = [path.stem for path in (folder / "accounts").glob("*.json")]
    except OSError:
        names = []
    refused = sorted(name for name in names if missing & set(name))
    if refused:
        yield danger(
            "Dovecot",
            f"auth_username_chars has no {' '.join(sorted(missing & set(''.join(refused))))}: "
            f"{refused[0]}{' and others' if len(refused) > 1 else ''} cannot sign in.",
            f"Put recipes/dovecot/99-apppw-auth.conf after whatever sets it; {_RELOAD}",
        )
