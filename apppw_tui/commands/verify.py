"""`verify`: the question of a service, whether this is an app password of that account."""

import argparse
import contextlib
import sys

from apppw_tui.commands.password_input import at_terminal, stdin_password, typed
from apppw_tui.config import Config
from apppw_tui.domain.errors import StoreUnusable
from apppw_tui.domain.hashing import Hasher
from apppw_tui.domain.names import escaped
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.scopes import parse_service
from apppw_tui.domain.secret import Secret
from apppw_tui.exit_codes import OK, REFUSED
from apppw_tui.store.engine import StoreLocation, open_engine
from apppw_tui.verifier.decision import Answer, Verifier


def verify(options: argparse.Namespace, config: Config) -> int:
    """Needs the store and no key: what the portal works with is not even imported."""
    place = StoreLocation.of(config, getattr(options, "store", None), None)
    engine, _ = open_engine(place, clock := SystemClock(), by_daemon=True)
    verifier = Verifier(
        *(engine.accounts, Hasher(), clock, config.default_domain), config.policy.own_services
    )
    asked = at_terminal(options)
    secret = Secret(typed("App password: ") if asked else stdin_password())
    service, address = parse_service(options.service), options.rhost or None
    decision = verifier.decide(options.account, secret, service, address)
    if decision.answer is Answer.NOT_NOW:
        raise StoreUnusable(decision.reason)
    if decision.answer is not Answer.YES or decision.app_password is None:
        # One answer for all refusals, which a program is told by the exit code.
        if asked:
            print("Refused.", file=sys.stderr)
        return REFUSED
    # A full disk behind stdout must not turn a yes into anything else.
    with contextlib.suppress(OSError):
        print(escaped(decision.app_password.name), flush=True)
    return OK
