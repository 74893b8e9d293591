"""SAFETY 17 and 18: what happens meanwhile, and what cannot be answered now."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from apppw_tui.domain.errors import HashingFailed, StoreBusy, StoreDamaged, StoreUnusable
from apppw_tui.domain.hashing import CHEAP_PROFILE, Hasher, PasswordHasher
from apppw_tui.domain.secret import Secret
from apppw_tui.store.folder.location import open_store
from apppw_tui.verifier.decision import Answer, Attempt, Decision
from tests.argon import failing_argon2
from tests.support import NOW, House
from tests.verifier.asking import ADA, ask, change_record, wrong


@pytest.fixture
def house(house: House) -> House:
    """Enforced: what is refused is a no, and goes nowhere else."""
    house.alter(enforced_from=NOW - timedelta(days=1))
    return house


def deleted(house: House) -> None:
    house.operator.delete_app_password(ADA, "Phone")


def removed(house: House) -> None:
    house.store.remove(ADA)


def made_again(house: House) -> None:
    before = house.now()
    house.store.remove(ADA)
    house.add()
    house.alter(app_passwords=before.app_passwords)


def disabled(house: House) -> None:
    house.alter(enabled=False)


def expired(house: House) -> None:
    change_record(house, expires=NOW)


def narrowed(house: House) -> None:
    change_record(house, scope=("smtp",))


def paused(house: House) -> None:
    house.operator.pause_app_password(ADA, "Phone")


def limited(house: House) -> None:
    change_record(house, networks=("203.0.113.0/24",))


@pytest.mark.parametrize(
    "happens", [deleted, removed, made_again, disabled, expired, narrowed, paused, limited]
)
def test_what_happens_while_the_hash_is_computed_counts(
    house: House, happens: Callable[[House], None]
) -> None:
    class Slow(PasswordHasher):
        def check(self, stored: str | None, secret: Secret) -> bool:
            right = super().check(stored, secret)
            happens(house)
            return right

    hasher = Hasher(CHEAP_PROFILE, CHEAP_PROFILE)
    hasher.app = Slow(CHEAP_PROFILE)
    secret = house.issue("Phone").secret
    assert ask(house, secret).answer is Answer.YES
    assert ask(house, secret, hasher=hasher).answer is Answer.NO


@pytest.mark.parametrize("error", [StoreBusy, StoreDamaged, StoreUnusable, HashingFailed])
@pytest.mark.parametrize("good_reads", [0, 1])
def test_when_the_store_fails_before_or_after_the_hash_the_answer_is_not_now(
    house: House, monkeypatch: pytest.MonkeyPatch, error: type[Exception], good_reads: int
) -> None:
    secret = house.issue("Phone").secret
    answers = [house.now()] * good_reads

    def read(name: str) -> object:
        if answers:
            return answers.pop()
        raise error("That is the reason.")

    monkeypatch.setattr(house.store, "get", read)
    assert ask(house, secret) == Decision(Answer.NOT_NOW, "That is the reason.")


def test_when_argon2_fails_the_answer_is_not_now(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = house.issue("Phone").secret
    failing_argon2(monkeypatch)
    assert ask(house, secret).answer is Answer.NOT_NOW
    assert ask(house, secret, account="unknown").answer is Answer.NOT_NOW


@pytest.mark.parametrize("hash_", ["$argon2id$", "$argon2id$\u00fc", "$argon2id$v=19$m=8$x"])
def test_a_stored_hash_that_is_none_is_not_now_and_never_raises(house: House, hash_: str) -> None:
    secret = house.issue("Phone").secret
    change_record(house, hash=hash_)
    assert ask(house, secret).answer is Answer.NOT_NOW


def test_a_damaged_file_is_not_now_for_that_account_alone(tmp_path: Path) -> None:
    house = House(store=open_store(tmp_path / "store", create=True))
    house.add()
    house.add("grace")
    secret = house.issue("Phone").secret
    other = house.issue("Phone", "grace").secret
    path = tmp_path / "store" / "accounts" / f"{ADA}.json"
    path.write_bytes(b"{")
    decision = ask(house, secret)
    assert decision.answer is Answer.NOT_NOW
    assert str(path) in decision.reason
    assert ask(house, other, account="grace").answer is Answer.YES
    assert path.read_bytes() == b"{"


def test_no_verdict_holds_the_password(house: House) -> None:
    secret = house.issue("Phone").secret
    for account in (ADA, "unknown", secret.reveal()):
        assert secret.reveal() not in repr(ask(house, secret, account=account))
    assert secret.reveal() not in repr(Attempt.parse(ADA, secret))


def test_deciding_changes_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = house.issue("Phone").secret

    def change(account: str, uid: str | None) -> NoReturn:
        raise AssertionError("the verifier only reads")

    monkeypatch.setattr(house.store, "transaction", change)
    for account in (ADA, "unknown"):
        ask(house, secret, account=account)
        ask(house, wrong(secret), account=account)
