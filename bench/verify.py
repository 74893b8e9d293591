"""What one answer to a service costs, as ratios measured in one run.

Decisions are multiples of one bare Argon2id, processes of an interpreter that does nothing. Beside
a decision stands what a server would do otherwise: the program `argon2`, a process for each check
(Debian package argon2), and the way of mailcow, which tries all hashes of an account in turn.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from argon2 import low_level
from figures import Measure, compared, measured, processor_timed, table, timed

from apppw_tui.domain import app_password, scopes
from apppw_tui.domain.account import Account
from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.hashing import APP_PROFILE, Hasher
from apppw_tui.domain.ports import Accounts, SystemClock
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder.accounts import FolderStore
from apppw_tui.store.folder.cache import CachedReads
from apppw_tui.store.folder.location import open_store
from apppw_tui.verifier.decision import Answer, Verifier

Case = Callable[[], None]

HASHER, CLOCK = Hasher(), SystemClock()
MOST = 40  # app passwords of one account, as the policy has it
BARE = "one bare Argon2id"
EMPTY = "python -c pass"
FEW, MANY, SMALL = 10, 2000, 20  # accounts


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--rounds", type=int, default=15, metavar="N", help="how often each case is measured"
    )
    arguments.add_argument(
        "--accounts", type=int, default=MANY, metavar="N", help=f"how many are many ({MANY})"
    )
    arguments.add_argument(
        "--small", action="store_true", help="one round over little: only whether it works"
    )
    options = arguments.parse_args()
    if options.rounds < 1 or options.accounts <= FEW:
        arguments.error(f"at least one round, and more than {FEW} accounts")
    rounds = 1 if options.small else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        decisions, processes = cases(Path(folder), SMALL if options.small else options.accounts)
        show("one decision", decisions, rounds, BARE)
        show("processor time of a decision", decisions, rounds, BARE, processor_timed)
        show("one process", processes, rounds, EMPTY)


def cases(folder: Path, many: int) -> tuple[dict[str, Case], dict[str, Case]]:
    """The decisions and the processes to measure, over stores in `folder`."""
    secrets = app_passwords()
    records = tuple(
        AppPassword(public_id(secret), f"Device {n}", HASHER.app.make(secret), CLOCK.now())
        for n, secret in enumerate(secrets)
    )
    right, wrong = secrets[0], app_password.generate(public_id(secrets[0]))
    small = open_store(folder / "small", create=True)
    for held in (1, 10, MOST):
        add(small, f"has{held}", records[:held])
    add(small, "enforced", records, enforced=True)
    for number in range(FEW - len(small.list_names())):
        add(small, f"user{number}", records[:1])
    large = open_store(folder / "large", create=True)
    multiply(large, records[:1], many)

    few, all_ = CachedReads(small), CachedReads(large)  # as a daemon has them

    def decision(accounts: Accounts, name: str, secret: Secret, expected: Answer) -> Case:
        verifier = Verifier(accounts, HASHER, CLOCK)

        def decide() -> None:
            answer = verifier.decide(name, secret, scopes.IMAP, "192.0.2.1").answer
            if answer is not expected:
                raise SystemExit(f"{name}: the answer was {answer.value}, not {expected.value}")

        return decide

    def tried(those: Sequence[AppPassword]) -> Case:
        def loop() -> None:
            if any(HASHER.app.check(record.hash, wrong) for record in those):
                raise SystemExit("the wrong password was right")

        return loop

    decisions = {
        BARE: bare,
        "right, 1 app password": decision(few, "has1", right, Answer.YES),
        "right, 10 app passwords": decision(few, "has10", right, Answer.YES),
        f"right, {MOST} app passwords": decision(few, f"has{MOST}", right, Answer.YES),
        f"right, {MOST}, read anew": decision(small, f"has{MOST}", right, Answer.YES),
        f"wrong, {MOST} app passwords": decision(few, f"has{MOST}", wrong, Answer.NOT_MINE),
        f"wrong, {MOST}, and enforced": decision(few, "enforced", wrong, Answer.NO),
        "unknown account": decision(few, "nobody", right, Answer.NOT_MINE),
        f"right, among {FEW} accounts": decision(few, "user0", right, Answer.YES),
        f"right, among {many:,} accounts": decision(all_, "user0", right, Answer.YES),
    } | {f"instead: all {count} hashes tried": tried(records[:count]) for count in (1, 10, MOST)}
    if program := shutil.which("argon2"):
        decisions["instead: a process of argon2"] = process(argon2(program), "wrong", 0)
    else:
        print("argon2 is not installed (Debian package argon2): it is left out.")
    verify = {
        name: [sys.executable, "-m", "apppw_tui", "--store", str(folder / name), "verify", "user0"]
        for name in ("small", "large")
    }
    processes = {
        EMPTY: process([sys.executable, "-c", "pass"], "", 0),
        "apppw-tui verify, mistyped (no hash)": process(verify["small"], right.reveal()[:-1], 1),
        "apppw-tui verify, right": process(verify["small"], right.reveal(), 0),
        f"the same, among {many:,} accounts": process(verify["large"], right.reveal(), 0),
    }
    return decisions, processes


def argon2(program: str) -> list[str]:
    """As costly a hash as that of an app password; argon2(1) takes KiB."""
    passes, memory, lanes = APP_PROFILE.time_cost, APP_PROFILE.memory, APP_PROFILE.parallelism
    costs = ["-t", str(passes), "-k", str(memory), "-p", str(lanes), "-l", "32"]
    return [program, "sixteen bytes...", "-id", *costs, "-r"]


def app_passwords() -> list[Secret]:
    made: list[Secret] = []
    for _ in range(MOST):
        id_ = app_password.unused_id([public_id(secret) for secret in made])
        made.append(app_password.generate(id_))
    return made


def public_id(secret: Secret) -> str:
    return secret.reveal()[: app_password.ID_LENGTH]


def add(
    store: FolderStore, name: str, held: tuple[AppPassword, ...], *, enforced: bool = False
) -> None:
    # No service compares the account password, so any hash will do for it.
    account = Account.new(name, held[0].hash, CLOCK.now())
    if enforced:
        account = replace(account, enforced_from=account.created)
    with store.transaction(name, None) as change:
        change.account = account
        for record in held:
            change.account = change.account.with_app_password(record, MOST)


def multiply(store: FolderStore, held: tuple[AppPassword, ...], number: int) -> None:
    """So many accounts: one that is made in earnest, and copies under other names."""
    add(store, "user0", held)
    made = store.get("user0")
    assert made is not None
    path = store.path("user0")
    content = path.read_text()
    for copy in range(1, number):
        text = content.replace('"user0"', f'"user{copy}"').replace(made.uid, f"{copy:032x}")
        path.with_name(f"user{copy}.json").write_text(text)


def bare() -> None:
    low_level.hash_secret_raw(
        b"an app password of 20",
        b"sixteen bytes...",
        time_cost=APP_PROFILE.time_cost,
        memory_cost=APP_PROFILE.memory,
        parallelism=APP_PROFILE.parallelism,
        hash_len=32,
        type=low_level.Type.ID,
    )


def process(command: list[str], stdin: str, expected: int) -> Case:
    def run() -> None:
        done = subprocess.run(command, input=stdin, text=True, capture_output=True, check=False)
        if done.returncode != expected:
            raise SystemExit(f"{command}: exit code {done.returncode}: {done.stderr}")

    return run


def show(
    title: str,
    cases: dict[str, Case],
    rounds: int,
    unit: str,
    measure: Callable[[Case], Measure] = timed,
) -> None:
    measures = {name: measure(case) for name, case in cases.items()}
    table(title, compared(measured(measures, rounds), unit))


if __name__ == "__main__":
    main()
