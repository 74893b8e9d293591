"""Dovecot: it runs, nothing gets past apppw-tui in it, and it asks for every name."""

import re
from collections.abc import Iterator
from pathlib import Path

from apppw_tui.config import AccountsConfig
from apppw_tui.doctor import dovecot_lua, dovecot_passdbs, enforced
from apppw_tui.doctor.doveconf import (
    COMMAND,
    Block,
    asks_us,
    has_lua,
    parse,
    passdbs_that_let_in,
)
from apppw_tui.doctor.dovecot_passdbs import NOT_OF_PEOPLE
from apppw_tui.doctor.finding import Finding, danger, notice, ok, warning
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.doctor.sockets import NoAnswerError, first_answer
from apppw_tui.domain.names import domain_decoded
from apppw_tui.store.folder.places import StorePlaces

_WHERE = "Dovecot"
# The only two that bring the password itself.
_MECHANISMS = {"plain", "login"}
# %n of Dovecot 2.3, `user | username` of 2.4: the domain goes.
_CUTS_DOMAIN = re.compile(r"%[A-Z]*n|%\{[^}]*\busername\b")
_RELOAD = "then run: doveadm reload"
_NAMES = f"Put recipes/dovecot/99-apppw-names.conf in place; {_RELOAD}"
_OF_NAMES = "+'&=~"
_BASE = "/run/dovecot"  # base_dir, unless it says otherwise
_START = "Start it: systemctl start dovecot; what is wrong stands in journalctl -u dovecot."
_GREETING = b"VERSION\t1\t"


def check(
    ask: Run, places: SystemPaths, folder: Path, asked: frozenset[Path] = frozenset()
) -> list[Finding]:
    """Nothing but "not looked at" where Dovecot is not here, or nobody's account is its affair.

    `folder` is the store; `asked` are the sockets at which the daemon is asked by Lua.
    """
    output = ask(COMMAND)
    if output.error:
        return [output.as_finding()]
    top = parse(output.out)
    if not asks_us(top):
        return list(_not_asking(top, folder))
    return [
        *dovecot_passdbs.check(top, places.root),
        *_mechanisms(top),
        *_cache(top),
        *dovecot_passdbs.master_users(top),
        *_user_names(top),
        *dovecot_passdbs.pam_files(top, places),
        *dovecot_lua.check(top, places, folder, asked),
        *refused_names(top, folder, lua=has_lua(top)),
    ] or [ok(_WHERE, "Nothing gets past apppw-tui.")]


def asks_by_lua(ask: Run) -> bool:
    """True if one of its passdbs is to ask the daemon itself."""
    output = ask(COMMAND)
    return not output.error and has_lua(parse(output.out))


def _not_asking(top: Block, folder: Path) -> Iterator[Finding]:
    """Finds a Dovecot that asks nobody whether an account is enforced, where one is."""
    protocols = top.words("protocols") or ["imap", "pop3"]  # those of 2.3, where all are default
    judged: dict[str, bool] = {}
    if passdbs_that_let_in(top) and set(protocols) - NOT_OF_PEOPLE:
        judged = enforced.enforced_or_disabled(folder)
    if judged:
        first, *rest = judged
        others = f" and {len(rest)} more" if rest else ""
        yield danger(
            _WHERE,
            f"No passdb of it asks apppw-tui, and accounts are enforced or disabled ({first}"
            f"{others}): their old passwords open their mail.",
            f"Put recipes/dovecot/ in place. If Dovecot is not to ask, {_otherwise(judged)}",
        )
    else:
        yield ok(_WHERE, "No passdb names apppw, so Dovecot was not looked at.")


def _otherwise(judged: dict[str, bool]) -> str:
    """The advice for accounts that Dovecot alone is to judge; of the disabled it is True."""
    advice = ["disable in it, too, who is disabled here"] if any(judged.values()) else []
    if not all(judged.values()):
        advice.append("run: apppw-tui account open NAME" + (", for the others" if advice else ""))
    return "; ".join(advice)


def _mechanisms(top: Block) -> Iterator[Finding]:
    others = [word for word in top.words("auth_mechanisms") if word.lower() not in _MECHANISMS]
    if others:
        yield danger(
            _WHERE,
            f"auth_mechanisms has {' and '.join(others)}: what these bring, apppw-tui cannot "
            "judge, and another passdb answers.",
            "Set auth_mechanisms = plain login.",
        )


def _cache(top: Block) -> Iterator[Finding]:
    size = top.settings.get("auth_cache_size", "0")
    if not re.fullmatch(r"0+ *[a-zA-Z]*", size):
        yield danger(
            _WHERE,
            f"auth_cache_size is {size}: what Dovecot remembers lets a deleted app password in.",
            "Set auth_cache_size = 0.",
        )


def _user_names(top: Block) -> Iterator[Finding]:
    form = top.settings.get("auth_username_format", "")
    if _CUTS_DOMAIN.search(form):
        yield notice(
            _WHERE,
            f"auth_username_format = {form} cuts off the domain: ada@example.org is asked for "
            "as ada.",
            "Keep the domain, unless no account has one.",
        )


def refused_names(top: Block, folder: Path, *, lua: bool) -> Iterator[Finding]:
    """Of the accounts of the store in `folder`.

    `lua`: Dovecot is told the account's own name, and so may ask by any other way of writing it.
    """
    allowed = top.settings.get("auth_username_chars")
    if allowed == "":
        if not lua:
            yield _by_pam("is empty")
        return  # all of them
    names = StorePlaces(folder).names()
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


def check_running(ask: Run, places: SystemPaths, accounts: AccountsConfig) -> list[Finding]:
    """Nothing where Dovecot has nothing to do with apppw-tui."""
    output = ask(COMMAND)
    top = parse("" if output.error else output.out)
    passwords = accounts.source == "dovecot"
    if not passwords and not asks_us(top):
        return [ok(_WHERE, "Whether it runs concerns nobody here.")]
    if output.here and not _runs(top.settings.get("base_dir", _BASE), places):
        portal = " and nobody can sign in to the portal" if passwords else ""
        return [danger(_WHERE, f"It does not run: nobody reads mail{portal}.", _START)]
    if passwords:
        return [_portal(accounts)]
    return [ok(_WHERE, "It runs.")]


def _runs(base: str, places: SystemPaths) -> bool:
    try:
        pid = (places.root / base.lstrip("/") / "master.pid").read_text().strip()
    except PermissionError:
        return True  # only root sees it
    except OSError:
        return False
    return places.process_name(pid) == "dovecot"


def _portal(accounts: AccountsConfig) -> Finding:
    path = accounts.socket
    try:
        greeted = first_answer(path, b"", hang_up=False).startswith(_GREETING)
    except PermissionError:
        return ok(path, "Only root can ask there, so it was not looked at.")
    except NoAnswerError:
        return danger(
            path,
            "Dovecot hangs: it listens there, and does not answer.",
            "Run: systemctl restart dovecot; what is wrong stands in journalctl -u dovecot.",
        )
    except OSError:
        greeted = False
    if greeted:
        return ok(path, "Dovecot answers there.")
    return danger(
        path,
        "Dovecot does not answer there: nobody can sign in to the portal.",
        "Put recipes/dovecot/07-apppw-portal.conf in place, and run: doveadm reload",
    )
