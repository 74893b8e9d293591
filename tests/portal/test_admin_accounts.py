"""Accounts that are disabled, renamed, or lose all their app passwords."""

import pytest

from apppw_tui.domain.errors import (
    InvalidName,
    NameTaken,
    NotFound,
    SessionEnded,
    SignInRefused,
)
from apppw_tui.domain.scopes import IMAP
from apppw_tui.domain.secret import Secret
from apppw_tui.verifier.decision import Answer, Verifier
from tests.support import PASSWORD, House

ADA, NEW = "ada@example.org", "countess@example.org"


def answer(house: House, account: str, secret: Secret) -> Answer:
    verifier = Verifier(house.store, house.hasher, house.clock)
    return verifier.decide(account, secret, IMAP).answer


def test_a_disabled_account_signs_in_nowhere_until_it_is_enabled_again(house: House) -> None:
    secret = house.issue("Phone").secret
    session = house.session()
    house.operator.disable(ADA)
    assert answer(house, ADA, secret) is Answer.NO
    with pytest.raises(SessionEnded):
        house.portal.account(session)
    with pytest.raises(SignInRefused):
        house.sign_in()
    house.operator.enable(ADA)
    assert answer(house, ADA, secret) is Answer.YES
    assert [what for _, what, _, _ in house.notebook.acts][-2:] == ["disabled", "enabled"]
    assert house.sign_in()
    with pytest.raises(SessionEnded):
        house.portal.account(session)


def test_all_app_passwords_go_at_once_and_none_comes_again(house: House) -> None:
    secrets = [house.issue(name).secret for name in ("Phone", "Laptop")]
    ids = house.now().used_ids
    account, count = house.operator.delete_app_passwords(ADA)
    assert (account.name, count) == (ADA, 2)
    assert house.now().app_passwords == ()
    assert house.now().deleted_ids == ids
    assert [answer(house, ADA, secret) for secret in secrets] == [Answer.NOT_MINE] * 2
    assert house.operator.delete_app_passwords(ADA)[1] == 0


def test_a_renamed_account_keeps_everything_but_its_name_and_its_sessions(house: House) -> None:
    secret = house.issue("Phone").secret
    house.give_authenticator()
    before, session = house.now(), house.session()
    renamed = house.operator.rename(ADA, NEW)
    assert house.now(NEW) == renamed
    assert (renamed.uid, renamed.app_passwords, renamed.authenticator, renamed.enabled) == (
        *(before.uid, before.app_passwords, before.authenticator, True),
    )
    assert house.store.get(ADA) is None
    assert answer(house, NEW, secret) is Answer.YES
    assert answer(house, ADA, secret) is Answer.NOT_MINE
    assert house.challenge(NEW, PASSWORD)
    with pytest.raises(SessionEnded):
        house.portal.account(session)
    assert house.notebook.acts[-1][1:] == ("renamed", "operator", {"before": ADA})


def test_a_disabled_account_stays_disabled_under_its_new_name(house: House) -> None:
    house.operator.disable(ADA)
    assert not house.operator.rename(ADA, NEW).enabled


@pytest.mark.parametrize("name", [ADA, "grace@example.org"])
def test_a_name_that_is_taken_is_refused_and_nothing_changes(house: House, name: str) -> None:
    house.add("grace@example.org")
    before = (house.now(), house.now("grace@example.org"))
    with pytest.raises(NameTaken):
        house.operator.rename(ADA, name)
    assert (house.now(), house.now("grace@example.org")) == before


def test_what_is_no_name_is_refused(house: House) -> None:
    with pytest.raises(InvalidName):
        house.operator.rename(ADA, "../ada")
    with pytest.raises(NotFound):
        house.operator.rename("nobody", NEW)
