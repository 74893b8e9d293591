"""recipes/fail2ban, asked by the real fail2ban-regex about lines of the real log."""

import configparser
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from apppw_tui.domain.app_password import AppPassword
from apppw_tui.domain.scopes import IMAP, Service
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.answer_log import AnswerLog
from apppw_tui.verifier.decision import Answer, Decision, Verifier
from tests.programs import finished
from tests.services.require import require_program
from tests.services.trials import ENFORCED, OPEN, TRIALS, UNKNOWN, trial
from tests.support import NOW, FixedClock, House

pytestmark = pytest.mark.slow

RECIPES = Path(__file__).parents[2] / "recipes" / "fail2ban"
FILTER = RECIPES / "filter.d" / "apppw-tui.conf"
JOURNAL = "mail apppw-tui[4711]: "  # what fail2ban's systemd backend puts before a message


def line(
    decision: Decision, address: str | None, service: Service | None = IMAP, socket: str = "json"
) -> str:
    written: list[bytes] = []
    log = AnswerLog(FixedClock(), lambda _, content: written.append(content))
    log.attempt(socket, decision, service, address)
    return b"".join(written).decode()


def matched(tmp_path: Path, text: str, mode: str | None = None) -> set[str]:
    """The addresses that would be counted against."""
    program = require_program("fail2ban-regex", "fail2ban")
    log = tmp_path / "log"
    log.write_text(text)
    named = str(FILTER) if mode is None else f"{FILTER}[mode={mode}]"
    done = finished([program, "--usedns=no", "-o", "<ip>", log, named], check=True)
    return set(done.stdout.split())


def judged(account: str, name: str) -> Decision:
    """What the verifier answers in one of the ten cases."""
    house = House()
    for one in (OPEN, ENFORCED):
        house.add(one)
    house.alter(ENFORCED, enforced_from=NOW)
    made = trial(name, house, account, "mail", "files")
    verifier = Verifier(house.store, house.hasher, house.clock)
    return verifier.decide(made.account, Secret(made.password), IMAP)


# Every case, and in which mode it counts.
NORMAL = {(ENFORCED, name) for name in ("wrong", "mistyped", "deleted", "account password")}
AGGRESSIVE = NORMAL | {
    *((OPEN, name) for name in ("wrong", "mistyped", "deleted", "account password")),
    *((account, "unknown account") for account in (OPEN, ENFORCED)),
}
CASES = {
    (account, name): f"198.51.100.{number}"
    for number, (account, name) in enumerate(
        ((account, name) for account in (OPEN, ENFORCED) for name in TRIALS), 1
    )
}


@pytest.mark.parametrize("prefix", ["", JOURNAL], ids=["file", "journal"])
@pytest.mark.parametrize(
    ("mode", "counted"), [(None, NORMAL), ("normal", NORMAL), ("aggressive", AGGRESSIVE)]
)
def test_guesses_count_and_the_devices_of_people_do_not(
    tmp_path: Path, mode: str | None, counted: set[tuple[str, str]], prefix: str
) -> None:
    text = "".join(
        # The time before the prefix is what the backend takes from the journal.
        (f"2026-11-22T12:00:00Z {prefix}" if prefix else "") + line(judged(*case), address)
        for case, address in CASES.items()
    )
    assert matched(tmp_path, text, mode) == {CASES[case] for case in counted}


WRONG = Decision(Answer.NO, "wrong or deleted", "ada")


@pytest.mark.parametrize("mode", ["normal", "aggressive"])
@pytest.mark.parametrize(
    "decision",
    [
        Decision(Answer.NOT_NOW, "too many wrong ones from there"),
        Decision(Answer.NOT_NOW, "The store is busy. Try again in a moment."),
        Decision(Answer.YES, "right", "ada", AppPassword("7kf", "Phone", "$argon2id$", NOW)),
        Decision(Answer.NO, "the account is disabled", "ada"),
        Decision(Answer.NO, "deleted", "ada"),
    ],
)
def test_what_is_no_guess_does_not_count(tmp_path: Path, decision: Decision, mode: str) -> None:
    text = line(decision, "198.51.100.7") + line(WRONG, None) + line(WRONG, "198.51.100.8")
    assert matched(tmp_path, text, mode) == {"198.51.100.8"}


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8:0::7%eth0", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
@pytest.mark.parametrize("service", [IMAP, None, Service("7kfm2xqd9h3vtw5nc8rw")])
def test_no_form_of_address_or_service_evades_it(
    tmp_path: Path, told: str, address: str, service: Service | None
) -> None:
    assert matched(tmp_path, line(WRONG, told, service)) == {address}


PIECES = (
    *(" ", '"', "\\", "\n", "\r", "\t", "\x1b[1m", "\u2028", "é", "=", "a"),
    *("address=203.0.113.66", "answer=no", "app_password=- name=-", "service=imap", "socket=json"),
    *('why="wrong or deleted"', "2026-11-22T12:00:00Z ", JOURNAL, "account=ada", "203.0.113.66"),
    line(WRONG, "203.0.113.66"),
)


@pytest.mark.parametrize("mode", ["normal", "aggressive"])
def test_nothing_that_anybody_types_becomes_an_address(tmp_path: Path, mode: str) -> None:
    random = Random(1)

    def typed() -> str:
        return "".join(random.choices(PIECES, k=random.randrange(1, 12)))

    text = ""
    for _ in range(400):
        decision = Decision(
            random.choice(list(Answer)),
            random.choice(["wrong or deleted", "unknown account", "expired", typed()]),
            random.choice(["ada", None, typed()]),
        )
        if random.random() < 0.5:
            record = AppPassword("7kf", typed(), "$argon2id$", NOW)
            decision = replace(decision, app_password=record)
        address = random.choice(["198.51.100.7", None, f"x{typed()}"])
        text += line(decision, address, random.choice([IMAP, None, Service(typed())]), "json")
    assert text.count("203.0.113.66") > 300
    assert matched(tmp_path, text, mode) == {"198.51.100.7"}


def test_the_jail_uses_the_filter_and_reads_the_journal_of_the_unit() -> None:
    jail, filter_ = configparser.RawConfigParser(), configparser.RawConfigParser()
    jail.read(RECIPES / "jail.d" / "apppw-tui.conf")
    filter_.read(FILTER)
    assert jail["apppw-tui"]["filter"] == FILTER.stem
    assert filter_["Definition"]["journalmatch"] == "_SYSTEMD_UNIT=apppw-tui.service"
    assert (RECIPES.parent / "systemd" / "apppw-tui.service").exists()
    # An unknown account is never in the log by the name that was typed.
    assert UNKNOWN not in line(judged(OPEN, "unknown account"), "198.51.100.7")
