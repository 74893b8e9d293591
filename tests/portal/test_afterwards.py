"""What follows a change that stands never unsays it: counters, usage and notices (SAFETY 7a)."""

from collections.abc import Callable, Mapping

import pytest

from apppw_tui.domain.errors import NotFound, StoreBusy
from apppw_tui.domain.throttle import Rule, ThrottleState
from apppw_tui.domain.verification_options import APP, RECOVERY
from tests.support import House

ADA = "ada@example.org"
OTHER = "engine no. 2 weaves logic"


@pytest.fixture
def after(house: House, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """From then on so many changes of the counters are made, and no more."""

    def allow(left: int) -> None:
        real = house.means.throttle_store.change

        def change(rules: Mapping[str, Rule], *, keep: bool) -> Mapping[str, ThrottleState]:
            nonlocal left
            left -= 1
            if left < 0:
                raise StoreBusy("The store is busy. Try again in a moment.")
            return real(rules, keep=keep)

        monkeypatch.setattr(house.means.throttle_store, "change", change)

    return allow


def logged(house: House) -> list[str]:
    return [what for what, _ in house.notebook.errors]


def test_who_used_up_a_recovery_code_is_admitted(
    house: House, after: Callable[[int], None]
) -> None:
    house.give_authenticator()
    code = house.give_recovery_codes()[0]
    challenge = house.challenge()
    after(1)  # the try is charged
    assert challenge.answer(RECOVERY, code.reveal()).verified_at is not None
    assert logged(house) == ["throttle not kept"]


@pytest.mark.parametrize("again", [False, True])
def test_who_used_up_a_code_of_the_app_is_admitted(
    house: House, after: Callable[[int], None], again: bool
) -> None:
    secret = house.give_authenticator()
    challenge = house.portal.verify_again(house.session()) if again else house.challenge()
    after(1)
    assert challenge.answer(APP, house.app_code(secret)).verified_at is not None
    assert logged(house) == ["throttle not kept"]


def test_a_changed_password_is_said_to_be_changed(
    house: House, after: Callable[[int], None]
) -> None:
    session = house.session()
    after(2)  # the try is charged, and taken back
    changed = house.portal.change_password(session, "engine no. 1 weaves algebra", OTHER)
    assert house.portal.account(changed)
    assert logged(house) == ["throttle not kept"]


def test_a_password_that_was_set_is_said_to_be_set(
    house: House, after: Callable[[int], None]
) -> None:
    before = house.now().password_hash
    after(0)
    assert house.operator.set_password(ADA, OTHER).password_hash != before
    assert logged(house) == ["throttle not kept"]


def test_an_account_that_was_removed_is_said_to_be_removed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(*_: object) -> None:
        raise StoreBusy("The store is busy. Try again in a moment.")

    monkeypatch.setattr(type(house.means.usage), "forget", forget)
    house.operator.remove_account(ADA)
    with pytest.raises(NotFound):
        house.operator.account(ADA)
    assert logged(house) == ["forgetting of its use not kept"]
