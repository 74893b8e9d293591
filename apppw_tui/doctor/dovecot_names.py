"""Names that Dovecot refuses before anybody is asked, by auth_username_chars.

It compares bytes, not characters.
"""

from collections.abc import Iterator
from pathlib import Path

from apppw_tui.doctor.doveconf import Block
from apppw_tui.doctor.finding import Finding, danger, notice, warning
from apppw_tui.domain.names import domain_decoded

_WHERE = "Dovecot"
_RELOAD = "then run: doveadm reload"
_NAMES = f"Put recipes/dovecot/99-apppw-names.conf in place; {_RELOAD}"
_OF_NAMES = "+'&=~"


def check(top: Block, folder: Path, *, lua: bool) -> Iterator[Finding]:
    """Of the accounts of the store in `folder`.

    `lua`: Dovecot is told the account's own name, and so may ask by any other way of writing it.
    """
    allowed = top.settings.get("auth_username_chars")
    if allowed == "":
        if not lua:
            yield _by_pam("is empty")
        return  # all of them
    try:
        names = sorted(path.stem for path in (folder / "accounts").glob("*.json"))
    except OSError:
        names = []
    missing = set(_OF_NAMES) - set(allowed or "")
    refused = [name for name in names if missing & set(name)]
    if refused:
        yield danger(
            _WHERE,
            f"auth_username_chars has no {' '.join(sorted(missing & set(''.join(refused))))}: "
            f"{refused[0]}{' and others' if len(refused) > 1 else ''} cannot sign in.",
            f"Put recipes/dovecot/99-apppw-auth.conf after whatever sets it; {_RELOAD}",
        )
    if not lua:
        if "%" in (allowed or ""):
            yield _by_pam("has %")
        return
    if allowed is None:
        return  # 99-apppw-auth.conf is not in use, which matters where a name has more
    if "%" not in allowed:
        yield notice(
            _WHERE,
            "auth_username_chars has no %: names that programs percent-encode are refused.",
            _NAMES,
        )
    bytes_ = set(allowed.encode())
    foreign = [
        name for name in names if set(domain_decoded(name).encode()) - set(range(128)) - bytes_
    ]
    if foreign:
        yield warning(
            _WHERE,
            f"auth_username_chars has no letters beyond English ones: who signs in as "
            f"{domain_decoded(foreign[0])}, which is {foreign[0]}, is refused.",
            _NAMES,
        )


def _by_pam(what: str) -> Finding:
    return danger(
        _WHERE,
        f"auth_username_chars {what}, and PAM does not tell whose account it was: a name that is "
        "written otherwise opens another mailbox.",
        f"Take 99-apppw-names.conf away, which is for Lua; {_RELOAD}",
    )
