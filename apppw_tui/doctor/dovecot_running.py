"""Dovecot itself: it runs, where it asks apppw-tui or is asked for account passwords."""

from apppw_tui.config.accounts import AccountsConfig
from apppw_tui.doctor.doveconf import parse
from apppw_tui.doctor.dovecot import COMMAND, asks_us
from apppw_tui.doctor.finding import Finding, danger, ok
from apppw_tui.doctor.probe import Run, SystemPaths
from apppw_tui.doctor.sockets import NoAnswerError, said

_WHERE = "Dovecot"
_BASE = "/run/dovecot"  # base_dir, unless it says otherwise
_START = "Start it: systemctl start dovecot; what is wrong stands in journalctl -u dovecot."
_GREETING = b"VERSION\t1\t"


def check(ask: Run, places: SystemPaths, accounts: AccountsConfig) -> list[Finding]:
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
        greeted = said(path, b"", hang_up=False).startswith(_GREETING)
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
