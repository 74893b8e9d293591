"""How long an answer to a sign-in takes, whatever stands behind the name: ratios of one run.

Whoever tries account names must not learn from the time which of them exist. Before each, what the
case counted in the throttle is forgotten, a second factor that was set up is left as it is, and an
imported account has its imported hash again, so that each of its sign-ins is the first.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import argon2
from argon2 import low_level
from figures import Measure, compared, measured, processor_timed, table, timed
from verify import bare as bare_of_app_password

from apppw_tui.bootstrap import Parts, build
from apppw_tui.config import Config
from apppw_tui.domain.account import AUTHENTICATOR, Account
from apppw_tui.domain.errors import RateLimited, SignInRefused
from apppw_tui.domain.hashing import ACCOUNT_PROFILE
from apppw_tui.domain.ports import SystemClock
from apppw_tui.domain.secret import Secret
from apppw_tui.domain.throttle import ThrottleState
from apppw_tui.domain.totp import Authenticator, new_secret
from apppw_tui.portal import passwd_import
from apppw_tui.portal.admin import Admin
from apppw_tui.portal.passwd_import import PasswdEntry
from apppw_tui.portal.portal import Portal
from apppw_tui.portal.second_factor import Challenge
from apppw_tui.portal.sessions import Session
from apppw_tui.store.engine import StoreLocation

Case = Callable[[], None]

PASSWORD = "engine no. 1 weaves algebra"
MOST = 40  # app passwords of one account, as the policy has it
BARE = "one bare Argon2id"
UNKNOWN = "unknown account"
THROTTLED = "throttled (no hash)"
FAILURES = 6
CREATORS = {"creates1": 1, f"creates{MOST}": MOST}  # whose app password of that number is created
# Dovecot's own, and libsodium's for what may take longer: name, passes, KiB, lanes.
IMPORTED = {"64 MiB, t=3, p=1": ("dovecot", 3, 65536, 1), "256 MiB, t=3": ("sodium", 3, 262144, 1)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--rounds", type=int, default=40, metavar="N", help="how often each case is measured"
    )
    arguments.add_argument(
        "--imported", action="store_true", help="what imported hashes of two other costs change"
    )
    arguments.add_argument("--small", action="store_true", help="one round: whether it works")
    options = arguments.parse_args()
    if options.rounds < 1:
        arguments.error("--rounds must be at least 1")
    rounds = 1 if options.small else options.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        wired = build(StoreLocation(folder, folder / "key"), Config(), SystemClock(), create=True)
        fill(wired, folder)
        imported = bring_in(wired) if options.imported else {}
        acts = cases(wired, imported)
        for what, measure in (("", timed), ("processor time of ", processor_timed)):
            measures = {
                name: prepared(wired, account, measure(case), imported)
                for name, (account, case) in acts.items()
            }
            taken = measured(measures, rounds)
            table(f"{what}one sign-in, of one bare Argon2id", compared(taken, BARE))
            table(f"{what}one sign-in, of an unknown account's", compared(taken, UNKNOWN))
        if not imported:
            for creator, number in CREATORS.items():
                add(wired, creator, number - 1)
            for what, measure in (("", timed), ("processor time of ", processor_timed)):
                made = measured(creations(wired, measure), rounds)
                table(f"{what}one created app password, of one bare Argon2id", compared(made, BARE))


def fill(wired: Parts, folder: Path) -> None:
    """The accounts to sign in to; all have the same password."""
    means = wired.context
    hash_ = means.hasher.account.make(Secret(PASSWORD))
    for name in ("bare", "factor", "full", "closed", "damaged"):
        account = Account.new(name, hash_, means.clock.now())
        with wired.engine.accounts.transaction(name, None) as change:
            change.account = replace(account, enabled=name != "closed")
    for name in ("factor", "full"):
        uid = Admin(means).account(name).uid
        with wired.engine.accounts.transaction(name, uid) as change:
            sealed = means.sealer.encrypt(uid, AUTHENTICATOR, new_secret())
            app = Authenticator(sealed, means.clock.now(), 0)
            change.account = replace(change.existing, authenticator=app)
    for number in range(MOST):
        Admin(means).create_app_password("full", f"Device {number}")
    (folder / "accounts" / "damaged.json").write_text("{")


def add(wired: Parts, name: str, held: int) -> None:
    """An account with so many app passwords; nobody signs in to it."""
    admin = Admin(wired.context)
    account = Account.new(name, admin.account("full").password_hash, wired.context.clock.now())
    with wired.engine.accounts.transaction(name, None) as change:
        change.account = account
    for number in range(held):
        admin.create_app_password(name, f"Device {number}")


def creations(wired: Parts, measure: Callable[[Case], Measure]) -> dict[str, Measure]:
    """What it costs to create one, from the account that is read to the file that is written.

    What was created before is taken away first.
    """
    admin = Admin(wired.context)

    def creation(name: str) -> Measure:
        before = admin.account(name).app_passwords[: CREATORS[name] - 1]
        creating = measure(lambda: admin.create_app_password(name, "Another"))

        def created() -> float:
            with wired.engine.accounts.transaction(name, admin.account(name).uid) as change:
                change.account = replace(change.existing, app_passwords=before)
            return creating()

        return created

    return {BARE: measure(bare_of_app_password)} | {
        f"number {number} of an account": creation(name) for name, number in CREATORS.items()
    }


def bring_in(wired: Parts) -> dict[str, str]:
    """Accounts with hashes of costs that are in use elsewhere; their names, and these hashes."""
    hashes = {}
    for cost, (name, passes, memory, lanes) in IMPORTED.items():
        hashes[name] = argon2.PasswordHasher(passes, memory, lanes).hash(PASSWORD)
        passwd_import.create_imported(
            wired.context, PasswdEntry(1, name, hashes[name]), f"bench, {cost}"
        )
    return hashes


def cases(wired: Parts, imported: dict[str, str]) -> dict[str, tuple[str, Case]]:
    """What is measured: the name that it counts against, and how it is done."""
    portal = Portal(wired.context)

    def attempt(name: str, password: str, expected: type[object]) -> tuple[str, Case]:
        def sign_in() -> None:
            try:
                answer: object = portal.sign_in(name, password)
            except (SignInRefused, RateLimited) as refused:
                answer = refused
            if not isinstance(answer, expected):
                raise SystemExit(f"{name}: the answer was {answer!r}, not {expected.__name__}")

        return name, sign_in

    alike = {
        BARE: ("", bare),
        UNKNOWN: attempt("nobody", PASSWORD, SignInRefused),
        "wrong password": attempt("bare", "wrong", SignInRefused),
    }
    if imported:
        return alike | {
            f"imported ({cost}), {how}": attempt(name, password, expected)
            for cost, (name, *_) in IMPORTED.items()
            for how, password, expected in (
                ("first wrong", "wrong", SignInRefused),
                ("first right", PASSWORD, Session),
            )
        }
    return alike | {
        "wrong, with a second factor": attempt("factor", "wrong", SignInRefused),
        f"wrong, with {MOST} app passwords": attempt("full", "wrong", SignInRefused),
        "closed, wrong password": attempt("closed", "wrong", SignInRefused),
        "closed, right password": attempt("closed", PASSWORD, SignInRefused),
        "damaged account": attempt("damaged", PASSWORD, SignInRefused),
        "right, then a second factor": attempt("factor", PASSWORD, Challenge),
        f"right, with {MOST} app passwords": attempt("full", PASSWORD, Challenge),
        "right, to the set-up alone": attempt("bare", PASSWORD, Session),
        THROTTLED: attempt("throttled", PASSWORD, RateLimited),
    }


def bare() -> None:
    low_level.hash_secret_raw(
        PASSWORD.encode(),
        b"sixteen bytes...",
        time_cost=ACCOUNT_PROFILE.time_cost,
        memory_cost=ACCOUNT_PROFILE.memory,
        parallelism=ACCOUNT_PROFILE.parallelism,
        hash_len=32,
        type=low_level.Type.ID,
    )


def prepare(wired: Parts, name: str, imported: dict[str, str]) -> None:
    """Nothing is counted against `name`, unless it is the one that is throttled."""
    means = wired.context
    if name in imported:
        with wired.engine.accounts.transaction(name, Admin(means).account(name).uid) as change:
            change.account = replace(change.existing, password_hash=imported[name])

    def prepared(state: ThrottleState, /, *, now: datetime) -> ThrottleState:
        state = ThrottleState(hash_address=state.hash_address)
        if name == "throttled":
            for _ in range(FAILURES):
                with contextlib.suppress(RateLimited):
                    state = state.record_attempt("password", "local", now)
        return state

    means.throttle_store.change({f"account:{name}": prepared}, keep=False)


def prepared(wired: Parts, account: str, measure: Measure, imported: dict[str, str]) -> Measure:
    def run() -> float:
        prepare(wired, account, imported)
        return measure()

    return run


if __name__ == "__main__":
    main()
